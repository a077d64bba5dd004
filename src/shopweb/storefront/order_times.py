"""When something happened to an order, by the clock where the shop packs its parcels."""

from dataclasses import dataclass
from datetime import UTC, datetime

from babel.dates import format_datetime

from shopapi.contract.figures import LOCALES
from shopweb.locale import unbroken
from shopweb.visit import Visit


@dataclass(frozen=True)
class When:
    """A moment: ``short`` for a list, ``whole`` for a sentence, ``machine`` for programs."""

    short: str
    whole: str
    machine: str


def when(visit: Visit, at: datetime) -> When:
    """The moment in the visitor's language: ``24 Nov, 17:20`` and ``24 November 2026, 17:20``."""
    local = visit.local(at).replace(tzinfo=None)
    german = visit.language == "de"
    year = "" if local.year == visit.today.year else " yyyy"
    short = unbroken(f"d. MMM{year}" if german else f"d MMM{year}")
    whole = unbroken("d. MMMM yyyy" if german else "d MMMM yyyy")
    time = unbroken("HH:mm 'Uhr'") if german else "HH:mm"
    spoken = LOCALES[visit.language]
    return When(
        format_datetime(local, f"{short}, HH:mm", locale=spoken),
        format_datetime(local, f"{whole}, {time}", locale=spoken),
        at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
