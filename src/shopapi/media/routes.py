"""Pictures for everybody."""

import re
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.contract.catalog import MediaQuery
from shopapi.db.engine import Database
from shopapi.http.problems import NotFound
from shopapi.http.query import query_of
from shopapi.http.threads import in_thread
from shopapi.http.told import PUBLIC, Route
from shopapi.media.store import read_file

_NAME: Final = re.compile(r"([0-9a-f]{64})\.(svg|webp|png|jpg)", re.ASCII)
_TYPES: Final = {"svg": "image/svg+xml", "webp": "image/webp", "png": "image/png", "jpg": "image/jpeg"}
_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    # A drawing may style itself, and nothing else: opened by itself it is a document.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    # The shop's pages may stand on another host than its API.
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@get(
    "/v1/media/{name:str}",
    opt={"told": Route(PUBLIC, "Read a picture", answers={200: bytes}, problems=(NotFound,), query=MediaQuery)},
    dependencies=query_of(MediaQuery),
)
@in_thread
def get_media(
    name: FromPath[str], asked: NamedDependency[MediaQuery], db: NamedDependency[Database]
) -> Response[bytes]:
    """A picture by the hash of its content, so that it never changes. A drawing has every width."""
    named = _NAME.fullmatch(name)
    if named is None:
        raise NotFound("A picture is called by 64 hexadecimal digits and its kind, such as .svg.")
    with db.reading() as c:
        found = read_file(c, named[1], width=int(asked.w or 1920))
    if found is None or found.kind != named[2]:
        raise NotFound("There is no such picture.")
    return Response(found.content, media_type=_TYPES[found.kind], headers=_HEADERS)


HANDLERS: Final = [get_media]
