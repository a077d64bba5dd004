"""What happens when somebody withdraws from a contract (section 356a BGB): it is kept word for word, noted on the order
that it fits, and answered by a receipt. A declaration counts whether or not it can be told which order it means; but
only one from the e-mail address of the order is its customer's own, and does more than ask staff a question."""

from typing import Any, Final

from msgspec.structs import replace
from sqlalchemy import Connection, Row, insert, select, update

from shopapi.accounts.actors import names_of
from shopapi.accounts.rules import normal_email
from shopapi.catalog.tables import shop
from shopapi.contract.catalog import Locale
from shopapi.contract.fields import initials_of
from shopapi.contract.orders import (
    AssignInput,
    DismissInput,
    SettleInput,
    SettleOutcome,
    Withdrawal,
    WithdrawalInput,
)
from shopapi.db.engine import Reader
from shopapi.db.types import clock
from shopapi.events.outbox_store import tell
from shopapi.http.problems import NotFound
from shopapi.names import public_id
from shopapi.orders.open_withdrawals import SETTLED_AS, SETTLED_AT, is_settled
from shopapi.orders.rules import InvalidTransition, can_cancel, numbers_in, seen
from shopapi.orders.store import CUSTOMER, lock_order, lock_orders
from shopapi.orders.tables import sales_order, withdrawal
from shopapi.orders.unmatched import UNMATCHED
from shopapi.payments.store import Owed, lock_payment

_FOR_STAFF: Final = select(
    withdrawal, sales_order.c.number, SETTLED_AT.label("settled_at"), SETTLED_AS.label("settled_as")
).select_from(withdrawal.outerjoin(sales_order))


def withdraw(c: Connection, declared: WithdrawalInput, locale: Locale) -> Withdrawal:
    """Take a declaration in; the receipt goes out by the outbox, and the order that it names says so to staff.

    Characters that nobody sees are left out: the law wants no reason to refuse a declaration. Raises
    :class:`InvalidRequest` where nothing else is in a field.
    """
    name, contract = seen("name", declared.name), seen("order_number", declared.order_number)
    declared = replace(declared, name=name, order_number=contract)
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
    initials = initials_of(c.execute(select(shop.c.name)).scalar_one())
    named = numbers_in(declared.order_number, initials)
    rows = c.execute(select(sales_order.c.number, sales_order.c.email).where(sales_order.c.number.in_(named)))
    emails: dict[str, str] = {row.number: row.email for row in rows}
    known = {number: _same_address(emails[number], declared.email) for number in named if number in emails}
    # Of several the customer's own is meant, or else the first.
    return next(((number, own) for number, own in sorted(known.items(), key=lambda one: not one[1])), (None, False))


def _is_customers(c: Reader, number: str, email: str) -> bool | None:
    """Whether an address is that of the order's customer; ``None`` where there is no such order."""
    row = c.execute(select(sales_order.c.email).where(sales_order.c.number == number)).first()
    return None if row is None else _same_address(row.email, email)


def _same_address(one: str, other: str) -> bool:
    return normal_email(one) == normal_email(other)


def assign_withdrawal(c: Connection, name: str, to: AssignInput, *, actor: str) -> None:
    """Staff have found out which order a declaration means, or whether its customer means it: it is with that order
    from now on, whatever it named and wherever it was before.

    What was declared stays as it is, and its receipt holds. Raises :class:`OrderGone`, :class:`NotFound`, and
    :class:`InvalidTransition` where it is settled, is not as it was seen, or nothing would change.
    """
    known = (
        select(
            *(withdrawal.c.email, withdrawal.c.order_id, withdrawal.c.certain, withdrawal.c.dismissed_at),
            sales_order.c.number,
        )
        .select_from(withdrawal.outerjoin(sales_order))
        .where(withdrawal.c.public_id == name)
    )
    before = c.execute(known).first()
    if before is None:
        raise NotFound(f"There is no withdrawal {name}.")
    locked = lock_orders(c, to.number, before.number or to.number)
    order = locked[to.number]
    # What the customer has confirmed stays so for as long as it is with their order.
    stays = before.number == to.number and bool(before.certain)
    certain = to.confirmed or stays or bool(_is_customers(c, to.number, before.email))
    if is_settled(c, name):
        raise InvalidTransition("The withdrawal is settled already.")
    dismissed = before.number is None and before.dismissed_at is not None
    if (before.number, before.certain, dismissed) != (to.now_with, to.now_certain, to.now_dismissed):
        raise InvalidTransition(_by_now(before.number, certain=before.certain, dismissed=dismissed))
    if (before.number, before.certain) == (to.number, certain):
        raise InvalidTransition("The withdrawal belongs to this order already.")
    changed = c.execute(
        update(withdrawal)
        .where(
            withdrawal.c.public_id == name,
            withdrawal.c.order_id.is_not_distinct_from(before.order_id),
            withdrawal.c.certain == before.certain,
            withdrawal.c.dismissed_at.is_not_distinct_from(before.dismissed_at),
        )
        .values(order_id=order.id, certain=certain)
    )
    if not changed.rowcount:
        raise InvalidTransition("Somebody else has just assigned or dismissed the withdrawal. Look where it is now.")
    if before.number not in (None, to.number):
        locked[before.number].add_event(c, "withdrawal_moved", actor=actor, withdrawal=name, to=to.number)
    order.add_event(c, "withdrawn", actor=actor, withdrawal=name, certain="yes" if certain else "no", assigned="yes")


