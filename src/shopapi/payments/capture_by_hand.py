"""What happens when staff see on the bank's statement that a customer has paid."""

from sqlalchemy import Connection

from shopapi.http.problems import NotFound
from shopapi.orders import releasing
from shopapi.orders.reading import OFFLINE
from shopapi.orders.rules import InvalidTransition
from shopapi.payments.providers.interface import ChargeAnswer
from shopapi.payments.record_charge import record_charge
from shopapi.payments.store import lock_payment


def capture_by_hand(c: Connection, number: str, *, reference: str, actor: str) -> None:
    """Enter the whole amount as paid. An order that was given up is taken up again where its goods can still be had.

    Raises :class:`InvalidTransition` where it is paid already, or its goods are gone: then the money goes back by hand.
    """
    order, owed = lock_payment(c, number)
    if owed is None:
        raise NotFound("No payment has this id.")
    if owed.provider not in OFFLINE:
        raise InvalidTransition(f"{owed.provider} says by itself when the money has come.")
    if owed.captured:
        raise InvalidTransition("The money has been noted already.")
    if order.state == "cancelled" and not releasing.can_take_again(c, order):
        raise InvalidTransition(
            "The order is cancelled for good, or its goods are gone. Transfer the money back; nothing was changed here."
        )
    answer = ChargeAnswer(
        "succeeded", reference=f"{owed.key[:16]} {reference}".strip(), amount=owed.amount, currency=owed.currency
    )
    record_charge(c, number, answer, actor=actor)
