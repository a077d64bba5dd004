"""A whole shop of real processes: two of the API, a worker, and the sandbox payment provider."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from shopapi.db.engine import Database, open_database
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from shopctl.sandbox.signing import bearer
from tests.conftest import SECRET_KEY
from tests.processes import ShopProcess, start_serving
from tests.waiting import free_port

SANDBOX_SECRET: Final = "kq7Z0d9Hq1mVbX4tWc2nLp8sRy5fGj3aUe6iTo0v"


@dataclass
class Shop:
    """A shop under test. ``environment`` is what all of its processes were started with."""

    database: Database
    database_url: str
    environment: dict[str, str]
    directory: Path
    apis: list[ShopProcess] = field(default_factory=list)
    worker: ShopProcess | None = None
    sandbox: ShopProcess | None = None

    @property
    def urls(self) -> list[str]:
        """Where the API listens."""
        return [process.url for process in self.apis]

    @property
    def logs(self) -> list[Path]:
        """What its processes said."""
        return [process.log for process in [*self.apis, self.worker, self.sandbox] if process is not None]

    def start_api(self, port: int = 0, **more: str) -> ShopProcess:
        """One more process of the API, in place of the one that listened at ``port`` where one is named."""
        return self._start(["serve-api"], port, more)

    def start_worker(self, **more: str) -> ShopProcess:
        """A worker."""
        return self._start(["worker"], 0, more)

    def _start(self, command: list[str], port: int, more: dict[str, str]) -> ShopProcess:
        log = self.directory / f"{command[0]}-{secrets.token_hex(3)}.log"
        return start_serving(command, {**self.environment, **more}, port or free_port(), log, self.directory)

    def provider(self) -> httpx.Client:
        """A client of the sandbox's API."""
        assert self.sandbox is not None, "The shop was opened without the sandbox."
        headers = {"Authorization": f"Bearer {bearer(SANDBOX_SECRET)}"}
        return httpx.Client(base_url=self.sandbox.url, headers=headers, timeout=20, trust_env=False)

    def kill(self) -> None:
        """End all of it at once."""
        for process in [*self.apis, self.worker, self.sandbox]:
            if process is not None:
                process.kill()


@contextmanager
def open_shop(
    database_url: str,
    directory: Path,
    *,
    apis: int = 2,
    worker: bool = False,
    sandbox: bool = False,
    api_database: str = "",
    **environment: str,
) -> Iterator[Shop]:
    """Start a shop over a migrated database; all its processes are killed at the end.

    ``api_database`` is the URL by which the API comes to it, where that is another.
    """
    settings = {
        "DATABASE_URL": database_url.replace("+psycopg2", ""),
        "SHOP_SECRET_KEY": SECRET_KEY,
        "SHOP_RATE_LIMITS": "off",
        "SHOP_ACCESS_LOG": "off",
        **environment,
    }
    if sandbox:
        port = free_port()
        settings |= {"SHOP_SANDBOX_URL": f"http://127.0.0.1:{port}", "SHOP_SANDBOX_SECRET": SANDBOX_SECRET}
    url = read(ApiSettings, {"DATABASE_URL": settings["DATABASE_URL"]}).database_url
    database = open_database(url)
    shop = Shop(database, url, settings, directory)
    way = {"DATABASE_URL": api_database} if api_database else {}
    try:
        # At once: most of a start is one processor's work.
        with ThreadPoolExecutor() as starting:
            ports = [free_port() for _ in range(apis)]
            begun = [starting.submit(shop.start_api, one, **way) for one in ports]
            helper = starting.submit(shop.start_worker) if worker else None
            if sandbox:
                webhook = f"http://127.0.0.1:{ports[0]}/v1/payments/sandbox/webhook"
                shop.sandbox = _start_sandbox(directory, port, webhook)
            shop.apis += [one.result() for one in begun]
            shop.worker = None if helper is None else helper.result()
        yield shop
    finally:
        shop.kill()
        database.close()


def _start_sandbox(directory: Path, port: int, webhook: str) -> ShopProcess:
    command = ["serve-sandbox-provider", "--journal", str(directory / "journal.db"), "--webhook", webhook]
    log = directory / "sandbox.log"
    return start_serving(command, {"SHOP_SANDBOX_SECRET": SANDBOX_SECRET}, port, log, directory)