def dismiss_withdrawal(c: Connection, name: str, why: DismissInput, *, actor: str) -> None:
    """Staff have found out that a declaration belongs to no order. What was declared stays as it is, and its receipt
    holds; should it mean an order after all, it can still be assigned.

    Raises :class:`InvalidRequest` where nobody sees the reason, :class:`NotFound`, and :class:`InvalidTransition` where
    it is with an order, or dismissed already.
    """
    reason = seen("reason", why.reason)
    # One statement: whoever assigns or dismisses it at the same moment comes before, and is seen, or after.
    changed = c.execute(
        update(withdrawal)
        .where(withdrawal.c.public_id == name, UNMATCHED)
        .values(dismissed_at=clock(), dismissed_by=actor, dismissed_why=reason)
    )
    if not changed.rowcount:
        found = read_withdrawal(c, name)
        dismissed = found.dismissed_at is not None
        raise InvalidTransition(_by_now(found.now_with, certain=bool(found.certain), dismissed=dismissed))


def withdrawals_of(c: Reader, order_id: int) -> list[Withdrawal]:
    """The declarations that are with an order, oldest first."""
    rows = c.execute(_FOR_STAFF.where(withdrawal.c.order_id == order_id).order_by(withdrawal.c.id))
    return [_for_staff(row) for row in rows]


def read_withdrawal(c: Reader, name: str) -> Withdrawal:
    """One declaration, wherever it is; raises :class:`NotFound`."""
    row = c.execute(_FOR_STAFF.where(withdrawal.c.public_id == name)).first()
    if row is None:
        raise NotFound(f"There is no withdrawal {name}.")
    found = _for_staff(row)
    by = found.dismissed_by
    return found if by is None else replace(found, dismissed_by=names_of(c, [by]).get(by, by))


def _for_staff(row: Row[*tuple[Any, ...]]) -> Withdrawal:
    outcome: SettleOutcome = "done" if row.settled_as == "done" else "not_meant"
    # One that was dismissed and then assigned is dismissed no more.
    dismissed = row.number is None and row.dismissed_at is not None
    return Withdrawal(
        *(row.public_id, row.name, row.order_number, row.email, row.created_at),
        certain=row.certain,
        settled_at=row.settled_at,
        outcome=None if row.settled_at is None else outcome,
        now_with=row.number,
        dismissed_at=row.dismissed_at if dismissed else None,
        dismissed_by=row.dismissed_by if dismissed else None,
        dismissed_why=row.dismissed_why if dismissed else None,
    )


def settle_withdrawal(c: Connection, number: str, what: SettleInput, *, actor: str) -> None:
    """Nothing is left to do about one declaration: it was not meant, or what is due has gone back. Every other stays
    open, for staff may not have seen it.

    Raises :class:`InvalidRequest` where nobody sees the reason, :class:`OrderGone`, :class:`NotFound` for a declaration
    that is not this order's, and :class:`InvalidTransition` where it is settled, is not as it was seen, or is not done.
    """
    reason = seen("reason", what.reason) if what.reason else ""
    name, (order, owed) = what.withdrawal, lock_payment(c, number)
    mine = select(withdrawal.c.certain).where(withdrawal.c.public_id == name, withdrawal.c.order_id == order.id)
    if (found := c.execute(mine).first()) is None:
        raise NotFound(f"There is no withdrawal {name} from order {number}.")
    if is_settled(c, name):
        raise InvalidTransition("The withdrawal is settled already.")
    if found.certain != what.now_certain:
        raise InvalidTransition(_by_now(number, certain=found.certain))
    if what.outcome == "done" and order.state != "cancelled":
        _check_done(owed, stands=can_cancel(order.state, order.shipping_state))
    order.add_event(c, "withdrawal_settled", actor=actor, withdrawal=name, outcome=what.outcome, why=reason)


def _by_now(number: str | None, *, certain: bool, dismissed: bool = False) -> str:
    """How things stand, for whoever saw them otherwise."""
    if dismissed:
        return "By now the withdrawal is dismissed: staff said that it belongs to no order."
    if number is None:
        return "By now the withdrawal is with no order."
    known = "its customer's own" if certain else "not confirmed by its customer"
    return f"By now the withdrawal is with order {number} and {known}."


def _check_done(owed: Owed | None, *, stands: bool) -> None:
    """Of an order that is not cancelled; ``stands`` says that it can be. Raises :class:`InvalidTransition`."""
    if owed is not None and owed.captured > 0:
        if owed.refunded + owed.refund_pending == 0:
            raise InvalidTransition(
                f"Nothing of what was paid has gone back. Refund what is due first{', or cancel the order' * stands}."
            )
    # One that cost nothing and has left cannot be cancelled any more: there it is done once the goods are back.
    elif stands:
        raise InvalidTransition("Nothing has come in for the order, and it stands. Cancel it: its contract is gone.")
