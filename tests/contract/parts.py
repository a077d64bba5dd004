"""The services of a topology as processes of this machine: each by its own command, its own environment, and its
secrets as files, as a container has them. Only addresses differ, for there is no network of containers here."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from shopctl.manifests.topology import Topology
from tests.processes import ShopProcess, clean_environment
from tests.waiting import wait_until

_START_LIMIT_S: Final = 30
_ONCE_LIMIT_S: Final = 60


@dataclass
class Parts:
    """Starts the services of ``topology``; what runs is in ``running``, by name and number."""

    topology: Topology
    home: Path
    here: Mapping[str, Mapping[str, str]]
    """What is different on this machine, of each service that listens: its addresses."""
    secrets: Path
    """Where each secret lies in a file of its name."""
    running: dict[tuple[str, int], ShopProcess] = field(default_factory=dict)

    def make_secrets(self, database_url: str) -> None:
        """Make them as the service `secrets` does; the database is one that is there already."""
        self._done([sys.executable, "-m", "shopctl", "secrets", "init", "--if-missing", str(self.secrets)], {})
        file = self.secrets / "DATABASE_URL"
        file.unlink()
        file.write_text(database_url)

    def run(self, name: str) -> str:
        """Run a service that does its work and ends; what it said."""
        return self._done(self.command(name), self.environment(name))

    def start(self, name: str, port: int, number: int = 0, **other: str) -> ShopProcess:
        """Start one of a service's processes; it is not ready yet. ``other`` are settings of this test."""
        log = self.home / f"{name}-{port}-{len(list(self.home.glob(f'{name}-{port}-*')))}.log"
        with log.open("wb") as file:
            popen = subprocess.Popen(
                self.command(name),
                cwd=self.home,
                env=self.environment(name, HOST="127.0.0.1", PORT=str(port), **other),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running[name, number] = process = ShopProcess(f"http://127.0.0.1:{port}", port, log, popen)
        return process

    def command(self, name: str) -> list[str]:
        """What the service runs. The image's entry point is `shopctl`."""
        return [sys.executable, "-m", "shopctl", *self.topology.services[name].command]

    def environment(self, name: str, **other: str) -> dict[str, str]:
        """What the service has in its environment."""
        service = self.topology.services[name]
        files = {f"{secret}_FILE": str(self.secrets / secret) for secret in service.secrets}
        return clean_environment(**{**service.environment, **files, **self.here.get(name, {}), **other})

    def kill_all(self) -> None:
        """Kill whatever still runs."""
        for process in self.running.values():
            process.kill()

    def _done(self, command: list[str], environment: dict[str, str]) -> str:
        environment = environment or clean_environment()
        done = subprocess.run(
            command, cwd=self.home, env=environment, capture_output=True, text=True, timeout=_ONCE_LIMIT_S, check=False
        )
        assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout


def until_ready(process: ShopProcess) -> ShopProcess:
    """Wait until its probe says that it may be sent requests."""

    def is_ready() -> bool:
        assert process.popen.poll() is None, f"It ended with exit code {process.popen.returncode}:\n{process.said()}"
        try:
            return httpx.get(f"{process.url}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    wait_until(is_ready, _START_LIMIT_S, f"readiness of {process.url} ({process.log.stem})")
    return process
