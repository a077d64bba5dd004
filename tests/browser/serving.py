"""The API and the web part on real sockets, in threads of the test's process: a test can stop and start them."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from shopapi.db.engine import open_database
from shopapi.db.migrate import migrate
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from shopctl.sandbox.settings import SandboxSettings
from shopctl.seeds.load import seed
from shopweb.settings import WebSettings
from tests import factories
from tests.waiting import free_port, wait_until

OWNER, VIEWER = "owner@shop.example", "viewer@shop.example"
_SECRET = "Zk3vQ8wX1pL6mN9rT2yU5sA7dF0gH4jB"


class Server:
    """One ASGI app behind uvicorn; :meth:`start` and :meth:`stop` as often as a test likes, on the same port."""

    def __init__(self, make_app: Any) -> None:
        self._make_app = make_app
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve, and return when requests are answered."""
        config = uvicorn.Config(
            self._make_app(), port=self.port, log_config=None, proxy_headers=False, timeout_graceful_shutdown=2
        )
        self._server = server = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, daemon=True)
        self._thread.start()
        wait_until(lambda: server.started, 15, "start of a server")

    def stop(self) -> None:
        """Stop, and return when nobody listens any more."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(15)
        assert not self._thread.is_alive(), "A server did not stop."
        self._server = None


@dataclass
class RunningShop:
    """A shop with an owner and a viewer, whose password is ``factories.PASSWORD``."""

    api: Server
    web: Server
    database_url: str
    sandbox: Server | None = None
    item_ids: dict[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the pages are."""
        return self.web.url

    def close(self) -> None:
        """Stop every part."""
        self.web.stop()
        self.api.stop()
        if self.sandbox:
            self.sandbox.stop()

    def add(self, name: str, quantity: int, *, reserved: int = 0) -> int:
        """Put an item on the shelf."""
        database = open_database(self.database_url, threads=1)
        try:
            with database.writing() as c:
                made = factories.item(c, name=name, quantity=quantity)
                if reserved:
                    factories.reserve(c, made.id, reserved)
        finally:
            database.close()
        self.item_ids[name] = made.id
        return made.id


def run_shop(
    folder: Path, *, open_items: bool = False, with_goods: bool = False, with_sandbox: bool = False
) -> RunningShop:
    """Start a shop over a new SQLite file in ``folder``; ``with_goods`` are those of the demo, ``with_sandbox`` starts
    the sandbox payment provider beside it."""
    common = {
        "SHOP_SECRET_KEY": _SECRET,
        "SHOP_ACCESS_LOG": "off",
        "SHOP_ITEMS_ACCESS": "open" if open_items else "staff",
    }
    web = Server(lambda: make_web())
    api = Server(lambda: make_api())
    sandbox = _sandbox(folder, api.url) if with_sandbox else None
    paying = {"SHOP_SANDBOX_URL": sandbox.url, "SHOP_SANDBOX_SECRET": _SECRET} if sandbox else {}
    api_settings = read(
        ApiSettings,
        {
            **common,
            **paying,
            "DATABASE_URL": f"sqlite:///{folder}/shop.db",
            "SHOP_PUBLIC_URL": web.url,
            "SHOP_RATE_LIMITS": "off",
        },
    )
    folder.mkdir(exist_ok=True)
    migrate(api_settings.database_url)
    database = open_database(api_settings.database_url, threads=1)
    with database.writing() as c:
        factories.staff(c, role="owner", email=OWNER, name="Mara Lindt")
        factories.staff(c, role="viewer", email=VIEWER, name="Vera Blick")
    database.close()
    if with_goods:
        _fill(api_settings.database_url)

    def make_api() -> Any:
        from shopapi.app import create_app

        return create_app(api_settings)

    payment_pages = {"SHOP_PAYMENT_ORIGINS": sandbox.url} if sandbox else {}
    settings = read(WebSettings, {**common, **payment_pages, "API_SERVER_URL": api.url, "SHOP_PUBLIC_URL": web.url})

    def make_web() -> Any:
        from shopweb.app import create_app

        return create_app(settings)

    shop = RunningShop(api, web, api_settings.database_url, sandbox)
    if sandbox:
        sandbox.start()
    api.start()
    web.start()
    return shop


def _sandbox(folder: Path, api_url: str) -> Server:
    def make() -> Any:
        from shopctl.sandbox.app import create_app

        told = {
            "SHOP_SANDBOX_SECRET": _SECRET,
            "SHOP_SANDBOX_WEBHOOK_URL": f"{api_url}/v1/payments/sandbox/webhook",
            "SHOP_SANDBOX_JOURNAL": str(folder / "sandbox.db"),
        }
        return create_app(read(SandboxSettings, told))

    return Server(make)


def _fill(database_url: str) -> None:
    # Two threads: the seed keeps others of its kind waiting on a connection of its own.
    database = open_database(database_url, threads=2)
    try:
        assert not seed(database).refused
    finally:
        database.close()
