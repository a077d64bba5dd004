"""The checkout: three steps, each stored by the API, and the first that is not done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from litestar import get
from litestar.di import NamedDependency

from shopapi.contract.calendar import working_day
from shopapi.contract.carts import Address, Cart, ShippingOption
from shopapi.contract.catalog import Money
from shopapi.contract.customs import meets_customs
from shopapi.contract.figures import money
from shopweb import locale
from shopweb.forms import FieldError
from shopweb.session import Note
from shopweb.storefront.arrival import days_after_payment, days_between
from shopweb.storefront.cart import PATH as CART
from shopweb.storefront.cart_notes import spoken
from shopweb.storefront.cart_settling import Settled, open_cart, settled_cart
from shopweb.storefront.cart_view import lines_of, provider_name, sums_of, units_of
from shopweb.storefront.sum_rows import price_or_free
from shopweb.visit import Page, Visit

ADDRESS: Final = "/checkout/address"
SHIPPING: Final = "/checkout/shipping"
REVIEW: Final = "/checkout/review"
PAID_LATER: Final = "manual"
"""With it the money comes days after the order, so that no day of arrival can be told before."""


@dataclass(frozen=True)
class Told:
    """What the steps that are done say: lines of text."""

    email: str
    delivered_to: list[str]
    billed_to: list[str]
    way: list[str]
    provider: str


@get("/checkout")
async def begin(visit: NamedDependency[Visit]) -> Page:
    """Lead to the first step that is not done."""
    # Not settled here: the page that it leads to takes out what is gone, and says so.
    cart = await open_cart(visit)
    return visit.redirect(first_step(visit, cart) if cart else CART)


def first_step(visit: Visit, cart: Cart) -> str:
    """Where the checkout of ``cart`` goes on."""
    if not cart.lines:
        return CART
    if cart.contact is None:
        return ADDRESS
    if cart.shipping_method is None or (cart.total.amount and chosen_provider(visit, cart) is None):
        return SHIPPING
    return REVIEW


def chosen_provider(visit: Visit, cart: Cart) -> str | None:
    """How this browser's owner wants to pay, as long as the shop takes it and there is something to pay."""
    if cart.shipping_method and not cart.total.amount:
        return None
    wanted = visit.cart.provider if visit.cart else ""
    return wanted if wanted in cart.payment_providers else None


async def reached(visit: Visit, step: str, agreed: Money | None = None) -> Settled | Page:
    """The cart at ``step``, or where to go first, with word of it where the total is not what was ``agreed``."""
    settled = await settled_cart(visit)
    if settled is None:
        return visit.redirect(CART)
    order = (CART, ADDRESS, SHIPPING, REVIEW)
    first = first_step(visit, settled.cart)
    if first == CART and settled.gone:
        return visit.redirect(CART, note=Note("emptied"))
    if order.index(first) < order.index(step):
        total = settled.cart.total
        if agreed and agreed != total:
            told = f"{money(agreed, visit.language)}\n{money(total, visit.language)}"
            return visit.redirect(first, note=Note("changed", told))
        return visit.redirect(first, note=Note("adjusted") if settled.adjusted else None)
    return settled


async def step_page(
    visit: Visit,
    template: str,
    settled: Settled,
    *,
    errors: list[FieldError] | None = None,
    status: int = 200,
    context: Mapping[str, object] | None = None,
) -> Page:
    """A page of the checkout, with the cart beside it."""
    shop, cart = await visit.site.shelf.shop(visit), settled.cart
    shared = {
        "shop": shop.name,
        "lines": lines_of(visit, cart, settled.on_line),
        "gone": settled.gone,
        "code_notes": settled.on_codes,
        "sums": sums_of(visit, cart, shop.country),
        "count": units_of(cart),
        "told": _told(visit, cart),
        "customs": cart.contact is not None and meets_customs(shop.country, cart.contact.shipping_address.country),
        "note": spoken(visit),
        "errors": errors or [],
    }
    return visit.page(template, status=status, context={**shared, **(context or {})})


def when(visit: Visit, option: ShippingOption) -> str:
    """On which days a parcel arrives that is ordered and paid today."""
    return days_between(visit, working_day(visit.today, option.days_min), working_day(visit.today, option.days_max))


def _told(visit: Visit, cart: Cart) -> Told:
    contact, option = cart.contact, cart.shipping_method
    provider = chosen_provider(visit, cart)
    price = price_or_free(visit, cart.shipping or option.price) if option else ""
    return Told(
        email=contact.email if contact else "",
        delivered_to=_written(visit, contact.shipping_address) if contact else [],
        billed_to=_written(visit, contact.billing_address) if contact and contact.billing_address else [],
        way=[f"{option.name}, {price}", _days(visit, option, provider)] if option else [],
        provider=provider_name(visit, provider) if provider else visit.gettext("Nothing to pay"),
    )


def _days(visit: Visit, option: ShippingOption, provider: str | None) -> str:
    if provider == PAID_LATER:
        return days_after_payment(visit, option.days_min, option.days_max)
    return when(visit, option)


def _written(visit: Visit, address: Address) -> list[str]:
    town = f"{address.postal_code} {address.city}".strip()
    land = locale.country(address.country, visit.language)
    every = (address.name, address.company, address.line1, address.line2, town, address.region, land, address.phone)
    return [line for line in every if line]
