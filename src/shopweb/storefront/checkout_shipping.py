"""The second step: how the goods travel and how they are paid."""

from dataclasses import dataclass
from typing import Final

from litestar import get, post
from litestar.di import NamedDependency
from msgspec.structs import replace

from shopapi.client import BadRequest, Conflict, NotFound, Unprocessable
from shopapi.contract.carts import Cart, ShippingOption
from shopweb import locale
from shopweb.forms import FieldError
from shopweb.session import Note
from shopweb.storefront.arrival import days_after_payment
from shopweb.storefront.cart import PATH as CART
from shopweb.storefront.cart import read_cart_form
from shopweb.storefront.cart_settling import Settled, note_units, open_cart, settled_cart
from shopweb.storefront.cart_view import days_of, provider_name
from shopweb.storefront.checkout import ADDRESS, PAID_LATER, REVIEW, SHIPPING, chosen_provider, reached, step_page, when
from shopweb.storefront.sum_rows import price_or_free
from shopweb.visit import Page, Visit

_TEMPLATE: Final = "storefront/checkout-shipping.html"
_PROVIDER: Final = 32


@dataclass(frozen=True)
class ChoiceCard:
    """A way to deliver or to pay; ``more`` is said below its name."""

    value: str
    name: str
    price: str
    more: str
    chosen: bool


@get(SHIPPING)
async def show_shipping(visit: NamedDependency[Visit]) -> Page:
    """The choices for this cart and address."""
    settled = await reached(visit, SHIPPING)
    if not isinstance(settled, Settled):
        return settled
    options = await _options(visit, settled.cart)
    method = settled.cart.shipping_method.method if settled.cart.shipping_method else ""
    if not any(option.method == method for option in options):
        method = options[0].method if options else ""
    providers = settled.cart.payment_providers
    provider = chosen_provider(visit, settled.cart) or (providers[0] if len(providers) == 1 else "")
    return await _page(visit, settled, options, method, provider)


@post(SHIPPING)
async def keep_shipping(visit: NamedDependency[Visit]) -> Page:
    """Keep both choices and go on."""
    sent = await read_cart_form(visit)
    cart = await open_cart(visit)
    if sent is None or cart is None or visit.cart is None:
        return visit.redirect(CART)
    method, provider = sent.get("method", ""), sent.get("provider", "")
    if not cart.lines:  # Emptied meanwhile: how it shall be paid is kept for what comes into it next.
        visit.keep_cart(replace(visit.cart, provider=provider[:_PROVIDER]))
        return visit.redirect(CART, note=Note("kept"))
    if cart.contact is None:
        return visit.redirect(ADDRESS)
    options = await _options(visit, cart)
    errors = []
    chosen = next((option for option in options if option.method == method), None)
    if chosen is None:
        errors.append(FieldError("method", visit.gettext("Choose how we shall deliver.")))
    if provider in cart.payment_providers:
        visit.keep_cart(replace(visit.cart, provider=provider))
    elif chosen is None or _costs(cart, chosen):
        errors.append(FieldError("provider", visit.gettext("Choose how you want to pay.")))
    if not errors:
        try:
            note_units(visit, await visit.api_for_nobody.set_cart_shipping(cart.token, method, language=visit.language))
            return visit.redirect(REVIEW)
        except (BadRequest, Unprocessable):
            errors.append(FieldError("method", visit.gettext("This way is not offered any more. Choose another.")))
        except (NotFound, Conflict):  # Gone or ordered meanwhile: the cart says how things are.
            return visit.redirect(CART)
    settled = await settled_cart(visit)
    if settled is None:
        return visit.redirect(CART)
    return await _page(visit, settled, options, method, provider, errors)


async def _options(visit: Visit, cart: Cart) -> list[ShippingOption]:
    try:
        return (await visit.api_for_nobody.list_shipping_options(cart.token, language=visit.language)).data
    except (Unprocessable, Conflict):  # Nothing leads to that address.
        return []


def _costs(cart: Cart, option: ShippingOption) -> bool:
    """Whether there is something to pay where ``cart`` is delivered that way."""
    return cart.subtotal.amount - cart.discount.amount + option.price.amount > 0


async def _page(
    visit: Visit,
    settled: Settled,
    options: list[ShippingOption],
    method: str,
    provider: str,
    errors: list[FieldError] | None = None,
) -> Page:
    contact = settled.cart.contact
    land = contact.shipping_address.country if contact else ""
    ways = [
        ChoiceCard(
            option.method,
            option.name,
            price_or_free(visit, option.price),
            _arrival(visit, option, settled.cart.payment_providers),
            option.method == method,
        )
        for option in options
    ]
    means = [
        ChoiceCard(name, provider_name(visit, name), "", _more(visit, name), name == provider)
        for name in settled.cart.payment_providers
        if any(_costs(settled.cart, option) for option in options)
    ]
    context = {"ways": ways, "means": means, "land": locale.country(land, visit.language)}
    return await step_page(visit, _TEMPLATE, settled, errors=errors, status=422 if errors else 200, context=context)


def _arrival(visit: Visit, option: ShippingOption, providers: list[str]) -> str:
    if providers == [PAID_LATER]:
        return days_after_payment(visit, option.days_min, option.days_max)
    days = visit.gettext("With you in %(days)s") % {"days": days_of(visit, option)}
    return f"{days}: {when(visit, option)}"


def _more(visit: Visit, provider: str) -> str:
    match provider:
        case "manual":
            return visit.gettext(
                "Our bank details come with the confirmation. The time of delivery begins when the money is here."
            )
        case "sandbox":
            return visit.gettext("On the page of the payment service. No real money moves.")
    return visit.gettext("On the page of the payment service.")
