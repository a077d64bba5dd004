"""Which declarations of withdrawal are still to be seen to, and which stand for good, in SQL."""

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from shopapi.db.types import text_under
from shopapi.orders.tables import order_event, withdrawal

_settled = order_event.alias("settled")
# Of one order's events alone, and only where it has a declaration: so it needs no index.
_BY_STAFF = (
    _settled.c.order_id == withdrawal.c.order_id,
    _settled.c.kind == "withdrawal_settled",
    text_under(_settled.c.data, "withdrawal") == withdrawal.c.public_id,
)
_OUTCOME = text_under(_settled.c.data, "outcome")
_IS_SETTLED = exists().where(*_BY_STAFF).correlate(withdrawal)
_IS_DONE = exists().where(*_BY_STAFF, _OUTCOME == "done").correlate(withdrawal)

SETTLED_AT = select(func.max(_settled.c.at)).where(*_BY_STAFF).correlate(withdrawal).scalar_subquery()
"""When staff settled a declaration, on the order that it is with; null where they have not."""

SETTLED_AS = select(func.max(_OUTCOME)).where(*_BY_STAFF).correlate(withdrawal).scalar_subquery()
"""Its outcome; null where they have not, or did before there was a choice."""


def still_open(order_id: ColumnElement[int], *, certain: bool = False) -> ColumnElement[bool]:
    """Whether somebody has withdrawn from this order and staff have not settled that; with ``certain``, whether its
    customer has."""
    found = exists().where(withdrawal.c.order_id == order_id, ~_IS_SETTLED)
    return found.where(withdrawal.c.certain) if certain else found


def stands(order_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether somebody has withdrawn from this order for good, as far as is known: staff have settled a declaration as
    done, or have yet to settle one of the customer's own."""
    own = and_(withdrawal.c.certain, ~_IS_SETTLED)
    return exists().where(withdrawal.c.order_id == order_id, or_(_IS_DONE, own))


def is_settled(c: Connection, name: str) -> bool:
    """Whether staff have settled this declaration, on the order that it is with."""
    return c.execute(select(withdrawal.c.id).where(withdrawal.c.public_id == name, _IS_SETTLED)).first() is not None
