"""The shop's calendar: where its days begin and end, and the working days that parcels travel on; no I/O."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

OF_THE_SHOP: Final = ZoneInfo("Europe/Berlin")
"""Where the shop's days begin and end: the year of an invoice is the year there."""

_DAY: Final = timedelta(days=1)


def midnight(day: date) -> datetime:
    """The moment at which one of the shop's days begins, in UTC."""
    if day == date.min:  # It begins in the year before, which no calendar has.
        return datetime.min.replace(tzinfo=UTC)
    return datetime.combine(day, time(), OF_THE_SHOP).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The moment at which one of the shop's days is over, in UTC."""
    return datetime.max.replace(tzinfo=UTC) if day == date.max else midnight(day + _DAY)


def end_of_day(moment: datetime) -> datetime:
    """The midnight that ends the shop's day of ``moment``, in UTC."""
    return end_of(moment.astimezone(OF_THE_SHOP).date())


def last_whole_day(until: datetime) -> date:
    """The last of the shop's days that is over by then."""
    return until.astimezone(OF_THE_SHOP).date() - _DAY


def working_day(start: date, count: int, *, has_left: bool = False) -> date:
    """The ``count``-th working day after a parcel leaves, in Germany: Monday to Friday, and no holiday.

    It leaves on ``start``, or on the next working day where that is none; one that ``has_left`` left on ``start``.
    """
    day = start if has_left else _works(start)
    for _ in range(count):
        day = _works(day + _DAY)
    return day


def _works(day: date) -> date:
    while day.weekday() > 4 or day in holidays(day.year):
        day += _DAY
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
