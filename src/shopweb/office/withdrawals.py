"""Withdrawals as staff see to them: settling those of an order, and finding out which order the others mean, if any."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from shopapi.client import BadRequest, ProblemError
from shopapi.contract.accounts import PageQuery
from shopapi.contract.fields import typed_number
from shopapi.contract.orders import (
    MAX_DISMISS_REASON,
    AssignInput,
    DismissInput,
    SettleInput,
    SettleOutcome,
    Withdrawal,
)
from shopweb.forms import FieldError, key_of, new_key, one_line
from shopweb.office.desk import desk_page
from shopweb.office.listing import shown
from shopweb.office.order import office_order_page, order_number
from shopweb.office.order_refusals import order_refused, too_long
from shopweb.office.order_timeline import not_confirmed
from shopweb.office.order_view import order_page
from shopweb.office.orders import lacks
from shopweb.session import Note
from shopweb.storefront.order_paths import NUMBER
from shopweb.storefront.order_times import When, when
from shopweb.visit import Page, Visit

PATH: Final = "/office/withdrawals"
_PAGE_ROWS: Final = 24
_OUTCOMES: Final[dict[str, SettleOutcome]] = {"not_meant": "not_meant", "done": "done"}
_ID: Final = re.compile("wdr_[0-9a-z]{1,40}")


@dataclass(frozen=True)
class UnmatchedRow:
    """A withdrawal that names no order; ``orders`` lists those with its e-mail address. ``assign`` is where to say what
    it means, empty for whoever may not."""

    id: str
    name: str
    number: str
    email: str
    orders: str
    at: When
    assign: str


@dataclass(frozen=True)
class AskedAbout:
    """A withdrawal word for word, and what became of it so far: the ``order`` that it is with and its ``page``, both
    empty where there is none, whether it is ``certain`` to be its customer's own, why it may be somebody else's doing
    (``doubt``), and when it was ``settled``, or ``dismissed`` by ``who`` and ``why``."""

    name: str
    number: str
    email: str
    orders: str
    at: When
    order: str
    page: str
    certain: bool
    doubt: str
    settled: When | None
    dismissed: When | None
    who: str
    why: str


@get(PATH)
async def show_withdrawals(visit: NamedDependency[Visit]) -> Page:
    """Those that name no order that the shop knows, newest first."""
    if lacking := lacks(visit, "orders:read"):
        return lacking
    try:
        return await _unmatched_page(visit, visit.asked("cursor"), visit.asked("start"))
    except BadRequest:
        if not visit.asked("cursor"):
            raise
        return visit.redirect(PATH)


@get(f"{PATH}/{{withdrawal:str}}/assign")
async def show_assign(visit: NamedDependency[Visit], withdrawal: FromPath[str]) -> Page:
    """Ask which order it means; the number is that of the order it is with, if any."""
    if lacking := lacks(visit, "orders:write"):
        return lacking
    return await _assign_page(visit, _withdrawal_id(withdrawal), seen_with=visit.asked("order"))


@post(f"{PATH}/{{withdrawal:str}}/assign")
async def assign(visit: NamedDependency[Visit], withdrawal: FromPath[str]) -> Page:
    """Say which order it means, and whether its customer does."""
    if lacking := lacks(visit, "orders:write"):
        return lacking
    sent, name, field = await visit.read_form(), _withdrawal_id(withdrawal), f"number-{withdrawal}"
    key, typed, confirmed = key_of(sent), one_line(sent.get("number", "")), bool(sent.get("confirmed"))
    number, order = typed_number(typed), sent.get("order", "")
    if not NUMBER.fullmatch(number):
        errors = [FieldError(field, visit.gettext("Enter the order's number, such as TT-7K4M2P."))]
    else:
        try:
            now_with = order if NUMBER.fullmatch(order) else None
            to = AssignInput(number, _seen_certain(sent), confirmed, now_with, sent.get("dismissed") == "yes")
            done = await visit.api.assign_withdrawal(name, to, key=key)
            # A number is soon mistyped: the name says whose order it was.
            customer = one_line(done.order.billing_address.name)
            return visit.redirect(order_page(number), note=Note("withdrawal_assigned", f"{number}\n{customer}"))
        except ProblemError as error:
            if error.problem.code == "invalid_transition":
                said = visit.gettext(
                    "It belongs to this order already. Or a colleague has just assigned, confirmed or settled it, or "
                    "taken it off the list. Nothing was changed."
                )
                errors = [FieldError(field, said)]
            elif error.problem.code == "order_not_found":
                errors = [FieldError(field, visit.gettext("This number is not one of ours."))]
            else:
                errors = order_refused(visit, error, field)
    return await _assign_page(visit, name, typed=typed, confirmed=confirmed, errors=errors)


@get(f"{PATH}/{{withdrawal:str}}/dismiss")
async def show_dismiss(visit: NamedDependency[Visit], withdrawal: FromPath[str]) -> Page:
    """It is done on the page that assigns it; this is where a browser lands that reloads a form it sent."""
    return visit.redirect(f"{PATH}/{_withdrawal_id(withdrawal)}/assign")


@post(f"{PATH}/{{withdrawal:str}}/dismiss")
async def dismiss(visit: NamedDependency[Visit], withdrawal: FromPath[str]) -> Page:
    """Say that it belongs to no order, and why."""
    if lacking := lacks(visit, "orders:write"):
        return lacking
    sent, name, field = await visit.read_form(), _withdrawal_id(withdrawal), f"reason-{withdrawal}"
    key, reason = key_of(sent), one_line(sent.get("reason", ""))
    errors = too_long(visit, field, reason, MAX_DISMISS_REASON)
    if not reason:
        errors = [FieldError(field, visit.gettext("Say why it belongs to no order."))]
    elif not errors:
        try:
            await visit.api.dismiss_withdrawal(name, DismissInput(reason), key=key)
            return visit.redirect(PATH, note=Note("withdrawal_dismissed"))
        except ProblemError as error:
            if error.problem.code == "invalid_transition":
                said = visit.gettext("A colleague has just assigned it or taken it off the list. Nothing was changed.")
                errors = [FieldError(f"number-{name}", said)]  # Its own field is gone then.
            else:
                errors = order_refused(visit, error, field)
    return await _assign_page(visit, name, reason=reason, errors=errors)


async def _assign_page(
    visit: Visit,
    name: str,
    *,
    seen_with: str = "",
    typed: str | None = None,
    confirmed: bool = False,
    reason: str = "",
    errors: list[FieldError] | None = None,
) -> Page:
    """The declaration and its forms, while it is not settled. All tell how things stand now, whatever an older page
    said; ``seen_with`` is the order whose page led here."""
    one = await visit.api.get_withdrawal(name)
    declared = _asked_about(visit, one)
    return desk_page(
        visit,
        "office/withdrawal_assign.html",
        status=422 if errors else 200,
        declared=declared,
        gone_from=seen_with if NUMBER.fullmatch(seen_with) and seen_with != declared.order else "",
        assign=f"{PATH}/{name}/assign",
        number=declared.order or visit.gettext("Withdrawals without an order"),
        page=declared.page or PATH,
        field=f"number-{name}",
        typed=declared.order if typed is None else typed,
        confirmed=confirmed,
        dismiss="" if declared.order or declared.dismissed else f"{PATH}/{name}/dismiss",
        why_field=f"reason-{name}",
        reason=reason,
        most=MAX_DISMISS_REASON,
        key=new_key(),
        errors=[] if declared.settled else errors or [],
    )


async def _unmatched_page(visit: Visit, cursor: str, start: str) -> Page:
    """A page of the list."""
    begin = int(start) if start.isascii() and start.isdigit() and len(start) < 8 else 0
    found = await visit.api.list_unmatched_withdrawals(PageQuery(_PAGE_ROWS, cursor or None))
    onward = {"cursor": found.next_cursor or "", "start": str(begin + len(found.data))}
    return desk_page(
        visit,
        "office/withdrawals.html",
        rows=[_row(visit, one) for one in found.data],
        shown=shown(visit, begin, len(found.data), found.total),
        first=PATH if cursor else "",
        next=f"{PATH}?{urlencode(onward)}" if found.next_cursor else "",
        key=new_key(),
        errors=[],
    )


@get("/office/orders/{number:str}/withdrawals/{withdrawal:str}/settle")
async def show_settle(visit: NamedDependency[Visit], number: FromPath[str], withdrawal: FromPath[str]) -> Page:
    """It is done on the order's page; this is where a browser lands that reloads a form it sent."""
    _withdrawal_id(withdrawal)
    return visit.redirect(order_page(number))


