"""What is typed into the folded field for a code: that it counts, or why it takes nothing off."""

from dataclasses import dataclass

from shopapi.client import BadRequest, Conflict, ProblemError, TooManyRequests, Unprocessable
from shopapi.contract.carts import Cart
from shopweb.forms import FieldError
from shopweb.session import Note, Undo
from shopweb.storefront.cart_settling import code_sentence, note_units
from shopweb.storefront.sum_rows import taken_off
from shopweb.visit import Visit


@dataclass(frozen=True)
class Redeemed:
    """What came of a code: ``faults`` with it, or else the ``note`` that it counts."""

    faults: list[FieldError]
    note: Note | None = None


async def redeem(visit: Visit, cart: Cart, typed: str) -> Redeemed:
    """Enter a code into the cart. Raises ``NotFound`` where the cart is gone, ``Conflict`` where it is ordered."""
    try:
        now = await visit.api_for_nobody.add_cart_code(cart.token, typed, language=visit.language)
    except (BadRequest, Unprocessable, Conflict) as error:
        return Redeemed([FieldError("code", await _sentence(visit, cart.token, typed, error))])
    except TooManyRequests:
        return Redeemed(
            [FieldError("code", visit.gettext("There were too many tries. Wait a minute, then try again."))]
        )
    note_units(visit, now)
    idle = {problem.code for problem in cart.problems if problem.kind == "code_not_applicable"}
    code, before = next(iter(now.codes), typed), next((one for one in cart.codes if one not in idle), "")
    return Redeemed([], Note("redeemed", code, undo=None if code == before else Undo(0, before, 0, "")))


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
            better = _better_code(visit, cart, typed) if error.problem.why == "outdone" else ""
            return better or code_sentence(visit, typed, error.problem, cart.subtotal)
    raise error


def _better_code(visit: Visit, cart: Cart, typed: str) -> str:
    """That the code of the cart saves more than ``typed``; ``""`` where it has none that counts."""
    words = visit.gettext(
        "%(code)s saves less than your code %(present)s (%(off)s). Only one code counts, so %(present)s stays."
    )
    counting = ((one.code, off) for one, _, off in taken_off(visit, cart.discounts) if one.code)
    return next((words % {"code": typed, "present": present, "off": off} for present, off in counting), "")
