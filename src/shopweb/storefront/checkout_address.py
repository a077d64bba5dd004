"""The first step: who buys, and where it goes."""

from typing import Final

from litestar import get, post
from litestar.di import NamedDependency

from shopapi.client import BadRequest, Conflict, NotFound, Unprocessable
from shopapi.contract.carts import Cart
from shopweb.forms import FieldError
from shopweb.storefront.cart import PATH as CART
from shopweb.storefront.cart import read_cart_form
from shopweb.storefront.cart_settling import Settled, note_units
from shopweb.storefront.cart_view import countries_of
from shopweb.storefront.checkout import ADDRESS, SHIPPING, reached, step_page
from shopweb.storefront.checkout_fields import ContactForm, refused_fields, wrong_fields
from shopweb.visit import Page, Visit

_TEMPLATE: Final = "storefront/checkout-address.html"


@get(ADDRESS)
async def show_address(visit: NamedDependency[Visit]) -> Page:
    """The form, with what was said before."""
    settled = await reached(visit, ADDRESS)
    if not isinstance(settled, Settled):
        return settled
    shop = await visit.site.shelf.shop(visit)
    countries = settled.cart.countries
    usual = shop.country if shop.country in countries else next(iter(countries), shop.country)
    return await _page(visit, settled, ContactForm.of(settled.cart.contact, usual))


@post(ADDRESS)
async def keep_address(visit: NamedDependency[Visit]) -> Page:
    """Keep it and go on, or say beside the fields what is wrong."""
    sent = await read_cart_form(visit)
    settled = await reached(visit, ADDRESS)
    if sent is None or not isinstance(settled, Settled):
        return visit.redirect(CART)
    form = ContactForm.sent_by(sent)
    errors = wrong_fields(visit, form, settled.cart.countries)
    if not errors:
        try:
            note_units(visit, await _kept(visit, settled.cart, form))
        except (BadRequest, Unprocessable) as error:
            errors = refused_fields(visit, error)
        except (NotFound, Conflict):  # Gone or ordered meanwhile: the cart says how things are.
            return visit.redirect(CART)
    return await _page(visit, settled, form, errors) if errors else visit.redirect(SHIPPING)


async def _kept(visit: Visit, cart: Cart, form: ContactForm) -> Cart:
    return await visit.api_for_nobody.set_cart_contact(cart.token, form.contact(), language=visit.language)


async def _page(visit: Visit, settled: Settled, form: ContactForm, errors: list[FieldError] | None = None) -> Page:
    shop = await visit.site.shelf.shop(visit)
    return await step_page(
        visit,
        _TEMPLATE,
        settled,
        errors=errors,
        status=422 if errors else 200,
        context={
            "form": form,
            "unfolds": form.unfolds or any(error.field in ("company", "line2", "phone") for error in errors or []),
            "countries": countries_of(visit, settled.cart, shop.country),
        },
    )
