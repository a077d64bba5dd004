"""Cursors: where a page ended, opaque to the caller and checked against tampering."""

import base64
import hashlib
import hmac
import json

from shopapi.http.problems import InvalidRequest


class Cursors:
    """Makes and reads the cursors of one shop; ``key`` is its secret key."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def after(self, listing: str, last_id: int | None) -> str | None:
        """The cursor behind row ``last_id`` of ``listing``; ``None`` where there is no next page."""
        return None if last_id is None else self._made(listing, str(last_id))

    def read(self, listing: str, cursor: str | None) -> int | None:
        """The row id behind which the next page begins; raises 400 where the cursor is none of this listing's."""
        return None if cursor is None else int(self._read(listing, cursor))

    def behind(self, listing: str, place: tuple[str | int, int] | None) -> str | None:
        """The cursor behind a row that stands at ``place``: the value that the list is sorted by, and its id."""
        return (
            None if place is None else self._made(listing, json.dumps(place, separators=(",", ":"), ensure_ascii=False))
        )

    def place(self, listing: str, cursor: str | None) -> tuple[str | int, int] | None:
        """The place behind which the next page begins; raises 400 where the cursor is none of this listing's."""
        if cursor is None:
            return None
        value, row_id = json.loads(self._read(listing, cursor))
        return value, row_id

    def _made(self, listing: str, where: str) -> str:
        mac = base64.urlsafe_b64encode(self._mac(listing, where)).decode()
        return base64.urlsafe_b64encode(f"{where}\0{mac}".encode()).decode().rstrip("=")

    def _read(self, listing: str, cursor: str) -> str:
        try:
            where = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).rpartition(b"\0")[0].decode()
        except ValueError:
            where = ""
        # Compared as it is written: base 64 has several spellings of the same bytes.
        if not hmac.compare_digest(cursor.encode(), self._made(listing, where).encode()):
            raise InvalidRequest.of("cursor", "is none that this list has given; begin without one")
        return where

    def _mac(self, listing: str, where: str) -> bytes:
        told = json.dumps([listing, where]).encode()
        return hmac.new(self._key, b"cursor:" + told, hashlib.sha256).digest()[:12]
