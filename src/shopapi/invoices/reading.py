"""SQL that reads invoices: which an order has, what each says, and its PDF."""

from typing import Final

import msgspec
from sqlalchemy import select

from shopapi.contract.orders import InvoiceRef
from shopapi.db.engine import Reader
from shopapi.http.problems import NotFound
from shopapi.invoices.content import Content
from shopapi.invoices.numbers import shown
from shopapi.invoices.tables import invoice
from shopapi.orders.tables import sales_order

_REF: Final = (
    invoice.c.public_id,
    invoice.c.kind,
    invoice.c.series,
    invoice.c.number,
    invoice.c.created_at,
)


def ref_of(c: Reader, *, order_id: int, refund_id: int | None = None) -> InvoiceRef | None:
    """The invoice of an order, or the credit note of a refund, where there is one."""
    which = invoice.c.kind == "invoice" if refund_id is None else invoice.c.refund_id == refund_id
    row = c.execute(select(*_REF).where(invoice.c.order_id == order_id, which)).first()
    return None if row is None else InvoiceRef(row.public_id, row.kind, shown(row.series, row.number), row.created_at)


def contents_of(c: Reader, order_id: int) -> list[Content]:
    """What the invoice of an order and its credit notes say, as they were issued."""
    rows = c.execute(select(invoice.c.content).where(invoice.c.order_id == order_id).order_by(invoice.c.id))
    return [msgspec.convert(row.content, Content, str_keys=True) for row in rows]


def read_pdf(c: Reader, order_number: str, invoice_id: str) -> tuple[bytes, str]:
    """The PDF of one of an order's papers, and the name to save it under; raises :class:`NotFound`."""
    row = c.execute(
        select(invoice.c.pdf, invoice.c.series, invoice.c.number)
        .join_from(invoice, sales_order, sales_order.c.id == invoice.c.order_id)
        .where(sales_order.c.number == order_number, invoice.c.public_id == invoice_id)
    ).first()
    if row is None:
        raise NotFound("The order has no such invoice.")
    return bytes(row.pdf), f"{shown(row.series, row.number)}.pdf"
