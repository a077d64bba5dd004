"""Giving money back: set aside, ask the provider with no connection held, record what it said."""

from typing import Final

from sqlalchemy import Connection, select

from shopapi.db.engine import Database
from shopapi.payments.providers.interface import NoAnswer, PaymentProvider, RefundAnswer, TooBusy
from shopapi.payments.record_refund import mark_refund_unknown, record_refund
from shopapi.payments.tables import payment, payment_attempt, refund
from shopapi.payments.till import Till
from shopapi.runtime.failpoints import reach

_SETTLED: Final = ("succeeded", "failed")


class ToRefund:
    """A refund that is written down and not settled yet."""

    def __init__(self, provider: str, charge_key: str, amount: int, currency: str) -> None:
        self.provider, self.charge_key, self.amount, self.currency = provider, charge_key, amount, currency


def open_refund(db: Database, key: str) -> ToRefund | None:
    """The refund that the provider knows by ``key``, unless it is settled."""
    with db.reading() as c:
        row = c.execute(
            select(payment.c.provider, payment_attempt.c.provider_key.label("key"), refund.c.amount, payment.c.currency)
            .join_from(refund, payment, payment.c.id == refund.c.payment_id)
            .join(payment_attempt, payment_attempt.c.payment_id == payment.c.id)
            .where(refund.c.provider_key == key, refund.c.state.not_in(_SETTLED))
            .where(payment_attempt.c.kind == "capture", payment_attempt.c.state == "succeeded")
        ).first()
    return None if row is None else ToRefund(row.provider, row.key, row.amount, row.currency)


async def carry_out(till: Till, key: str, *, actor: str) -> None:
    """Give the money of one refund back, or find out that it has been; a repeated call does no more."""
    due = await till.run(lambda db: open_refund(db, key))
    if due is None:
        return
    answer = await _ask(till.providers.get(due.provider), key, due)
    reach("after_refund_psp")

    def record(c: Connection) -> None:
        if answer is None:
            mark_refund_unknown(c, key)
        else:
            record_refund(c, key, answer, actor=actor)

    await till.run(lambda db: db.write(record))


async def _ask(provider: PaymentProvider | None, key: str, due: ToRefund) -> RefundAnswer | None:
    if provider is None:
        return None  # Taken out of the configuration: the worker asks again once it is back.
    if provider.offline:
        return RefundAnswer("succeeded", amount=due.amount)  # Staff transfer it, and say so by this.
    try:
        return await provider.refund(key, due.charge_key, due.amount, due.currency)
    except (NoAnswer, TooBusy):
        return None
