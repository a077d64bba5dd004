"""A code that is taken out of the cart again."""

from contextlib import suppress

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import Conflict, NotFound
from shopweb.storefront.cart import PATH, read_cart_form
from shopweb.storefront.cart_settling import note_units
from shopweb.visit import Page, Visit


@post("/cart/codes/{code:str}/remove")
async def remove_code(visit: NamedDependency[Visit], code: FromPath[str]) -> Page:
    """Take a code out."""
    sent = await read_cart_form(visit)
    if sent is not None and visit.cart is not None:
        with suppress(NotFound, Conflict):  # It went in another tab, or the cart was ordered.
            note_units(visit, await visit.api_for_nobody.remove_cart_code(visit.cart.token, code))
    return visit.redirect(PATH)
