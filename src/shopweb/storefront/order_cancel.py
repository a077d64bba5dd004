"""Cancelling an order, as long as it has not left: a page that asks once more, and the deed."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import BadRequest, Conflict, NotFound
from shopapi.contract.catalog import Money
from shopapi.contract.figures import money
from shopapi.contract.orders import Order
from shopweb.forms import FieldError, key_of, new_key
from shopweb.storefront.order import missing_page, order_of
from shopweb.storefront.order_frame import private_page
from shopweb.storefront.order_paths import NUMBER, TOKEN, order_path, withdrawal_path
from shopweb.visit import Page, Visit


@get("/orders/{number:str}/cancel")
async def confirm_cancel(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """The page that says what cancelling means; an order that cannot be cancelled any more leads to its own."""
    token = visit.asked("token")
    order = await order_of(visit, number, token)
    if order is None:
        return await missing_page(visit)
    if not order.can_cancel:
        return visit.redirect(order_path(number, token))
    return await _confirm_page(visit, order, token)


@post("/orders/{number:str}/cancel")
async def cancel_order(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """Cancel it; sent twice, it is cancelled once."""
    sent = await visit.read_form()
    # Not in the address: a form that comes back while the API is away would lose it there.
    token, key = sent.get("secret", ""), key_of(sent)
    if not NUMBER.fullmatch(number) or not TOKEN.fullmatch(token):
        return await missing_page(visit)
    try:
        await visit.api_for_nobody.cancel_order(number, token, key=key)
    except Conflict as error:
        order = await order_of(visit, number, token)
        if order is None or order.state == "cancelled":
            return visit.redirect(order_path(number, token))
        message = visit.gettext("The order has moved on and cannot be cancelled any more. You can still withdraw.")
        if error.problem.code == "payment_unclear":
            message = visit.gettext(
                "Your bank does not say yet whether the money has moved. Try again in a few minutes."
            )
        return await _confirm_page(visit, order, token, [FieldError("cancel", message)], 409)
    except (NotFound, BadRequest):
        return await missing_page(visit)
    return visit.redirect(order_path(number, token))


async def _confirm_page(
    visit: Visit, order: Order, token: str, errors: list[FieldError] | None = None, status: int = 200
) -> Page:
    payment, paid = order.payment, ""
    if payment and payment.captured.amount > payment.refunded.amount:
        left = Money(payment.captured.amount - payment.refunded.amount, payment.captured.currency)
        paid = money(left, visit.language)
    return await private_page(
        visit,
        "storefront/order_cancel.html",
        status=status,
        number=order.number,
        secret=token,
        back=order_path(order.number, token),
        withdraw=withdrawal_path(order.number, token),
        key=new_key(),
        paid=paid,
        can=order.can_cancel,
        errors=errors or [],
    )
