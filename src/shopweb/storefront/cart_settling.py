"""A cart before it is shown: what cannot be had any more is taken out, and said."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from msgspec import structs

from shopapi.client import Conflict, NotFound
from shopapi.contract.carts import Cart, CartProblem
from shopapi.contract.catalog import Money
from shopapi.contract.figures import money
from shopapi.contract.problems import Problem
from shopweb.money import round_money
from shopweb.session import KeptCart
from shopweb.storefront.cart_view import units_of
from shopweb.visit import Visit

_TRIES: Final = 3


@dataclass(frozen=True)
class Settled:
    """A cart in which everything can be had; ``adjusted`` where something was taken out or lowered for that.

    ``on_line`` is what is to be said on a line, by sku; ``gone`` on lines that are no longer there; ``on_codes`` on
    codes that take nothing off.
    """

    cart: Cart
    adjusted: bool = False
    on_line: dict[str, list[str]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    on_codes: list[str] = field(default_factory=list)


async def settled_cart(visit: Visit) -> Settled | None:
    """The cart of this browser, settled; for a page that says what was changed. ``None`` as in :func:`open_cart`."""
    cart = await open_cart(visit)
    if cart is None:
        return None
    try:
        settled = await _settled(visit, cart)
    except NotFound:
        visit.keep_cart(None)
        return None
    note_units(visit, settled.cart)
    return settled


async def open_cart(visit: Visit) -> Cart | None:
    """The cart of this browser as it is; ``None`` where it has none that is open. What its cookie says is corrected."""
    if visit.cart is None:
        return None
    try:
        cart = await visit.api_for_nobody.get_cart(visit.cart.token, language=visit.language)
    except NotFound:
        visit.keep_cart(None)
        return None
    kept = cart if cart.state == "open" else None
    note_units(visit, kept)
    return kept


def note_units(visit: Visit, cart: Cart | None) -> None:
    """Let the browser know how many units the cart holds; ``None`` where it is ordered."""
    kept = visit.cart
    if cart is None:
        if kept:
            visit.keep_cart(structs.replace(kept, units=0))
        return
    if kept is None or kept.token != cart.token:
        kept = KeptCart(cart.token, unpaid=kept.unpaid if kept else "")
    visit.keep_cart(structs.replace(kept, units=units_of(cart)))


async def _settled(visit: Visit, cart: Cart) -> Settled:
    settled = Settled(cart)
    for _ in range(_TRIES):
        short = [one for one in cart.problems if one.kind in ("insufficient_stock", "not_for_sale") and one.sku]
        if not short:
            break
        settled = replace(settled, adjusted=True)
        cart = await _adjusted(visit, cart, short, settled)
    settled = replace(settled, cart=cart)
    _say_rest(visit, settled, cart.problems)
    return settled


async def _adjusted(visit: Visit, cart: Cart, short: Iterable[CartProblem], settled: Settled) -> Cart:
    for problem in short:
        sku = str(problem.sku)
        left = 0 if problem.kind == "not_for_sale" else problem.left or 0
        name = next((line.name for line in cart.lines if line.sku == sku), problem.goods or sku)
        try:
            cart = await visit.api_for_nobody.set_cart_line(cart.token, sku, left, language=visit.language)
        except Conflict:  # Somebody bought more of it meanwhile: look again.
            return await visit.api_for_nobody.get_cart(cart.token, language=visit.language)
        if left:
            settled.on_line[sku] = [short_sentence(visit, left)]
        else:
            settled.on_line.pop(sku, None)
            settled.gone.append(_gone_sentence(visit, name, sold_out=problem.kind == "insufficient_stock"))
    return cart


def short_sentence(visit: Visit, left: int) -> str:
    """That there are fewer than were wanted, and what was done about it."""
    words = visit.ngettext(
        "Only %(left)s left. We changed the quantity.", "Only %(left)s left. We changed the quantity.", left
    )
    return words % {"left": visit.number(left)}


def _gone_sentence(visit: Visit, name: str, *, sold_out: bool) -> str:
    _ = visit.gettext
    words = (
        _("%(name)s is sold out. We took it out of the cart.")
        if sold_out
        else _("%(name)s is not for sale any more. We took it out of the cart.")
    )
    return words % {"name": name}


def _say_rest(visit: Visit, settled: Settled, problems: Iterable[CartProblem]) -> None:
    for problem in problems:
        if problem.kind == "price_changed" and problem.sku:
            settled.on_line.setdefault(problem.sku, []).append(_price_sentence(visit, settled.cart, problem))
        elif problem.kind == "code_not_applicable":
            settled.on_codes.append(code_sentence(visit, problem.code or "", problem, settled.cart.subtotal))


def _price_sentence(visit: Visit, cart: Cart, problem: CartProblem) -> str:
    now = next((line.unit_price for line in cart.lines if line.sku == problem.sku), None)
    if problem.before is None or now is None:
        return visit.gettext("The price has changed.")
    words = visit.gettext("The price has changed: it was %(before)s, now it is %(now)s.")
    return words % {"before": money(problem.before, visit.language), "now": money(now, visit.language)}


def code_sentence(visit: Visit, code: str, problem: CartProblem | Problem, subtotal: Money) -> str:
    """Why a code takes nothing off, as ``problem`` has it."""
    missing = problem.missing
    if missing and missing.amount:
        wanted = Money(subtotal.amount + missing.amount, subtotal.currency)
        words = visit.gettext("%(code)s needs %(wanted)s of goods. %(missing)s to go.")
        told = {"wanted": round_money(wanted, visit.language), "missing": money(missing, visit.language)}
        return words % {"code": code, **told}
    return _why_not(visit, problem) % {"code": code, "goods": problem.goods}


def _why_not(visit: Visit, problem: CartProblem | Problem) -> str:
    _ = visit.gettext
    match problem.why:
        case "not_in_cart" if problem.goods:
            return _("%(code)s is for goods that are not in the cart: %(goods)s.")
        case "not_in_cart":
            return _("%(code)s is for goods that are not in the cart.")
        case "outdone":
            return _("%(code)s takes less off than you save already, and the two cannot be combined.")
        case "ended":
            return _("The code %(code)s is not valid today.")
        case "used_up":
            return _("The code %(code)s has been used up, or you have used it already.")
    return _("%(code)s takes nothing off what is in the cart.")
