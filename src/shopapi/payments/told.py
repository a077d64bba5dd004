"""How an order's payment is told; no I/O."""

from datetime import datetime
from typing import Any

from shopapi.contract.calendar import last_whole_day
from shopapi.contract.catalog import Money
from shopapi.contract.orders import BankTransfer, NextAction, OrderPayment, PaymentState


def bank_transfer(shop: Any, *, number: str, expires_at: datetime | None) -> BankTransfer:
    """Where the money of an order goes that is paid in advance; ``shop`` has the columns ``bank_*``.

    The day that is named is whole: the money is in time until its end.
    """
    return BankTransfer(
        holder=shop.bank_holder,
        iban=shop.bank_iban,
        bic=shop.bank_bic,
        bank=shop.bank_name,
        reference=number,
        due=None if expires_at is None else last_whole_day(expires_at),
    )


def order_payment(
    *,
    provider: str,
    state: PaymentState,
    next_url: str | None,
    transfer: BankTransfer | None,
    amount: int,
    captured: int,
    refunded: int,
    currency: str,
) -> OrderPayment:
    """A payment as its order shows it."""
    return OrderPayment(
        provider=provider,
        state=state,
        next_action=None if next_url is None else NextAction("redirect", next_url),
        bank_transfer=transfer,
        amount=Money(amount, currency),
        captured=Money(captured, currency),
        refunded=Money(refunded, currency),
    )
