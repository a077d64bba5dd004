"""Two languages: which one a visitor gets, its words, and how it writes numbers and times."""

import gettext
import unicodedata
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Final, Literal

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from shopapi.contract.figures import LOCALES, number

Language = Literal["en", "de"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "de")


def preferred(accept_language: str, chosen: str | None) -> Language:
    """The language that was chosen, else the one that the browser likes best among ours, else English."""
    for language in LANGUAGES:
        if chosen == language:
            return language
    best: Language = "en"
    best_weight = 0.0
    for part in accept_language.split(",")[:20]:
        tag, _, weight = part.strip().partition(";q=")
        name = tag.strip().lower().partition("-")[0]
        try:
            value = float(weight) if weight else 1.0
        except ValueError:
            continue
        for language in LANGUAGES:
            if name == language and value > best_weight:
                best, best_weight = language, value
    return best


def read_translations(language: Language) -> gettext.NullTranslations:
    """The words of a language, from its ``messages.po``; English is what the source says."""
    if language == "en":
        return gettext.NullTranslations()
    source = files("shopweb").joinpath("locales", language, "messages.po")
    with source.open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def unbroken(words: str) -> str:
    """The words of a date, with spaces at which no line of a page ends: nobody reads "6." apart from its month."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")


class Moment:
    """A time as a ledger shows it: short on the page, whole in what a pointer or a program reads."""

    def __init__(self, at: datetime, now: datetime, language: Language) -> None:
        at, locale = at.astimezone(UTC), LOCALES[language]
        self.machine = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        day = unbroken("d. MMM" if language == "de" else "d MMM")
        with_year = unbroken(f"{day} yyyy")
        time = format_datetime(at, "HH:mm", locale=locale, tzinfo=UTC)
        self.whole = f"{format_datetime(at, with_year, locale=locale, tzinfo=UTC)}, {time} UTC"
        days = (now.astimezone(UTC).date() - at.date()).days
        date = day if at.year == now.year else with_year
        self.clock = time if days <= 0 else f"{format_datetime(at, date, locale=locale, tzinfo=UTC)}, {time}"
        """When it was, for a sentence: a time, and the day before it where that was not today."""
        if days <= 0:
            self.short = time
        elif days < 7:
            self.short = format_datetime(at, "EEE", locale=locale, tzinfo=UTC)
        else:
            skeleton = "MMMd" if at.year == now.year else "yMMMd"
            self.short = unbroken(format_skeleton(skeleton, at, tzinfo=UTC, locale=locale))


# Babel takes 150 µs for each of these, and all pages of a day say the same few.
@lru_cache(maxsize=256)
def day(at: date, language: Language, *, month: bool = True) -> str:
    """A day near by: ``Do. 26. November`` or ``Thu 26 November``, or without its month."""
    pattern = "EEE d." if language == "de" else "EEE d"
    return unbroken(format_date(at, f"{pattern} MMMM" if month else pattern, locale=LOCALES[language]))


def country(code: str, language: Language) -> str:
    """A country by its ISO 3166 code, such as ``Germany``."""
    return str(Locale.parse(LOCALES[language]).territories.get(code, code))


def sorting(text: str) -> str:
    """What ``text`` is sorted by: an umlaut beside its vowel, as a telephone book of either language has it."""
    return unicodedata.normalize("NFD", text).casefold()


def signed(value: int, language: Language) -> str:
    """A change of stock: ``+24`` or ``−2``, with a real minus."""
    return ("+" if value > 0 else "−") + number(abs(value), language)
