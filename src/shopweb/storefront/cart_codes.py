"""A code that is taken out of the cart again."""

from contextlib import suppress

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import Conflict, NotFound, TooManyRequests, Unprocessable
from shopweb.forms import one_line
from shopweb.storefront.cart import PATH, ordered_already, read_cart_form
from shopweb.storefront.cart_settling import note_units
from shopweb.visit import Page, Visit


@post("/cart/codes/{code:str}/remove")
async def remove_code(visit: NamedDependency[Visit], code: FromPath[str]) -> Page:
    """Take a code out, and put in the one that it replaced, where the form names one."""
    sent = await read_cart_form(visit)
    if sent is None or visit.cart is None:
        return visit.redirect(PATH)
    token, before = visit.cart.token, one_line(sent.get("instead", ""))
    try:
        note_units(visit, await visit.api_for_nobody.remove_cart_code(token, code))
        if before:
            with suppress(Unprocessable, TooManyRequests):  # It holds no more: the cart says what it has.
                await visit.api_for_nobody.add_cart_code(token, before)
    except NotFound:  # The shop dropped it.
        pass
    except Conflict as error:
        return ordered_already(visit, error)
    return visit.redirect(PATH)
