"""Issuing invoices and credit notes: numbered without a gap, once for each order and refund, posted to the ledger.

A PDF bears its number and takes some 15 ms to draw, the first one 80. Drawn while the counter's row is locked, it would
let nobody else write meanwhile (SQLite has one writer). So it is drawn before, with the number that comes next, and
only kept if that is still the next one; after a few misses it is drawn under the lock, so that it ends.
"""

from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, insert

from shopapi.contract.orders import InvoiceRef
from shopapi.db.engine import Database, Reader
from shopapi.invoices import numbers
from shopapi.invoices.books import post_invoice
from shopapi.invoices.content import Content
from shopapi.invoices.draw_up import Subject, content_for, series_now, subject_of
from shopapi.invoices.reading import ref_of
from shopapi.invoices.sheet import pdf_of
from shopapi.invoices.tables import invoice
from shopapi.names import public_id
from shopapi.orders.reading import read_order
from shopapi.orders.store import lock_order

_GUESSES: Final = 4


class Draft(Struct, frozen=True):
    """A paper with the number that it gets if nobody is quicker."""

    subject: Subject
    series: str
    number: int
    content: Content
    pdf: bytes


def issue_invoice(db: Database, order_number: str) -> InvoiceRef:
    """The invoice of a paid order, issued now if it was not before."""
    with db.reading() as c:
        subject = subject_of(c, order_number)
    return _issue(db, subject)


def issue_credit_note(db: Database, order_number: str, refund_id: str) -> InvoiceRef | None:
    """The credit note of a refund (its public id), issued now if it was not before, after the invoice it corrects.

    An order that was never paid for good (its money came too late) has no invoice, and then nothing is to correct.
    """
    with db.reading() as c:
        subject = subject_of(c, order_number, refund_id)
        was_paid = any(event.kind == "paid" for event in read_order(c, order_number).events)
        has_invoice = ref_of(c, order_id=subject.order_id) is not None
    if not was_paid and not has_invoice:
        return None
    if not has_invoice:
        issue_invoice(db, order_number)
    return _issue(db, subject)


def draw_up(c: Reader, subject: Subject) -> tuple[str, int, Content] | None:
    """What the paper would say if it got the next number of its series; nothing where it was issued before."""
    series = series_now(c, subject.kind)
    # The number first: whoever takes it meanwhile may have issued this very paper, or changed what is left to credit.
    # Then this number is no longer the next, and nothing is kept.
    number = numbers.next_number(c, series)
    if ref_of(c, order_id=subject.order_id, refund_id=subject.refund_id) is not None:
        return None
    return series, number, content_for(c, subject, series, number)


def keep(c: Connection, draft: Draft) -> bool:
    """Issue a draft, unless its number was taken meanwhile; all of it in the caller's transaction."""
    order = lock_order(c, draft.subject.order_number)
    if not numbers.take_if_next(c, draft.series, draft.number):
        return False
    name = public_id("inv")
    invoice_id = c.execute(
        insert(invoice)
        .values(
            public_id=name,
            series=draft.series,
            number=draft.number,
            kind=draft.subject.kind,
            order_id=draft.subject.order_id,
            refund_id=draft.subject.refund_id,
            content=msgspec.to_builtins(draft.content, str_keys=True),
            pdf=draft.pdf,
        )
        .returning(invoice.c.id)
    ).scalar_one()
    post_invoice(c, draft.content, invoice_id)
    order.add_event(c, "invoiced", invoice=name, number=draft.content.number, paper=draft.subject.kind)
    return True


def _issue(db: Database, subject: Subject) -> InvoiceRef:
    if not any(_kept_as_guessed(db, subject) for _ in range(_GUESSES)):
        db.write(lambda c: _keep_under_lock(c, subject))
    with db.reading() as c:
        issued = ref_of(c, order_id=subject.order_id, refund_id=subject.refund_id)
    if issued is None:
        raise AssertionError("unreachable: it was just issued, and nothing ever deletes an invoice")
    return issued


def _kept_as_guessed(db: Database, subject: Subject) -> bool:
    with db.reading() as c:
        drawn = draw_up(c, subject)
    if drawn is None:
        return True
    draft = Draft(subject, *drawn, pdf_of(drawn[-1]))
    return db.write(lambda c: keep(c, draft))


def _keep_under_lock(c: Connection, subject: Subject) -> None:
    lock_order(c, subject.order_number)
    numbers.lock(c, series_now(c, subject.kind))
    drawn = draw_up(c, subject)
    if drawn is not None and not keep(c, Draft(subject, *drawn, pdf_of(drawn[-1]))):
        raise AssertionError("unreachable: nobody takes a number of a series that is locked")
