"""Codes: what is typed into the folded field of the cart, and why one takes nothing off."""

from contextlib import suppress

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import BadRequest, Conflict, NotFound, ProblemError, TooManyRequests, Unprocessable
from shopweb.forms import FieldError, one_line
from shopweb.storefront.cart import PATH, cart_page, read_cart_form
from shopweb.storefront.cart_settling import code_sentence, note_units
from shopweb.visit import Page, Visit


@post("/cart/codes")
async def add_code(visit: NamedDependency[Visit]) -> Page:
    """Enter a code."""
    sent = await read_cart_form(visit)
    if sent is None or visit.cart is None:
        return visit.redirect(PATH)
    typed = one_line(sent.get("code", ""))
    if not typed:
        return await _refused(visit, typed, visit.gettext("Enter the code of your voucher."))
    try:
        note_units(visit, await visit.api_for_nobody.add_cart_code(visit.cart.token, typed, language=visit.language))
    except (BadRequest, Unprocessable, Conflict) as error:
        return await _refused(visit, typed, await _sentence(visit, visit.cart.token, typed, error))
    except TooManyRequests:
        message = visit.gettext("There were too many tries. Wait a minute, then try again.")
        return await _refused(visit, typed, message)
    except NotFound:
        return visit.redirect(PATH)
    return visit.redirect(PATH)


@post("/cart/codes/{code:str}/remove")
async def remove_code(visit: NamedDependency[Visit], code: FromPath[str]) -> Page:
    """Take a code out."""
    sent = await read_cart_form(visit)
    if sent is not None and visit.cart is not None:
        with suppress(NotFound, Conflict):  # It went in another tab, or the cart was ordered.
            note_units(visit, await visit.api_for_nobody.remove_cart_code(visit.cart.token, code))
    return visit.redirect(PATH)


async def _refused(visit: Visit, typed: str, message: str) -> Page:
    return await cart_page(visit, code=typed, errors=[FieldError("code", message)], status=422)


async def _sentence(visit: Visit, token: str, typed: str, error: ProblemError) -> str:
    _ = visit.gettext
    match error.problem.code:
        case "code_unknown" | "invalid_request":
            return _("We do not know the code %(code)s. Check how it is written.") % {"code": typed}
        case "code_expired":
            return _("The code %(code)s is not valid today.") % {"code": typed}
        case "code_used_up":
            return _("The code %(code)s has been used up.") % {"code": typed}
        case "code_not_applicable":
            cart = await visit.api_for_nobody.get_cart(token, language=visit.language)
            return code_sentence(visit, typed, error.problem.missing, cart.subtotal)
    raise error
