"""How letters and invoices write days and addresses in each language."""

from datetime import date, datetime

from babel import Locale as Territories
from babel.dates import format_date, format_datetime

from shopapi.contract.calendar import OF_THE_SHOP
from shopapi.contract.carts import Address
from shopapi.contract.catalog import Locale
from shopapi.contract.figures import LOCALES


def day(at: date | datetime, locale: Locale) -> str:
    """``26. November 2026`` or ``26 November 2026``, where the shop is."""
    if isinstance(at, datetime):
        at = at.astimezone(OF_THE_SHOP).date()
    return str(format_date(at, "d. MMMM yyyy" if locale == "de" else "d MMMM yyyy", locale=LOCALES[locale]))


def day_of_range(first: date, last: date, locale: Locale) -> str:
    """``first`` without the month and the year that ``last`` says too: the ``1`` of 1 and 2 December 2026."""
    if first.year != last.year:
        return day(first, locale)
    pattern = ("d." if locale == "de" else "d") + ("" if first.month == last.month else " MMMM")
    return str(format_date(first, pattern, locale=LOCALES[locale]))


def month(at: date, locale: Locale) -> str:
    """``November 2026``."""
    return str(format_date(at, "LLLL yyyy", locale=LOCALES[locale]))


def moment(at: datetime, locale: Locale) -> str:
    """A day and a time to the second, with its zone: when something was declared must be certain."""
    pattern = "d. MMMM yyyy, HH:mm:ss z" if locale == "de" else "d MMMM yyyy, HH:mm:ss z"
    return str(format_datetime(at, pattern, locale=LOCALES[locale], tzinfo=OF_THE_SHOP))


def address_lines(address: Address, locale: Locale, *, home: str) -> list[str]:
    """An address, line by line, as an envelope has it; the country only where it is not ``home``."""
    town = " ".join(filter(None, (address.postal_code, address.city)))
    lines = [address.company, address.name, address.line1, address.line2, town, address.region]
    if address.country != home:
        lines.append(str(Territories.parse(LOCALES[locale]).territories.get(address.country, address.country)))
    return [line for line in lines if line]
