"""How both languages write numbers, shares and money, wherever customers and staff read them."""

from functools import cache, lru_cache
from typing import Final

from babel.numbers import format_decimal, get_currency_precision, get_currency_symbol

from shopapi.contract.catalog import Locale, Money

LOCALES: Final = {"en": "en_GB", "de": "de_DE"}
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def number(value: int, locale: Locale) -> str:
    """A whole number with the language's separators."""
    text = f"{value:,}"
    return text.replace(",", ".") if locale == "de" else text


def money(price: Money, locale: Locale, *, whole: bool = False) -> str:
    """``18,50 €`` or ``€18.50``, with a real minus before what is taken off; ``whole``: without decimals."""
    places = decimals(price.currency)
    units, rest = divmod(abs(price.amount), 10**places)
    text = number(units, locale)
    if places and not whole:
        text += f"{',' if locale == 'de' else '.'}{rest:0{places}}"
    sign, symbol = "−" if price.amount < 0 else "", _symbol(price.currency, locale)
    return f"{sign}{text}{_NO_BREAK}{symbol}" if locale == "de" else f"{sign}{symbol}{text}"


# Babel takes 150 µs for each, and pages say the same few.
@lru_cache(maxsize=256)
def percent(basis_points: int, locale: Locale) -> str:
    """``19 %`` or ``19%``, with decimals where there are some to say."""
    text = str(format_decimal(basis_points / 100, format="#,##0.##", locale=LOCALES[locale]))
    return f"{text}{_NO_BREAK}%" if locale == "de" else f"{text}%"


def kilograms(grams: int, locale: Locale) -> str:
    """``5 kg`` or ``0,5 kg``."""
    return f"{format_decimal(grams / 1000, format='#,##0.###', locale=LOCALES[locale])}{_NO_BREAK}kg"


def in_groups(iban: str) -> str:
    """An IBAN as people read it, in groups of four (ISO 13616)."""
    together = "".join(iban.split())
    return " ".join(together[start : start + 4] for start in range(0, len(together), 4))


@cache
def decimals(currency: str) -> int:
    """How many digits of a currency stand behind the point."""
    return int(get_currency_precision(currency))


@cache
def _symbol(currency: str, locale: Locale) -> str:
    return str(get_currency_symbol(currency, locale=LOCALES[locale]))
