"""ETags of staff resources, ``"v<version>"``, and what a change must say of them (RFC 9110, section 13)."""

import re
from typing import Final

from shopapi.http.problems import PreconditionRequired, Stale

_TAG: Final = re.compile(r'\s*(W/)?"([^"]*)"\s*(?:,|$)')


def etag(version: int) -> str:
    """The ETag of a resource at ``version``."""
    return f'"v{version}"'


class IfMatch:
    """What a request's ``If-Match`` header asks for; ``None`` is a header that was not sent."""

    def __init__(self, header: str | None, *, required: bool = False) -> None:
        if header is None and required:
            raise PreconditionRequired
        self._any = header is None or header.strip() == "*"
        # A weak tag never matches: If-Match compares strongly.
        self._tags = {tag for weak, tag in _listed(header or "") if not weak}

    def check(self, version: int) -> None:
        """Raise :class:`Stale` unless ``version`` is one that the caller read."""
        if not self._any and f"v{version}" not in self._tags:
            raise Stale(version)


def _listed(header: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(header):
        tag = _TAG.match(header, at)
        if tag is None:
            return []  # No list of tags: whatever it meant, it is no version that was read.
        found.append((tag[1] or "", tag[2]))
        at = tag.end()
    return found
