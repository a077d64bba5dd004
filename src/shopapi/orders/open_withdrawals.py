"""Which declarations of withdrawal are still to be seen to, in SQL."""

from sqlalchemy import ColumnElement, Connection, exists, select

from shopapi.db.types import text_under
from shopapi.orders.tables import order_event, withdrawal

_settled = order_event.alias("settled")
# Of one order's events alone, and only where it has a declaration: so it needs no index.
_IS_SETTLED = (
    exists()
    .where(
        _settled.c.order_id == withdrawal.c.order_id,
        _settled.c.kind == "withdrawal_settled",
        text_under(_settled.c.data, "withdrawal") == withdrawal.c.public_id,
    )
    .correlate(withdrawal)
)


def still_open(order_id: ColumnElement[int], *, certain: bool = False) -> ColumnElement[bool]:
    """Whether somebody has withdrawn from this order and staff have not settled that; with ``certain``, whether its
    customer has."""
    found = exists().where(withdrawal.c.order_id == order_id, ~_IS_SETTLED)
    return found.where(withdrawal.c.certain) if certain else found


def is_settled(c: Connection, name: str) -> bool:
    """Whether staff have settled this declaration, on the order that it is with."""
    return c.execute(select(withdrawal.c.id).where(withdrawal.c.public_id == name, _IS_SETTLED)).first() is not None
