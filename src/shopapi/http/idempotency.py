"""Idempotency keys: the same request twice, one effect, one answer.

In its simple form (:func:`once`), for changes that call nobody else: the key is claimed and the answer stored in the
transaction of the change, so that a crash leaves both or neither. What calls a payment provider commits its claim with
its first change (:func:`begin`), works on under a lease, and stores the answer at the end (:func:`finish`); after a
crash the same request goes on where it stands. The codes are those of the draft RFC "The Idempotency-Key HTTP Header
Field".
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from litestar import Response
from sqlalchemy import Connection, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from shopapi.contract.problems import FieldError
from shopapi.db.engine import Database, Reader, sqlstate
from shopapi.db.types import clock
from shopapi.http.body import ShopRequest
from shopapi.http.guests import give_back
from shopapi.http.idempotency_table import idempotency_key as keys
from shopapi.http.problems import InvalidRequest, RateLimited, ShopError, document
from shopapi.runtime.failpoints import planted

_KEY: Final = re.compile(r"[\x20-\x7e]{16,255}")
_STORED_REFUSALS: Final = (402, 404, 409, 422)
LEASE_S: Final = 30
"""How long a request may work on its claim: longer than it waits for any provider."""
_encode = msgspec.json.Encoder().encode


class KeyReused(ShopError):
    """The key came before with another request."""

    status, code, title = 422, "idempotency_key_reused", "Idempotency key reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key came with another request before. Use a new key for a new request.")


class KeyRequired(ShopError):
    """What moves money or goods has to carry a key."""

    status, code, title = 400, "idempotency_key_required", "Idempotency-Key is missing"

    def __init__(self) -> None:
        super().__init__(
            "Send Idempotency-Key with this request: 16 to 255 printable ASCII characters, new for each request.",
            errors=[FieldError("Idempotency-Key", "is missing")],
        )


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
    scope: str | None = None,
) -> Response[bytes]:
    """Make ``change`` in one transaction and answer it; with a key that was seen before, answer as the first time.

    ``one_statement`` as in :meth:`shopapi.db.engine.Database.write`; it holds for requests without a key. ``scope`` is
    whose keys they are, where nobody is signed in.
    """
    if request.headers.get("idempotency-key") is None:
        answer = db.write(change, one_statement=one_statement)
        return respond(answer.status, answer.headers, _encode(answer.content))
    claim = claim_of(request, data, scope=scope)
    status, headers, body = db.write(lambda c: claim.change_or_replay(c, change))
    if "Idempotent-Replayed" in headers:
        give_back(request)
        if claim.over_limit is None and scope is None:
            request.app.state.authenticator.limiter.give_back(request.user.scope)
    return respond(status, headers, body)


def claim_of(request: ShopRequest, data: msgspec.Struct, *, scope: str | None = None) -> "Claim":
    """What the request's key stands for; raises :class:`KeyRequired`, or 400 for a key that is none."""
    key = request.headers.get("idempotency-key")
    if key is None:
        raise KeyRequired
    if len(request.headers.getall("idempotency-key")) > 1:
        raise InvalidRequest.of("Idempotency-Key", "is given twice")
    if not _KEY.fullmatch(key):
        raise InvalidRequest.of("Idempotency-Key", "has 16 to 255 printable ASCII characters")
    return Claim(
        scope=f"{scope or request.user.scope} {request.method} {request.scope['path_template']}",
        key=key,
        fingerprint=_fingerprint(request, data),
        owner=secrets.token_hex(8),
        request_id=request.scope["state"]["request_id"],
        over_limit=request.scope["state"].get("over_limit"),
    )


def _fingerprint(request: ShopRequest, data: msgspec.Struct) -> bytes:
    # Keyed: a plain hash of a body that holds a password would let whoever reads the table try passwords quickly.
    key: str = request.app.state.settings.secret_key
    if planted("no_fingerprint"):
        return b""
    told = request.scope["path"].encode() + b"\n" + _encode(data)
    return hmac.new(key.encode(), b"idempotency:" + told, hashlib.sha256).digest()


@dataclass(frozen=True)
class Replay:
    """The first answer to a request that came again; ``order_number`` is the order that it made, if any."""

    status: int
    headers: dict[str, str]
    body: bytes
    order_number: str | None


