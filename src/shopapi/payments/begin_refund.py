"""The right to give money back, taken before the provider is asked: never over what was captured."""

import hashlib
from typing import Final

from sqlalchemy import Connection, insert, true, update

from shopapi.contract.problems import FieldError
from shopapi.db.types import clock
from shopapi.http.problems import ShopError
from shopapi.names import public_id
from shopapi.payments.store import Owed
from shopapi.payments.tables import payment, refund
from shopapi.runtime.failpoints import planted

FIRST_CHECK_S: Final = 30


class RefundTooLarge(ShopError):
    """More than was captured and is not given back or on its way back already."""

    status, code, title = 422, "refund_too_large", "Refund too large"

    def __init__(self, left: int, currency: str) -> None:
        super().__init__(
            f"{left} {currency} (minor units) can still be refunded, no more.",
            errors=[FieldError("amount", f"is 0, or more than {left} {currency} (minor units)")],
        )


def refund_key(payment_id: str, key: str) -> str:
    """What the provider knows a refund by: the same for the same request, whoever works on it."""
    return hashlib.sha256(f"refund:{payment_id}:{key}".encode()).hexdigest()


def intend_refund(c: Connection, owed: Owed, amount: int, *, key: str, reason: str, actor: str) -> str:
    """Set ``amount`` aside and write the refund down; answers the key that the provider will know it by.

    Raises :class:`RefundTooLarge`.
    """
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
