"""Pictures, as the API has them."""

import gzip
import re
from typing import Any, Final

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from shopapi.client import BadRequest
from shopweb.visit import Visit

_NAME: Final = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{2,5}")
_WIDTH: Final = re.compile(r"[1-9][0-9]{0,3}")
_FOR_EVER: Final = "public, max-age=31536000, immutable"
# What a picture may do where the API says nothing: an SVG has styles of its own, and nothing else.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@get("/media/{name:str}")
async def show_media(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], name: FromPath[str]
) -> Response[bytes]:
    """A picture by the hash of its content, to be kept for ever."""
    width = visit.asked("w")
    if not _NAME.fullmatch(name) or (width and not _WIDTH.fullmatch(width)):
        raise NotFoundException
    try:
        media = await visit.site.shelf.media(visit, name, int(width) if width else None)
    except BadRequest:  # A width in which no picture is made.
        raise NotFoundException from None
    body = media.content
    headers = {
        "Cache-Control": _FOR_EVER,
        "Content-Security-Policy": media.policy or _POLICY,
        "ETag": f'"{name.partition(".")[0][:16]}{f"-{width}" if width else ""}"',
    }
    if media.kind.startswith("image/svg"):  # The other kinds are compressed by nature.
        headers["Vary"] = "Accept-Encoding"
        if visit.takes_gzip:
            body, headers["Content-Encoding"] = gzip.compress(body, 6, mtime=0), "gzip"
            headers["ETag"] = headers["ETag"][:-1] + '-gzip"'
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(body, media_type=media.kind or "application/octet-stream", headers=headers)
