"""The whole sandbox: settings in, an ASGI app out."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException

from shopctl.sandbox import page, routes
from shopctl.sandbox.delivery import Delivery
from shopctl.sandbox.desk import Desk
from shopctl.sandbox.faults import Faults
from shopctl.sandbox.journal import Journal
from shopctl.sandbox.misbehaving import refusal
from shopctl.sandbox.refusals import Refused
from shopctl.sandbox.settings import SandboxSettings, secrets_of

MAX_BODY: Final = 64 * 1024
_log = logging.getLogger(__name__)


def create_app(settings: SandboxSettings) -> Litestar:
    """The sandbox as an ASGI app; raises :class:`SettingsError` and :class:`JournalError`."""
    secrets, faults = secrets_of(settings), Faults()
    journal = Journal(settings.journal)
    delivery = Delivery(journal, settings.webhook_url, secrets, faults)
    url = settings.url.geturl() if settings.url is not None else ""
    desk = Desk(journal, delivery, secrets, url, faults)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        delivering = asyncio.create_task(delivery.run())
        yield
        delivering.cancel()
        with suppress(asyncio.CancelledError):
            await delivering
        journal.close()

    return Litestar(
        [*routes.HANDLERS, *page.HANDLERS],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
        exception_handlers={Refused: _refused, HTTPException: _framework, Exception: _failed},
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=MAX_BODY,
        state=State({"desk": desk}),
    )


def serve() -> Litestar:
    """The app as an HTTP server starts it, with its settings from the environment."""
    from shopapi.runtime.settings import read

    return create_app(read(SandboxSettings, os.environ))


def _refused(_: Request[Any, Any, Any], error: Refused) -> Response[bytes]:
    return refusal(error.status, error.code, error.detail)


def _framework(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    if error.status_code >= 500:
        _log.error("A call failed.", exc_info=error)
        return refusal(500, "internal_error", "Something went wrong.")
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
    extra = error.extra if isinstance(error.extra, list) else []
    told = [f"{one.get('key', '')}: {one.get('message', '')}" for one in extra if isinstance(one, dict)]
    return refusal(error.status_code, code, "; ".join(told) or error.detail)


def _failed(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    _log.error("A call failed.", exc_info=error)
    return refusal(500, "internal_error", "Something went wrong.")
