"""The options of a product in our own CSV: codes, names in every language, colours."""

import re
from collections.abc import Sequence
from typing import Final

from shopapi.catalog.records import OptionRecord, ValueRecord, Words
from shopapi.contract.catalog import LOCALES
from shopapi.names import slug
from shopctl.importers import words
from shopctl.importers.rows import Row

_SWATCH: Final = re.compile(r"#[0-9a-f]{6}(?:/#[0-9a-f]{6})?", re.IGNORECASE)
_MOST: Final = 99


class Options:
    """What the rows of one product say of its options. Raises :class:`Unfit` where that does not go together.

    A name that they leave out is empty; ``count`` is how many options the file has columns for.
    """

    def __init__(self, rows: Sequence[Row], locale: str) -> None:
        self._locale = locale
        self._codes: dict[int, str] = {}
        self.records: list[OptionRecord] = []
        self.count = 0
        for n in range(1, _MOST + 1):
            if not (rows[0].has(f"option{n}") or rows[0].has(f"option{n}_{locale}")):
                break
            self.count = n
            self._add(n, rows)

    def of(self, row: Row) -> dict[str, str]:
        """What the variant in ``row`` chooses."""
        chosen = {code: _code(row, f"option{n}_value", self._locale) for n, code in self._codes.items()}
        return {code: value for code, value in chosen.items() if value}

    def _add(self, n: int, rows: Sequence[Row]) -> None:
        first = rows[0]
        code = _code(first, f"option{n}", self._locale)
        values: dict[str, ValueRecord] = {}
        for row in rows:
            value = _code(row, f"option{n}_value", self._locale)
            if not value:
                continue
            if not code:
                raise first.unfit(f"option{n}", "is empty, but variants have a value for it")
            told = ValueRecord(code=value, name=_names(row, f"option{n}_value"), swatch=_swatch(row, n))
            if (told.name or told.swatch) and values.setdefault(value, told) != told:
                raise row.unfit(f"option{n}_value", "has another name or colour than in an earlier row")
            values.setdefault(value, told)
        if not code:
            return
        if code in self._codes.values():
            raise first.unfit(f"option{n}", "is the code of two options")
        self._codes[n] = code
        self.records.append(OptionRecord(code=code, name=_names(first, f"option{n}"), values=list(values.values())))


def _code(row: Row, column: str, locale: str) -> str:
    """The code, or what the name in the shop's language makes of it."""
    told = words.own_line(row[column])
    name = words.own_line(row[f"{column}_{locale}"])
    return told or (slug(name) if name else "")


def _names(row: Row, column: str) -> Words:
    return {locale: text for locale in LOCALES if (text := words.own_line(row[f"{column}_{locale}"]))}


def _swatch(row: Row, n: int) -> str | None:
    told = row[f"option{n}_swatch"]
    if told and not _SWATCH.fullmatch(told):
        raise row.unfit(f"option{n}_swatch", "is not a colour such as #1f6f6b, or two with / between")
    return told or None
