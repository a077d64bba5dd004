"""SQL for staff: the list of orders, and an order with what only they see."""

from typing import Any, Final, get_args

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select, true

from shopapi.accounts.actors import names_of
from shopapi.contract.calendar import end_of, midnight
from shopapi.contract.catalog import Money
from shopapi.contract.orders import AdminOrder, OrderCard, OrderQuery, OrderView, OrderViews
from shopapi.db.engine import Reader
from shopapi.db.keyset import newest_first
from shopapi.orders.open_withdrawals import still_open
from shopapi.orders.reading import read_order
from shopapi.orders.tables import order_line, sales_order
from shopapi.orders.withdraw import withdrawals_of
from shopapi.payments.reading import payments_of
from shopapi.payments.tables import payment, payment_issue

_ISSUE: Final = exists().where(payment_issue.c.payment_id == payment.c.id, payment_issue.c.resolved_at.is_(None))
# A free order has no payment.
_GIVEN_BACK: Final = func.coalesce(
    and_(payment.c.captured > 0, payment.c.captured == payment.c.refunded + payment.c.refund_pending), False
)
"""All that came in has gone back or is on its way."""

_TO_LEAVE: Final = and_(sales_order.c.state == "confirmed", sales_order.c.shipping_state != "shipped")
# Somebody has to see to a withdrawal until it is settled, the order is cancelled, or the money goes back.
_WITHDRAWN: Final = and_(still_open(sales_order.c.id), sales_order.c.state != "cancelled", ~_GIVEN_BACK)
# What is given back while the order stands is neither to be shipped nor done: somebody has to cancel it.
_UNCLEAR: Final = or_(payment.c.state == "unknown", _ISSUE, _WITHDRAWN, and_(_TO_LEAVE, _GIVEN_BACK))
_VIEWS: Final[dict[OrderView, ColumnElement[bool]]] = {
    "all": true(),
    "to_pay": and_(sales_order.c.state == "placed"),
    "to_ship": and_(_TO_LEAVE, ~_GIVEN_BACK, ~still_open(sales_order.c.id, certain=True)),
    "unclear": _UNCLEAR,
    "done": and_(sales_order.c.state == "closed"),
    "cancelled": and_(sales_order.c.state == "cancelled"),
}
_UNITS: Final = (
    select(func.coalesce(func.sum(order_line.c.quantity), 0))
    .where(order_line.c.order_id == sales_order.c.id)
    .scalar_subquery()
)
_JOINED: Final = sales_order.outerjoin(payment, payment.c.order_id == sales_order.c.id)
_CARDS: Final = select(
    sales_order.c.id,
    sales_order.c.number,
    sales_order.c.placed_at,
    sales_order.c.customer_name,
    sales_order.c.email,
    sales_order.c.country,
    sales_order.c.state,
    sales_order.c.shipping_state,
    sales_order.c.total,
    sales_order.c.currency,
    sales_order.c.version,
    payment.c.provider,
    payment.c.state.label("payment_state"),
    _UNITS.label("units"),
    func.coalesce(or_(payment.c.state == "unknown", _ISSUE), False).label("unclear"),
    _WITHDRAWN.label("withdrawn"),
).select_from(_JOINED)


def list_orders(c: Reader, asked: OrderQuery, *, before: int | None) -> tuple[list[OrderCard], int | None]:
    """Orders, newest first; the number is the row behind which more follow."""
    statement = _CARDS.where(*_wanted(asked))
    rows, last = newest_first(c, statement, sales_order.c.id, before=before, limit=asked.limit)
    return [_card(row) for row in rows], last


def count_orders(c: Reader, asked: OrderQuery) -> tuple[int, OrderViews]:
    """How many orders there are of those that are asked for, and in each view whatever is asked."""
    counts = [func.count().filter(_VIEWS[view]).label(view) for view in get_args(OrderView)]
    views = c.execute(select(*counts).select_from(_JOINED)).one()
    found = c.execute(select(func.count()).select_from(_JOINED).where(*_wanted(asked))).scalar_one()
    return int(found), OrderViews(**views._mapping)


def read_admin_order(c: Reader, number: str) -> AdminOrder:
    """An order with its payments and declarations; raises :class:`OrderGone`."""
    order = read_order(c, number, for_staff=True)
    order_id = c.execute(select(sales_order.c.id).where(sales_order.c.number == number)).scalar_one()
    names = names_of(c, [event.actor or "" for event in order.events])
    events = [replace(event, actor=names.get(event.actor or "", event.actor)) for event in order.events]
    return AdminOrder(replace(order, events=events), payments_of(c, number), withdrawals_of(c, order_id))


def _wanted(asked: OrderQuery) -> list[ColumnElement[bool]]:
    wanted = [_VIEWS[asked.view]]
    if asked.state is not None:
        wanted.append(sales_order.c.state == asked.state)
    if asked.placed_from is not None:
        wanted.append(sales_order.c.placed_at >= midnight(asked.placed_from))
    if asked.placed_to is not None:
        wanted.append(sales_order.c.placed_at < end_of(asked.placed_to))
    for word in (asked.q or "").lower().split()[:5]:
        wanted.append(sales_order.c.search_words.contains(word, autoescape=True))
    return wanted


def _card(row: Row[*tuple[Any, ...]]) -> OrderCard:
    return OrderCard(
        number=row.number,
        placed_at=row.placed_at,
        customer=row.customer_name,
        email=row.email,
        country=row.country,
        state=row.state,
        shipping_state=row.shipping_state,
        payment_provider=row.provider,
        payment_state=row.payment_state,
        total=Money(row.total, row.currency),
        units=int(row.units),
        attention=bool(row.unclear),
        withdrawn=bool(row.withdrawn),
        version=row.version,
    )
