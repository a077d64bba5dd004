"""SQL that reads an order with all that belongs to it, in one statement."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import TextClause, text

from shopapi.contract.carts import Address, Discount, TaxLine
from shopapi.contract.catalog import Image, Locale, Money
from shopapi.contract.orders import (
    EventKind,
    InvoiceRef,
    Order,
    OrderEvent,
    OrderLine,
    OrderPayment,
    OrderShipping,
    OrderState,
    PaymentState,
    Shipment,
    ShippingState,
)
from shopapi.db.engine import Reader
from shopapi.db.prepared import prepared
from shopapi.invoices.numbers import shown
from shopapi.orders.rules import OrderGone, can_cancel, customer_can_cancel
from shopapi.payments.told import bank_transfer, order_payment
from shopapi.pricing.rules import sum_taxes

OFFLINE: Final = ("manual",)
"""Providers whose customers transfer the money themselves."""


class _Line(Struct, frozen=True):
    sku: str
    name: str
    fact: str
    options: list[tuple[str, str]] | dict[str, str]
    image: Image | None
    unit_price: int
    quantity: int
    shipped: int
    discount: int
    tax_rate_bp: int
    tax: int
    total: int
    position: int


class _Event(Struct, frozen=True):
    sequence: int
    kind: EventKind
    at: datetime
    data: dict[str, str]
    actor: str


class _Payment(Struct, frozen=True):
    provider: str
    state: PaymentState
    next_url: str | None
    amount: int
    captured: int
    refunded: int


class _Parcel(Struct, frozen=True):
    public_id: str
    carrier: str
    tracking: str
    created_at: datetime
    lines: dict[str, int]


class _Invoice(Struct, frozen=True):
    public_id: str
    kind: Literal["invoice", "credit_note"]
    series: str
    number: int
    created_at: datetime


class _Stored(Struct, frozen=True):
    number: str
    state: OrderState
    shipping_state: ShippingState
    version: int
    placed_at: datetime
    expires_at: datetime | None
    locale: Locale
    currency: str
    prices_include_tax: bool
    subtotal: int
    discount: int
    shipping: int
    shipping_tax_rate_bp: int
    shipping_tax: int
    tax: int
    total: int
    discounts: list[Discount]
    email: str
    shipping_address: Address
    billing_address: Address
    shipping_method: OrderShipping
    access_token_hash: bytes
    bank_holder: str
    bank_iban: str
    bank_bic: str
    bank_name: str
    lines: list[_Line]
    events: list[_Event]
    payment: _Payment | None
    parcels: list[_Parcel]
    invoices: list[_Invoice]


_JSON: Final = ("discounts", "shipping_address", "billing_address", "shipping_method")
_LISTS: Final = ("lines", "events", "parcels", "invoices")


def _statement(*, postgresql: bool) -> TextClause:
    many = "json_agg" if postgresql else "json_group_array"
    pairs = "json_object_agg" if postgresql else "json_group_object"
    one = "json_build_object" if postgresql else "json_object"
    # On SQLite JSON is text, and would be quoted as such.
    plain = (lambda column: column) if postgresql else (lambda column: f"json({column})")

    def fields(table: str, *names: str, as_json: tuple[str, ...] = ()) -> str:
        return ", ".join(f"'{n}', " + (plain(f"{table}.{n}") if n in as_json else f"{table}.{n}") for n in names)

    return text(f"""
    SELECT o.number, o.state, o.shipping_state, o.version, o.placed_at, o.expires_at, o.locale, o.currency,
      o.prices_include_tax, o.subtotal, o.discount, o.shipping, o.shipping_tax_rate_bp, o.shipping_tax, o.tax, o.total,
      o.discounts, o.email, o.shipping_address, o.billing_address, o.shipping_method, o.access_token_hash,
      s.bank_holder, s.bank_iban, s.bank_bic, s.bank_name,
      (SELECT {many}({one}({
        fields(
            "l",
            "sku",
            "name",
            "fact",
            "options",
            "image",
            "unit_price",
            "quantity",
            "discount",
            "tax_rate_bp",
            "tax",
            "total",
            "position",
            as_json=("options", "image"),
        )
    }, 'shipped', r.shipped))
        FROM order_line l JOIN reservation r ON r.order_id = l.order_id AND r.variant_id = l.variant_id
        WHERE l.order_id = o.id) AS lines,
      (SELECT {many}({one}({fields("e", "sequence", "kind", "at", "data", "actor", as_json=("data",))}))
        FROM order_event e WHERE e.order_id = o.id) AS events,
      (SELECT {one}({fields("p", "provider", "state", "next_url", "amount", "captured", "refunded")})
        FROM payment p WHERE p.order_id = o.id) AS payment,
      (SELECT {many}({one}({fields("h", "public_id", "carrier", "tracking", "created_at")},
          'lines', (SELECT {pairs}(v.sku, i.quantity) FROM shipment_line i JOIN variant v ON v.id = i.variant_id
            WHERE i.shipment_id = h.id)))
        FROM shipment h WHERE h.order_id = o.id) AS parcels,
      (SELECT {many}({one}({fields("n", "public_id", "kind", "series", "number", "created_at")}))
        FROM invoice n WHERE n.order_id = o.id) AS invoices
    FROM sales_order o JOIN shop s ON s.id = 1 WHERE o.number = :number
    """)  # noqa: S608 - of our own words alone


_STATEMENTS: Final = {True: prepared(_statement(postgresql=True)), False: _statement(postgresql=False)}


def read_order(c: Reader, number: str, *, token_hash: bytes | None = None, for_staff: bool = False) -> Order:
    """The order with this number; raises :class:`OrderGone`, also where ``token_hash`` is given and not its own.

    Who did what is told ``for_staff`` alone, and so are their notes.
    """
    row = c.execute(_STATEMENTS[c.dialect.name == "postgresql"], {"number": number}).mappings().first()
    if row is None or (token_hash is not None and bytes(row["access_token_hash"]) != token_hash):
        raise OrderGone(number if for_staff else None)
    plain: dict[str, Any] = dict(row)
    for name in (*_JSON, *_LISTS, "payment"):
        if isinstance(plain[name], str):
            plain[name] = msgspec.json.decode(plain[name])
    for name in _LISTS:
        plain[name] = plain[name] or []
    plain["access_token_hash"] = bytes(plain["access_token_hash"])
    for parcel in plain["parcels"]:
        parcel["lines"] = parcel["lines"] or {}
    return _told(msgspec.convert(plain, _Stored, strict=False), for_staff=for_staff)


def _told(one: _Stored, *, for_staff: bool) -> Order:
    currency = one.currency
    lines = sorted(one.lines, key=lambda line: line.position)
    taxes = sum_taxes(
        [(line.tax_rate_bp, line.total, line.tax) for line in lines],
        (one.shipping_tax_rate_bp, one.shipping, one.shipping_tax),
        included=one.prices_include_tax,
    )
    return Order(
        number=one.number,
        access_token=None,
        state=one.state,
        shipping_state=one.shipping_state,
        version=one.version,
        placed_at=one.placed_at,
        expires_at=one.expires_at,
        locale=one.locale,
        currency=currency,
        prices_include_tax=one.prices_include_tax,
        lines=[_line(line, currency) for line in lines],
        discounts=one.discounts,
        subtotal=Money(one.subtotal, currency),
        discount=Money(one.discount, currency),
        shipping=Money(one.shipping, currency),
        tax=Money(one.tax, currency),
        taxes=[TaxLine(rate, Money(net, currency), Money(tax, currency)) for rate, net, tax in taxes],
        total=Money(one.total, currency),
        email=one.email,
        shipping_address=one.shipping_address,
        billing_address=one.billing_address,
        shipping_method=one.shipping_method,
        payment=_payment(one),
        shipments=[
            Shipment(parcel.public_id, parcel.carrier, parcel.tracking, parcel.lines, parcel.created_at)
            for parcel in sorted(one.parcels, key=lambda parcel: parcel.created_at)
        ],
        events=_events(one, for_staff=for_staff),
        invoices=[
            InvoiceRef(each.public_id, each.kind, shown(each.series, each.number), each.created_at)
            for each in sorted(one.invoices, key=lambda each: (each.created_at, each.series, each.number))
        ],
        can_cancel=can_cancel(one.state, one.shipping_state)
        if for_staff
        else customer_can_cancel(one.state, one.shipping_state, transferred=_transferred(one)),
    )


def _line(line: _Line, currency: str) -> OrderLine:
    return OrderLine(
        sku=line.sku,
        name=line.name,
        fact=line.fact,
        options=dict(line.options),
        image=line.image,
        unit_price=Money(line.unit_price, currency),
        quantity=line.quantity,
        shipped=line.shipped,
        discount=Money(line.discount, currency),
        tax_rate_bp=line.tax_rate_bp,
        tax=Money(line.tax, currency),
        total=Money(line.total, currency),
    )


def _payment(one: _Stored) -> OrderPayment | None:
    paid = one.payment
    if paid is None:
        return None
    transfer = None
    if paid.provider in OFFLINE:
        transfer = bank_transfer(one, number=one.number, expires_at=one.expires_at)
    return order_payment(
        provider=paid.provider,
        state=paid.state,
        next_url=paid.next_url,
        transfer=transfer,
        amount=paid.amount,
        captured=paid.captured,
        refunded=paid.refunded,
        currency=one.currency,
    )


def _transferred(one: _Stored) -> bool:
    return one.payment is not None and one.payment.provider in OFFLINE and one.payment.captured > 0


_FOR_STAFF: Final = ("note", "payment_issue", "refund_failed", "cancel_asked", "withdrawal_moved")


def _events(one: _Stored, *, for_staff: bool) -> list[OrderEvent]:
    found = sorted(one.events, key=lambda event: event.sequence)
    if for_staff:
        return [OrderEvent(event.sequence, event.kind, event.at, event.data, event.actor) for event in found]
    # Declared from another address, it may be a stranger's, and is not the customer's own until staff have asked, or
    # have settled it as done: then it stands. What was put to another order is none of theirs.
    last = {event.data["withdrawal"]: event for event in found if event.kind in ("withdrawn", "withdrawal_moved")}
    own = {name for name, event in last.items() if event.data.get("certain") == "yes"}
    own |= {event.data["withdrawal"] for event in found if event.data.get("outcome") == "done"}
    return [
        OrderEvent(event.sequence, event.kind, event.at, _public(event.data))
        for event in found
        if (event.kind not in _FOR_STAFF or event.data.get("issue") == "amount_mismatch")
        and ("withdrawal" not in event.data or event.data["withdrawal"] in own)
        and (event.kind != "withdrawn" or event is last[event.data["withdrawal"]])
    ]


def _public(data: dict[str, str]) -> dict[str, str]:
    # Why staff cancelled or refunded is told to colleagues; of a wrong amount, that somebody looks at it, and what of
    # it went back.
    if "issue" in data:
        told = ("issue", "given_back", "amount", "currency") if "given_back" in data else ("issue",)
        return {name: data[name] for name in told}
    return {name: value for name, value in data.items() if name != "why"}
