"""What is written down of a charge that the provider made wrongly and gave back: the books never had it."""

from sqlalchemy import Connection, select, update

from shopapi.payments.providers.interface import ChargeAnswer
from shopapi.payments.store import Owed, lock_payment, open_issue, resolve_issues
from shopapi.payments.tables import payment_issue


def charged_wrongly(owed: Owed, answer: ChargeAnswer) -> bool:
    """Whether another amount was charged, or in another currency, than was asked for."""
    return answer.state == "succeeded" and (answer.amount, answer.currency) != (owed.amount, owed.currency)


def was_given_back(c: Connection, owed: Owed, charged: ChargeAnswer) -> bool:
    """Whether this very charge went back before: news of it may come late, and are none."""
    known = select(payment_issue.c.data).where(
        payment_issue.c.payment_id == owed.id,
        payment_issue.c.kind == "amount_mismatch",
        payment_issue.c.resolved_at.is_not(None),
    )
    told = {"charged": str(charged.amount), "currency": charged.currency, "given_back": "yes"}
    return any(told.items() <= data.items() for data in c.execute(known).scalars())


def record_given_back(c: Connection, number: str, charged: ChargeAnswer) -> None:
    """Settle what was wrong about the charge of this order, and say in its timeline what went back; once."""
    order, owed = lock_payment(c, number)
    if owed is None or was_given_back(c, owed, charged):
        return  # Somebody else was quicker.
    told = {"charged": str(charged.amount), "currency": charged.currency, "expected": str(owed.amount)}
    open_issue(c, owed, "amount_mismatch", **told)
    mine = (
        payment_issue.c.payment_id == owed.id,
        payment_issue.c.kind == "amount_mismatch",
        payment_issue.c.resolved_at.is_(None),
    )
    known = c.execute(select(payment_issue.c.data).where(*mine)).scalar_one()
    c.execute(update(payment_issue).where(*mine).values(data={**known, **told, "given_back": "yes"}))
    resolve_issues(c, owed.id, "amount_mismatch")
    back = {"given_back": "yes", "amount": str(charged.amount), "currency": charged.currency}
    order.add_event(c, "payment_issue", issue="amount_mismatch", **back)
