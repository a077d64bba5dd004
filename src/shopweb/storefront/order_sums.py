"""The lines and sums of an order, as its page shows them."""

from collections.abc import Iterator
from dataclasses import dataclass

from shopapi.contract.catalog import Money
from shopapi.contract.figures import money
from shopapi.contract.orders import Order, OrderLine
from shopweb.storefront.cart_view import facts_of
from shopweb.storefront.pictures import Picture, picture
from shopweb.storefront.sum_rows import delivery_name, minus, price_or_free, taken_off, tax_rows
from shopweb.visit import Visit


@dataclass(frozen=True)
class LineView:
    """A line of an order. ``discount`` and ``sent`` may be empty; ``sent`` says how many units have left."""

    sku: str
    name: str
    options: str
    facts: str
    picture: Picture | None
    unit: str
    quantity: str
    discount: str
    total: str
    shipped: int
    units: int
    sent: str


@dataclass(frozen=True)
class Sum:
    """A row of the sums; ``look`` is ``total``, ``tax`` or nothing."""

    word: str
    amount: str
    look: str = ""


def lines_of(visit: Visit, order: Order) -> list[LineView]:
    """The goods of an order."""
    return [_line(visit, line) for line in order.lines]


def _line(visit: Visit, line: OrderLine) -> LineView:
    partly = 0 < line.shipped < line.quantity
    sent = visit.gettext("%(sent)s of %(units)s sent") % {"sent": line.shipped, "units": line.quantity}
    return LineView(
        line.sku,
        line.name,
        ", ".join(line.options.values()),
        facts_of(line.fact, line.options),
        picture(line.image),
        money(line.unit_price, visit.language),
        visit.number(line.quantity),
        minus(visit, line.discount) if line.discount.amount else "",
        # Before discounts, as in the cart: the sums below take these off once.
        money(Money(line.unit_price.amount * line.quantity, line.unit_price.currency), visit.language),
        line.shipped,
        line.quantity,
        sent if partly else "",
    )


def sums_of(visit: Visit, order: Order) -> list[Sum]:
    """From the value of the goods to the total, with the tax in it or on top of it."""
    return list(_sums(visit, order))


def _sums(visit: Visit, order: Order) -> Iterator[Sum]:
    _ = visit.gettext
    yield Sum(_("Subtotal"), money(order.subtotal, visit.language))
    yield from (Sum(name, off) for _discount, name, off in taken_off(visit, order.discounts))
    yield Sum(delivery_name(visit, order.shipping_method.name), price_or_free(visit, order.shipping))
    taxes = [Sum(*row, "tax") for row in tax_rows(visit, order.taxes, included=order.prices_include_tax)]
    if not order.prices_include_tax:
        yield from taxes
    yield Sum(_("Total"), money(order.total, visit.language), "total")
    if order.prices_include_tax:
        yield from taxes