@post("/office/orders/{number:str}/withdrawals/{withdrawal:str}/settle")
async def settle(visit: NamedDependency[Visit], number: FromPath[str], withdrawal: FromPath[str]) -> Page:
    """Nothing is left to do about this withdrawal from an order: it was not meant, or it is done."""
    if lacking := lacks(visit, "orders:write"):
        return lacking
    sent, name, field = await visit.read_form(), _withdrawal_id(withdrawal), f"reason-{withdrawal}"
    key, reason, said = key_of(sent), one_line(sent.get("reason", "")), sent.get("outcome", "")
    outcome, errors = _OUTCOMES.get(said), too_long(visit, field, reason)
    if outcome is None:
        errors = [FieldError(f"outcome-{withdrawal}", visit.gettext("Choose what became of it.")), *errors]
    elif not errors:
        try:
            what = SettleInput(name, outcome, _seen_certain(sent), reason)
            await visit.api.settle_withdrawal(order_number(number), what, key=key)
            return visit.redirect(order_page(number), note=Note("withdrawal_settled", number))
        except ProblemError as error:
            if error.problem.code in ("invalid_transition", "not_found"):
                return await _changed_meanwhile(visit, number, name, reason)
            errors = order_refused(visit, error, field)
    return await office_order_page(visit, number, settling=name, outcome=said, reason=reason, errors=errors, status=422)


