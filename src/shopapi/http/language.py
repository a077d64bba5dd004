"""Which of the shop's languages a caller prefers, by ``Accept-Language``."""

from shopapi.contract.catalog import LOCALES, Locale
from shopapi.http.weights import weighted


def preferred(header: str) -> Locale | None:
    """The language of ``header`` that the shop speaks and the caller likes best, the first one among equals.

    ``None`` is the shop's default language: for no header, one that cannot be read, foreign languages and ``*``. A tag
    counts by its language alone: ``de-AT`` is ``de``.
    """
    best: Locale | None = None
    best_weight = 0.0
    for tag, weight in weighted(header).items():
        if weight <= best_weight:
            continue
        if tag == "*":
            best, best_weight = None, weight
        for locale in LOCALES:
            if tag.partition("-")[0] == locale:
                best, best_weight = locale, weight
    return best
