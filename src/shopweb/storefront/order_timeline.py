"""What happened to an order, in the customer's words. What concerns only the shop is left out."""

from dataclasses import dataclass

from shopapi.contract.figures import money
from shopapi.contract.orders import Order, OrderEvent
from shopapi.contract.standing import cancel_reason, outcome_of
from shopweb.storefront.order_state import amount_told
from shopweb.storefront.order_times import When, when
from shopweb.storefront.payment_failure import failure_words
from shopweb.storefront.settled_words import settled_words
from shopweb.visit import Visit


@dataclass(frozen=True)
class Step:
    """A line of the timeline; ``look`` is ``ok`` where something was reached."""

    text: str
    at: When
    look: str = ""


def timeline_of(visit: Visit, order: Order) -> list[Step]:
    """What happened, latest first."""
    steps = ((event, _sentence(visit, order, event)) for event in reversed(order.events))
    return [
        Step(text, when(visit, event.at), "ok" if event.kind in ("paid", "shipped", "refunded") else "")
        for event, text in steps
        if text
    ]


def _sentence(visit: Visit, order: Order, event: OrderEvent) -> str:
    _ = visit.gettext
    match event.kind:
        case "placed":
            return _("You ordered.")
        case "payment_unknown":
            return _("Your bank has not answered yet.")
        case "payment_issue" if "given_back" not in event.data:
            return _("We are checking your payment.")
        case "paid":
            return _("The payment has come in.") if order.payment else _("There was nothing to pay.")
        case "payment_failed":
            if order.payment and order.payment.captured.amount:
                return _("The payment did not go through at first.")
            return failure_words(visit, event.data.get("reason", ""))
        case "cancelled":
            return (
                _("You cancelled the order.") if cancel_reason(order) == "customer" else _("The order was cancelled.")
            )
        case "revived":
            return _("The payment came after all, so the order holds.")
        case "shipped":
            return _("The goods have left our shop.")
        case "refunded" | "payment_issue":
            amount = amount_told(event, order.currency)
            if amount is None:
                return _("We sent money back.")
            return _("We sent %(amount)s back.") % {"amount": money(amount, visit.language)}
        case "invoiced":
            credit = event.data.get("paper") == "credit_note"
            return _("We corrected your invoice.") if credit else _("We wrote your invoice.")
        case "withdrawn":
            if event.data.get("certain") != "yes":
                return _("A withdrawal from this order came in.")
            if "assigned" in event.data:
                return _("We have matched your withdrawal to this order.")
            return _("You declared your withdrawal.")
        case "withdrawal_settled":
            return settled_words(visit, order, outcome_of(event))
        case _:
            return ""
