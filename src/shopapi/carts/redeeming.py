"""Whether a code may come into a cart: it takes something off, and no less than the one it replaces; no I/O."""

from collections.abc import Iterator

from msgspec.structs import replace

from shopapi.carts.pricing import Priced, chosen_method, price_cart
from shopapi.carts.reading import StoredCart, StoredMethod
from shopapi.promotions.rules import CodeNotApplicable, CodeUsedUp


def check_code(before: StoredCart, after: StoredCart, code: str) -> None:
    """Refuse ``code``, which only ``after`` has; raises :class:`CodeUsedUp`, :class:`CodeNotApplicable`.

    What it saves is asked only where something is in the cart: a code may be entered before the goods.
    """
    priced = price_cart(after)
    for one in priced.problems:  # A cart has one code, so why it takes nothing off is about this one.
        if one.why == "used_up":
            raise CodeUsedUp(code)  # By this customer: anybody else would still have it.
        if one.why is not None:
            raise CodeNotApplicable(code, one.why, one.missing, one.goods)
    if not after.lines:
        return
    if _takes_nothing_off(priced):
        raise CodeNotApplicable(code, "nothing_off")
    if all(new > old for new, old in zip(_costs(after), _costs(before), strict=True)):
        raise CodeNotApplicable(code, "outdone")


def _takes_nothing_off(priced: Priced) -> bool:
    # Until it is known what delivery costs, a code that makes it free may be of use.
    if priced.totals.shipping is None and any(one.code and one.free_shipping for one in priced.discounts):
        return False
    without = replace(priced.cart, promotions=[one for one in priced.cart.promotions if one.code is None])
    return price_cart(without).totals.total == priced.totals.total


def _costs(cart: StoredCart) -> Iterator[int]:
    """The total with delivery: one for each way that may still be chosen, until one is."""
    carts = [] if chosen_method(cart) else [_with(cart, one) for one in cart.methods if _goes(one, cart.country)]
    yield from (price_cart(one).totals.total for one in carts or [cart])


def _goes(way: StoredMethod, country: str | None) -> bool:
    # While the country is not known, it may become any that something is delivered to.
    return bool(way.countries) if country is None else country in way.countries


def _with(cart: StoredCart, way: StoredMethod) -> StoredCart:
    country = cart.country or (cart.home if cart.home in way.countries else way.countries[0])
    return replace(cart, country=country, shipping_method_id=way.id)
