"""Cursors: where a page ended, opaque to the caller and checked against tampering."""

import base64
import hashlib
import hmac

from shopapi.http.problems import InvalidRequest


class Cursors:
    """Makes and reads the cursors of one shop; ``key`` is its secret key."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def after(self, listing: str, last_id: int | None) -> str | None:
        """The cursor behind row ``last_id`` of ``listing``; ``None`` where there is no next page."""
        if last_id is None:
            return None
        text = f"{listing}:{last_id}".encode()
        return base64.urlsafe_b64encode(text + b":" + self._mac(text)).decode().rstrip("=")

    def read(self, listing: str, cursor: str | None) -> int | None:
        """The row id behind which the next page begins; raises 400 where the cursor is none of this listing's."""
        if cursor is None:
            return None
        try:
            text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).rpartition(b":")[0]
            last_id = int(text.rpartition(b":")[2][:20])
        except ValueError:
            last_id = 0
        # Compared as it is written: base 64 has several spellings of the same bytes.
        if not hmac.compare_digest(cursor.encode(), (self.after(listing, last_id) or "").encode()):
            raise InvalidRequest.of("cursor", "is none that this list has given; begin without one")
        return last_id

    def _mac(self, text: bytes) -> bytes:
        digest = hmac.new(self._key, b"cursor:" + text, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:12])
