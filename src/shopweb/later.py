"""A page that is made after its answer was chosen: an error is handled at once, but its page may ask the API."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Litestar, Request, Response
from litestar.types import ASGIApp, Receive, Scope, Send

from shopweb.visit import Page


class LaterPage(Response[bytes]):
    """Litestar's exception handlers cannot wait; its answers can. ``make`` must not fail."""

    def __init__(self, make: Callable[[], Awaitable[Page]]) -> None:
        super().__init__(b"")
        self._make = make

    def to_asgi_response(self, app: Litestar | None, request: Request[Any, Any, Any], **more: Any) -> ASGIApp:  # type: ignore[override]
        """The answer that makes the page when it is sent."""

        async def send_page(scope: Scope, receive: Receive, send: Send) -> None:
            page = await self._make()
            await page.to_asgi_response(app, request, **more)(scope, receive, send)

        return send_page
