"""A code that is taken out of the cart again."""

from typing import Final

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import BadRequest, Conflict, NotFound, TooManyRequests, Unprocessable
from shopweb.forms import NotAsWritten, one_line
from shopweb.session import Note
from shopweb.storefront.cart import PATH, ordered_already, read_cart_form
from shopweb.storefront.cart_settling import note_units
from shopweb.visit import Page, Visit

_CODE: Final = 64
"""As many signs as a code has at most."""


@post("/cart/codes/{code:str}/remove")
async def remove_code(visit: NamedDependency[Visit], code: FromPath[str]) -> Page:
    """Take a code out, and put in the one that it replaced, where the form names one."""
    sent = await read_cart_form(visit)
    if sent is None or visit.cart is None:
        return visit.redirect(PATH)
    token, before = visit.cart.token, one_line(sent.get("instead", ""))
    if len(before) > _CODE:
        raise NotAsWritten
    try:
        note_units(visit, await visit.api_for_nobody.remove_cart_code(token, code))
        if before and not await _is_in(visit, token, before):
            stays = await _is_in(visit, token, code)
            return visit.redirect(PATH, note=Note("code_stays" if stays else "code_gone", f"{before}\n{code}"))
    except NotFound:  # The shop dropped it.
        pass
    except Conflict as error:
        return ordered_already(visit, error)
    return visit.redirect(PATH)


async def _is_in(visit: Visit, token: str, code: str) -> bool:
    """Put a code in; false where it is refused, for good or for now."""
    try:
        await visit.api_for_nobody.add_cart_code(token, code)
    except (BadRequest, Unprocessable, TooManyRequests):
        return False
    return True
