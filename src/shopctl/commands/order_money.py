"""Cancelling and refunding from a terminal: what waits for a payment provider in between."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy import Connection, select

from shopapi.contract.catalog import Money
from shopapi.contract.orders import AdminOrder, Refund
from shopapi.db.engine import Database
from shopapi.orders.cancel_order import begin_cancel, cancel_order
from shopapi.orders.reading import OFFLINE
from shopapi.payments.begin_refund import intend_refund
from shopapi.payments.providers import find_providers
from shopapi.payments.reading import read_payment
from shopapi.payments.record_charge import GivenUp
from shopapi.payments.refunds import carry_out
from shopapi.payments.store import Owed, lock_payment, read_owed
from shopapi.payments.tables import refund as table
from shopapi.payments.till import Till
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from shopctl import console
from shopctl.commands.amounts import shown
from shopctl.commands.staff import ACTOR
from shopctl.console import fail

T = TypeVar("T")

_UNDECIDED: Final = ("intended", "unknown")
_SETTINGS: Final = {"sandbox": "SHOP_SANDBOX_URL"}


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
        if owed is not None and owed.left:
            _check_set_up(till, owed, number)
        db.write(lambda c: begin_cancel(c, number, given_up))
        await cancel_order(till, number, given_up)

    _with_till(db, work)


def refund(db: Database, number: str, wanted: int | None, reason: str) -> Refund:
    """Give back ``wanted`` minor units, or all that is left; answers the refund as it stands then.

    Ends the command where more is wanted than is left, and where the provider is not set.
    """
    key = f"{ACTOR} {secrets.token_hex(16)}"

    def begin(c: Connection) -> tuple[str, str]:
        _, owed = lock_payment(c, number)
        if owed is None:
            fail(f"{number} cost nothing, so nothing can be given back.")
        left = Money(owed.left, owed.currency)
        amount = Money(left.amount if wanted is None else wanted, owed.currency)
        if not left.amount:
            fail(f"Nothing of {number} is left to give back.", f"shopctl orders show {number}")
        if amount.amount > left.amount:
            fail(f"{shown(left)} of {number} is left to give back, not {shown(amount)}.")
        return owed.public_id, intend_refund(c, owed, amount.amount, key=key, reason=reason, actor=ACTOR)

    async def work(till: Till) -> tuple[str, str]:
        with db.reading() as c:
            owed = read_owed(c, number)
        if owed is not None:
            _check_set_up(till, owed, number)
        payment_id, provider_key = db.write(begin)
        await carry_out(till, provider_key, actor=ACTOR)
        return payment_id, provider_key

    payment_id, provider_key = _with_till(db, work)
    with db.reading() as c:
        made = c.execute(select(table.c.public_id).where(table.c.provider_key == provider_key)).scalar_one()
        return next(one for one in read_payment(c, payment_id).refunds if one.id == made)


def tell(told: AdminOrder, back: Refund, *, json: bool) -> None:
    """What became of money that goes back, and what is left to do; ends the command where it was refused."""
    provider, number, amount = told.payments[0].provider, told.order.number, shown(back.amount)
    if back.state == "failed":
        fail(f"{provider} refused to give {amount} of {number} back.", f"shopctl orders show {number}")
    if json:
        return
    if back.state in _UNDECIDED:
        console.warn(
            f"{number}  {amount} on its way back: {provider} did not say yet, and the worker asks until it does"
        )
    elif provider in OFFLINE:
        name = told.order.billing_address.name
        console.done(f"{number}  {amount} noted as given back")
        console.next_step(f"transfer {amount} to {name}: what came by bank transfer goes back by hand")
    else:
        console.done(f"{number}  {amount} given back by {provider}")


def _check_set_up(till: Till, owed: Owed, number: str) -> None:
    """End the command where the provider that took the money is not set here: nobody else can give it back."""
    if owed.provider in till.providers:
        return
    setting = _SETTINGS.get(owed.provider)
    why = f"{setting} is not set here" if setting else "no setting names it here"
    fail(
        f"Only {owed.provider} can give back what it took for {number}, and {why}. Nothing was done.",
        "run this with the settings of the API, or do it in the back office",
        2,
    )


def _with_till(db: Database, work: Callable[[Till], Awaitable[T]]) -> T:
    async def run() -> T:
        till = Till(db, find_providers(read(ApiSettings, os.environ)))
        try:
            return await work(till)
        finally:
            for provider in till.providers.values():
                await provider.close()

    return asyncio.run(run())
