"""Prices: how each language writes them, and what people type into a field for one."""

import re
from functools import cache
from typing import Final

from babel.numbers import get_currency_precision, get_currency_symbol

from shopapi.contract.catalog import MAX_AMOUNT, Money
from shopweb.locale import LOCALES, Language, number

_TYPED: Final = re.compile(r"(?:€\s*)?([0-9]{1,8})(?:[.,]([0-9]{1,2}))?\s*(?:€|EUR)?")
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def money(price: Money, language: Language) -> str:
    """``18,50 €`` or ``€18.50``."""
    return _written(price, language, whole=False)


def round_money(price: Money, language: Language) -> str:
    """As :func:`money`, without decimals where there are none to say: ``60 €``."""
    return _written(price, language, whole=price.amount % 10 ** _decimals(price.currency) == 0)


def difference(price: Money, other: Money, language: Language) -> str:
    """What ``price`` costs more or less than ``other``: ``+2,00 €``, ``−2,00 €``, or nothing."""
    amount = price.amount - other.amount
    if amount == 0:
        return ""
    return ("+" if amount > 0 else "−") + money(Money(abs(amount), price.currency), language)


def decimal(price: Money) -> str:
    """As programs read it: ``18.50``."""
    places = _decimals(price.currency)
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


def _written(price: Money, language: Language, *, whole: bool) -> str:
    places = _decimals(price.currency)
    units, rest = divmod(abs(price.amount), 10**places)
    text = number(units, language)
    if places and not whole:
        text += f"{',' if language == 'de' else '.'}{rest:0{places}}"
    sign = "−" if price.amount < 0 else ""
    symbol = _symbol(price.currency, language)
    return f"{sign}{text}{_NO_BREAK}{symbol}" if language == "de" else f"{sign}{symbol}{text}"


@cache
def _decimals(currency: str) -> int:
    return int(get_currency_precision(currency))


@cache
def _symbol(currency: str, language: Language) -> str:
    return str(get_currency_symbol(currency, locale=LOCALES[language]))
