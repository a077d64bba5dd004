"""What an invoice and a credit note say, as plain values: kept beside the PDF, and never changed."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from shopapi.contract.orders import Order
from shopapi.invoices.seller import Seller
from shopapi.pricing.division import allocate

InvoiceKind = Literal["invoice", "credit_note"]


class Parts(Struct, frozen=True):
    """What a sum of money is made of, in minor units: goods and tax by rate (basis points), and delivery.

    ``goods`` and ``shipping`` are net.
    """

    goods: dict[int, int]
    shipping: int
    tax: dict[int, int]

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return sum(self.goods.values()) + self.shipping + sum(self.tax.values())


class InvoiceLine(Struct, frozen=True):
    """Goods on an invoice. ``total`` = ``unit_price`` x ``quantity`` - ``discount``, as prices are in the shop.

    ``fact`` says what they are, as a name alone may not (section 14 (4) no. 5 UStG).
    """

    sku: str
    name: str
    options: dict[str, str]
    quantity: int
    unit_price: int
    discount: int
    tax_rate_bp: int
    total: int
    fact: str = ""


class TaxSum(Struct, frozen=True):
    """What one rate comes to."""

    rate_bp: int
    net: int
    tax: int


class Content(Struct, frozen=True):
    """An invoice or credit note. Days are ISO dates; ``supplied_on`` is ``""`` where the goods have not left yet.

    A credit note names the invoice that it corrects with its total (``corrects_total``), and has no lines; ``why`` is
    the reason of its refund, where the shop has a word for it.
    """

    kind: InvoiceKind
    number: str
    locale: Literal["de", "en"]
    currency: str
    issued_on: str
    seller: Seller
    customer: list[str]
    order_number: str
    ordered_on: str
    supplied_on: str
    supply_days: tuple[int, int]
    paid_on: str
    paid_by: str
    prices_include_tax: bool
    lines: list[InvoiceLine]
    shipping_name: str
    shipping: int
    shipping_tax_rate_bp: int
    taxes: list[TaxSum]
    total: int
    parts: Parts
    tax_country: str
    corrects: str = ""
    corrects_of: str = ""
    corrects_total: int = 0
    why: str = ""


def parts_of(order: Order, *, shipping_tax: int, shipping_tax_rate_bp: int) -> Parts:
    """What the total of an order is made of."""
    shipping = order.shipping.amount - (shipping_tax if order.prices_include_tax else 0)
    goods = {one.rate_bp: one.net.amount for one in order.taxes}
    if shipping:
        goods[shipping_tax_rate_bp] = goods.get(shipping_tax_rate_bp, 0) - shipping
    return Parts(
        goods={rate: net for rate, net in goods.items() if net},
        shipping=shipping,
        tax={one.rate_bp: one.tax.amount for one in order.taxes if one.tax.amount},
    )


def invoice_lines(order: Order) -> list[InvoiceLine]:
    """The lines of an order, as an invoice has them."""
    return [
        InvoiceLine(
            sku=line.sku,
            name=line.name,
            options=line.options,
            quantity=line.quantity,
            unit_price=line.unit_price.amount,
            discount=line.discount.amount,
            tax_rate_bp=line.tax_rate_bp,
            total=line.total.amount,
            fact=line.fact,
        )
        for line in order.lines
    ]


def remaining(whole: Parts, taken: Sequence[Parts]) -> Parts:
    """What is left of ``whole`` after ``taken``."""

    def less(of: Mapping[int, int], gone: list[dict[int, int]]) -> dict[int, int]:
        return {key: amount - sum(one.get(key, 0) for one in gone) for key, amount in of.items()}

    return Parts(
        goods=less(whole.goods, [one.goods for one in taken]),
        shipping=whole.shipping - sum(one.shipping for one in taken),
        tax=less(whole.tax, [one.tax for one in taken]),
    )


def share(of: Parts, amount: int) -> Parts:
    """The part of ``of`` that an ``amount`` of it gives back: each in proportion, by largest remainder.

    Taken from what remains, the last share takes all the rest: so all credit notes of an order sum to its invoice.
    Raises :class:`ValueError` where ``amount`` is more than there is.
    """
    if not 0 <= amount <= of.total:
        raise ValueError(f"{amount} cannot be taken from {of.total}")
    keys: list[tuple[str, int]] = [*(("goods", rate) for rate in of.goods), ("shipping", 0)]
    keys += [("tax", rate) for rate in of.tax]
    amounts = [*of.goods.values(), of.shipping, *of.tax.values()]
    given = dict(zip(keys, allocate(amount, amounts), strict=True))
    return Parts(
        goods={rate: given["goods", rate] for rate in of.goods},
        shipping=given["shipping", 0],
        tax={rate: given["tax", rate] for rate in of.tax},
    )


def tax_sums(parts: Parts, shipping_tax_rate_bp: int) -> list[TaxSum]:
    """Net and tax by falling rate, delivery included in its own."""
    net = dict(parts.goods)
    if parts.shipping:
        net[shipping_tax_rate_bp] = net.get(shipping_tax_rate_bp, 0) + parts.shipping
    rates = sorted(net.keys() | parts.tax.keys(), reverse=True)
    return [TaxSum(rate, net.get(rate, 0), parts.tax.get(rate, 0)) for rate in rates]
