"""How letters and invoices write sums, days and addresses in each language."""

from datetime import date, datetime
from functools import cache
from typing import Final

from babel import Locale as Territories
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, get_currency_precision, get_currency_symbol

from shopapi.contract.calendar import OF_THE_SHOP
from shopapi.contract.carts import Address
from shopapi.contract.catalog import Locale, Money

_LOCALES: Final = {"de": "de_DE", "en": "en_GB"}
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def money(price: Money, locale: Locale) -> str:
    """``18,50 €`` or ``€18.50``; a real minus before what is taken off."""
    places = decimals(price.currency)
    units, rest = divmod(abs(price.amount), 10**places)
    text = f"{units:,}".replace(",", ".") if locale == "de" else f"{units:,}"
    if places:
        text += f"{',' if locale == 'de' else '.'}{rest:0{places}}"
    sign, symbol = "−" if price.amount < 0 else "", _symbol(price.currency, locale)
    return f"{sign}{text}{_NO_BREAK}{symbol}" if locale == "de" else f"{sign}{symbol}{text}"


def percent(basis_points: int, locale: Locale) -> str:
    """``19 %`` or ``19%``, with decimals where there are some to say."""
    text = str(format_decimal(basis_points / 100, format="#,##0.##", locale=_LOCALES[locale]))
    return f"{text}{_NO_BREAK}%" if locale == "de" else f"{text}%"


def day(at: date | datetime, locale: Locale) -> str:
    """``26. November 2026`` or ``26 November 2026``, where the shop is."""
    if isinstance(at, datetime):
        at = at.astimezone(OF_THE_SHOP).date()
    return str(format_date(at, "d. MMMM yyyy" if locale == "de" else "d MMMM yyyy", locale=_LOCALES[locale]))


def month(at: date, locale: Locale) -> str:
    """``November 2026``."""
    return str(format_date(at, "LLLL yyyy", locale=_LOCALES[locale]))


def moment(at: datetime, locale: Locale) -> str:
    """A day and a time to the second, with its zone: when something was declared must be certain."""
    pattern = "d. MMMM yyyy, HH:mm:ss z" if locale == "de" else "d MMMM yyyy, HH:mm:ss z"
    return str(format_datetime(at, pattern, locale=_LOCALES[locale], tzinfo=OF_THE_SHOP))


def address_lines(address: Address, locale: Locale, *, home: str) -> list[str]:
    """An address, line by line, as an envelope has it; the country only where it is not ``home``."""
    town = " ".join(filter(None, (address.postal_code, address.city)))
    lines = [address.company, address.name, address.line1, address.line2, town, address.region]
    if address.country != home:
        lines.append(str(Territories.parse(_LOCALES[locale]).territories.get(address.country, address.country)))
    return [line for line in lines if line]


@cache
def decimals(currency: str) -> int:
    """How many digits of a currency stand behind the point."""
    return int(get_currency_precision(currency))


@cache
def _symbol(currency: str, locale: Locale) -> str:
    return str(get_currency_symbol(currency, locale=_LOCALES[locale]))
