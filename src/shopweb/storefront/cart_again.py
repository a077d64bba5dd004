"""The goods of an order that came to nothing go into the cart again."""

from contextlib import suppress

from litestar import post
from litestar.di import NamedDependency

from shopapi.client import NotFound, ProblemError, TooManyRequests
from shopapi.contract.carts import Cart, LineInput
from shopapi.contract.orders import Order, OrderLine
from shopweb.forms import NotAsWritten, read_form
from shopweb.session import Note
from shopweb.storefront.cart import PATH, with_line
from shopweb.storefront.cart_notes import refusal
from shopweb.storefront.cart_settling import note_units, open_cart
from shopweb.storefront.order import order_of
from shopweb.visit import Page, Visit


@post("/cart/again")
async def put_in_again(visit: NamedDependency[Visit]) -> Page:
    """As many as can be had. What lies in the cart already counts, so a double click puts nothing in twice."""
    visit.check_origin()
    sent = visit.sent = await read_form(visit.request)
    order = await order_of(visit, sent.get("number", ""), sent.get("secret", ""))
    if order is None:
        raise NotAsWritten
    try:
        return visit.redirect(PATH, note=await _put_in(visit, order))
    except TooManyRequests:
        return visit.redirect(PATH, note=Note("too_often"))


async def _put_in(visit: Visit, order: Order) -> Note:
    """What the cart's page says of it."""
    cart = await open_cart(visit)
    there = {line.sku: line.quantity for line in cart.lines} if cart else {}
    missing, full = 0, False
    for line in order.lines:
        got, refused = await _raised(visit, line, there.get(line.sku, 0))
        missing += max(0, line.quantity - got)
        full = full or refused == "full"
    if full:
        return Note("full")
    if missing == sum(line.quantity for line in order.lines):
        return Note("sold_out")
    return Note("adjusted" if missing else "again")


async def _raised(visit: Visit, line: OrderLine, had: int) -> tuple[int, str]:
    """How many units the cart holds then, where it ``had`` so many; and why they are not more."""
    aim, is_there, refused = line.quantity, had > 0, ""
    while aim > had:
        try:
            note_units(visit, await _with_units(visit, line.sku, aim, is_there=is_there))
            return aim, refused
        except ProblemError as error:
            note = refusal(error, line.sku)
            if note is None:
                raise
            if not is_there and (note.says == "full" or note.count >= aim):
                is_there = True  # Another press may have put it in meanwhile: then it can still be set.
                continue
            aim, refused = min(aim - 1, note.count), note.says
    return had, refused


async def _with_units(visit: Visit, sku: str, units: int, *, is_there: bool) -> Cart:
    """The cart with so many units in all, whatever another press of the same button puts in at the same time."""
    if is_there and visit.cart:
        with suppress(NotFound):  # Taken out meanwhile.
            return await visit.api_for_nobody.set_cart_line(visit.cart.token, sku, units, language=visit.language)
    cart = await with_line(visit, LineInput(sku, units))
    if all(line.quantity <= units for line in cart.lines if line.sku == sku):
        return cart
    return await visit.api_for_nobody.set_cart_line(cart.token, sku, units, language=visit.language)
