"""Real processes of the shop: started, waited for, and stopped however the test ends."""

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.waiting import wait_until
from tests.warm import Forked, Streams, start_shopctl

_START_LIMIT_S = 30
_STOP_LIMIT_S = 15


@dataclass(frozen=True)
class ShopProcess:
    """One running ``shopctl`` command that serves HTTP at ``url``; ``log`` is the file with all that it said."""

    url: str
    port: int
    log: Path
    popen: "Forked | subprocess.Popen[bytes]"

    def terminate(self) -> int:
        """Ask it to stop as an operator does, wait, and answer its exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(_STOP_LIMIT_S)

    def kill(self) -> None:
        """Kill it and everything that it started, as a power cut would."""
        # The parent first: it would end by itself, with a code of its own, once it saw that its children are gone.
        for pid in [self.popen.pid, *_descendants(self.popen.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.popen.wait(_STOP_LIMIT_S)

    def said(self) -> str:
        """Everything that it wrote so far."""
        return self.log.read_text(errors="replace")


def _descendants(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    children = [int(child) for child in found.split()]
    return [*children, *(below for child in children for below in _descendants(child))]


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what would set up the shop, plus ``more``."""
    ours = ("DATABASE_URL", "API_SERVER_URL", "HOST", "PORT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHOP_") and name not in ours}
    return {**kept, **more}


def start_serving(command: list[str], environment: dict[str, str], port: int, log: Path, cwd: Path) -> ShopProcess:
    """Run ``shopctl`` with ``command`` on ``port`` and wait until it is ready."""
    with log.open("wb") as file, Path(os.devnull).open("rb") as nothing:
        streams = Streams(nothing, file, file)
        popen = start_shopctl([*command, "--port", str(port)], clean_environment(**environment), cwd, streams)
    process = ShopProcess(f"http://127.0.0.1:{port}", port, log, popen)
    try:
        wait_until(lambda: _is_ready(process), _START_LIMIT_S, f"readiness of shopctl {' '.join(command)}")
    except BaseException:
        process.kill()
        raise
    return process


def _is_ready(process: ShopProcess) -> bool:
    if process.popen.poll() is not None:
        raise AssertionError(f"It ended with exit code {process.popen.returncode}:\n{process.said()}")
    try:
        return httpx.get(f"{process.url}/readyz", timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
