"""An order's page, by its number and the secret that came with it: confirmation, payment and tracking in one."""

from datetime import timedelta
from typing import Final

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import BadRequest, NotFound
from shopapi.contract.fields import initials_of, typed_number
from shopapi.contract.orders import Order
from shopapi.contract.standing import open_withdrawal
from shopweb.forms import FieldError
from shopweb.storefront.cart_settling import note_units
from shopweb.storefront.order_frame import private_page
from shopweb.storefront.order_paths import NUMBER, TOKEN, order_path, typed_token
from shopweb.storefront.order_state import JUST_BACK, has_its_cart, is_unfinished
from shopweb.storefront.order_view import order_view
from shopweb.visit import Page, Visit

_JUST_NOW: Final = timedelta(minutes=15)
_LONGEST_NUMBER: Final = 64
_LONGEST_CODE: Final = 500


@get("/orders")
async def find_order(visit: NamedDependency[Visit]) -> Page:
    """A form for those who have lost the link; with both fields typed in, it leads to the order."""
    typed, code = visit.asked("number")[:_LONGEST_NUMBER], visit.asked("token")[:_LONGEST_CODE]
    await visit.site.shelf.learn_name(visit)
    number, token = typed_number(typed, initials_of(visit.site.shop_name)), typed_token(code)
    if NUMBER.fullmatch(number) and TOKEN.fullmatch(token):
        return visit.redirect(order_path(number, token))
    _, errors = visit.gettext, []
    if "token" in visit.request.query_params:  # Else nobody has sent the form.
        if not NUMBER.fullmatch(number):
            errors.append(FieldError("number", _("Enter the order's number, such as TT-7K4M2P.")))
        if not TOKEN.fullmatch(token):
            errors.append(FieldError("code", _("Enter the code or the link from the confirmation.")))
    return await _find_page(visit, typed, code, errors, 422 if errors else 200)


@get("/orders/{number:str}")
async def show_order(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """The order; 204 to the script that has seen it as it is."""
    token = visit.asked("token")
    order = await order_of(visit, number, token)
    if order is None:
        return await missing_page(visit, number, token)
    if visit.asked("back") == JUST_BACK and is_unfinished(visit, order):
        return visit.redirect(order_path(number, token, back=str(int(visit.now.timestamp()))))
    view = order_view(visit, order, token)
    # Once nothing is awaited, the script gets the page that says so and looks no more.
    if view.looks_again_s and visit.asked("seen") == view.seen:
        return Response(b"", status_code=204, media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})
    if order.state == "cancelled":
        await _count_again(visit, order)
    withdrawn = open_withdrawal(order) is not None
    fresh = visit.asked("new") == "1" or visit.now - order.placed_at < _JUST_NOW
    return await private_page(
        visit,
        "storefront/order.html",
        order=view,
        thanks=fresh and order.state != "cancelled" and order.shipping_state == "unshipped" and not withdrawn,
        again=order_path(number, token, **_carried(visit), seen=view.seen),
    )


def _carried(visit: Visit) -> dict[str, str]:
    """What the address says of how they came here."""
    return {name: said for name in ("new", "back") if (said := visit.asked(name))}


async def order_of(visit: Visit, number: str, token: str) -> Order | None:
    """The order, or ``None`` where number and secret do not belong together: nobody learns which of them is wrong."""
    if not NUMBER.fullmatch(number) or not TOKEN.fullmatch(token):
        return None
    try:
        # Without the session of staff, which may have ended: the secret is all that counts here.
        return await visit.api_for_nobody.get_order(number, token, language=visit.language)
    except (NotFound, BadRequest):
        return None


async def _count_again(visit: Visit, order: Order) -> None:
    """After a payment that failed the cart is open again, so its units are in the header again."""
    kept = visit.cart
    if kept is None or kept.units or not has_its_cart(visit, order):
        return
    try:
        cart = await visit.api_for_nobody.get_cart(kept.token, language=visit.language)
    except NotFound:
        return
    if cart.state == "open":
        note_units(visit, cart)


async def missing_page(visit: Visit, number: str = "", token: str = "") -> Page:
    """404, the same for a wrong number and a wrong secret; what was typed is kept, to be corrected."""
    wrong = FieldError("number", visit.gettext("Number and code do not belong together. Check both."))
    errors = [wrong] if number and token else []
    return await _find_page(visit, number[:_LONGEST_NUMBER], token[:_LONGEST_CODE], errors, 404)


async def _find_page(visit: Visit, number: str, code: str, errors: list[FieldError], status: int) -> Page:
    return await private_page(
        visit,
        "storefront/order_find.html",
        status=status,
        missing=status == 404,
        number=number,
        code=code,
        errors=errors,
    )
