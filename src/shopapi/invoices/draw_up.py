"""What an invoice or a credit note of an order shall say, from what the database holds now."""

from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Row, select

from shopapi.contract.calendar import OF_THE_SHOP
from shopapi.contract.orders import Order
from shopapi.db.engine import Reader
from shopapi.db.types import clock
from shopapi.http.problems import NotFound
from shopapi.invoices.content import (
    Content,
    InvoiceKind,
    Parts,
    invoice_lines,
    parts_of,
    remaining,
    share,
    tax_sums,
)
from shopapi.invoices.numbers import series_of, shown
from shopapi.invoices.reading import contents_of
from shopapi.invoices.seller import read_seller
from shopapi.invoices.written import address_lines
from shopapi.orders.reading import read_order
from shopapi.orders.tables import sales_order
from shopapi.payments.refund_reason import reason_told
from shopapi.payments.tables import payment, refund

_ORDER: Final = select(sales_order.c.id, sales_order.c.shipping_tax, sales_order.c.shipping_tax_rate_bp)


class Subject(Struct, frozen=True):
    """What a paper is about: an order, or a refund of it."""

    order_number: str
    order_id: int
    refund_id: int | None = None
    amount: int = 0
    reason: str = ""
    actor: str = ""

    @property
    def kind(self) -> InvoiceKind:
        """A refund gets a credit note, an order its invoice."""
        return "invoice" if self.refund_id is None else "credit_note"


def subject_of(c: Reader, order_number: str, refund_id: str | None = None) -> Subject:
    """The order of this number, or its refund of this public id; raises :class:`NotFound`."""
    order = c.execute(_ORDER.where(sales_order.c.number == order_number)).first()
    if order is None:
        raise NotFound(f"There is no order {order_number}.")
    if refund_id is None:
        return Subject(order_number, order.id)
    row = c.execute(
        select(refund.c.id, refund.c.amount, refund.c.reason, refund.c.actor)
        .join_from(refund, payment)
        .where(refund.c.public_id == refund_id, payment.c.order_id == order.id)
    ).first()
    if row is None:
        raise NotFound(f"Order {order_number} has no refund {refund_id}.")
    return Subject(order_number, order.id, row.id, row.amount, row.reason, row.actor)


def series_now(c: Reader, kind: InvoiceKind) -> str:
    """The series of the year it is, where the shop is."""
    return series_of(kind, _today(c).year)


def content_for(c: Reader, subject: Subject, series: str, number: int) -> Content:
    """What the paper says that gets this number; raises :class:`ValueError` for a refund of more than is left."""
    order = read_order(c, subject.order_number)
    stored = c.execute(_ORDER.where(sales_order.c.id == subject.order_id)).one()
    whole = parts_of(order, shipping_tax=stored.shipping_tax, shipping_tax_rate_bp=stored.shipping_tax_rate_bp)
    earlier = contents_of(c, subject.order_id) if subject.kind == "credit_note" else []
    parts = _refunded(whole, earlier, subject) if subject.kind == "credit_note" else whole
    return _content(c, order, subject, shown(series, number), parts, stored, earlier)


def _refunded(whole: Parts, earlier: list[Content], subject: Subject) -> Parts:
    left = remaining(whole, [one.parts for one in earlier if one.kind == "credit_note"])
    return share(left, subject.amount)


def _content(
    c: Reader, order: Order, subject: Subject, number: str, parts: Parts, stored: Row[Any], earlier: list[Content]
) -> Content:
    seller = read_seller(c)
    is_invoice = subject.kind == "invoice"
    invoiced = next((one for one in earlier if one.kind == "invoice"), None)
    left = [one.shipped_at for one in order.shipments]
    paid = [one.at for one in order.events if one.kind == "paid"]
    return Content(
        kind=subject.kind,
        number=number,
        locale=order.locale,
        currency=order.currency,
        issued_on=_today(c).date().isoformat(),
        seller=seller,
        customer=address_lines(order.billing_address, order.locale, home=seller.country),
        order_number=order.number,
        ordered_on=_day(order.placed_at),
        supplied_on=_day(max(left)) if left else "",
        supply_days=(order.shipping_method.days_min, order.shipping_method.days_max),
        paid_on=_day(paid[0]) if paid else "",
        paid_by=order.payment.provider if order.payment else "",
        prices_include_tax=order.prices_include_tax,
        lines=invoice_lines(order) if is_invoice else [],
        shipping_name=order.shipping_method.name,
        shipping=order.shipping.amount if is_invoice else 0,
        shipping_tax_rate_bp=stored.shipping_tax_rate_bp,
        taxes=tax_sums(parts, stored.shipping_tax_rate_bp),
        total=order.total.amount if is_invoice else subject.amount,
        parts=parts,
        tax_country=order.shipping_address.country,
        corrects=invoiced.number if invoiced else "",
        corrects_of=invoiced.issued_on if invoiced else "",
        corrects_total=invoiced.total if invoiced else 0,
        why=reason_told(subject.reason, subject.actor, order),
    )


def _today(c: Reader) -> datetime:
    now: datetime = c.execute(select(clock())).scalar_one()
    return now.astimezone(OF_THE_SHOP)


def _day(at: datetime) -> str:
    return at.astimezone(OF_THE_SHOP).date().isoformat()
