"""The API's own description: ``/openapi.json``, and ``/docs``, a page to try it that loads nothing from elsewhere."""

from functools import cache
from pathlib import Path
from typing import Final

from litestar import Response, get
from litestar.datastructures import State
from litestar.params import FromPath

from shopapi.http.openapi import document
from shopapi.http.problems import NotFound
from shopapi.http.told import PUBLIC, Route
from shopapi.settings import ApiSettings

_PAGE: Final = Path(__file__).parent / "docs_page"
_TYPES: Final = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
}
# The bundle sets styles by script, which CSP allows; its icons are data URLs.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)


@cache
def _document(settings: ApiSettings) -> bytes:
    return document(settings)


@get("/openapi.json", opt={"told": Route(PUBLIC, "This document", answers={200: dict})}, sync_to_thread=False)
def openapi(state: State) -> Response[bytes]:
    """The OpenAPI 3.1 document of this API."""
    return Response(_document(state.settings), media_type="application/json", headers={"Cache-Control": "no-cache"})


@get(
    "/docs",
    opt={"told": Route(PUBLIC, "A page to try the API", answers={}, problems=(NotFound,))},
    sync_to_thread=False,
)
def page(state: State) -> Response[bytes]:
    """The page; 404 where ``SHOP_DOCS=off``."""
    return _file(state, "index.html", "text/html; charset=utf-8")


@get(
    "/docs/{name:str}",
    opt={"told": Route(PUBLIC, "What that page needs", answers={}, problems=(NotFound,))},
    sync_to_thread=False,
)
def page_file(name: FromPath[str], state: State) -> Response[bytes]:
    """A script or a style of the page."""
    if name not in _TYPES:
        raise NotFound
    return _file(state, name, _TYPES[name])


@cache
def _read(name: str) -> bytes:
    return (_PAGE / name).read_bytes()


def _file(state: State, name: str, media_type: str) -> Response[bytes]:
    if not state.settings.docs:
        raise NotFound
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
    return Response(_read(name), media_type=media_type, headers=headers)


HANDLERS: Final = [openapi, page, page_file]
