"""The whole API on one screen: settings in, an ASGI app out."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import cast

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from shopapi.accounts import routes as accounts
from shopapi.accounts import sign_in
from shopapi.accounts.passwords import Passwords
from shopapi.accounts.principals import principal_finder
from shopapi.carts import routes as carts
from shopapi.catalog import admin_routes as products
from shopapi.catalog import routes as catalog
from shopapi.catalog.desk import Desk
from shopapi.catalog.languages import Languages
from shopapi.catalog.version_store import read_version
from shopapi.checkout import routes as checkout
from shopapi.db.engine import Database, open_database
from shopapi.events import routes as emails
from shopapi.http import documents, health
from shopapi.http.access import Authenticator, let_in
from shopapi.http.body import BodyLimit, ShopRequest
from shopapi.http.catalog_cache import CatalogCache
from shopapi.http.catalog_version import CatalogVersion
from shopapi.http.cursors import Cursors
from shopapi.http.failures import EXCEPTION_HANDLERS, refuse
from shopapi.http.guests import GuestLimits
from shopapi.http.in_flight import InFlight, OneWriter
from shopapi.http.limits import Limiter
from shopapi.http.query import refuse_queries
from shopapi.inventory import classic
from shopapi.inventory import routes as inventory
from shopapi.media import routes as media
from shopapi.orders import admin_routes as admin_orders
from shopapi.orders import routes as orders
from shopapi.payments import routes as payments
from shopapi.payments.providers import find_providers
from shopapi.payments.till import Till
from shopapi.runtime import failpoints
from shopapi.runtime.draining import Draining
from shopapi.runtime.edge import SECURITY_HEADERS, App, Edge, strict_transport
from shopapi.runtime.hosts import Hosts
from shopapi.runtime.logs import AccessLog
from shopapi.runtime.metrics import Metrics
from shopapi.runtime.part import require_secret_key
from shopapi.runtime.structs import make_structs_ready
from shopapi.settings import ApiSettings

HANDLERS = [
    *classic.HANDLERS,
    *catalog.HANDLERS,
    *media.HANDLERS,
    *carts.HANDLERS,
    *checkout.HANDLERS,
    *orders.HANDLERS,
    *admin_orders.HANDLERS,
    *payments.HANDLERS,
    *emails.HANDLERS,
    *products.HANDLERS,
    *sign_in.HANDLERS,
    *inventory.HANDLERS,
    *accounts.HANDLERS,
    *health.HANDLERS,
    *documents.HANDLERS,
]
"""Every route of the API."""


def create_app(settings: ApiSettings) -> App:
    """The API as an ASGI app; raises :class:`SettingsError` where there is no secret key."""
    require_secret_key(settings.secret_key)
    failpoints.arm(settings, test_mode=settings.test_mode, failpoints=settings.failpoints)
    db = open_database(settings.database_url, threads=settings.db_threads)
    metrics = Metrics("api")
    metrics.gauge("shop_db_connections_in_use", "Database connections taken just now.", db.pool_in_use)
    turn = asyncio.Semaphore(1) if db.dialect == "sqlite" else None
    app = cast(App, _routed(settings, db, metrics, turn))
    make_structs_ready()
    if turn is not None:
        app = OneWriter(app, turn)
    headers = [
        *SECURITY_HEADERS,
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", b"no-store"),
        *strict_transport(settings),
    ]
    cached = CatalogCache(
        # The body first: who sends it slowly must not hold a place that others need.
        BodyLimit(InFlight(app, settings.max_in_flight)),
        _catalog_version(settings),
        limit=settings.catalog_cache_mib * 1024 * 1024,
        metrics=metrics,
        headers=headers,
    )
    return Edge(
        cached,
        hosts=Hosts(settings.public_url, settings.allowed_hosts),
        metrics=metrics,
        access_log=AccessLog("api", settings.log_format) if settings.access_log else None,
        draining=Draining(),
        headers=headers,
        refuse=refuse,
        shortcut=cached.ready,
    )


def _catalog_version(settings: ApiSettings) -> CatalogVersion:
    # Its own connection: it must not wait for the requests that it saves from the database.
    db = open_database(settings.database_url, threads=1)

    def read() -> int:
        with db.reading() as c:
            return read_version(c)

    return CatalogVersion(read, db.close)


def _routed(settings: ApiSettings, db: Database, metrics: Metrics, turn: asyncio.Semaphore | None) -> Litestar:
    passwords = Passwords()
    providers = find_providers(settings)
    # Its own connection: a busy process is ready, and must not be taken out because it is busy.
    probed = open_database(settings.database_url, threads=1)
    cursors = Cursors(settings.secret_key)
    on = settings.rate_limits
    guest_limits = GuestLimits(on=on)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        # As many threads as connections: 40 threads gave 780 reads a second where 4 gave 1,050.
        threads = ThreadPoolExecutor(settings.db_threads, thread_name_prefix="db")
        asyncio.get_running_loop().set_default_executor(threads)
        yield
        for provider in providers.values():
            await provider.close()
        passwords.close()
        threads.shutdown()
        db.close()
        probed.close()

    return Litestar(
        HANDLERS,
        guards=[let_in, refuse_queries],
        dependencies={
            "db": _always(db),
            "cursors": _always(cursors),
            "passwords": _always(passwords),
            "sign_in_limits": _always(sign_in.SignInLimits(on=on)),
            "guest_limits": _always(guest_limits),
        },
        exception_handlers=EXCEPTION_HANDLERS,
        request_class=ShopRequest,
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
        state=State(
            {
                "settings": settings,
                "desk": Desk(db, cursors, Languages()),
                "metrics": metrics,
                "providers": providers,
                "till": Till(db, providers, turn),
                "guest_limits": guest_limits,
                "readiness": health.Readiness(probed),
                "authenticator": Authenticator(
                    principal_finder(db),
                    items_open=settings.items_access == "open",
                    secret_key=settings.secret_key,
                    trusted=settings.trusted_proxies,
                    limiter=Limiter(600, 60, on=on),
                ),
            }
        ),
    )


def _always(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)
