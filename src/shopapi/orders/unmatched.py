"""SQL over withdrawals that name no order which the shop knows: somebody has to find out what is meant, or that they
belong to none."""

from typing import Final

from sqlalchemy import and_, func, select

from shopapi.contract.accounts import PageQuery
from shopapi.contract.orders import Withdrawal
from shopapi.db.engine import Reader
from shopapi.db.keyset import COUNTED, newest_first
from shopapi.db.types import clock
from shopapi.orders.tables import withdrawal

RECENT_S: Final = 30 * 86_400
"""So long the list of orders speaks of one."""

UNMATCHED: Final = and_(withdrawal.c.order_id.is_(None), withdrawal.c.dismissed_at.is_(None))
"""With no order, and not dismissed."""


def list_unmatched(c: Reader, asked: PageQuery, *, before: int | None) -> tuple[list[Withdrawal], int | None]:
    """A page of them, newest first, and the row behind which more follow."""
    statement = select(withdrawal).where(UNMATCHED)
    rows, last = newest_first(c, statement, withdrawal.c.id, before=before, limit=asked.limit)
    found = [
        Withdrawal(row.public_id, row.name, row.order_number, row.email, row.created_at, certain=False) for row in rows
    ]
    return found, last


def count_unmatched(c: Reader) -> int | None:
    """How many there are, or ``None`` where they are too many to count."""
    some = select(withdrawal.c.id).where(UNMATCHED).limit(COUNTED + 1)
    counted: int = c.execute(select(func.count()).select_from(some.subquery())).scalar_one()
    return counted if counted <= COUNTED else None


def count_recent(c: Reader) -> int:
    """How many came in during the last 30 days."""
    recent = select(func.count()).where(UNMATCHED, withdrawal.c.created_at > clock(-RECENT_S))
    return int(c.execute(recent).scalar_one())
