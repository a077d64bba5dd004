"""What is typed into the folded field for a code, and why it takes nothing off."""

from shopapi.client import BadRequest, Conflict, ProblemError, TooManyRequests, Unprocessable
from shopweb.forms import FieldError
from shopweb.storefront.cart_settling import code_sentence, note_units
from shopweb.visit import Visit


async def redeem(visit: Visit, token: str, typed: str) -> list[FieldError]:
    """Enter a code into the cart; what is wrong with it, if anything. Raises ``NotFound`` where the cart is gone."""
    try:
        note_units(visit, await visit.api_for_nobody.add_cart_code(token, typed, language=visit.language))
    except (BadRequest, Unprocessable, Conflict) as error:
        return [FieldError("code", await _sentence(visit, token, typed, error))]
    except TooManyRequests:
        return [FieldError("code", visit.gettext("There were too many tries. Wait a minute, then try again."))]
    return []


async def _sentence(visit: Visit, token: str, typed: str, error: ProblemError) -> str:
    _ = visit.gettext
    match error.problem.code:
        case "code_unknown" | "invalid_request":
            return _("We do not know the code %(code)s. Check how it is written.") % {"code": typed}
        case "code_expired":
            return _("The code %(code)s is not valid today.") % {"code": typed}
        case "code_used_up":
            return _("The code %(code)s has been used up, or you have used it already.") % {"code": typed}
        case "code_not_applicable":
            cart = await visit.api_for_nobody.get_cart(token, language=visit.language)
            return code_sentence(visit, typed, error.problem, cart.subtotal)
    raise error
