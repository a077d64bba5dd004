"""What happens when an order is cancelled: its charge is called off, its goods are free again, its money goes back."""

from itertools import takewhile
from typing import Final

from sqlalchemy import Connection

from shopapi.db.engine import Database
from shopapi.http.problems import ShopError
from shopapi.orders.reading import OFFLINE
from shopapi.orders.rules import InvalidTransition, can_cancel, customer_can_cancel
from shopapi.orders.store import CUSTOMER, Locked
from shopapi.payments.begin_refund import intend_refund, refund_key
from shopapi.payments.given_back import charged_wrongly, record_given_back
from shopapi.payments.providers.interface import CALLED_OFF, ChargeAnswer, NoAnswer, PaymentProvider, TooBusy
from shopapi.payments.record_charge import GivenUp, asks_to_cancel, cancel, record_charge
from shopapi.payments.refunds import carry_out
from shopapi.payments.store import Owed, lock_payment, read_owed, resolve_issues
from shopapi.payments.till import Till

_LIVE = ("intended", "unknown")
_MOST_ASKS: Final = 10
"""So often in a row one and the same is written down who asks while the provider is silent: nobody fills a timeline
alone, and whoever asks last counts, however often they did before."""


class PaymentUnclear(ShopError):
    """Nobody knows yet whether the money has moved, so nothing can be decided."""

    status, code, title = 409, "payment_unclear", "Payment unclear"

    def __init__(self) -> None:
        super().__init__(
            "The payment provider does not say whether the money has moved. We keep asking; try again in a few minutes."
        )


def begin_cancel(c: Connection, number: str, given_up: GivenUp) -> None:
    """See whether the order may be cancelled, and write down who wants it: the provider's answer may get lost, and what
    it called off is theirs all the same. Where several ask, the last one counts; who repeats the last ask adds nothing.

    Raises :class:`InvalidTransition` where the order has left, is cancelled, or not theirs to cancel.
    """
    order, owed = lock_payment(c, number)
    _check(order, owed, given_up)
    if owed is None or owed.mismatched or owed.attempt_state not in _LIVE or owed.provider in OFFLINE:
        return  # Nobody has to be asked, or a person decides.
    asks = asks_to_cancel(c, order)
    in_a_row = list(takewhile(lambda ask: ask.actor == given_up.actor, asks))
    if asks[:1] != [given_up] and len(in_a_row) < _MOST_ASKS:
        order.add_event(c, "cancel_asked", actor=given_up.actor, **given_up.told())


def _check(order: Locked, owed: Owed | None, given_up: GivenUp) -> None:
    if owed is not None and owed.mismatched and order.state == "cancelled" and given_up.actor != CUSTOMER:
        return  # Its goods are free; what was charged wrongly is still to go back.
    if not can_cancel(order.state, order.shipping_state):
        state = "has left" if order.shipping_state != "unshipped" else f"is {order.state}"
        raise InvalidTransition(f"The order {state}, so it cannot be cancelled.")
    transferred = owed is not None and owed.provider == "manual" and owed.captured > 0
    if given_up.actor == CUSTOMER and not customer_can_cancel(
        order.state, order.shipping_state, transferred=transferred
    ):
        raise InvalidTransition("The money has been transferred by hand, so please write to us to cancel the order.")


async def cancel_order(till: Till, number: str, given_up: GivenUp) -> None:
    """Cancel an order that :func:`begin_cancel` let pass; run again, it does what is left to do.

    Raises :class:`PaymentUnclear`, :class:`InvalidTransition`.
    """
    owed = await till.run(lambda db: _read(db, number))
    provider = None if owed is None else till.providers.get(owed.provider)
    unsettled = owed is not None and (owed.attempt_state in _LIVE or owed.mismatched)
    if owed is not None and unsettled and not (provider and provider.offline):
        if provider is None:
            raise PaymentUnclear
        answer, wrong = await _call_off(provider, owed)
        await till.run(lambda db: db.write(lambda c: _record(c, number, owed, answer, wrong, given_up)))
    back = await till.run(lambda db: db.write(lambda c: _cancel(c, number, given_up)))
    if back is not None:
        await carry_out(till, back, actor=given_up.actor)


def _record(
    c: Connection, number: str, owed: Owed, answer: ChargeAnswer, wrong: ChargeAnswer | None, given_up: GivenUp
) -> None:
    if wrong is not None:
        record_given_back(c, number, wrong)
    record_charge(c, number, answer, given_up=given_up)
    if answer.state == "failed":
        resolve_issues(c, owed.id, "amount_mismatch")


async def _call_off(provider: PaymentProvider, owed: Owed) -> tuple[ChargeAnswer, ChargeAnswer | None]:
    """Ask the provider not to charge: its answer, and what it had charged wrongly, if anything. That goes straight
    back, for it never was in the shop's books."""
    try:
        answer = await provider.cancel(owed.key)
        if charged_wrongly(owed, answer):
            key = refund_key(owed.public_id, "wrong amount")
            back = await provider.refund(key, owed.key, answer.amount, answer.currency)
            if back.state != "succeeded":
                raise PaymentUnclear
            return ChargeAnswer("failed", reason=CALLED_OFF), answer
    except (NoAnswer, TooBusy):
        raise PaymentUnclear from None
    return answer, None


def _read(db: Database, number: str) -> Owed | None:
    with db.reading() as c:
        return read_owed(c, number)


def _cancel(c: Connection, number: str, given_up: GivenUp) -> str | None:
    """Cancel what is not cancelled yet; answers the key of the refund that it takes, if any."""
    order, owed = lock_payment(c, number)
    if order.state == "cancelled":
        return None if owed is None or not owed.captured else refund_key(owed.public_id, "cancel")
    _check(order, owed, given_up)
    if owed is not None and owed.attempt_state in _LIVE:
        # Only money by hand is left here: what a provider might still take was called off before.
        record_charge(c, number, ChargeAnswer("failed"), given_up=given_up)
        return None
    cancel(c, order, given_up)
    if owed is None or not owed.left:
        return None
    return intend_refund(c, owed, owed.left, key="cancel", reason=given_up.reason, actor=given_up.actor)
