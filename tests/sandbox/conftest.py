"""The sandbox in this process and as a process of its own, and somebody who takes its webhooks."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import httpx
import msgspec
import pytest

from shopapi.runtime.settings import read
from shopctl.sandbox.app import create_app
from shopctl.sandbox.settings import SandboxSettings
from shopctl.sandbox.signing import bearer
from tests.app_client import client_of
from tests.processes import ShopProcess, start_serving
from tests.small_servers import listening
from tests.waiting import free_port

SECRET = "kq7Z0d9Hq1mVbX4tWc2nLp8sRy5fGj3aUe6iTo0v"
OTHER_SECRET = "Yb3nMx8cVz1lKj6hGf4dSa9pOi7uTr2eWq5RtY0z"
RETURN_URL = "http://127.0.0.1:5050/orders/S-1001"


def charge_of(key: str | None = None, token: str | None = None, **more: object) -> dict[str, object]:
    """The body of a charge of 88 euros."""
    return {
        "key": key or secrets.token_hex(12),
        "amount": 8800,
        "currency": "EUR",
        "order_number": "S-1001",
        "return_url": RETURN_URL,
        "locale": "de",
        "token": token,
        **more,
    }


@dataclass
class Receiver:
    """Takes webhooks: answers 503 to the next ``refusing`` and 200 to all others. Customers come back to it, too."""

    url: str
    refusing: int = 0
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    refused: int = 0
    lock: Lock = field(default_factory=Lock)

    def types(self) -> list[str]:
        """What the webhooks that were taken tell, in the order in which they came."""
        return [msgspec.json.decode(body)["type"] for _, body in list(self.taken)]

    def ids(self) -> list[str]:
        """Their ids."""
        return [msgspec.json.decode(body)["id"] for _, body in list(self.taken)]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with told.lock:
                refused = told.refusing > 0
                told.refusing -= refused
                told.refused += refused
                if not refused:
                    told.taken.append((dict(self.headers.items()), body))
            self.send_response(503 if refused else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            body = b"<!doctype html><title>Back in the shop</title>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with listening(Answering) as port:
        told = Receiver(f"http://127.0.0.1:{port}/v1/payments/sandbox/webhook")
        yield told


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who takes the sandbox's webhooks."""
    with receiving() as told:
        yield told


@pytest.fixture
def sandbox(receiver: Receiver, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a sandbox in this process, which knows the secret."""
    environ = {
        "SHOP_SANDBOX_SECRET": SECRET,
        "SHOP_SANDBOX_JOURNAL": str(tmp_path / "sandbox.db"),
        "SHOP_SANDBOX_WEBHOOK_URL": receiver.url,
    }
    app = create_app(read(SandboxSettings, environ))
    with client_of(app, headers={"Authorization": f"Bearer {bearer(SECRET)}"}) as client:
        yield client


class SandboxProcess(Protocol):
    """Starts ``shopctl serve-sandbox-provider`` and waits until it is ready."""

    def __call__(self, **environment: str) -> ShopProcess: ...


@pytest.fixture
def sandbox_process(
    serving: Callable[[list[str], dict[str, str]], ShopProcess], receiver: Receiver, tmp_path: Path
) -> SandboxProcess:
    """``sandbox_process()``: a real sandbox; a second one carries on with the first one's journal."""

    def start(**more: str) -> ShopProcess:
        environ = {"SHOP_SANDBOX_SECRET": SECRET, "SHOP_SANDBOX_WEBHOOK_URL": receiver.url, **more}
        return serving(["serve-sandbox-provider", "--journal", str(tmp_path / "journal.db")], environ)

    return start


@pytest.fixture(scope="module")
def standing_receiver() -> Iterator[Receiver]:
    """Who takes the webhooks of :func:`standing_sandbox`."""
    with receiving() as told:
        yield told


@pytest.fixture(scope="module")
def standing_sandbox(standing_receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    """A real sandbox that all tests of a module share: each needs keys of its own, and takes its faults back."""
    directory = tmp_path_factory.mktemp("sandbox")
    environ = {"SHOP_SANDBOX_SECRET": SECRET, "SHOP_SANDBOX_WEBHOOK_URL": standing_receiver.url}
    process = start_serving(["serve-sandbox-provider"], environ, free_port(), directory / "log", directory)
    yield process
    process.kill()


def client_at(process: ShopProcess, timeout: float = 10) -> httpx.Client:
    """A client of a real sandbox, which knows the secret."""
    headers = {"Authorization": f"Bearer {bearer(SECRET)}"}
    return httpx.Client(base_url=process.url, headers=headers, timeout=timeout, trust_env=False)


def charge(sandbox: httpx.Client, key: str | None = None, token: str | None = None, **more: object) -> dict[str, Any]:
    """Charge and answer the charge."""
    answer = sandbox.post("/charges", json=charge_of(key, token, **more))
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told
