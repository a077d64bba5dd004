"""On which days a parcel arrives, in words."""

from datetime import date

from shopapi.contract.calendar import working_day
from shopapi.contract.catalog import Delivery
from shopweb import locale
from shopweb.visit import Visit


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
