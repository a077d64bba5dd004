"""What follows from an order as it is told: for letters, pages and the terminal alike."""

from typing import get_args

from shopapi.contract.catalog import Money
from shopapi.contract.orders import AdminOrder, CancelReason, Order, OrderEvent, Payment, SettleOutcome, Withdrawal


def open_withdrawal(order: Order) -> OrderEvent | None:
    """The customer's own declaration of withdrawal that staff have yet to settle."""
    settled = {event.data.get("withdrawal") for event in order.events if event.kind == "withdrawal_settled"}
    declared = (event for event in reversed(order.events) if event.kind == "withdrawn")
    return next((event for event in declared if event.data.get("withdrawal") not in settled), None)


def outcome_of(settled: OrderEvent) -> SettleOutcome:
    """What a withdrawal was settled as; before there was a choice, that it was not meant."""
    return "done" if settled.data.get("outcome") == "done" else "not_meant"


def can_be_done(found: AdminOrder) -> bool:
    """Whether a withdrawal from this order can be settled as done: it is cancelled, or something of what was paid has
    gone back or is on its way. Where nothing had come in, what stands has to be cancelled, for its contract is gone."""
    if found.order.state == "cancelled":
        return True
    if is_paid(found):
        return any(payment.refunded.amount + payment.refund_pending.amount for payment in found.payments)
    return not found.order.can_cancel


def is_paid(found: AdminOrder) -> bool:
    """Whether anything has come in for it, whatever went back since."""
    return any(payment.captured.amount for payment in found.payments)


def refundable(payment: Payment) -> Money:
    """What can still be given back: what came in, less what went back or is on its way."""
    left = payment.captured.amount - payment.refunded.amount - payment.refund_pending.amount
    return Money(left, payment.captured.currency)


def is_given_back(found: AdminOrder) -> bool:
    """Whether all that came in has gone back or is on its way: then the goods stay too."""
    came_in = [payment for payment in found.payments if payment.captured.amount]
    return bool(came_in) and not any(refundable(payment).amount for payment in came_in)


def to_see_to(found: AdminOrder) -> list[Withdrawal]:
    """The declarations of withdrawal that ask for something: none once it is cancelled, or its money goes back."""
    if found.order.state == "cancelled" or is_given_back(found):
        return []
    return [one for one in found.withdrawals if one.settled_at is None]


def wrong_charges(payment: Payment, *, given_back: bool) -> list[Money]:
    """What was charged wrongly and went back when the order was cancelled; or else what is still to go back."""
    told = [one.data for one in payment.issues if given_back or one.resolved_at is None]
    return [
        Money(int(data["charged"]), data.get("currency", payment.amount.currency))
        for data in told
        if ("given_back" in data) == given_back and "charged" in data
    ]


def cancel_reason(order: Order) -> CancelReason | None:
    """Why an order was cancelled, where that is known."""
    told = next((event.data.get("reason") for event in reversed(order.events) if event.kind == "cancelled"), None)
    return next((reason for reason in get_args(CancelReason) if reason == told), None)


def withdrawal_stands(order: Order) -> bool:
    """Whether its customer has withdrawn for good, as far as is known: staff have yet to settle that, or have settled a
    withdrawal as done, whoever declared it. Of an order as its customer reads it."""
    settled = (event for event in order.events if event.kind == "withdrawal_settled")
    return open_withdrawal(order) is not None or any(outcome_of(event) == "done" for event in settled)


def may_be_revived(order: Order) -> bool:
    """Whether a cancelled order is taken up again when its money comes after all, provided that its goods can still be
    had and that its cart was not ordered anew: else the money goes back. Of an order as its customer reads it.

    True only where that is certain. Nobody asked for the end of one that ``expired``; of one whose payment failed
    somebody may have, which its customer is not told. Another amount than was asked for is for the shop to judge.
    """
    if order.state != "cancelled" or cancel_reason(order) != "expired":
        return False
    if order.payment is None or order.payment.captured.amount:
        return False
    mismatched = any(event.data.get("issue") == "amount_mismatch" for event in order.events)
    return not mismatched and not withdrawal_stands(order)


def wrongly_charged(order: Order) -> Money | None:
    """What the provider had charged wrongly, and what went back when the order was cancelled: it counts neither as
    captured nor as refunded."""
    for event in reversed(order.events):
        if event.kind == "payment_issue" and "given_back" in event.data:
            return Money(int(event.data["amount"]), event.data["currency"])
    return None
