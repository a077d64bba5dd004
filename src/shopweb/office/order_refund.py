"""Giving money back: how much, then a page that names it and whom it goes to, then the deed."""

from dataclasses import dataclass

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import ProblemError, Unprocessable
from shopapi.contract.carts import MoneyInput
from shopapi.contract.catalog import Money
from shopapi.contract.figures import money
from shopapi.contract.orders import AdminOrder, Payment, RefundInput
from shopapi.contract.standing import refundable
from shopweb.forms import FieldError, NotAsWritten, Sent, key_of, new_key, one_line
from shopweb.money import typed, typed_amount
from shopweb.office.desk import desk_page
from shopweb.office.order import order_found, order_number
from shopweb.office.order_actions import payment_of
from shopweb.office.order_declared import names_a_part
from shopweb.office.order_money import by_hand
from shopweb.office.order_notes import to_send
from shopweb.office.order_refusals import order_refused, too_long
from shopweb.office.order_view import order_page, payment_to_refund
from shopweb.office.order_words import send_yourself
from shopweb.office.orders import lacks
from shopweb.session import Note
from shopweb.visit import Page, Visit


@dataclass(frozen=True)
class RefundForm:
    """How much and why, as it was typed."""

    amount: str
    reason: str

    @classmethod
    def sent_by(cls, sent: Sent) -> "RefundForm":
        """The form that somebody sent."""
        return cls(sent.get("amount", "").strip()[:40], one_line(sent.get("reason", "")))


@get("/office/orders/{number:str}/refund")
async def show_refund(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """The form, with all that can be given back in it, unless a withdrawal may mean a part."""
    if lacking := lacks(visit, "payments:write"):
        return lacking
    found = await order_found(visit, number)
    payment = payment_to_refund(found)
    if payment is None:
        return visit.redirect(order_page(number), note=Note("order_moved_on", number))
    most = "" if names_a_part(found) else typed(refundable(payment).amount, visit.language)
    return await _form_page(visit, found, RefundForm(most, ""))


@post("/office/orders/{number:str}/refund")
async def check_refund(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """Show what is about to happen, or what is wrong with it."""
    if lacking := lacks(visit, "payments:write"):
        return lacking
    form = RefundForm.sent_by(await visit.read_form())
    found = await order_found(visit, number)
    payment = payment_to_refund(found)
    if payment is None:
        return visit.redirect(order_page(number), note=Note("order_moved_on", number))
    errors = too_long(visit, "reason", form.reason)
    amount = typed_amount(form.amount)
    if amount is None:
        errors = [_no_amount(visit), *errors]
    elif not 0 < amount <= refundable(payment).amount:
        errors = [_wrong_amount(visit, refundable(payment)), *errors]
    if errors or not amount:
        return await _form_page(visit, found, form, errors)
    written, customer = (
        money(Money(amount, payment.captured.currency), visit.language),
        found.order.billing_address.name,
    )
    return desk_page(
        visit,
        "office/order_refund_confirm.html",
        number=number,
        page=order_page(number),
        payment=payment.id,
        amount=written,
        send=send_yourself(visit, written, customer) if by_hand(payment) else "",
        minor=amount,
        currency=payment.captured.currency,
        customer=customer,
        form=form,
        key=new_key(),
    )


@get("/office/orders/{number:str}/refund/confirm")
async def show_confirm(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """Where a browser lands that reloads the page that asked: the form."""
    return visit.redirect(order_page(number, "refund"))


@post("/office/orders/{number:str}/refund/confirm")
async def refund(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """Give the money back; sent twice, it goes back once."""
    if lacking := lacks(visit, "payments:write"):
        return lacking
    sent = await visit.read_form()
    key, payment, form, amount = key_of(sent), payment_of(sent), RefundForm.sent_by(sent), _amount(sent)
    try:
        wanted = RefundInput(MoneyInput(amount.amount, amount.currency), form.reason)
        done = await visit.api.refund_payment(payment, wanted, key=key)
        return visit.redirect(order_page(order_number(number)), note=await _refunded(visit, number, done, amount))
    except Unprocessable as error:
        found = await order_found(visit, number)
        left = payment_to_refund(found)
        if error.problem.code == "idempotency_key_reused":
            errors = order_refused(visit, error, "amount")
        else:
            errors = [_wrong_amount(visit, refundable(left) if left else Money(0, amount.currency))]
    except ProblemError as error:
        errors = order_refused(visit, error, "amount")
        found = await order_found(visit, number)
    return await _form_page(visit, found, form, errors)


async def _refunded(visit: Visit, number: str, done: Payment, amount: Money) -> Note:
    written = money(amount, visit.language)
    if by_hand(done):
        found = await order_found(visit, number)
        return to_send("noted_refund", written, written, found.order.billing_address.name)
    # Not the payment's sums: they may be about another refund.
    state = next((refund.state for refund in reversed(done.refunds) if refund.amount == amount), "unknown")
    return Note({"succeeded": "refunded", "failed": "refund_failed"}.get(state, "refund_pending"), written)


async def _form_page(visit: Visit, found: AdminOrder, form: RefundForm, errors: list[FieldError] | None = None) -> Page:
    payment = payment_to_refund(found)
    return desk_page(
        visit,
        "office/order_refund.html",
        status=422 if errors else 200,
        number=found.order.number,
        page=order_page(found.order.number),
        customer=found.order.billing_address.name,
        most=money(refundable(payment), visit.language) if payment else "",
        by_hand=payment is not None and by_hand(payment),
        form=form,
        errors=errors or [],
    )


def _no_amount(visit: Visit) -> FieldError:
    message = visit.gettext("An amount is a number, such as 12 or %(example)s.")
    return FieldError("amount", message % {"example": typed(1250, visit.language)})


def _wrong_amount(visit: Visit, most: Money) -> FieldError:
    if most.amount <= 0:
        return FieldError("amount", visit.gettext("Everything that came in has gone back already."))
    message = visit.gettext("An amount from %(least)s to %(most)s: no more is left to give back.")
    least = money(Money(1, most.currency), visit.language)
    return FieldError("amount", message % {"least": least, "most": money(most, visit.language)})


def _amount(sent: Sent) -> Money:
    minor, currency = sent.get("minor", ""), sent.get("currency", "")
    if not (minor.isascii() and minor.isdigit() and len(minor) < 14 and currency.isascii() and len(currency) == 3):
        raise NotAsWritten
    return Money(int(minor), currency)
