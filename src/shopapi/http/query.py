"""Query parameters, as strict as a body: an unknown one, or a repeated one that is no list, is an error."""

import re
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler

from shopapi.http.body import ShopRequest, fit_query, integer_fields, list_fields, shown
from shopapi.http.problems import InvalidRequest

_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)


def query_of(kind: type[msgspec.Struct]) -> dict[str, Provide]:
    """The dependency that gives a handler its query as ``asked``, a value of the contract type ``kind``."""

    async def read(request: ShopRequest) -> msgspec.Struct:
        asked: msgspec.Struct = parse(request.scope["query_string"], kind)
        return asked

    return {"asked": Provide(read)}


def parse(query_string: bytes, kind: type[msgspec.Struct]) -> Any:
    """The raw query string as a value of ``kind``; raises :class:`InvalidRequest`."""
    given: dict[str, Any] = {}
    several = list_fields(kind)
    for name, value in _pairs(query_string):
        if name in several:
            given.setdefault(name, []).append(value)
        elif name in given:
            raise InvalidRequest.of(shown(name), "is given twice")
        else:
            given[name] = value
    for name in integer_fields(kind) & given.keys():
        if not _WHOLE.fullmatch(given[name]):
            raise InvalidRequest.of(name, f'is "{shown(given[name], 40)}", which is no whole number')
        given[name] = int(given[name])
    return fit_query(given, kind)


def refuse_queries(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A guard: a route that knows no query parameters takes none."""
    if connection.scope["query_string"] and "asked" not in handler.resolve_dependencies():
        for name, _ in _pairs(connection.scope["query_string"]):
            raise InvalidRequest.of(shown(name), "is not known; this address takes no query parameters")


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100, separator="&"
        )
    except ValueError:
        raise InvalidRequest.of(
            "", "The query is not readable: it is UTF-8, percent-encoded, 100 parameters at most."
        ) from None
