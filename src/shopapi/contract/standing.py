"""What follows from an order as it is told: for letters, pages and the terminal alike."""

from shopapi.contract.catalog import Money
from shopapi.contract.orders import AdminOrder, Order, OrderEvent, Payment, SettleOutcome


def open_withdrawal(order: Order) -> OrderEvent | None:
    """The customer's own declaration of withdrawal that staff have yet to settle."""
    settled = {event.data.get("withdrawal") for event in order.events if event.kind == "withdrawal_settled"}
    declared = (event for event in reversed(order.events) if event.kind == "withdrawn")
    return next((event for event in declared if event.data.get("withdrawal") not in settled), None)


def outcome_of(settled: OrderEvent) -> SettleOutcome:
    """What a withdrawal was settled as; before there was a choice, that it was not meant."""
    return "done" if settled.data.get("outcome") == "done" else "not_meant"


def can_be_done(found: AdminOrder) -> bool:
    """Whether a withdrawal from this order can be settled as done. Of an order that stands and is not paid nothing is:
    it has to be cancelled, for its contract is gone."""
    return not found.order.can_cancel or any(payment.captured.amount for payment in found.payments)


def refundable(payment: Payment) -> Money:
    """What can still be given back: what came in, less what went back or is on its way."""
    left = payment.captured.amount - payment.refunded.amount - payment.refund_pending.amount
    return Money(left, payment.captured.currency)


def is_given_back(found: AdminOrder) -> bool:
    """Whether all that came in has gone back or is on its way: then the goods stay too."""
    came_in = [payment for payment in found.payments if payment.captured.amount]
    return bool(came_in) and not any(refundable(payment).amount for payment in came_in)
