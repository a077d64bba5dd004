"""What happens when somebody withdraws from a contract (section 356a BGB): it is kept word for word, noted on the order
that it fits, and answered by a receipt. A declaration counts whether or not it can be told which order it means; but
only one from the e-mail address of the order is its customer's own, and does more than ask staff a question."""

import re
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection, and_, exists, func, insert, select, update

from shopapi.accounts.rules import normal_email
from shopapi.contract.catalog import Locale
from shopapi.contract.fields import UNSEEN
from shopapi.contract.orders import OrderEvent, Withdrawal, WithdrawalInput
from shopapi.db.engine import Reader
from shopapi.events.outbox_store import tell
from shopapi.http.problems import InvalidRequest, NotFound
from shopapi.names import public_id
from shopapi.orders.rules import InvalidTransition, normal_number
from shopapi.orders.store import CUSTOMER, lock_order
from shopapi.orders.tables import order_event, sales_order, withdrawal

_DECLARED: Final = (
    select(func.count()).select_from(withdrawal).where(withdrawal.c.order_id == sales_order.c.id).scalar_subquery()
)
_SETTLED: Final = (
    select(func.count())
    .select_from(order_event)
    .where(order_event.c.order_id == sales_order.c.id, order_event.c.kind == "withdrawal_settled")
    .scalar_subquery()
)
OPEN_WITHDRAWAL: Final = and_(
    # By its index, for most orders have none.
    exists().where(withdrawal.c.order_id == sales_order.c.id),
    # Each of these events settles one declaration, and none is settled twice.
    _DECLARED > _SETTLED,
)
"""Of a row of ``sales_order``: somebody has withdrawn, and staff have not settled that."""


def withdraw(c: Connection, declared: WithdrawalInput, locale: Locale) -> Withdrawal:
    """Take a declaration in; the receipt goes out by the outbox, and the order that it names says so to staff.

    Characters that nobody sees are left out of the name: the law wants no reason to refuse a declaration. Raises
    :class:`InvalidRequest` where nothing else is in it.
    """
    declared = replace(declared, name=re.sub(UNSEEN, "", declared.name).strip())
    if not declared.name:
        raise InvalidRequest.of("name", "has no character that can be seen")
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
    certain = _is_customers(c, number, declared.email)
    return (None, False) if certain is None else (number, certain)


def _is_customers(c: Reader, number: str, email: str) -> bool | None:
    """Whether an address is that of the order's customer; ``None`` where there is no such order."""
    row = c.execute(select(sales_order.c.email).where(sales_order.c.number == number)).first()
    return None if row is None else normal_email(row.email) == normal_email(email)


def assign_withdrawal(c: Connection, name: str, number: str, *, actor: str) -> None:
    """Staff have found out which order a declaration means that named none: it is that order's from now on.

    What was declared stays as it is, and its receipt holds. Raises :class:`OrderGone`, :class:`NotFound`, and
    :class:`InvalidTransition` where it belongs to an order already.
    """
    order = lock_order(c, number)
    email = c.execute(select(withdrawal.c.email).where(withdrawal.c.public_id == name)).scalar_one_or_none()
    if email is None:
        raise NotFound(f"There is no withdrawal {name}.")
    certain = bool(_is_customers(c, number, email))
    changed = c.execute(
        update(withdrawal)
        .where(withdrawal.c.public_id == name, withdrawal.c.order_id.is_(None))
        .values(order_id=order.id, certain=certain)
    )
    if not changed.rowcount:
        raise InvalidTransition("The withdrawal belongs to an order already.")
    order.add_event(c, "withdrawn", actor=actor, withdrawal=name, certain="yes" if certain else "no", assigned="yes")


def withdrawals_of(c: Reader, order_id: int, events: Sequence[OrderEvent]) -> list[Withdrawal]:
    """The declarations that name an order, oldest first; ``events`` are its own."""
    rows = c.execute(select(withdrawal).where(withdrawal.c.order_id == order_id).order_by(withdrawal.c.id))
    settled = {event.data["withdrawal"]: event.at for event in events if event.kind == "withdrawal_settled"}
    return [
        Withdrawal(
            *(row.public_id, row.name, row.order_number, row.email, row.created_at),
            certain=row.certain,
            settled_at=settled.get(row.public_id),
        )
        for row in rows
    ]


def settle_withdrawal(c: Connection, number: str, name: str, reason: str, *, actor: str) -> None:
    """Nothing is left to do about one declaration: enough went back, or it was not meant. Every other stays open, for
    staff may not have seen it.

    Raises :class:`OrderGone`, :class:`NotFound` for a declaration that is not this order's, and
    :class:`InvalidTransition` where it is settled.
    """
    order = lock_order(c, number)
    mine = select(withdrawal.c.id).where(withdrawal.c.public_id == name, withdrawal.c.order_id == order.id)
    if c.execute(mine).first() is None:
        raise NotFound(f"There is no withdrawal {name} from order {number}.")
    settled = c.execute(
        select(order_event.c.data).where(order_event.c.order_id == order.id, order_event.c.kind == "withdrawal_settled")
    )
    if any(data["withdrawal"] == name for data in settled.scalars()):
        raise InvalidTransition("The withdrawal is settled already.")
    order.add_event(c, "withdrawal_settled", actor=actor, withdrawal=name, why=reason)