@dataclass(frozen=True)
class Claim:
    """One request's key. ``owner`` is this very try of it."""

    scope: str
    key: str
    fingerprint: bytes
    owner: str
    request_id: str
    over_limit: RateLimited | None

    def change_or_replay(
        self, c: Connection, change: Callable[[Connection], Answer]
    ) -> tuple[int, dict[str, str], bytes]:
        """Make the change under the claim, in one transaction with it, or answer as the first time."""
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
            status, headers, body = refusal(error, self)
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
            scope=self.scope, key=self.key, fingerprint=self.fingerprint, state="claimed", owner=self.owner
        )
        try:
            return c.execute(statement.on_conflict_do_nothing()).rowcount == 1
        except DBAPIError as error:
            if sqlstate(error) == "55P03":  # lock_not_available
                raise KeyInProgress from error
            raise

    def _replay(self, c: Connection) -> tuple[int, dict[str, str], bytes]:
        seen = look_up(c, self)
        if not isinstance(seen, Replay):
            raise KeyInProgress
        return seen.status, seen.headers, seen.body


def look_up(c: Reader, claim: Claim) -> Replay | str | None:
    """What is known of a key: its answer, or the number of the order that its request works on (which may be ``""``),
    or nothing. Raises :class:`KeyReused` where it came with another request."""
    row = c.execute(select(keys).where(keys.c.scope == claim.scope, keys.c.key == claim.key)).first()
    if row is None:
        return None
    if row.fingerprint != claim.fingerprint:
        raise KeyReused
    if row.state != "done":
        return row.order_number or ""
    return Replay(row.status, {**row.headers, "Idempotent-Replayed": "true"}, bytes(row.body or b""), row.order_number)


def begin(c: Connection, claim: Claim, *, order_number: str) -> bool:
    """Claim a key for work on an order that goes on after this transaction; false where it is claimed already."""
    statement = _insert(c)(keys).values(
        scope=claim.scope,
        key=claim.key,
        fingerprint=claim.fingerprint,
        state="claimed",
        owner=claim.owner,
        lease_until=clock(LEASE_S),
        order_number=order_number,
    )
    return c.execute(statement.on_conflict_do_nothing()).rowcount == 1


def take_over(c: Connection, claim: Claim) -> None:
    """Go on with a request whose worker is gone; raises :class:`KeyInProgress` while its lease runs."""
    taken = c.execute(
        update(keys)
        .where(
            keys.c.scope == claim.scope,
            keys.c.key == claim.key,
            keys.c.state == "claimed",
            keys.c.lease_until < clock(),
        )
        .values(owner=claim.owner, lease_until=clock(LEASE_S))
    )
    if taken.rowcount != 1:
        raise KeyInProgress


def store(
    c: Connection, claim: Claim, *, status: int, headers: dict[str, str], body: bytes, order_number: str | None = None
) -> None:
    """Keep the answer of a request that needed no claim before."""
    c.execute(
        _insert(c)(keys)
        .values(
            scope=claim.scope,
            key=claim.key,
            fingerprint=claim.fingerprint,
            state="done",
            status=status,
            headers=headers,
            body=body,
            order_number=order_number,
        )
        .on_conflict_do_nothing()
    )


def finish(c: Connection, claim: Claim, *, status: int, headers: dict[str, str], body: bytes) -> bool:
    """Keep the answer of a request that was begun; false where somebody else has taken it over."""
    return (
        c.execute(
            update(keys)
            .where(keys.c.scope == claim.scope, keys.c.key == claim.key, keys.c.owner == claim.owner)
            .where(keys.c.state == "claimed")
            .values(state="done", status=status, headers=headers, body=body, lease_until=None)
        ).rowcount
        == 1
    )


def refusal(error: ShopError, claim: Claim) -> tuple[int, dict[str, str], bytes]:
    """A refusal as it is answered and stored."""
    headers = {"Content-Type": "application/problem+json", **error.headers}
    return error.status, headers, document(error, claim.request_id)


def forget_old_keys(c: Connection, *, days: int, most: int = 1000) -> int:
    """Drop keys that are older than any client's patience, at most ``most``, and answer how many."""
    old = select(keys.c.scope, keys.c.key).where(keys.c.created_at < clock(-86_400 * days)).limit(most)
    return c.execute(delete(keys).where(tuple_(keys.c.scope, keys.c.key).in_(old))).rowcount


def _insert(c: Connection) -> Any:
    return (postgresql if c.dialect.name == "postgresql" else sqlite).insert


def respond(status: int, headers: dict[str, str], body: bytes) -> Response[bytes]:
    """An answer that was stored, or is to be."""
    headers = dict(headers)
    media = headers.pop("Content-Type", "application/json")
    return Response(body, status_code=status, headers=headers, media_type=media)
