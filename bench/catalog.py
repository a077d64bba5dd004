"""What shoppers ask the API for, as the web part asks: in German, and compressed where that is worth it."""

import http.client
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

import httpx

from bench.load import Requests
from bench.plan import CannotMeasureError
from bench.servers import Server
from shopctl.seeds import large

HEADERS: Final = {"Accept-Language": "de", "Accept-Encoding": "gzip"}
LIST: Final = "/v1/products"
"""24 products, newest first."""

COMMON_WORDS: Final = ("Nebel", "Hafen", "Birke", "Fuchs", "Quarz", "Mohn", "Turm", "Anker", "Atlas", "Polka")
"""Names that one made-up product in fifty has, however many there are."""

_NOT_MODIFIED: Final = range(304, 305)


def rare_words() -> list[str]:
    """Places of forty made-up products each, however many there are."""
    return [large.place_of(1 + block * large.PRODUCTS_A_PLACE) for block in range(20)]


def product_list(api: Server) -> Requests:
    """The first page of all products."""
    return Requests.gets(api.port, [LIST], HEADERS)


def details(api: Server, slugs: Iterable[str]) -> Requests:
    """Products, one after the other."""
    return Requests.gets(api.port, [f"{LIST}/{slug}" for slug in slugs], HEADERS)


def searches(api: Server, words: Iterable[str]) -> Requests:
    """Searches, one after the other."""
    return Requests.gets(api.port, [f"{LIST}?q={quote(word)}" for word in words], HEADERS)


def unchanged(api: Server) -> Requests:
    """The first page of all products, by a caller who has it. Raises :class:`CannotMeasureError`."""
    tag = answer(api, LIST).headers.get("etag")
    if tag is None:
        raise CannotMeasureError("the list of products has no ETag")
    return Requests.gets(api.port, [LIST], {**HEADERS, "If-None-Match": tag}, answered=_NOT_MODIFIED)


def pages(api: Server, query: str, count: int) -> Requests:
    """The first ``count`` pages of a list, each by the cursor that the one before it gave."""
    paths = [f"{LIST}?{query}"]
    while len(paths) < count:
        cursor = answer(api, paths[-1]).json()["next_cursor"]
        if cursor is None:
            break
        paths.append(f"{LIST}?{query}&cursor={cursor}")
    return Requests.gets(api.port, paths, HEADERS)


def answer(server: Server, path: str) -> httpx.Response:
    """One answer. Raises :class:`CannotMeasureError` where it is no 200."""
    url = f"http://127.0.0.1:{server.port}{path}"
    try:
        found = httpx.get(url, headers=HEADERS, timeout=30, trust_env=False)
    except httpx.HTTPError as error:
        raise CannotMeasureError(f"{path} gets no answer: {error}") from None
    if found.status_code != http.client.OK:
        raise CannotMeasureError(f"{path} answers {found.status_code}")
    return found
