"""The sums of an order as an e-mail lists them."""

from msgspec import Struct

from shopapi.contract.catalog import Money
from shopapi.contract.orders import Order
from shopapi.events.words import Words
from shopapi.invoices.written import money, percent


class Sum(Struct, frozen=True):
    """A line of a list of sums; a ``strong`` one has a rule above it."""

    label: str
    amount: str
    strong: bool = False


def sums_of(order: Order, told: Words, *, total: str) -> list[Sum]:
    """Goods before discounts, discounts, delivery, tax where it comes on top, and the total, named ``total``."""
    rows = [
        Sum(_goods(line.quantity, line.name, line.options), _times(line.unit_price, line.quantity, order))
        for line in order.lines
    ]
    for one in order.discounts:
        if one.amount.amount:
            label = told.common["code"].format(code=one.code) if one.code else one.name
            rows.append(Sum(label, money(Money(-one.amount.amount, order.currency), order.locale)))
    rows.append(
        Sum(told.common["shipping"].format(method=order.shipping_method.name), money(order.shipping, order.locale))
    )
    if not order.prices_include_tax:
        for tax in order.taxes:
            label = told.common["tax_on_top"].format(rate=percent(tax.rate_bp, order.locale))
            rows.append(Sum(label, money(tax.tax, order.locale)))
    rows.append(Sum(told.common[total], money(order.total, order.locale), strong=True))
    return rows


def taxes_in(order: Order, told: Words) -> str:
    """The taxes that the total holds, in a sentence; nothing where they came on top and have rows of their own."""
    if not order.prices_include_tax:
        return ""
    each = [
        told.common["tax_of"].format(rate=percent(one.rate_bp, order.locale), tax=money(one.tax, order.locale))
        for one in order.taxes
        if one.rate_bp
    ]
    return told.common["tax_in"].format(taxes=", ".join(each)) if each else ""


def _goods(quantity: int, name: str, options: dict[str, str]) -> str:
    return f"{quantity} × {', '.join([name, *options.values()])}"


def _times(price: Money, quantity: int, order: Order) -> str:
    return money(Money(price.amount * quantity, price.currency), order.locale)
