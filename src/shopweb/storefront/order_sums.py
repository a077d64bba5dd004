"""The lines and sums of an order, as its page shows them."""

from collections.abc import Iterator
from dataclasses import dataclass

from shopapi.contract.catalog import Money
from shopapi.contract.orders import Order, OrderLine
from shopweb import locale
from shopweb.money import money
from shopweb.storefront.pictures import Picture, picture
from shopweb.visit import Visit


@dataclass(frozen=True)
class LineView:
    """A line of an order. ``discount`` and ``sent`` may be empty; ``sent`` says how many units have left."""

    sku: str
    name: str
    options: str
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
        picture(line.image),
        money(line.unit_price, visit.language),
        visit.number(line.quantity),
        _off(visit, line.discount) if line.discount.amount else "",
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
    for discount in order.discounts:
        if discount.amount.amount:
            yield Sum(discount.code or discount.name, _off(visit, discount.amount))
    free = _("free") if not order.shipping.amount else money(order.shipping, visit.language)
    yield Sum(_("Shipping, %(method)s") % {"method": order.shipping_method.name}, free)
    taxes = list(_taxes(visit, order))
    if not order.prices_include_tax:
        yield from taxes
    yield Sum(_("Total"), money(order.total, visit.language), "total")
    if order.prices_include_tax:
        yield from taxes


def _taxes(visit: Visit, order: Order) -> Iterator[Sum]:
    words = visit.gettext("VAT %(rate)s on %(net)s")
    if order.prices_include_tax:
        words = visit.gettext("of which VAT %(rate)s on %(net)s")
    for tax in order.taxes:
        said = {"rate": locale.percent(tax.rate_bp, visit.language), "net": money(tax.net, visit.language)}
        yield Sum(words % said, money(tax.tax, visit.language), "tax")


def _off(visit: Visit, amount: Money) -> str:
    return money(Money(-amount.amount, amount.currency), visit.language)