async def _changed_meanwhile(visit: Visit, number: str, name: str, reason: str) -> Page:
    """The order as it stands now. What became of the withdrawal is to be chosen anew, where that is still open."""
    one = await visit.api.get_withdrawal(name)
    if one.settled_at or one.now_with != number:
        return visit.redirect(order_page(number), note=Note("withdrawal_changed", number))
    said = visit.gettext(
        "A colleague has changed it meanwhile, or the order has moved on. Nothing was done: look at how it stands now."
    )
    errors = [FieldError(f"outcome-{name}", said)]
    return await office_order_page(visit, number, settling=name, reason=reason, errors=errors, status=422)


def _seen_certain(sent: dict[str, str]) -> bool:
    """Whether the form's page showed the withdrawal as its customer's own."""
    return sent.get("certain") == "yes"


def _withdrawal_id(text: str) -> str:
    """A withdrawal's id as it stands in a path; raises ``NotFoundException`` for anything else."""
    if not _ID.fullmatch(text):
        raise NotFoundException
    return text


def _asked_about(visit: Visit, one: Withdrawal) -> AskedAbout:
    order = one.now_with or ""
    return AskedAbout(
        *(one.name, one.order_number, one.email, _orders_of(one), when(visit, one.declared_at)),
        order=order,
        page=order_page(order) if order else "",
        certain=bool(one.certain),
        doubt=not_confirmed(visit) if order and not one.certain else "",
        settled=when(visit, one.settled_at) if one.settled_at else None,
        dismissed=when(visit, one.dismissed_at) if one.dismissed_at else None,
        who=one.dismissed_by or "",
        why=one.dismissed_why or "",
    )


def _orders_of(one: Withdrawal) -> str:
    return f"/office/orders?{urlencode({'q': one.email})}"


def _row(visit: Visit, one: Withdrawal) -> UnmatchedRow:
    assign = f"{PATH}/{one.id}/assign" if visit.may("orders:write") else ""
    at = when(visit, one.declared_at)
    return UnmatchedRow(one.id, one.name, one.order_number, one.email, _orders_of(one), at, assign)
