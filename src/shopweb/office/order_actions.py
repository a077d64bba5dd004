"""What staff do with an order: ship it, mark its bank transfer as paid, cancel it. Each has a page that asks once."""

import re
from typing import Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import ProblemError
from shopapi.contract.catalog import Money
from shopapi.contract.figures import money
from shopapi.contract.orders import AdminOrder, CancelInput, CaptureInput, ShipmentInput
from shopapi.contract.standing import is_paid, refundable, to_see_to, wrong_charges
from shopweb.forms import FieldError, NotAsWritten, Sent, key_of, new_key, one_line
from shopweb.office.desk import desk_page
from shopweb.office.order import order_found, order_number
from shopweb.office.order_declared import customer_withdrew, declared_before
from shopweb.office.order_money import by_hand, has_wrong_charge
from shopweb.office.order_notes import to_send
from shopweb.office.order_refusals import goods_gone, order_refused, too_long
from shopweb.office.order_view import can_ship, is_asked_first, order_page, transfer_awaited, units_of
from shopweb.office.order_words import send_yourself
from shopweb.office.orders import lacks
from shopweb.session import Note
from shopweb.visit import Page, Visit

_PAYMENT_ID: Final = re.compile(r"[a-z]{1,8}_[0-9a-z]{1,40}")


@get("/office/orders/{number:str}/ship")
async def show_ship(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """Who carries it, under which number."""
    if lacking := lacks(visit, "orders:write"):
        return lacking
    found = await order_found(visit, number)
    return await _ship_page(visit, found, {}) if can_ship(found) else _not_to_ship(visit, found)


@post("/office/orders/{number:str}/ship")
async def ship(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """The whole order has left."""
    if lacking := lacks(visit, "orders:write"):
        return lacking
    sent = await visit.read_form()
    key, parcel = key_of(sent), ShipmentInput(one_line(sent.get("carrier", "")), one_line(sent.get("tracking", "")))
    errors = too_long(visit, "carrier", parcel.carrier) + too_long(visit, "tracking", parcel.tracking)
    found = await order_found(visit, number)
    shown = sent.get("anyway", "").split()
    if is_asked_first(found) and any(one.id not in shown for one in to_see_to(found)):
        _ = visit.gettext
        message = (
            _("Another withdrawal has come in. Read it, then tick this again.")
            if shown
            else _("Nobody knows yet whether the withdrawal is meant. Find out first, or tick this.")
        )
        errors = [*errors, FieldError("anyway", message)]
    if not errors:
        try:
            await visit.api.ship_order(order_number(number), parcel, key=key)
            return visit.redirect(order_page(number), note=Note("shipped", number))
        except ProblemError as error:
            errors = order_refused(visit, error, "carrier")
            found = await order_found(visit, number)
    return _not_to_ship(visit, found) if customer_withdrew(found) else await _ship_page(visit, found, sent, errors)


@get("/office/orders/{number:str}/pay")
async def show_pay(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """Which transfer has come in."""
    if lacking := lacks(visit, "payments:write"):
        return lacking
    found = await order_found(visit, number)
    return await _pay_page(visit, found, {}) if transfer_awaited(found) else _too_late(visit, number)


@post("/office/orders/{number:str}/pay")
async def pay(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """The money has come in."""
    if lacking := lacks(visit, "payments:write"):
        return lacking
    sent = await visit.read_form()
    key, payment, reference = key_of(sent), payment_of(sent), one_line(sent.get("reference", ""))
    errors = too_long(visit, "reference", reference)
    if not errors:
        try:
            await visit.api.capture_payment(payment, CaptureInput(reference), key=key)
            return visit.redirect(order_page(order_number(number)), note=Note("paid", number))
        except ProblemError as error:
            found = await order_found(visit, number)
            if error.problem.code == "invalid_transition" and found.order.state == "cancelled":
                errors = [FieldError("reference", goods_gone(visit))]
            else:
                errors = order_refused(visit, error, "reference")
            return await _pay_page(visit, found, sent, errors)
    return await _pay_page(visit, await order_found(visit, number), sent, errors)


@get("/office/orders/{number:str}/cancel")
async def show_cancel(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """What cancelling means for this order."""
    if lacking := lacks(visit, "orders:write"):
        return lacking
    found = await order_found(visit, number)
    asked = found.order.can_cancel or has_wrong_charge(found)
    return await _cancel_page(visit, found, {}) if asked else _too_late(visit, number)


@post("/office/orders/{number:str}/cancel")
async def cancel(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """Cancel it; what was paid is given back."""
    if lacking := lacks(visit, "orders:write"):
        return lacking
    sent = await visit.read_form()
    key, reason = key_of(sent), one_line(sent.get("reason", ""))
    errors = too_long(visit, "reason", reason)
    if not errors:
        try:
            done = await visit.api.cancel_admin_order(order_number(number), CancelInput(reason), key=key)
            return visit.redirect(order_page(number), note=_cancelled(visit, done))
        except ProblemError as error:
            errors = order_refused(visit, error, "reason")
    return await _cancel_page(visit, await order_found(visit, number), sent, errors)


def payment_of(sent: Sent) -> str:
    """The payment that a form is about; raises :class:`NotAsWritten`."""
    payment = sent.get("payment", "")
    if not _PAYMENT_ID.fullmatch(payment):
        raise NotAsWritten
    return payment


def _too_late(visit: Visit, number: str) -> Page:
    return visit.redirect(order_page(number), note=Note("order_moved_on", number))


def _not_to_ship(visit: Visit, found: AdminOrder) -> Page:
    number, withdrawn = found.order.number, customer_withdrew(found)
    return visit.redirect(order_page(number), note=Note("order_withdrawn" if withdrawn else "order_moved_on", number))


async def _ship_page(visit: Visit, found: AdminOrder, sent: Sent, errors: list[FieldError] | None = None) -> Page:
    units = units_of(found.order)
    words = visit.ngettext("Ship %(count)s unit", "Ship %(count)s units", units)
    declared = declared_before(visit, found, order_page(found.order.number))
    button = words % {"count": visit.number(units)}
    return _asking(visit, "office/order_ship.html", found, sent, errors, button=button, declared=declared)


async def _pay_page(visit: Visit, found: AdminOrder, sent: Sent, errors: list[FieldError] | None = None) -> Page:
    payment = transfer_awaited(found)
    amount = money(payment.amount if payment else found.order.total, visit.language)
    payment_id = payment.id if payment else sent.get("payment", "")
    cancelled = found.order.state == "cancelled"
    return _asking(
        visit, "office/order_pay.html", found, sent, errors, amount=amount, payment=payment_id, cancelled=cancelled
    )


async def _cancel_page(visit: Visit, found: AdminOrder, sent: Sent, errors: list[FieldError] | None = None) -> Page:
    left = sum(refundable(payment).amount for payment in found.payments)
    wrong = [amount for payment in found.payments for amount in wrong_charges(payment, given_back=False)]
    back = [Money(left, found.order.currency)] if left > 0 else wrong
    told = " + ".join(money(amount, visit.language) for amount in back)
    sends = left > 0 and any(by_hand(payment) for payment in found.payments)
    send = send_yourself(visit, told, found.order.billing_address.name) if sends else ""
    unclear = any(payment.state == "unknown" for payment in found.payments)
    return _asking(
        *(visit, "office/order_cancel.html", found, sent, errors),
        back=told,
        paid=is_paid(found),
        unclear=unclear,
        send=send,
        cancelled=found.order.state == "cancelled",
    )


def _cancelled(visit: Visit, done: AdminOrder) -> Note:
    """What the order's page says next: also what to transfer, where the cancellation noted a refund by hand."""
    for payment in done.payments:
        if by_hand(payment) and payment.refunds and payment.refunds[-1].reason == "staff":
            amount = money(payment.refunds[-1].amount, visit.language)
            return to_send("order_cancelled", done.order.number, amount, done.order.billing_address.name)
    left = sum(refundable(payment).amount for payment in done.payments)
    if left > 0:  # Cancelling sets all of it aside: what can be given back after it was refused.
        amount = money(Money(left, done.order.currency), visit.language)
        return Note("cancelled_unrefunded", f"{done.order.number}\n{amount}")
    return Note("order_cancelled", done.order.number)


def _asking(
    visit: Visit, template: str, found: AdminOrder, sent: Sent, errors: list[FieldError] | None, **context: object
) -> Page:
    """A page that asks before something is done; what was typed stays in its fields."""
    return desk_page(
        visit,
        template,
        status=422 if errors else 200,
        number=found.order.number,
        page=order_page(found.order.number),
        customer=found.order.billing_address.name,
        sent=sent,
        key=new_key(),
        errors=errors or [],
        **context,
    )
