"""On which days a parcel arrives: working days in Germany, counted from the day after today."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from shopapi.contract.catalog import Delivery
from shopweb import locale
from shopweb.visit import Visit

_DAY = timedelta(days=1)


def arrival(visit: Visit, delivery: Delivery) -> str:
    """The days on which a parcel that is ordered today arrives, as a piece of a sentence."""
    return days_between(visit, working_day(visit.today, delivery.days_min), working_day(visit.today, delivery.days_max))


def days_between(visit: Visit, first: date, last: date) -> str:
    """The days from ``first`` to ``last``, as a piece of a sentence."""
    whole = locale.day(last, visit.language)
    if first == last:
        return whole
    begin = locale.day(first, visit.language, month=first.month != last.month)
    next_to = working_day(first, 1) == last
    words = visit.gettext("%(first)s or %(last)s") if next_to else visit.gettext("%(first)s to %(last)s")
    return words % {"first": begin, "last": whole}


def days_after_payment(visit: Visit, fewest: int, most: int) -> str:
    """How many working days it takes from the payment on: no date can be told before the money is here."""
    if fewest == most:
        words = visit.ngettext(
            "%(days)s working day after your payment has arrived",
            "%(days)s working days after your payment has arrived",
            most,
        )
        return words % {"days": most}
    words = visit.gettext("%(fewest)s to %(most)s working days after your payment has arrived")
    return words % {"fewest": fewest, "most": most}


def working_day(start: date, count: int) -> date:
    """The ``count``-th working day after ``start``."""
    day = start
    while count > 0:
        day += _DAY
        if day.weekday() < 5 and day not in holidays(day.year):
            count -= 1
    return day


@cache
def holidays(year: int) -> frozenset[date]:
    """The holidays of the whole country; those of single states do not stop the parcels of the others."""
    return frozenset(_holidays(year))


def _holidays(year: int) -> Iterator[date]:
    easter = _easter(year)
    yield from (easter + days * _DAY for days in (-2, 1, 39, 50))
    yield from (date(year, month, day) for month, day in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26)))


def _easter(year: int) -> date:
    """Gauss's rule, in the form of Butcher (Nature, 1876)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)
