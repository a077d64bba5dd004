"""Cancelling and refunding from a terminal: what waits for a payment provider in between."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import Connection

from shopapi.contract.catalog import Money
from shopapi.contract.orders import AdminOrder, AttemptState
from shopapi.db.engine import Database
from shopapi.orders.cancel_order import cancel_order, check_cancellable
from shopapi.payments.begin_refund import intend_refund, refund_key
from shopapi.payments.providers import find_providers
from shopapi.payments.reading import payments_of
from shopapi.payments.record_charge import GivenUp
from shopapi.payments.refunds import carry_out
from shopapi.payments.store import lock_payment, read_owed
from shopapi.payments.till import Till
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from shopctl import console
from shopctl.commands.amounts import shown
from shopctl.commands.staff import ACTOR
from shopctl.console import fail

_UNDECIDED: Final = ("intended", "unknown")


def cancel(db: Database, number: str, reason: str) -> None:
    """Cancel an order; ends the command where only its provider could say whether money has moved, and it is not set.

    Raises :class:`~shopapi.orders.rules.InvalidTransition` and
    :class:`~shopapi.orders.cancel_order.PaymentUnclear`.
    """
    given_up = GivenUp("staff", ACTOR, reason)

    async def work(till: Till) -> None:
        with db.reading() as c:
            owed = read_owed(c, number)
        if owed is not None and owed.attempt_state in _UNDECIDED and owed.provider not in till.providers:
            fail(
                f"Whether money has moved for {number}, only {owed.provider} can say, and no setting names it here.",
                "cancel it in the back office, or run this with the settings of the API",
            )
        db.write(lambda c: check_cancellable(c, number, given_up))
        await cancel_order(till, number, given_up)

    _with_till(db, work)


def refund(db: Database, number: str, wanted: int | None, reason: str) -> tuple[AttemptState, Money]:
    """Give back ``wanted`` minor units, or all that is left; answers what became of it and how much it was."""
    key = f"{ACTOR} {secrets.token_hex(16)}"

    def begin(c: Connection) -> tuple[str, Money]:
        _, owed = lock_payment(c, number)
        if owed is None:
            fail(f"{number} cost nothing, so nothing can be given back.")
        left = Money(owed.captured - owed.refunded - owed.refund_pending, owed.currency)
        amount = Money(left.amount if wanted is None else wanted, owed.currency)
        if not left.amount:
            fail(f"Nothing of {number} is left to give back.", f"shopctl orders show {number}")
        if amount.amount > left.amount:
            fail(f"{shown(left)} of {number} is left to give back, not {shown(amount)}.")
        intend_refund(c, owed, amount.amount, key=key, reason=reason, actor=ACTOR)
        return owed.public_id, amount

    payment_id, amount = db.write(begin)
    _with_till(db, lambda till: carry_out(till, refund_key(payment_id, key), actor=ACTOR))
    with db.reading() as c:
        made = payments_of(c, number)[0].refunds[-1]
    return made.state, amount


def tell_of_money(told: AdminOrder) -> None:
    """What is left to do about money that goes back."""
    for payment in told.payments:
        sent = [one for one in payment.refunds if one.state == "succeeded"]
        if payment.provider == "manual" and sent and payment.refunds[-1] is sent[-1]:
            to = told.order.billing_address.name
            console.next_step(f"transfer {shown(sent[-1].amount)} to {to}: a bank transfer goes back by hand")


def _with_till(db: Database, work: Callable[[Till], Awaitable[None]]) -> None:
    async def run() -> None:
        till = Till(db, find_providers(read(ApiSettings, os.environ)))
        try:
            await work(till)
        finally:
            for provider in till.providers.values():
                await provider.close()

    asyncio.run(run())
