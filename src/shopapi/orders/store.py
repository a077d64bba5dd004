"""SQL that changes an order. Its row is locked first, so that its events have one order and no gap.

Rows are locked in one order everywhere: cart, order, payment, attempt, then stock (variants by their ids, each before
its level), then codes by their ids, then what is shown of stock.
"""

import re
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, exists, insert, select, update

from shopapi.carts.tables import cart
from shopapi.contract.fields import UNSEEN
from shopapi.contract.orders import EventKind, OrderState
from shopapi.db.types import clock
from shopapi.events.outbox_store import tell
from shopapi.orders.open_withdrawals import stands
from shopapi.orders.rules import OrderGone, check_order_step
from shopapi.orders.tables import order_event, sales_order

SHOP: Final = "shop"
"""The actor of what happens without anybody asking for it."""

CUSTOMER: Final = "customer"

_BY_THE_SHOP: Final = ("expired", "payment_failed")

_asked = order_event.alias("asked")

# A statement of its own: one that waited for the lock would still see the timeline as it was before the wait.
_CANCELLED_WITH: Final = (
    select(
        order_event.c.data,
        stands(bindparam("order")).label("withdrawn"),
        exists().where(_asked.c.order_id == order_event.c.order_id, _asked.c.kind == "cancel_asked").label("asked_for"),
    )
    .where(order_event.c.order_id == bindparam("order"), order_event.c.kind == "cancelled")
    .order_by(order_event.c.sequence.desc())
    .limit(1)
)
_LOCKED: Final = (
    select(
        sales_order.c.id,
        sales_order.c.number,
        sales_order.c.cart_id,
        sales_order.c.state,
        sales_order.c.shipping_state,
        sales_order.c.event_count,
        sales_order.c.total,
        sales_order.c.currency,
        sales_order.c.expires_at,
        (sales_order.c.expires_at < clock()).label("expired"),
        cart.c.state.label("cart_state"),
    )
    .join_from(cart, sales_order, sales_order.c.cart_id == cart.c.id)
    .where(sales_order.c.number == bindparam("number"))
    .with_for_update(of=[cart, sales_order])
)


class Locked:
    """An order whose row and cart are locked until the end of the transaction."""

    def __init__(self, row: Row[Any], *, given_up_by_the_shop: bool) -> None:
        self.id: int = row.id
        self.number: str = row.number
        self.cart_id: int = row.cart_id
        self.state: OrderState = row.state
        self.shipping_state = row.shipping_state
        self.total: int = row.total
        self.currency: str = row.currency
        self.expires_at: datetime | None = row.expires_at
        self.expired = bool(row.expired)
        self.cart_state: str = row.cart_state
        self.given_up_by_the_shop = given_up_by_the_shop
        self._events: int = row.event_count

    def set_state(self, c: Connection, state: OrderState) -> None:
        """The one place where an order's state changes; raises :class:`InvalidTransition`."""
        check_order_step(self.state, state)
        c.execute(
            update(sales_order)
            .where(sales_order.c.id == self.id)
            .values(state=state, expires_at=None, version=sales_order.c.version + 1, updated_at=clock())
        )
        self.state = state

    def touch(self, c: Connection) -> None:
        """What its page shows has changed, so its ETag does."""
        c.execute(
            update(sales_order)
            .where(sales_order.c.id == self.id)
            .values(version=sales_order.c.version + 1, updated_at=clock())
        )

    def add_event(self, c: Connection, kind: EventKind, *, actor: str = SHOP, **data: str) -> int:
        """Write down what happened, in the timeline and in the outbox; answers its sequence."""
        self._events += 1
        data = {name: re.sub(UNSEEN, "", said) for name, said in data.items()}
        c.execute(
            update(sales_order)
            .where(sales_order.c.id == self.id)
            .values(event_count=self._events, version=sales_order.c.version + 1, updated_at=clock())
        )
        c.execute(
            insert(order_event).values(order_id=self.id, sequence=self._events, kind=kind, actor=actor, data=data)
        )
        tell(c, f"order.{kind}", f"order:{self.number}", self._events, {**data, "order": self.number})
        return self._events


def lock_order(c: Connection, number: str) -> Locked:
    """Lock an order and its cart; raises :class:`OrderGone`."""
    row = c.execute(_LOCKED, {"number": number}).first()
    if row is None:
        raise OrderGone(number)
    return Locked(row, given_up_by_the_shop=row.state == "cancelled" and _by_the_shop(c, row.id))


def lock_orders(c: Connection, *numbers: str) -> dict[str, Locked]:
    """Lock several orders, each with its cart; raises :class:`OrderGone`."""
    # By their carts, which are locked first, and which two orders may share: two that lock them the other way round
    # would wait for each other.
    found = c.execute(
        select(sales_order.c.number)
        .where(sales_order.c.number.in_(numbers))
        .order_by(sales_order.c.cart_id, sales_order.c.id)
    )
    in_turn = found.scalars().all()
    if missing := set(numbers).difference(in_turn):
        raise OrderGone(min(missing))
    return {number: lock_order(c, number) for number in in_turn}


def _by_the_shop(c: Connection, order_id: int) -> bool:
    """Whether nobody asked for the cancellation, and no withdrawal stands. Another's declaration ends nothing before
    staff say so, and neither does one that was not meant."""
    last = c.execute(_CANCELLED_WITH, {"order": order_id}).one()
    return last.data.get("reason") in _BY_THE_SHOP and not last.asked_for and not last.withdrawn
