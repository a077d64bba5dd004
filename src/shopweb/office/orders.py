"""The list of orders."""

from litestar import get
from litestar.di import NamedDependency

from shopapi.client import BadRequest
from shopapi.contract.accounts import Permission
from shopweb.office.desk import desk_page
from shopweb.office.orders_list import WantedOrders, order_list
from shopweb.visit import Page, SignInFirst, Visit


@get("/office/orders")
async def show_orders(visit: NamedDependency[Visit]) -> Page:
    """The list, newest first."""
    if lacking := lacks(visit, "orders:read"):
        return lacking
    try:
        return desk_page(visit, "office/orders.html", list=await order_list(visit, WantedOrders.of(visit)))
    except BadRequest:  # A cursor that was cut short, or is of another release.
        if not visit.asked("cursor"):
            raise
        return visit.redirect("/office/orders")


def lacks(visit: Visit, right: Permission) -> Page | None:
    """The page for somebody who lacks a right. Nobody who is not signed in passes, as the classroom has no orders."""
    if visit.session is None:
        raise SignInFirst
    if visit.may(right):
        return None
    return visit.page("errors/forbidden.html", status=403, context={"right": right})
