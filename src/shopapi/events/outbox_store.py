"""SQL over the outbox: what happened in the shop, told once it is certain, and taken in by a worker.

A row is written in the transaction of what it tells: it is there if and only if that happened.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, or_, select, text, update

from shopapi.db.types import clock
from shopapi.events.leasing import claim, wait_s
from shopapi.events.tables import outbox

BATCH: Final = 20
"""Rows that a worker claims at once: each may draw an invoice, and all must be done before the lease ends."""

KEPT_DAYS: Final = 30
"""So long a row stays after it was taken in: the feed of events is read from it."""

_WAITS: Final = and_(outbox.c.done_at.is_(None), outbox.c.dead_at.is_(None))
_POSITION_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('shopctl:outbox:position', 0))")


def tell(c: Connection, topic: str, aggregate: str, sequence: int, payload: Mapping[str, Any]) -> None:
    """Say that something happened: the ``sequence``-th thing to ``aggregate``, in the caller's transaction."""
    c.execute(
        insert(outbox).values(topic=topic, aggregate=aggregate, sequence=sequence, payload=dict(payload)),
    )


def claim_rows(c: Connection, claimed_by: str, *, most: int = BATCH) -> Sequence[Row[Any]]:
    """Lend the oldest rows that wait, and give each its place in the feed when it is lent for the first time."""
    rows = claim(c, outbox, _WAITS, claimed_by=claimed_by, most=most)
    _place(c, [row.id for row in rows if row.position is None])
    return rows


def _place(c: Connection, row_ids: list[int]) -> None:
    # Without the lock, who reads the feed up to 8 could see a 7 appear behind it.
    if not row_ids:
        return
    if c.dialect.name == "postgresql":
        c.execute(_POSITION_LOCK)
    last = c.execute(select(func.coalesce(func.max(outbox.c.position), 0))).scalar_one()
    c.execute(
        update(outbox).where(outbox.c.id == bindparam("row_id")).values(position=bindparam("place")),
        [{"row_id": row_id, "place": last + nth} for nth, row_id in enumerate(row_ids, 1)],
    )


def mark_done(c: Connection, row_ids: Sequence[int], claimed_by: str) -> int:
    """These rows were taken in; answers how many still were ``claimed_by``'s to say so."""
    mine = (outbox.c.id.in_(row_ids), outbox.c.leased_by == claimed_by, _WAITS)
    return c.execute(update(outbox).where(*mine).values(done_at=clock(), lease_until=None)).rowcount


def put_off(c: Connection, row: Row[Any], claimed_by: str, error: str, *, dead: bool) -> None:
    """A row could not be taken in: try again later, or leave it to a person where it is ``dead``."""
    what: dict[str, Any] = {"dead_at": clock()} if dead else {"available_at": clock(wait_s(row.attempts))}
    c.execute(
        update(outbox)
        .where(outbox.c.id == row.id, outbox.c.leased_by == claimed_by, _WAITS)
        .values(error=error, lease_until=None, **what)
    )


def drop_old(c: Connection, *, days: int = KEPT_DAYS, most: int = 1000) -> int:
    """Forget rows that were done more than ``days`` ago, at most ``most``; answers how many.

    No aggregate loses a row before an older one of its own, so that what is kept has no gap. The row with the highest
    position stays: the next one is counted from it.
    """
    older = outbox.alias("older")
    last = select(func.max(outbox.c.position)).scalar_subquery()
    old = clock(-days * 86_400)
    kept_before = (
        select(older.c.id)
        .where(
            older.c.aggregate == outbox.c.aggregate,
            older.c.sequence < outbox.c.sequence,
            or_(older.c.done_at.is_(None), older.c.done_at >= old, older.c.position == last),
        )
        .exists()
    )
    gone = (
        select(outbox.c.id)
        .where(outbox.c.done_at < old, or_(outbox.c.position.is_(None), outbox.c.position < last), ~kept_before)
        .order_by(outbox.c.id)
        .limit(most)
    )
    return c.execute(delete(outbox).where(outbox.c.id.in_(gone))).rowcount
