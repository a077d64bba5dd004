"""Withdrawing from a contract by two clicks (section 356a BGB, in force since 19 June 2026).

The law asks for a button that is always in sight, a page that asks for name, contract and an address for the receipt
and for no reason, and a second button that confirms. The receipt, with date and time, goes out by e-mail at once.
"""

from litestar import get, post
from litestar.di import NamedDependency

from shopapi.client import BadRequest, Conflict, ShopApiError, TooManyRequests, Unprocessable
from shopapi.contract.fields import typed_number
from shopapi.contract.orders import Withdrawal
from shopweb.forms import FieldError, key_of, new_key
from shopweb.storefront.order import order_of
from shopweb.storefront.order_frame import private_page
from shopweb.storefront.order_times import when
from shopweb.storefront.withdrawal_form import Declaration, refused, wrong
from shopweb.visit import OutdatedForm, Page, Visit

PATH = "/withdrawal"


@get(PATH)
async def show_withdrawal(visit: NamedDependency[Visit]) -> Page:
    """The form; a link from an order brings its number along, and with the order's secret what its page shows."""
    number, token = typed_number(visit.asked("order"))[:64], visit.asked("token")
    try:
        order = await order_of(visit, number, token)
    except ShopApiError:  # The form has to be there all the same: all of it can be typed.
        order = None
    name, email = (order.billing_address.name, order.email) if order else ("", "")
    return await _form_page(visit, Declaration(name, number, email))


@post(PATH)
async def check_withdrawal(visit: NamedDependency[Visit]) -> Page:
    """Show what was typed, with the button that confirms it; or say what is wrong, with nothing lost."""
    try:
        sent = await visit.read_form()
    except OutdatedForm:
        return await _outdated(visit)
    declared = Declaration.sent_by(sent)
    errors = wrong(visit, declared)
    if errors or sent.get("change"):
        return await _form_page(visit, declared, errors)
    return await private_page(visit, "storefront/withdrawal_confirm.html", declared=declared, key=new_key())


@get("/withdrawal/confirm")
async def show_confirmed(visit: NamedDependency[Visit]) -> Page:
    """Declaring is a form's deed; a link leads to where it begins."""
    return visit.redirect(PATH)


@post("/withdrawal/confirm")
async def confirm_withdrawal(visit: NamedDependency[Visit]) -> Page:
    """Declare it. Answered at once and not by a redirect: what was declared belongs into no address."""
    try:
        sent = await visit.read_form()
    except OutdatedForm:
        return await _outdated(visit)
    declared, key = Declaration.sent_by(sent), key_of(sent)
    errors = wrong(visit, declared)
    if not errors:
        try:
            done = await visit.api_for_nobody.withdraw(declared.input(), language=visit.language, key=key)
            return await _receipt_page(visit, done)
        except (BadRequest, Conflict, Unprocessable) as error:
            errors = refused(visit, error)
        except TooManyRequests:
            message = visit.gettext("There were too many tries. Wait a minute, then try again.")
            return await _form_page(visit, declared, [FieldError("name", message)], 429)
    return await _form_page(visit, declared, errors)


async def _outdated(visit: Visit) -> Page:
    """The same form, with what was typed: nothing was declared yet."""
    note = visit.gettext("This page was open for too long. Look through it once more, then send it again.")
    return await _form_page(visit, Declaration.sent_by(visit.sent), status=403, note=note)


async def _form_page(
    visit: Visit, declared: Declaration, errors: list[FieldError] | None = None, status: int = 422, note: str = ""
) -> Page:
    status = status if errors or note else 200
    return await private_page(
        visit, "storefront/withdrawal.html", status=status, declared=declared, errors=errors or [], says=note
    )


async def _receipt_page(visit: Visit, done: Withdrawal) -> Page:
    return await private_page(
        visit, "storefront/withdrawal_done.html", done=done, declared_at=when(visit, done.declared_at)
    )
