"""The goods of an order that came to nothing go into the cart again."""

from litestar import post
from litestar.di import NamedDependency

from shopapi.client import ProblemError
from shopapi.contract.carts import LineInput
from shopapi.contract.orders import Order
from shopweb.forms import NotAsWritten, key_of, read_form
from shopweb.session import Note
from shopweb.storefront.cart import PATH, with_line
from shopweb.storefront.cart_notes import refusal
from shopweb.storefront.cart_settling import note_units, open_cart
from shopweb.storefront.order import order_of
from shopweb.visit import Page, Visit


@post("/cart/again")
async def put_in_again(visit: NamedDependency[Visit]) -> Page:
    """As many as can be had. What lies in the cart already counts; the form's key makes one of a double click."""
    visit.check_origin()
    sent = visit.sent = await read_form(visit.request)
    key = key_of(sent)
    order = await order_of(visit, sent.get("number", ""), sent.get("secret", ""))
    if order is None:
        raise NotAsWritten
    missing = await _put_in(visit, order, key)
    if missing == sum(line.quantity for line in order.lines):
        return visit.redirect(PATH, note=Note("sold_out"))
    return visit.redirect(PATH, note=Note("adjusted" if missing else "again"))


async def _put_in(visit: Visit, order: Order, key: str) -> int:
    """How many units could not be had."""
    cart, missing = await open_cart(visit), 0
    key += f"-{cart.version if cart else 0}"
    there = {line.sku: line.quantity for line in cart.lines} if cart else {}
    for line in order.lines:
        had = there.get(line.sku, 0)
        lacks = wanted = max(0, line.quantity - had)
        while lacks:
            wish = LineInput(line.sku, lacks)
            try:
                note_units(visit, await with_line(visit, wish, key=f"{key}-{lacks}-{line.sku}"))
                break
            except ProblemError as error:
                note = refusal(error, line.sku)
                if note is None:
                    raise
                lacks = min(lacks - 1, max(0, note.count - had))
        missing += wanted - lacks
    return missing
