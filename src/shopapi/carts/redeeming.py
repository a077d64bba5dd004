"""Whether a code may come into a cart: it takes something off, and no less than the one it replaces; no I/O."""

from msgspec.structs import replace

from shopapi.carts.pricing import Priced, chosen_method, price_cart, usual_methods
from shopapi.carts.reading import StoredCart
from shopapi.promotions.rules import CodeNotApplicable, CodeUsedUp


def check_code(before: StoredCart, after: StoredCart, code: str) -> None:
    """Refuse ``code``, which only ``after`` has; raises :class:`CodeUsedUp`, :class:`CodeNotApplicable`."""
    priced = price_cart(after)
    for one in priced.problems:  # A cart has one code, so why it takes nothing off is about this one.
        if one.why == "used_up":
            raise CodeUsedUp(code)  # By this customer: anybody else would still have it.
        if one.why is not None:
            raise CodeNotApplicable(code, one.why, one.missing, one.goods)
    if _takes_nothing_off(priced):
        raise CodeNotApplicable(code, "nothing_off")
    if _cost(after) > _cost(before):
        raise CodeNotApplicable(code, "outdone")


def _takes_nothing_off(priced: Priced) -> bool:
    # Until it is known what delivery costs, a code that makes it free may be of use.
    if priced.totals.shipping is None and any(one.code and one.free_shipping for one in priced.discounts):
        return False
    without = replace(priced.cart, promotions=[one for one in priced.cart.promotions if one.code is None])
    return price_cart(without).totals.total == priced.totals.total


def _cost(cart: StoredCart) -> int:
    """The total with delivery: with the cheapest there is, until one is chosen."""
    ways = [] if chosen_method(cart) else usual_methods(cart)
    country = cart.country or cart.home
    carts = [replace(cart, country=country, shipping_method_id=way.id) for way in ways] or [cart]
    return min(price_cart(one).totals.total for one in carts)
