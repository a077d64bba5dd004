"""An answer of the catalog as ready bytes: coded, tagged, and able to say 304."""

import hashlib
import re
import zlib
from typing import Final

from shopapi.http.catalog_version import Known
from shopapi.http.weights import weighted
from shopapi.runtime.edge import Headers, Ready

_WORTH_GZIP: Final = 1024
_OURS: Final = frozenset((b"etag", b"cache-control", b"vary", b"content-length", b"content-encoding"))
# It may be kept, but is asked for again each time: that costs 304.
_ASK_AGAIN: Final = (b"cache-control", b"no-cache")
_VARY: Final = (b"vary", b"Accept-Encoding, Accept-Language")
_GZIP: Final = (b"content-encoding", b"gzip")
_TAG: Final = re.compile(rb'\s*(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)')


class CatalogAnswer:
    """A 200 of the catalog. ``version`` is the catalog's before the app was asked; ``size`` is in bytes."""

    __slots__ = ("_known", "_ready", "_tag", "size", "version")

    def __init__(
        self, headers: Headers, body: bytes, route: str, known: Known, *, gzip: bool, defaults: Headers
    ) -> None:
        coded = gzip and len(body) > _WORTH_GZIP
        body = _compressed(body, kept=known.number is not None) if coded else body
        self.size = len(body)
        self.version = known.number
        # By the bytes as sent: another coding has another tag, and all processes give the same.
        tag = hashlib.blake2b(body, digest_size=16).hexdigest()
        self._tag = (b"etag", f'"{tag}"'.encode())
        self._known = [known.header] if known.number is not None else []
        full = [
            *(pair for pair in headers if pair[0].lower() not in _OURS),
            (b"content-length", str(len(body)).encode()),
            *([_GZIP] if coded else []),
            self._tag,
            _ASK_AGAIN,
            _VARY,
            *self._known,
        ]
        present = dict(full)
        full += [pair for pair in defaults if pair[0] not in present]
        self._ready: Ready = (200, full, body, route)

    def reply(self, if_none_match: bytes | None) -> Ready:
        """The whole answer, or 304 where the caller has it: that adds nothing to the headers of what the caller has."""
        if if_none_match is not None and is_among(self._tag[1], if_none_match):
            return 304, [self._tag, _ASK_AGAIN, _VARY, *self._known], b"", self._ready[3]
        return self._ready


def takes_gzip(accept_encoding: str) -> bool:
    """Whether gzip is wanted, and no less than the bytes as they are."""
    weights = weighted(accept_encoding)
    weight = weights.get("gzip", weights.get("*", 0.0))
    return weight > 0 and weight >= weights.get("identity", 0.0)


def is_among(tag: bytes, if_none_match: bytes) -> bool:
    """Whether ``If-None-Match`` names ``tag``, by weak comparison; a header that is no list of tags names none."""
    if if_none_match == tag or if_none_match.strip() == b"*":
        return True
    at, found = 0, False
    while at < len(if_none_match):
        listed = _TAG.match(if_none_match, at)
        if listed is None:
            return False
        found = found or listed[1] == tag
        at = listed.end()
    return found


def _compressed(body: bytes, *, kept: bool) -> bytes:
    # Without a time in its header, so that the same answer has the same bytes. What is sent once is packed quickly.
    packer = zlib.compressobj(6 if kept else 1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()
