"""The lines and sums of an order as an e-mail lists them, in the order in which the shop's pages do."""

from collections.abc import Iterator

from msgspec import Struct

from shopapi.contract.carts import Discount, TaxLine
from shopapi.contract.catalog import Money
from shopapi.contract.figures import money, percent
from shopapi.contract.orders import Order, OrderLine
from shopapi.events.words import Words


class Sum(Struct, frozen=True):
    """A line of a list of sums; a ``strong`` one has a rule above it, and ``more`` says what the goods are."""

    label: str
    amount: str
    strong: bool = False
    more: str = ""


def sums_of(order: Order, told: Words, *, total: str) -> list[Sum]:
    """Goods before discounts, discounts, delivery, taxes with what they are on, and the total, named ``total``. Of what
    is not taxed, such as goods that leave the European Union, nothing is said."""
    return list(_sums(order, told, total))


def _sums(order: Order, told: Words, total: str) -> Iterator[Sum]:
    yield from (_goods(line, order) for line in order.lines)
    yield Sum(told.common["subtotal"], money(order.subtotal, order.locale))
    yield from (_discount(one, order, told) for one in order.discounts if one.amount.amount or one.free_shipping)
    shipping = money(order.shipping, order.locale) if order.shipping.amount else told.common["free"]
    yield Sum(told.common["shipping"].format(method=order.shipping_method.name), shipping)
    taxes = [_tax(one, order, told) for one in order.taxes if one.rate_bp]
    if not order.prices_include_tax:
        yield from taxes
    yield Sum(told.common[total], money(order.total, order.locale), strong=True)
    if order.prices_include_tax:
        yield from taxes


def _goods(line: OrderLine, order: Order) -> Sum:
    price = Money(line.unit_price.amount * line.quantity, order.currency)
    label = f"{line.quantity} × {', '.join([line.name, *line.options.values()])}"
    # The fact is of all variants, so beside what was chosen it would name what others have.
    return Sum(label, money(price, order.locale), more="" if line.options else line.fact)


def _discount(one: Discount, order: Order, told: Words) -> Sum:
    label = told.common["code"].format(code=one.code) if one.code else one.name
    off = money(Money(-one.amount.amount, order.currency), order.locale) if one.amount.amount else ""
    return Sum(label, off or told.common["free_shipping"])


def _tax(one: TaxLine, order: Order, told: Words) -> Sum:
    words = told.common["tax_in" if order.prices_include_tax else "tax_on_top"]
    base = Money(one.net.amount + one.tax.amount, order.currency) if order.prices_include_tax else one.net
    label = words.format(rate=percent(one.rate_bp, order.locale), base=money(base, order.locale))
    return Sum(label, money(one.tax, order.locale))
