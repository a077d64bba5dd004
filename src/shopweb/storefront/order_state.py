"""What is true of an order, read from what the API says of it; no words yet."""

from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from shopapi.contract.calendar import working_day
from shopapi.contract.catalog import Money
from shopapi.contract.orders import EventKind, Order, OrderEvent
from shopweb.visit import Visit

SETTLES_WITHIN: Final = timedelta(hours=1)
"""A provider's answer is found out within minutes; what is open for longer waits for a person."""

KNOWN_WITHIN: Final = timedelta(minutes=2)
"""After somebody came back from the provider's page, its answer is here: by webhook at once, or asked for by then."""

JUST_BACK: Final = "1"
"""What ``back`` says in the address that the provider's page leads to; afterwards, since when they are back."""

INVOICED_WITHIN: Final = timedelta(minutes=2)
"""The worker writes an invoice within seconds."""


def is_paid(order: Order) -> bool:
    """Whether nothing is left for the customer to pay."""
    return order.state in ("confirmed", "closed")


def is_refunded(order: Order) -> bool:
    """Whether all the money went back before anything left: nobody packs it any more."""
    payment = order.payment
    return payment is not None and payment.state == "refunded" and order.shipping_state == "unshipped"


def waits_for_bank(order: Order) -> bool:
    """Whether the answer of a payment provider is still open: it may come at any moment."""
    payment = order.payment
    if payment is None or order.state != "placed":
        return False
    return payment.state == "unknown" or (payment.state in ("pending", "authorized") and payment.bank_transfer is None)


def payment_page(order: Order) -> str:
    """The provider's page on which the customer can still pay; ``""`` where there is none."""
    payment = order.payment
    page = payment.next_action.url if payment and payment.next_action and order.state == "placed" else ""
    return page if urlsplit(page).scheme in ("https", "http") else ""


def came_back(visit: Visit) -> bool:
    """Whether they came back from the provider's page a moment ago: what they did there may not be known yet."""
    since = visit.asked("back")[:12]
    if not (since.isascii() and since.isdigit()):
        return False
    return abs(visit.now.timestamp() - int(since)) < KNOWN_WITHIN.total_seconds()


def has_its_cart(visit: Visit, order: Order) -> bool:
    """Whether this browser still has the cart that was ordered, and has ordered nothing else from it: the API opens it
    again where the payment fails."""
    return visit.cart is not None and visit.cart.order.startswith(f"/orders/{order.number}?")


def is_unfinished(visit: Visit, order: Order) -> bool:
    """Whether the payment was begun on the provider's page, and is waited for there."""
    begun = payment_page(order) != "" and order.payment is not None and order.payment.state == "pending"
    return begun and not came_back(visit)


def is_written(order: Order) -> bool:
    """Whether an e-mail confirms the order by now: at once where the customer transfers the money or has nothing to
    pay, else as soon as it is paid, its bank keeps them waiting, or another amount was charged."""
    payment = order.payment
    at_once = payment is None or payment.bank_transfer is not None
    told = ("paid", "payment_unknown", "payment_issue")
    return at_once or any(event.kind in told for event in order.events)


def needs_a_person(order: Order, now: datetime) -> bool:
    """Whether its payment will not settle by itself.

    A charge of another amount than was asked for is for the shop to judge, and so is a provider that stays silent.
    """
    if order.payment is None or order.state != "placed" or order.payment.state != "unknown":
        return False
    return last(order, "payment_issue") is not None or now - order.placed_at > SETTLES_WITHIN


def last(order: Order, kind: EventKind) -> OrderEvent | None:
    """The latest event of a kind."""
    return next((event for event in reversed(order.events) if event.kind == kind), None)


def amount_told(event: OrderEvent, currency: str) -> Money | None:
    """The amount that an event tells of, in minor units."""
    said = event.data.get("amount", "")
    return Money(int(said), event.data.get("currency", currency)) if said.isascii() and said.isdigit() else None


def paid_at(order: Order) -> datetime | None:
    """When the money had come in, or the order needed none."""
    if not is_paid(order):
        return None
    event = last(order, "paid")
    return event.at if event else order.placed_at


def awaits_invoice(order: Order, now: datetime) -> bool:
    """Whether it was paid a moment ago and its invoice is being written."""
    paid = paid_at(order)
    return paid is not None and not order.invoices and now - paid < INVOICED_WITHIN


def shipped_at(order: Order) -> datetime | None:
    """When the last of it left; ``None`` while something has not."""
    if order.shipping_state != "shipped" or not order.shipments:
        return None
    return max(parcel.shipped_at for parcel in order.shipments)


def arrives(visit: Visit, order: Order) -> tuple[date, date] | None:
    """The first and the last day on which it should arrive; ``None`` where that cannot be said."""
    gone, paid = shipped_at(order), paid_at(order)
    start = gone or paid
    if start is None or is_refunded(order):
        return None
    day, method = visit.local(start).date(), order.shipping_method
    first, latest = (working_day(day, days, has_left=gone is not None) for days in (method.days_min, method.days_max))
    # It is still here, although the days are over: what was once promised is nothing to promise again.
    return None if gone is None and latest <= visit.today else (first, latest)
