"""Idempotency keys: the same request twice, one effect, one answer.

In its simple form, for changes that call nobody else: the key is claimed and the answer stored in the transaction of
the change, so that a crash leaves both or neither. The codes are those of the draft RFC "The Idempotency-Key HTTP
Header Field".
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from litestar import Response
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from shopapi.db.engine import Database, sqlstate
from shopapi.db.types import clock
from shopapi.http.body import ShopRequest
from shopapi.http.idempotency_table import idempotency_key as keys
from shopapi.http.problems import InvalidRequest, RateLimited, ShopError, document

_KEY: Final = re.compile(r"[\x20-\x7e]{16,255}")
_STORED_REFUSALS: Final = (404, 409, 422)
_encode = msgspec.json.Encoder().encode


class KeyReused(ShopError):
    """The key came before with another request."""

    status, code, title = 422, "idempotency_key_reused", "Idempotency key reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key came with another request before. Use a new key for a new request.")


class KeyInProgress(ShopError):
    """The first request with this key is still running."""

    status, code, title = 409, "idempotency_in_progress", "Still running"

    def __init__(self) -> None:
        super().__init__(
            "The first request with this Idempotency-Key is still running. Come back in a second.",
            headers={"Retry-After": "1"},
        )


@dataclass(frozen=True)
class Answer:
    """What a change answers. ``kept`` is what a replay shows, where that must differ: no secret is stored."""

    content: msgspec.Struct
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    kept: msgspec.Struct | None = None


def once(
    request: ShopRequest,
    db: Database,
    data: msgspec.Struct,
    change: Callable[[Connection], Answer],
    *,
    one_statement: bool = False,
) -> Response[bytes]:
    """Make ``change`` in one transaction and answer it; with a key that was seen before, answer as the first time.

    ``one_statement`` as in :meth:`shopapi.db.engine.Database.write`; it holds for requests without a key.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        answer = db.write(change, one_statement=one_statement)
        return _response(answer.status, answer.headers, _encode(answer.content))
    if not _KEY.fullmatch(key):
        raise InvalidRequest.of("Idempotency-Key", "has 16 to 255 printable ASCII characters")
    claim = _Claim(
        scope=f"{request.user.scope} {request.method} {request.scope['path_template']}",
        key=key,
        fingerprint=_fingerprint(request, data),
        request_id=request.scope["state"]["request_id"],
        over_limit=request.scope["state"].get("over_limit"),
    )
    status, headers, body = db.write(lambda c: claim.change_or_replay(c, change))
    if "Idempotent-Replayed" in headers and claim.over_limit is None:
        request.app.state.authenticator.limiter.give_back(request.user.scope)
    return _response(status, headers, body)


def _fingerprint(request: ShopRequest, data: msgspec.Struct) -> bytes:
    # Keyed: a plain hash of a body that holds a password would let whoever reads the table try passwords quickly.
    key: str = request.app.state.settings.secret_key
    told = request.scope["path"].encode() + b"\n" + _encode(data)
    return hmac.new(key.encode(), b"idempotency:" + told, hashlib.sha256).digest()


@dataclass(frozen=True)
class _Claim:
    scope: str
    key: str
    fingerprint: bytes
    request_id: str
    over_limit: RateLimited | None

    def change_or_replay(
        self, c: Connection, change: Callable[[Connection], Answer]
    ) -> tuple[int, dict[str, str], bytes]:
        if not self._claimed(c):
            return self._replay(c)
        if self.over_limit is not None:
            raise self.over_limit
        kept: bytes | None = None
        try:
            with c.begin_nested():
                answer = change(c)
            status, headers, body = answer.status, answer.headers, _encode(answer.content)
            kept = _encode(answer.kept) if answer.kept is not None else body
        except ShopError as error:
            # What the state or the value refused is an answer too; the savepoint took back what was half done.
            if error.status not in _STORED_REFUSALS:
                raise
            status, body = error.status, document(error, self.request_id)
            headers = {"Content-Type": "application/problem+json", **error.headers}
            kept = body
        c.execute(
            update(keys)
            .where(keys.c.scope == self.scope, keys.c.key == self.key)
            .values(state="done", status=status, headers=headers, body=kept)
        )
        return status, headers, body

    def _claimed(self, c: Connection) -> bool:
        # A second request waits here for the first to commit, on the key's row.
        statement = _insert(c)(keys).values(
            scope=self.scope, key=self.key, fingerprint=self.fingerprint, state="claimed"
        )
        try:
            return c.execute(statement.on_conflict_do_nothing()).rowcount == 1
        except DBAPIError as error:
            if sqlstate(error) == "55P03":  # lock_not_available
                raise KeyInProgress from error
            raise

    def _replay(self, c: Connection) -> tuple[int, dict[str, str], bytes]:
        row = c.execute(select(keys).where(keys.c.scope == self.scope, keys.c.key == self.key)).one()
        if row.fingerprint != self.fingerprint:
            raise KeyReused
        return row.status, {**row.headers, "Idempotent-Replayed": "true"}, bytes(row.body)


def forget_old_keys(c: Connection, *, days: int) -> int:
    """Drop keys that are older than any client's patience, and answer how many."""
    return c.execute(delete(keys).where(keys.c.created_at < clock(-86_400 * days))).rowcount


def _insert(c: Connection) -> Any:
    return (postgresql if c.dialect.name == "postgresql" else sqlite).insert


def _response(status: int, headers: dict[str, str], body: bytes) -> Response[bytes]:
    headers = dict(headers)
    media = headers.pop("Content-Type", "application/json")
    return Response(body, status_code=status, headers=headers, media_type=media)
