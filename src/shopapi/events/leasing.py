"""Work that lies in a table, lent to one worker at a time: claimed for a while, put off after a failure, given up.

A worker that dies keeps nothing: when its lease has ended, the next one claims the row again. All times are the
database's, so that no worker's clock matters.
"""

import os
import random
import secrets
import socket
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Table, or_, select, update

from shopapi.db.types import clock
from shopapi.runtime.failpoints import planted

LEASE_S: Final = 30
"""So long a claim holds, where nobody outside the shop is called. What is done under one has to fit."""

WAITS_S: Final = (10, 60, 300, 1800, 7200, 21600, 43200, 43200, 43200, 43200)
"""How long a row waits after each failure, before jitter; behind the last it is given up: about three days."""

_JITTER: Final = 0.2


def claimant() -> str:
    """A name for one claim. Each claim has its own, so that a lease that ended is nobody's by mistake."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(6)}"


def claim(
    c: Connection, table: Table, waits: ColumnElement[bool], *, claimed_by: str, most: int, lease_s: int = LEASE_S
) -> Sequence[Row[Any]]:
    """Lend the oldest rows that wait and that nobody holds, by rising id; ``attempts`` counts this claim too."""
    oldest = (
        select(table.c.id)
        .where(
            waits,
            table.c.available_at <= clock(),
            or_(table.c.lease_until.is_(None), table.c.lease_until < clock()),
        )
        .order_by(table.c.available_at, table.c.id)
        .limit(most)
    )
    if not planted("lend_without_lock"):
        # SQLite has no word for it and needs none: it has one writer.
        oldest = oldest.with_for_update(skip_locked=True)
    # As a plain subquery PostgreSQL may run it once more for each row, and then lend more than ``most``.
    free = oldest.cte("free")
    lent = c.execute(
        update(table)
        .where(table.c.id.in_(select(free.c.id)))
        .values(lease_until=clock(lease_s), leased_by=claimed_by, attempts=table.c.attempts + 1)
        .returning(*table.c)
    ).all()
    return sorted(lent, key=lambda row: row.id)


def may_try_again(failed: int) -> bool:
    """Whether another try follows on so many that failed."""
    return failed <= len(WAITS_S)


def wait_s(attempts: int) -> int:
    """How long a row waits whose ``attempts``-th try failed, give or take a fifth: not all come back at once."""
    wait = WAITS_S[min(attempts, len(WAITS_S)) - 1]
    return round(wait * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311 - no secret


def said(error: BaseException) -> str:
    """What is kept of an error: its kind and first line."""
    line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {line}"[:500] if line else type(error).__name__
