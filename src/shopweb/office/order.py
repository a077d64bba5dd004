"""An order's page in the back office, its invoices, and the notes that colleagues leave on it."""

import asyncio
from typing import Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from shopapi.client import Forbidden, ProblemError
from shopapi.contract.orders import AdminOrder, EmailPage, EmailQuery, NoteInput
from shopweb.forms import FieldError, key_of, new_key, one_line
from shopweb.office.desk import desk_page
from shopweb.office.order_refusals import order_refused
from shopweb.office.order_view import office_order, order_page
from shopweb.office.orders import lacks
from shopweb.session import Note
from shopweb.storefront.answers import answer_or_error
from shopweb.storefront.order_invoice import INVOICE_ID, pdf_page
from shopweb.storefront.order_paths import NUMBER
from shopweb.visit import Page, Visit

MAX_NOTE: Final = 1000
_LETTERS: Final = 24


@get("/office/orders/{number:str}")
async def show_office_order(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """The order, with what can be done next on top."""
    return lacks(visit, "orders:read") or await office_order_page(visit, number)


@get("/office/orders/{number:str}/invoices/{invoice:str}")
async def show_office_invoice(visit: NamedDependency[Visit], number: FromPath[str], invoice: FromPath[str]) -> Page:
    """An invoice or a credit note as PDF."""
    if lacking := lacks(visit, "orders:read"):
        return lacking
    if not NUMBER.fullmatch(number) or not INVOICE_ID.fullmatch(invoice):
        raise NotFoundException
    content, found = await asyncio.gather(visit.api.get_admin_invoice(number, invoice), order_found(visit, number))
    return pdf_page(content, found.order, invoice)


@get("/office/orders/{number:str}/notes")
async def show_notes(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """They are on the order's page; this is where a browser lands that reloads a form it sent."""
    return visit.redirect(order_page(number))


@post("/office/orders/{number:str}/notes")
async def add_note(visit: NamedDependency[Visit], number: FromPath[str]) -> Page:
    """Leave a note for colleagues."""
    if lacking := lacks(visit, "orders:write"):
        return lacking
    sent = await visit.read_form()
    text, key, errors = one_line(sent.get("text", "")), key_of(sent), list[FieldError]()
    if not text:
        errors = [FieldError("text", visit.gettext("Write the note first."))]
    elif len(text) > MAX_NOTE:
        errors = [FieldError("text", visit.gettext("A note has at most 1,000 characters."))]
    else:
        try:
            await visit.api.note_on_order(order_number(number), NoteInput(text), key=key)
            return visit.redirect(order_page(number), note=Note("noted", number))
        except ProblemError as error:
            errors = order_refused(visit, error, "text")
    return await office_order_page(visit, number, text=sent.get("text", ""), errors=errors, status=422)


async def office_order_page(
    visit: Visit,
    number: str,
    *,
    text: str = "",
    settling: str = "",
    outcome: str = "",
    reason: str = "",
    errors: list[FieldError] | None = None,
    status: int = 200,
) -> Page:
    """The page; ``text`` and ``errors`` are what came back from the form for a note, ``outcome`` and ``reason`` from
    the one that settles the withdrawal ``settling``."""
    found, emails = await asyncio.gather(
        order_found(visit, number), answer_or_error(visit.api.list_emails(EmailQuery(number, limit=_LETTERS)))
    )
    if not isinstance(emails, (EmailPage, Forbidden)):
        raise emails
    return desk_page(
        visit,
        "office/order.html",
        status=status,
        order=office_order(visit, found, emails.data if isinstance(emails, EmailPage) else []),
        text=text,
        settling=settling,
        outcome=outcome,
        reason=reason,
        key=new_key(),
        errors=errors or [],
    )


async def order_found(visit: Visit, number: str) -> AdminOrder:
    """The order; raises ``NotFoundException`` for what is no order's number, ``NotFound`` where there is none."""
    return await visit.api.get_admin_order(order_number(number))


def order_number(text: str) -> str:
    """An order's number as it stands in a path; raises ``NotFoundException`` for anything else."""
    if not NUMBER.fullmatch(text):
        raise NotFoundException
    return text
