"""What happens when it is known what became of a refund, whoever says so; the second one changes nothing."""

from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from shopapi.db.types import clock
from shopapi.orders.rules import OrderGone
from shopapi.orders.store import SHOP, Locked
from shopapi.payments.ledger import Entry, clearing, post
from shopapi.payments.providers.interface import RefundAnswer
from shopapi.payments.record_charge import BACKOFF_S
from shopapi.payments.store import Owed, lock_payment, open_issue, order_of_key, resolve_issues, set_payment_state
from shopapi.payments.tables import payment, payment_issue, refund

_SETTLED: Final = ("succeeded", "failed")


def record_refund(c: Connection, key: str, answer: RefundAnswer, *, actor: str = SHOP) -> None:
    """Enter what became of the refund that the provider knows by ``key``."""
    order, owed, row = _locked(c, key)
    if row.state in _SETTLED:
        return
    if answer.state == "succeeded" and answer.amount != row.amount:
        _wrong_amount(c, order, owed, row, answer)
    elif answer.state == "succeeded":
        _succeeded(c, order, owed, row, answer, actor)
    elif answer.state == "failed":
        _failed(c, order, owed, row, answer.reason)


def _succeeded(c: Connection, order: Locked, owed: Owed, row: Row[Any], answer: RefundAnswer, actor: str) -> None:
    if not _move(c, row, "succeeded", provider_ref=answer.reference, next_check_at=None):
        return
    whole = owed.refunded + row.amount == owed.captured
    set_payment_state(
        c,
        owed,
        "refunded" if whole else "partly_refunded",
        refunded=payment.c.refunded + row.amount,
        refund_pending=payment.c.refund_pending - row.amount,
    )
    post(c, "refund", "refund", row.id, owed.currency, [Entry("receivable", clearing(owed.provider), row.amount)])
    if whole:
        resolve_issues(c, owed.id, "late_success", "refund_failed")
    elif _made_up_for(c, owed.id):
        resolve_issues(c, owed.id, "refund_failed")
    why = {"why": row.reason} if row.reason else {}
    order.add_event(c, "refunded", actor=actor, refund=row.public_id, amount=str(row.amount), **why)


def _made_up_for(c: Connection, payment_id: int) -> bool:
    """Whether as much has gone back since as had failed to."""
    failed = payment_issue.c.kind == "refund_failed", payment_issue.c.resolved_at.is_(None)
    told = c.execute(select(payment_issue.c.data).where(payment_issue.c.payment_id == payment_id, *failed)).scalar()
    if told is None:
        return False
    first = select(refund.c.id).where(refund.c.public_id == told["refund"]).scalar_subquery()
    rows = c.execute(
        select(refund.c.state, refund.c.amount).where(refund.c.payment_id == payment_id, refund.c.id >= first)
    ).all()
    by_state = {state: sum(row.amount for row in rows if row.state == state) for state in _SETTLED}
    return bool(by_state["succeeded"] >= by_state["failed"])


def _wrong_amount(c: Connection, order: Locked, owed: Owed, row: Row[Any], answer: RefundAnswer) -> None:
    # Nobody can say what it means: it stays set aside, and a person looks at it.
    _move(c, row, "unknown", next_check_at=None)
    refunded = {"refund": row.public_id, "refunded": str(answer.amount), "expected": str(row.amount)}
    if open_issue(c, owed, "amount_mismatch", **refunded):
        order.add_event(c, "payment_issue", issue="amount_mismatch", **refunded)


def _failed(c: Connection, order: Locked, owed: Owed, row: Row[Any], reason: str) -> None:
    if not _move(c, row, "failed", next_check_at=None):
        return
    c.execute(
        update(payment)
        .where(payment.c.id == row.payment_id)
        .values(refund_pending=payment.c.refund_pending - row.amount, version=payment.c.version + 1, updated_at=clock())
    )
    open_issue(c, owed, "refund_failed", refund=row.public_id, amount=str(row.amount), reason=reason)
    order.add_event(c, "refund_failed", refund=row.public_id, amount=str(row.amount), reason=reason)


def mark_refund_unknown(c: Connection, key: str) -> None:
    """Nobody knows whether the money went back: it stays set aside, and the worker asks."""
    _, _, row = _locked(c, key)
    if row.state not in _SETTLED:
        wait_s = BACKOFF_S[min(row.asked, len(BACKOFF_S) - 1)]
        _move(c, row, "unknown", asked=row.asked + 1, next_check_at=clock(wait_s))


def _locked(c: Connection, key: str) -> tuple[Locked, Owed, Row[Any]]:
    number = order_of_key(c, key)
    if number is None:
        raise OrderGone
    order, owed = lock_payment(c, number)
    if owed is None:
        raise OrderGone
    row: Row[Any] = c.execute(select(refund).where(refund.c.provider_key == key).with_for_update()).one()
    return order, owed, row


def _move(c: Connection, row: Row[Any], state: str, **values: Any) -> bool:
    if state in _SETTLED and row.state == "unknown" and row.next_check_at is None:
        resolve_issues(c, row.payment_id, "amount_mismatch")  # For want of the right amount it was not asked for.
    moved = c.execute(
        update(refund)
        .where(refund.c.id == row.id, refund.c.state == row.state)
        .values(state=state, updated_at=clock(), **values)
    )
    return moved.rowcount == 1
