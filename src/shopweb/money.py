"""Prices: how each language writes them, and what people type into a field for one."""

import re
from typing import Final

from shopapi.contract.catalog import MAX_AMOUNT, Money
from shopapi.contract.figures import decimals, money
from shopweb.locale import Language

_TYPED: Final = re.compile(r"(?:€\s*)?([0-9]{1,8})(?:[.,]([0-9]{1,2}))?\s*(?:€|EUR)?")


def round_money(price: Money, language: Language) -> str:
    """As :func:`money`, without decimals where there are none to say: ``60 €``."""
    return money(price, language, whole=price.amount % 10 ** decimals(price.currency) == 0)


def difference(price: Money, other: Money, language: Language) -> str:
    """What ``price`` costs more or less than ``other``: ``+2,00 €``, ``−2,00 €``, or nothing."""
    amount = price.amount - other.amount
    if amount == 0:
        return ""
    return ("+" if amount > 0 else "−") + money(Money(abs(amount), price.currency), language)


def decimal(price: Money) -> str:
    """As programs read it: ``18.50``."""
    places = decimals(price.currency)
    units, rest = divmod(price.amount, 10**places)
    return f"{units}.{rest:0{places}}" if places else str(units)


def typed_amount(text: str) -> int | None:
    """Euros as people type them (``12``, ``12,50``, ``12.50 €``) in cents, or ``None``."""
    found = _TYPED.fullmatch(text.strip())
    if not found:
        return None
    amount = int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))
    return amount if amount <= MAX_AMOUNT else None


def typed(amount: int, language: Language) -> str:
    """Cents as they stand in a field: ``12`` or ``12,50``."""
    units, rest = divmod(amount, 100)
    return f"{units}{',' if language == 'de' else '.'}{rest:02}" if rest else str(units)
