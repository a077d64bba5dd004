"""Why a payment came to nothing, in the customer's words: a card was declined only where the provider says so."""

from shopapi.contract.orders import Order
from shopweb.storefront.order_state import last
from shopweb.visit import Visit


def failure_of(order: Order) -> str:
    """The provider's reason, ``""`` where it gave none."""
    event = last(order, "payment_failed")
    return event.data.get("reason", "") if event else ""


def failure_words(visit: Visit, reason: str) -> str:
    """What happened, and that nothing was charged."""
    _ = visit.gettext
    match reason:
        case "declined":
            return _("The card was declined. Nothing was charged.")
        case "insufficient_funds":
            return _("The card was declined for lack of funds. Nothing was charged.")
        case "authentication_refused":
            return _("The payment was not approved. Nothing was charged.")
        case "cancelled_by_customer":
            return _("The payment was called off. Nothing was charged.")
        case "provider_busy":
            return _("The payment service was busy. Nothing was charged.")
    return _("The payment did not go through. Nothing was charged.")
