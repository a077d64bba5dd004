"""The right to give money back, taken before the provider is asked: never over what was captured."""

import hashlib
from typing import Final

from sqlalchemy import Connection, insert, true, update

from shopapi.contract.carts import MoneyInput
from shopapi.contract.catalog import Money
from shopapi.contract.figures import money
from shopapi.contract.problems import FieldError
from shopapi.db.types import clock
from shopapi.http.problems import ShopError
from shopapi.names import public_id
from shopapi.orders.rules import InvalidTransition
from shopapi.payments.store import Owed
from shopapi.payments.tables import payment, refund
from shopapi.runtime.failpoints import planted

FIRST_CHECK_S: Final = 30


class RefundTooLarge(ShopError):
    """More than was captured and is not given back or on its way back already."""

    status, code, title = 422, "refund_too_large", "Refund too large"

    def __init__(self, left: int, currency: str) -> None:
        most = money(Money(left, currency), "en")
        super().__init__(
            f"{most} can still be refunded, no more.", errors=[FieldError("amount", f"is more than {most}")]
        )


class NotARefund(ShopError):
    """Of nothing, or in another currency than came in."""

    status, code, title = 422, "refund_not_possible", "Not a refund"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, errors=[FieldError(field, message)])


def check_refund(wanted: MoneyInput, currency: str) -> None:
    """Raises :class:`NotARefund` where no payment in ``currency`` has such a refund, however much came in."""
    if wanted.currency != currency:
        raise NotARefund("amount.currency", f"The payment is in {currency}, so nothing goes back in {wanted.currency}.")
    if wanted.amount == 0:
        raise NotARefund("amount.amount", "A refund of 0 gives nothing back. Name an amount, or none for all of it.")


def refund_key(payment_id: str, key: str) -> str:
    """What the provider knows a refund by: the same for the same request, whoever works on it."""
    return hashlib.sha256(f"refund:{payment_id}:{key}".encode()).hexdigest()


def intend_refund(c: Connection, owed: Owed, amount: int, *, key: str, reason: str, actor: str) -> str:
    """Set ``amount`` aside and write the refund down; answers the key that the provider will know it by.

    Raises :class:`RefundTooLarge`, and :class:`InvalidTransition` where nothing has come in.
    """
    if not owed.captured:
        raise InvalidTransition("Nothing has come in for this payment, so nothing goes back.")
    provider_key = refund_key(owed.public_id, key)
    if amount <= 0 or (amount > owed.left and not planted("refund_without_limit")):
        raise RefundTooLarge(owed.left, owed.currency)
    fits = payment.c.captured - payment.c.refunded - payment.c.refund_pending >= amount
    set_aside = c.execute(
        update(payment)
        .where(payment.c.id == owed.id, true() if planted("refund_without_limit") else fits)
        .values(refund_pending=payment.c.refund_pending + amount, version=payment.c.version + 1, updated_at=clock())
    )
    if set_aside.rowcount != 1:
        raise RefundTooLarge(owed.left, owed.currency)
    c.execute(
        insert(refund).values(
            public_id=public_id("re"),
            payment_id=owed.id,
            amount=amount,
            state="intended",
            provider_key=provider_key,
            reason=reason,
            actor=actor,
            next_check_at=clock(FIRST_CHECK_S),
        )
    )
    return provider_key
