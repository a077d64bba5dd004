"""The first step: who buys, and where it goes."""

from typing import Final

from litestar import get, post
from litestar.di import NamedDependency

from shopapi.client import BadRequest, Conflict, NotFound, Unprocessable
from shopapi.contract.carts import Cart
from shopweb.forms import FieldError
from shopweb.session import Note
from shopweb.storefront.cart import PATH as CART
from shopweb.storefront.cart import read_cart_form
from shopweb.storefront.cart_notes import SpokenNote
from shopweb.storefront.cart_settling import Settled, note_units, open_cart, settled_cart
from shopweb.storefront.cart_view import countries_of
from shopweb.storefront.checkout import ADDRESS, SHIPPING, reached, step_page
from shopweb.storefront.checkout_fields import ContactForm, refused_fields, wrong_fields
from shopweb.visit import OutdatedForm, Page, Visit

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
    try:
        sent = await read_cart_form(visit)
    except OutdatedForm:
        return await _outdated(visit)
    # Not where the checkout is: in a cart that was emptied meanwhile, what was typed is kept all the same.
    cart = await open_cart(visit)
    if sent is None or cart is None:
        return visit.redirect(CART)
    form = ContactForm.sent_by(sent)
    errors = wrong_fields(visit, form, cart.countries)
    if form.asks_to_bill and not errors:
        return await _asking_to_bill(visit, form)
    if not errors:
        try:
            note_units(visit, await _kept(visit, cart, form))
        except (BadRequest, Unprocessable) as error:
            errors = refused_fields(visit, error)
        except (NotFound, Conflict):  # Gone or ordered meanwhile: the cart says how things are.
            return visit.redirect(CART)
    if errors:
        settled = await settled_cart(visit)
        return await _page(visit, settled, form, errors) if settled else visit.redirect(CART)
    return visit.redirect(SHIPPING) if cart.lines else visit.redirect(CART, note=Note("kept"))


async def _asking_to_bill(visit: Visit, form: ContactForm) -> Page:
    """The same form with the fields of the invoice's address, which browsers may have hidden until now."""
    settled = await settled_cart(visit)
    if settled is None:
        return visit.redirect(CART)
    note = SpokenNote(visit.gettext("Now enter the address of the invoice too."), warns=False)
    return await _page(visit, settled, form, note=note, status=200)


async def _outdated(visit: Visit) -> Page:
    """The same form, with what was typed: it can be sent again."""
    settled = await settled_cart(visit)
    if settled is None:
        raise OutdatedForm
    note = SpokenNote(visit.gettext("This page was open for too long. Look through it once more, then send it again."))
    return await _page(visit, settled, ContactForm.sent_by(visit.sent), note=note, status=403)


async def _kept(visit: Visit, cart: Cart, form: ContactForm) -> Cart:
    return await visit.api_for_nobody.set_cart_contact(cart.token, form.contact(), language=visit.language)


async def _page(
    visit: Visit,
    settled: Settled,
    form: ContactForm,
    errors: list[FieldError] | None = None,
    *,
    note: SpokenNote | None = None,
    status: int = 422,
) -> Page:
    shop = await visit.site.shelf.shop(visit)
    return await step_page(
        visit,
        _TEMPLATE,
        settled,
        errors=errors,
        status=status if errors or note else 200,
        context={
            **({"note": note} if note else {}),
            "form": form,
            "unfolds": form.unfolds or any(error.field in ("company", "line2", "phone") for error in errors or []),
            "countries": countries_of(visit, settled.cart, shop.country),
        },
    )
