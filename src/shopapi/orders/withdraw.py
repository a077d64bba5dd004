"""What happens when somebody withdraws from a contract (section 356a BGB): it is kept word for word, noted on the order
that it fits, and answered by a receipt. A declaration counts whether or not it can be told which order it means; but
only one from the e-mail address of the order is its customer's own, and does more than ask staff a question."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, exists, insert, select

from shopapi.accounts.rules import normal_email
from shopapi.contract.catalog import Locale
from shopapi.contract.orders import OrderEvent, Withdrawal, WithdrawalInput
from shopapi.db.engine import Reader
from shopapi.events.outbox_store import tell
from shopapi.names import public_id
from shopapi.orders.rules import InvalidTransition, normal_number
from shopapi.orders.store import CUSTOMER, lock_order
from shopapi.orders.tables import order_event, sales_order, withdrawal

_later = order_event.alias("later")
OPEN_WITHDRAWAL: Final = and_(
    # By its index, for most orders have none.
    exists().where(withdrawal.c.order_id == sales_order.c.id),
    exists().where(
        order_event.c.order_id == sales_order.c.id,
        order_event.c.kind == "withdrawn",
        ~exists().where(
            _later.c.order_id == order_event.c.order_id,
            _later.c.kind == "withdrawal_settled",
            _later.c.sequence > order_event.c.sequence,
        ),
    ),
)
"""Of a row of ``sales_order``: somebody has withdrawn, and staff have not settled that since."""


def withdraw(c: Connection, declared: WithdrawalInput, locale: Locale) -> Withdrawal:
    """Take a declaration in; the receipt goes out by the outbox, and the order that it names says so to staff."""
    number, certain = _meant(c, declared)
    order = None if number is None else lock_order(c, number)
    name = public_id("wdr")
    row = c.execute(
        insert(withdrawal)
        .values(
            public_id=name,
            order_id=None if order is None else order.id,
            name=declared.name,
            order_number=declared.order_number,
            email=declared.email,
            locale=locale,
            certain=certain,
        )
        .returning(withdrawal.c.created_at)
    ).one()
    if order is not None:
        order.add_event(c, "withdrawn", actor=CUSTOMER, withdrawal=name, certain="yes" if certain else "no")
    else:
        tell(c, "withdrawal.received", f"withdrawal:{name}", 1, {"withdrawal": name})
    return Withdrawal(name, declared.name, declared.order_number, declared.email, row.created_at)


def _meant(c: Reader, declared: WithdrawalInput) -> tuple[str | None, bool]:
    """The order whose number was given, and whether the e-mail address is its customer's.

    The law lets people name any address for the receipt, so another one makes the declaration no less valid; but it may
    as well be somebody else's doing, which staff have to find out.
    """
    number = normal_number(declared.order_number)
    if number is None:
        return None, False
    row = c.execute(select(sales_order.c.email).where(sales_order.c.number == number)).first()
    return (None, False) if row is None else (number, normal_email(row.email) == normal_email(declared.email))


def withdrawals_of(c: Reader, order_id: int, events: Sequence[OrderEvent]) -> list[Withdrawal]:
    """The declarations that name an order, oldest first; ``events`` are its own."""
    rows = c.execute(select(withdrawal).where(withdrawal.c.order_id == order_id).order_by(withdrawal.c.id))
    return [
        Withdrawal(
            *(row.public_id, row.name, row.order_number, row.email, row.created_at),
            certain=row.certain,
            settled_at=_settled_at(row.public_id, events),
        )
        for row in rows
    ]


def _settled_at(name: str, events: Sequence[OrderEvent]) -> datetime | None:
    declared = next((event.sequence for event in events if event.data.get("withdrawal") == name), 0)
    settled = (event for event in events if event.kind == "withdrawal_settled" and event.sequence > declared)
    return next((event.at for event in settled), None)


def settle_withdrawals(c: Connection, number: str, reason: str, *, actor: str) -> None:
    """Nothing is left to do about what was declared so far: enough went back, or it was not meant. Raises
    :class:`OrderGone`, and :class:`InvalidTransition` where nothing is open."""
    order = lock_order(c, number)
    if not c.execute(select(OPEN_WITHDRAWAL).where(sales_order.c.id == order.id)).scalar_one():
        raise InvalidTransition("No withdrawal from this order is open.")
    order.add_event(c, "withdrawal_settled", actor=actor, why=reason)
