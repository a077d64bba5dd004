"""SQL that reads a payment with all that happened to it."""

from sqlalchemy import select

from shopapi.accounts.actors import names_of
from shopapi.contract.catalog import Money
from shopapi.contract.orders import Attempt, Payment, PaymentEvent, PaymentIssue, Refund
from shopapi.db.engine import Reader
from shopapi.http.problems import NotFound
from shopapi.orders.tables import sales_order
from shopapi.payments.tables import payment, payment_attempt, payment_event, payment_issue, refund


def read_payment(c: Reader, public_id: str) -> Payment:
    """The payment with this id; raises :class:`NotFound`."""
    row = c.execute(
        select(payment, sales_order.c.number)
        .join_from(payment, sales_order, sales_order.c.id == payment.c.order_id)
        .where(payment.c.public_id == public_id)
    ).first()
    if row is None:
        raise NotFound("No payment has this id.")
    return Payment(
        id=row.public_id,
        order_number=row.number,
        provider=row.provider,
        state=row.state,
        amount=Money(row.amount, row.currency),
        captured=Money(row.captured, row.currency),
        refunded=Money(row.refunded, row.currency),
        refund_pending=Money(row.refund_pending, row.currency),
        attempts=_attempts(c, row.id),
        refunds=_refunds(c, row.id, row.currency),
        events=_events(c, row.id),
        issues=_issues(c, row.id),
        created_at=row.created_at,
    )


def payments_of(c: Reader, number: str) -> list[Payment]:
    """The payments of an order."""
    ids = c.execute(
        select(payment.c.public_id)
        .join_from(payment, sales_order, sales_order.c.id == payment.c.order_id)
        .where(sales_order.c.number == number)
        .order_by(payment.c.id)
    ).scalars()
    return [read_payment(c, one) for one in ids.all()]


def _attempts(c: Reader, payment_id: int) -> list[Attempt]:
    table = payment_attempt.c
    rows = c.execute(select(payment_attempt).where(table.payment_id == payment_id).order_by(table.id))
    return [
        Attempt(
            kind=row.kind,
            state=row.state,
            key=row.provider_key,
            reference=row.provider_ref,
            asked=row.asked,
            next_check_at=row.next_check_at,
            created_at=row.created_at,
        )
        for row in rows
    ]


def _refunds(c: Reader, payment_id: int, currency: str) -> list[Refund]:
    rows = c.execute(select(refund).where(refund.c.payment_id == payment_id).order_by(refund.c.id)).all()
    names = names_of(c, [row.actor for row in rows])
    return [
        Refund(
            id=row.public_id,
            amount=Money(row.amount, currency),
            state=row.state,
            reason=row.reason,
            actor=names.get(row.actor, row.actor),
            created_at=row.created_at,
        )
        for row in rows
    ]


def _events(c: Reader, payment_id: int) -> list[PaymentEvent]:
    table = payment_event.c
    rows = c.execute(select(payment_event).where(table.payment_id == payment_id).order_by(table.id).limit(100))
    return [PaymentEvent(row.provider_event_id, row.kind, row.created_at) for row in rows]


def _issues(c: Reader, payment_id: int) -> list[PaymentIssue]:
    table = payment_issue.c
    rows = c.execute(select(payment_issue).where(table.payment_id == payment_id).order_by(table.id))
    return [PaymentIssue(row.kind, row.data, row.created_at, row.resolved_at) for row in rows]
