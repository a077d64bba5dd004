"""SQL over payments: a payment locked with its order, and what changes its state."""

from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Row, bindparam, exists, insert, select, update

from shopapi.contract.orders import AttemptState, IssueKind, PaymentState
from shopapi.db.engine import Reader
from shopapi.db.types import clock
from shopapi.orders.rules import check_payment_step
from shopapi.orders.store import Locked, lock_order
from shopapi.orders.tables import sales_order
from shopapi.payments.tables import payment, payment_attempt, payment_issue, refund


class Owed(Struct, frozen=True):
    """A payment and its live or last attempt to capture it, locked with its order.

    ``mismatched``: the provider charged another amount, which a person has to settle.
    """

    id: int
    public_id: str
    provider: str
    amount: int
    currency: str
    state: PaymentState
    captured: int
    refunded: int
    refund_pending: int
    attempt_id: int
    key: str
    attempt_state: AttemptState
    asked: int
    began_at: datetime
    mismatched: bool

    @property
    def left(self) -> int:
        """What came in and has not gone back, nor is on its way back."""
        return self.captured - self.refunded - self.refund_pending


_OWED: Final = (
    select(
        payment.c.id,
        payment.c.public_id,
        payment.c.provider,
        payment.c.amount,
        payment.c.currency,
        payment.c.state,
        payment.c.captured,
        payment.c.refunded,
        payment.c.refund_pending,
        payment_attempt.c.id.label("attempt_id"),
        payment_attempt.c.provider_key.label("key"),
        payment_attempt.c.state.label("attempt_state"),
        payment_attempt.c.asked,
        payment_attempt.c.created_at.label("began_at"),
        exists()
        .where(
            payment_issue.c.payment_id == payment.c.id,
            payment_issue.c.kind == "amount_mismatch",
            payment_issue.c.resolved_at.is_(None),
        )
        .label("mismatched"),
    )
    .join_from(payment, payment_attempt, payment_attempt.c.payment_id == payment.c.id)
    .where(payment.c.order_id == bindparam("order"), payment_attempt.c.kind == "capture")
    .order_by(payment_attempt.c.id.desc())
    .limit(1)
)


def order_of_key(c: Reader, key: str) -> str | None:
    """The number of the order that a charge or refund with this key is for."""
    charge = (
        select(sales_order.c.number)
        .join_from(payment_attempt, payment, payment_attempt.c.payment_id == payment.c.id)
        .join(sales_order, sales_order.c.id == payment.c.order_id)
        .where(payment_attempt.c.provider_key == key)
    )
    back = (
        select(sales_order.c.number)
        .join_from(refund, payment, refund.c.payment_id == payment.c.id)
        .join(sales_order, sales_order.c.id == payment.c.order_id)
        .where(refund.c.provider_key == key)
    )
    found = c.execute(charge.union_all(back)).first()
    return None if found is None else str(found.number)


def order_of_payment(c: Reader, public_id: str) -> str | None:
    """The number of the order that a payment is for."""
    found = c.execute(
        select(sales_order.c.number)
        .join_from(payment, sales_order, sales_order.c.id == payment.c.order_id)
        .where(payment.c.public_id == public_id)
    ).first()
    return None if found is None else str(found.number)


def lock_payment(c: Connection, number: str) -> tuple[Locked, Owed | None]:
    """Lock an order with its payment, which a free order has none of; raises :class:`OrderGone`."""
    order = lock_order(c, number)
    row = c.execute(_OWED.with_for_update(of=[payment, payment_attempt]), {"order": order.id}).first()
    return order, None if row is None else _owed(row)


def read_owed(c: Reader, number: str) -> Owed | None:
    """An order's payment as it stands, unlocked."""
    order_id = select(sales_order.c.id).where(sales_order.c.number == number)
    found = c.execute(order_id).scalar_one_or_none()
    row = None if found is None else c.execute(_OWED, {"order": found}).first()
    return None if row is None else _owed(row)


def _owed(row: Row[*tuple[Any, ...]]) -> Owed:
    values = dict(row._mapping)
    return Owed(**{**values, "mismatched": bool(values["mismatched"])})


def set_payment_state(c: Connection, owed: Owed, state: PaymentState, **values: Any) -> None:
    """The one place where a payment's state changes; raises :class:`InvalidTransition`."""
    check_payment_step(owed.state, state)
    c.execute(
        update(payment)
        .where(payment.c.id == owed.id, payment.c.state == owed.state)
        .values(state=state, version=payment.c.version + 1, updated_at=clock(), **values)
    )


def set_attempt(c: Connection, owed: Owed, state: AttemptState, **values: Any) -> bool:
    """Compare and set: an attempt moves on only from where it was seen; false where somebody was quicker."""
    moved = c.execute(
        update(payment_attempt)
        .where(payment_attempt.c.id == owed.attempt_id, payment_attempt.c.state == owed.attempt_state)
        .values(state=state, updated_at=clock(), **values)
    )
    return moved.rowcount == 1


def open_issue(c: Connection, owed: Owed, kind: IssueKind, **data: str) -> bool:
    """Note something that a person should know, once; whether it is new."""
    seen = select(payment_issue.c.id).where(
        payment_issue.c.payment_id == owed.id, payment_issue.c.kind == kind, payment_issue.c.resolved_at.is_(None)
    )
    if c.execute(seen).first() is not None:
        return False
    c.execute(insert(payment_issue).values(payment_id=owed.id, kind=kind, data=data))
    return True


def resolve_issues(c: Connection, payment_id: int, *kinds: IssueKind) -> None:
    """What was unclear of these kinds is settled."""
    c.execute(
        update(payment_issue)
        .where(
            payment_issue.c.payment_id == payment_id,
            payment_issue.c.kind.in_(kinds),
            payment_issue.c.resolved_at.is_(None),
        )
        .values(resolved_at=clock())
    )
