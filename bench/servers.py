"""Servers of the shop and beside it: started on a free port, waited for, stopped whatever happens."""

import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from bench.load import ROOT
from bench.plan import CannotMeasureError

SECRET_KEY: Final = secrets.token_urlsafe(48)
_START_LIMIT_S: Final = 60.0
_STOP_LIMIT_S: Final = 15.0


@dataclass(frozen=True)
class Server:
    """A process that answers at ``port``; ``started_s`` is the time from its start to its first 200."""

    port: int
    pid: int
    started_s: float


def free_port() -> int:
    """A port of this machine on which nobody listens just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def shop_environment(**more: str) -> dict[str, str]:
    """This process's environment with nothing of a shop in it but what a measurement wants."""
    ours = ("DATABASE_URL", "API_SERVER_URL", "HOST", "PORT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHOP_") and name not in ours}
    wanted = {"SHOP_SECRET_KEY": SECRET_KEY, "SHOP_RATE_LIMITS": "off", "SHOP_ITEMS_ACCESS": "open"}
    return {**kept, **wanted, "SHOP_LOG_FORMAT": "json", **more}


@contextmanager
def api_server(database_url: str, *options: str, **environment: str) -> Iterator[Server]:
    """``shopctl serve-api`` on a database, one process, without its access log unless ``options`` say otherwise."""
    command = ["serve-api", "--server", "uvicorn", *(options or ("--no-access-log",))]
    with shop_server(command, DATABASE_URL=database_url, **environment) as server:
        yield server


@contextmanager
def web_server(api: Server, *options: str, **environment: str) -> Iterator[Server]:
    """``shopctl serve-web`` over a running API."""
    command = ["serve-web", "--server", "uvicorn", *(options or ("--no-access-log",))]
    with shop_server(command, API_SERVER_URL=f"http://127.0.0.1:{api.port}", **environment) as server:
        yield server


@contextmanager
def shop_server(command: Sequence[str], **environment: str) -> Iterator[Server]:
    """A command of shopctl that serves HTTP and answers ``/healthz``."""
    port = free_port()
    full = [sys.executable, "-m", "shopctl", *command, "--port", str(port)]
    with running(full, shop_environment(**environment), port, "/healthz") as server:
        yield server


@contextmanager
def running(command: list[str], environment: dict[str, str], port: int, path: str) -> Iterator[Server]:
    """Any server; ready when ``path`` answers 200. Raises :class:`CannotMeasureError` where it does not start."""
    with tempfile.TemporaryFile("w+") as said:
        began = time.perf_counter()
        popen = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            while not _answers(port, path):
                if popen.poll() is not None or time.perf_counter() - began > _START_LIMIT_S:
                    said.seek(0)
                    raise CannotMeasureError(f"{' '.join(command[1:4])} does not start: {said.read()[-500:]}")
                time.sleep(0.002)
            yield Server(port, popen.pid, time.perf_counter() - began)
        finally:
            _stop(popen)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(popen: "subprocess.Popen[bytes]") -> None:
    with suppress(subprocess.TimeoutExpired):
        popen.terminate()
        popen.wait(_STOP_LIMIT_S)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(popen.pid, signal.SIGKILL)
    popen.wait()
