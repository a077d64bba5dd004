"""The last order of this browser, for as long as the customer may still have to pay it."""

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from msgspec.structs import replace

from shopapi.client import ProblemError
from shopapi.contract.orders import Order
from shopapi.contract.standing import open_withdrawal
from shopweb import locale
from shopweb.storefront.order import order_of
from shopweb.storefront.order_state import is_unfinished, payment_page
from shopweb.storefront.order_times import when
from shopweb.visit import Visit


@dataclass(frozen=True)
class Unpaid:
    """An order that waits for its customer's money. ``text`` says which and until when, ``href`` is its page, ``pay``
    the provider's, ``""`` where the money is transferred."""

    text: str
    href: str
    pay: str


async def unpaid_order(visit: Visit) -> Unpaid | None:
    """The last order, where it waits for its payment. Where none is known, the API is not asked; nor again once the
    order is paid or over."""
    kept = visit.cart
    if kept is None or not kept.unpaid:
        return None
    address = urlsplit(kept.unpaid)
    number, token = address.path.rpartition("/")[2], parse_qs(address.query).get("token", [""])[0]
    with suppress(ProblemError):  # Too many ask just now: the cart is shown all the same.
        order = await order_of(visit, number, token)
        if order is None or order.state != "placed":
            visit.keep_cart(replace(kept, unpaid=""))
        elif until := _until(visit, order):
            words = visit.gettext("Your order %(number)s is still waiting for your payment: until %(when)s.")
            pay = "" if order.payment and order.payment.bank_transfer else payment_page(order)
            return Unpaid(words % {"number": order.number, "when": until}, kept.unpaid, pay)
    return None


def _until(visit: Visit, order: Order) -> str:
    """Until when the customer has to pay; ``""`` where they need or can do nothing."""
    if open_withdrawal(order):
        return ""
    transfer = order.payment.bank_transfer if order.payment else None
    if transfer:
        return locale.day(transfer.due, visit.language) if transfer.due else ""
    ends = order.expires_at
    return when(visit, ends).whole if ends and ends > visit.now and is_unfinished(visit, order) else ""
