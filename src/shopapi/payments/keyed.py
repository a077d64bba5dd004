"""A request that waits for a payment provider in the middle, once however often it comes: claimed with its first
change, worked on under a lease, answered at the end, and gone on with after a crash."""

from collections.abc import Awaitable, Callable

from sqlalchemy import Connection

from shopapi.db.engine import Database
from shopapi.http.idempotency import Claim, KeyInProgress, Replay, begin, finish, look_up, refusal, store, take_over
from shopapi.http.problems import ShopError
from shopapi.payments.till import Till

Said = tuple[int, dict[str, str], bytes]
_KEPT = (402, 404, 409, 422)


async def once_with_provider(
    till: Till,
    claim: Claim | None,
    number: str,
    *,
    first: Callable[[Connection], None],
    then: Callable[[], Awaitable[None]],
    answer: Callable[[Connection], Said],
) -> Said:
    """``first`` in the transaction of the claim, ``then`` without one, ``answer`` in the transaction that keeps it.

    ``then`` must do no more when it is run again. A refusal of either is kept as the answer.
    """
    began = await till.run(lambda db: _begin(db, claim, number, first))
    if began is not None:
        return began
    try:
        await then()
    except ShopError as error:
        if claim is None or error.status not in _KEPT:
            raise
        said = refusal(error, claim)
        return await till.run(lambda db: _end(db, claim, lambda _: said))
    return await till.run(lambda db: _end(db, claim, answer))


def _begin(db: Database, claim: Claim | None, number: str, first: Callable[[Connection], None]) -> Said | None:
    def change(c: Connection) -> Replay | None:
        if claim is not None and not begin(c, claim, order_number=number):
            seen = look_up(c, claim)
            if isinstance(seen, Replay):
                return seen
            take_over(c, claim)
            return None
        if claim is not None and claim.over_limit is not None:
            raise claim.over_limit
        first(c)
        return None

    try:
        seen = db.write(change)
    except KeyInProgress:
        raise
    except ShopError as error:
        if claim is None or error.status not in _KEPT:
            raise
        status, headers, body = refusal(error, claim)
        db.write(lambda c: store(c, claim, status=status, headers=headers, body=body))
        return status, headers, body
    return None if seen is None else (seen.status, seen.headers, seen.body)


def _end(db: Database, claim: Claim | None, answer: Callable[[Connection], Said]) -> Said:
    def change(c: Connection) -> Said | None:
        said = answer(c)
        if claim is None:
            return said
        status, headers, body = said
        return said if finish(c, claim, status=status, headers=headers, body=body) else None

    said = db.write(change)
    if said is not None or claim is None:
        assert said is not None  # noqa: S101 - without a claim nobody takes it over
        return said
    with db.reading() as c:
        seen = look_up(c, claim)
    if not isinstance(seen, Replay):
        raise KeyInProgress
    return seen.status, seen.headers, seen.body
