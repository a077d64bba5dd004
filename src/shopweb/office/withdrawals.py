"""Withdrawals as staff see to them: settling those of an order, and finding out what the others mean."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import BadRequest, ProblemError
from shopapi.contract.accounts import PageQuery
from shopapi.contract.orders import SettleInput, Withdrawal
from shopweb.forms import key_of, one_line
from shopweb.office.desk import desk_page
from shopweb.office.listing import shown
from shopweb.office.order import office_order_page, order_number
from shopweb.office.order_refusals import order_refused, too_long
from shopweb.office.order_view import order_page
from shopweb.office.orders import lacks
from shopweb.session import Note
from shopweb.storefront.order_times import When, when
from shopweb.visit import Page, Visit

PATH: Final = "/office/withdrawals"
_PAGE_ROWS: Final = 24


@dataclass(frozen=True)
class UnmatchedRow:
    """A withdrawal that names no order; ``orders`` lists those with its e-mail address."""

    name: str
    number: str
    email: str
    orders: str
    at: When


@get(PATH)
async def show_withdrawals(visit: NamedDependency[Visit]) -> Page:
    """Those that name no order that the shop knows, newest first."""
    if lacking := lacks(visit, "orders:read"):
        return lacking
    cursor, start = visit.asked("cursor"), visit.asked("start")
    begin = int(start) if start.isascii() and start.isdigit() and len(start) < 8 else 0
    try:
        found = await visit.api.list_unmatched_withdrawals(PageQuery(_PAGE_ROWS, cursor or None))
    except BadRequest:
        if not cursor:
            raise
        return visit.redirect(PATH)
    onward = {"cursor": found.next_cursor or "", "start": str(begin + len(found.data))}
    return desk_page(
        visit,
        "office/withdrawals.html",
        rows=[_row(visit, one) for one in found.data],
        shown=shown(visit, begin, len(found.data), found.total),
        first=PATH if cursor else "",
        next=f"{PATH}?{urlencode(onward)}" if found.next_cursor else "",
    )


@get("/office/orders/{number:str}/withdrawals/settle")
async def show_settle(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """It is done on the order's page; this is where a browser lands that reloads a form it sent."""
    return visit.redirect(order_page(number))


@post("/office/orders/{number:str}/withdrawals/settle")
async def settle(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """Nothing is left to do about an order's withdrawals."""
    if lacking := lacks(visit, "orders:write"):
        return lacking
    sent = await visit.read_form()
    key, reason = key_of(sent), one_line(sent.get("reason", ""))
    errors = too_long(visit, "reason", reason)
    if not errors:
        try:
            await visit.api.settle_withdrawals(order_number(number), SettleInput(reason), key=key)
            return visit.redirect(order_page(number), note=Note("withdrawal_settled", number))
        except ProblemError as error:
            if error.problem.code == "invalid_transition":
                return visit.redirect(order_page(number), note=Note("order_moved_on", number))
            errors = order_refused(visit, error, "reason")
    return await office_order_page(visit, number, reason=reason, errors=errors, status=422)


def _row(visit: Visit, one: Withdrawal) -> UnmatchedRow:
    orders = f"/office/orders?{urlencode({'q': one.email})}"
    return UnmatchedRow(one.name, one.order_number, one.email, orders, when(visit, one.declared_at))
