"""Rendered pages, kept as the bytes that go out, while the catalog is what it was when they were made.

When the catalog has changed, a page's questions are asked again; where every answer has the ETag that it had, as most
have after a sale, the bytes are good for the new version too.

The storefront says the same to everybody who has the same language and theme: so the key is what was asked for, in
which language, theme and coding, with how many units in the cart, and on which day, since delivery dates move on.
Whatever else is one person's must not be on a page that is kept.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from litestar import MediaType, Response

from shopweb.storefront.bounded import Bounded
from shopweb.storefront.shelf import Question
from shopweb.visit import Page, Visit

_MAX_BYTES: Final = 10 * 2**20


@dataclass(frozen=True)
class KeptPage:
    """A page, the version of the catalog that it shows, and the ETags of the answers that it was made from."""

    version: str
    made_from: dict[Question, str]
    body: bytes
    headers: dict[str, str]

    @property
    def size(self) -> int:
        """About what it weighs, in bytes."""
        return len(self.body) + sum(len(what) + len(etag) for (_, _, what), etag in self.made_from.items())


class KeptPages(Bounded[KeptPage]):
    """One a process, in the app's state."""

    def __init__(self) -> None:
        super().__init__(_MAX_BYTES)


async def kept_page(visit: Visit, make: Callable[[], Awaitable[Page]]) -> Page:
    """The page that was asked for: kept from before, or made now; ``ApiUnavailable`` where nobody can tell."""
    version = await visit.site.shelf.version(visit)
    pages: KeptPages = visit.request.app.state.pages
    scope = visit.request.scope
    reader = (visit.language, visit.theme, visit.takes_gzip, visit.units)
    key = (scope["path"], scope["query_string"], reader, visit.today)
    page = pages.find(key)
    if page is None or page.version != version or not version:
        if page is not None and await visit.site.shelf.still_says(visit, page.made_from):
            page = replace(page, version=version)
        else:
            visit.told = {}
            made = await make()
            if made.status_code != 200 or made.headers["Cache-Control"] == "no-store":
                return made
            tag = f'"{hashlib.blake2b(made.content, digest_size=12).hexdigest()}"'
            page = KeptPage(version, visit.told, made.content, {**made.headers, "ETag": tag})
        pages.keep(key, page, page.size + len(scope["query_string"]))
    if page.headers["ETag"] in visit.request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, media_type=MediaType.HTML, headers=page.headers)
    return Response(page.body, media_type=MediaType.HTML, headers=page.headers)
