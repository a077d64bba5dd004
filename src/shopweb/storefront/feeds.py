"""What machines ask for: ``robots.txt``, the site map, and the icon at its old address."""

import asyncio
import gzip
import re
import time
from collections.abc import AsyncIterator
from itertools import chain
from typing import Final
from xml.sax.saxutils import escape

from litestar import MediaType, Response, get, route
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from shopapi.contract.catalog import Category, ProductQuery
from shopweb.storefront import delivery
from shopweb.storefront.frame import absolute, category_path, product_path
from shopweb.visit import Page, Visit

MOST: Final = 50_000
"""The most addresses of one map that sitemaps.org allows."""

_KEPT_S: Final = 600.0
_PART: Final = re.compile(r"sitemap-([1-9][0-9]{0,3})\.xml")
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"


_LEFT_ALONE: Final = (
    "/office", "/cart", "/checkout", "/orders/", "/language/", "/preferences", "/search?", "/*?*cursor="
)  # fmt: skip


@get("/robots.txt", sync_to_thread=False)
def robots(visit: NamedDependency[Visit]) -> Response[str]:
    """What robots leave alone: the office, what only changes settings, and the endless ways to filter a list."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in _LEFT_ALONE),
        "Allow: /search?reduced=true$",
        "",
        f"Sitemap: {absolute(visit, '/sitemap.xml')}",
        "",
    ]
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response("\n".join(lines), media_type=MediaType.TEXT, headers=headers)


@get("/favicon.ico", sync_to_thread=False)
def favicon(visit: NamedDependency[Visit]) -> Page:
    """Where browsers look that do not read the page's link."""
    headers = {"Location": visit.site.assets.url("icons/mark.svg"), "Cache-Control": "public, max-age=3600"}
    return Response(b"", status_code=302, media_type=MediaType.HTML, headers=headers)


@get("/sitemap.xml")
async def sitemap(visit: NamedDependency[Visit]) -> Response[bytes]:
    """Every product and category, the front page and what delivery costs, or the list of the maps that name them."""
    parts = await _maps_of(visit).parts(visit)
    if len(parts) == 1:
        return _xml(visit, parts[0])
    links = "".join(
        f"<sitemap><loc>{absolute(visit, f'/sitemap-{n}.xml')}</loc></sitemap>" for n in range(1, len(parts) + 1)
    )
    return _xml(visit, gzip.compress(_document("sitemapindex", links), 6))


@get("/{name:str}")
async def sitemap_part(visit: NamedDependency[Visit], name: FromPath[str]) -> Response[bytes]:
    """``/sitemap-2.xml`` and its like; no other page has a name of one part that is not known beforehand."""
    found = _PART.fullmatch(name)
    parts = await _maps_of(visit).parts(visit) if found else []
    if not found or len(parts) == 1 or int(found[1]) > len(parts):
        raise NotFoundException
    return _xml(visit, parts[int(found[1]) - 1])


@route("/{name:str}", http_method=["POST", "PUT", "PATCH", "DELETE"])
async def nothing_there(name: FromPath[str]) -> None:
    """404 for forms too: without this, the maps' address would say that such pages exist and take no forms."""
    raise NotFoundException


class SiteMaps:
    """The maps of this process, made anew when somebody asks after ten minutes: search engines are in no hurry.

    They are kept compressed, as a shop of 100,000 products has 8 MB of addresses.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._made_at = float("-inf")
        self._making = asyncio.Lock()

    async def parts(self, visit: Visit) -> list[bytes]:
        """At least one; ``ApiUnavailable`` where they are old and cannot be made."""
        async with self._making:
            if time.monotonic() - self._made_at >= _KEPT_S:
                began = time.monotonic()
                self._parts = [part async for part in self._made(visit)]
                self._made_at = began
        return self._parts

    async def _made(self, visit: Visit) -> AsyncIterator[bytes]:
        paths: list[str] = []
        async for path in _paths(visit):
            if len(paths) == MOST:
                yield _part(visit, paths)
                paths = []
            paths.append(path)
        yield _part(visit, paths)


def _maps_of(visit: Visit) -> SiteMaps:
    maps: SiteMaps = visit.request.app.state.site_maps
    return maps


async def _paths(visit: Visit) -> AsyncIterator[str]:
    tree = await visit.site.shelf.categories(visit)
    for path in ("/", delivery.PATH, *(category_path(category.slug) for category in _every(tree.data))):
        yield path
    query = ProductQuery(sort="name", limit=100)
    while True:
        # Not over the shelf: a thousand pages that nobody else asks for would push out what is asked for.
        page = (await visit.api_for_nobody.list_products(query, language=visit.language)).value
        for card in page.data:
            yield product_path(card.slug)
        if page.next_cursor is None:
            return
        query = ProductQuery(sort="name", limit=100, cursor=page.next_cursor)


def _every(categories: list[Category]) -> list[Category]:
    return list(chain.from_iterable((category, *_every(category.children)) for category in categories))


def _part(visit: Visit, paths: list[str]) -> bytes:
    urls = "".join(f"<url><loc>{escape(absolute(visit, path))}</loc></url>\n" for path in paths)
    return gzip.compress(_document("urlset", urls), 6)


def _document(kind: str, content: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="{_NAMESPACE}">\n{content}</{kind}>\n'.encode()


def _xml(visit: Visit, small: bytes) -> Response[bytes]:
    headers = {"Cache-Control": "public, max-age=600", "Vary": "Accept-Encoding"}
    if not visit.takes_gzip:
        return Response(gzip.decompress(small), media_type="application/xml", headers=headers)
    return Response(small, media_type="application/xml", headers={**headers, "Content-Encoding": "gzip"})
