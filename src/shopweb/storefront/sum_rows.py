"""The rows of sums in words, the same in cart, checkout and order. The order's e-mail says them in the same way."""

from collections.abc import Iterable, Iterator

from shopapi.contract.carts import Discount, TaxLine
from shopapi.contract.catalog import Money
from shopapi.contract.figures import money, percent
from shopweb.visit import Visit


def taken_off(visit: Visit, discounts: Iterable[Discount]) -> Iterator[tuple[Discount, str, str]]:
    """Every discount that does something, with its name and what it takes off."""
    _ = visit.gettext
    for one in discounts:
        name = _("Code %(code)s") % {"code": one.code} if one.code else one.name
        if one.amount.amount:
            yield one, name, minus(visit, one.amount)
        elif one.free_shipping:
            yield one, name, _("Free delivery")


def tax_rows(visit: Visit, taxes: Iterable[TaxLine], *, included: bool) -> list[tuple[str, str]]:
    """Each rate with what it is on, and the tax: in gross prices where ``included``, else on top of net ones.

    Of what is not taxed, such as goods that leave the European Union, nothing is said.
    """
    _ = visit.gettext
    words = _("includes %(rate)s VAT on %(base)s") if included else _("plus %(rate)s VAT on %(base)s")
    rows = []
    for line in taxes:
        if not line.rate_bp:
            continue
        base = Money(line.net.amount + line.tax.amount, line.net.currency) if included else line.net
        said = {"rate": percent(line.rate_bp, visit.language), "base": money(base, visit.language)}
        rows.append((words % said, money(line.tax, visit.language)))
    return rows


def delivery_name(visit: Visit, method: str) -> str:
    """What the row of a chosen way of delivery is called."""
    return visit.gettext("Delivery, %(method)s") % {"method": method}


def price_or_free(visit: Visit, amount: Money) -> str:
    """What delivery costs."""
    return money(amount, visit.language) if amount.amount else visit.gettext("free")


def minus(visit: Visit, amount: Money) -> str:
    """An amount that is taken off."""
    return money(Money(-amount.amount, amount.currency), visit.language)
