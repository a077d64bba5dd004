"""Numbers as people and programs write them, with a decimal point or a decimal comma. Wrong ones raise ValueError."""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from shopapi.contract.catalog import MAX_AMOUNT
from shopapi.contract.fields import MAX_ITEM_QUANTITY

_WITH_POINT: Final = re.compile(r"(?:\d{1,12}|\d{0,12}\.\d{1,9}|\d{1,3}(?:,\d{3}){1,4}\.\d{1,9})", re.ASCII)
_WITH_COMMA: Final = re.compile(r"(?:\d{1,12}|\d{0,12},\d{1,9}|\d{1,3}(?:\.\d{3}){1,4},\d{1,9})", re.ASCII)
_SAYS_COMMA: Final = re.compile(r"[\d.]*\d,\d{1,2}|0?,\d+", re.ASCII)
_SAYS_POINT: Final = re.compile(r"[\d,]*\d\.\d{1,2}|0?\.\d+", re.ASCII)
_WHOLE: Final = re.compile(r"-?\d{1,9}(?:[.,]0+)?", re.ASCII)
_GRAMS: Final = {
    "g": Decimal(1),
    "kg": Decimal(1000),
    "lb": Decimal("453.59237"),
    "lbs": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}
_CONTENT: Final = {
    "mg": ("g", Decimal("0.001")),
    "g": ("g", Decimal(1)),
    "kg": ("g", Decimal(1000)),
    "ml": ("ml", Decimal(1)),
    "cl": ("ml", Decimal(10)),
    "l": ("ml", Decimal(1000)),
}
_MAX_WEIGHT_G: Final = 100_000_000


class DecimalStyle:
    """Counts what a file's numbers look like; the many decide, and the few are refused rather than misread."""

    def __init__(self) -> None:
        self._commas = self._points = 0

    def see(self, cells: Iterable[str]) -> None:
        """Take note of cells that are numbers."""
        for cell in cells:
            if "," in cell and _SAYS_COMMA.fullmatch(cell):
                self._commas += 1
            elif "." in cell and _SAYS_POINT.fullmatch(cell):
                self._points += 1

    @property
    def comma(self) -> bool:
        """Whether the decimals stand behind a comma."""
        return self._commas > self._points


def decimal(text: str, *, comma: bool) -> Decimal:
    """A number that is not negative. ``1,234`` alone may mean two numbers, and is none here."""
    number = _WITH_COMMA if comma else _WITH_POINT
    if not number.fullmatch(text):
        raise ValueError("is less than zero" if number.fullmatch(text.removeprefix("-")) else "is not a number")
    return Decimal(text.replace(".", "").replace(",", ".") if comma else text.replace(",", ""))


def amount(text: str, *, comma: bool) -> int:
    """Money in minor units."""
    minor = decimal(text, comma=comma) * 100
    if minor != int(minor):
        raise ValueError("has more than two decimals")
    if minor > MAX_AMOUNT:
        raise ValueError("is more than a price may be")
    return int(minor)


def units(text: str) -> int:
    """Units in stock; they may be negative where a shop oversold."""
    if not _WHOLE.fullmatch(text):
        raise ValueError("is not a whole number")
    number = int(re.split("[.,]", text)[0])
    if number > MAX_ITEM_QUANTITY:
        raise ValueError(f"is more than {MAX_ITEM_QUANTITY:,}")
    return number


def whole(text: str) -> int:
    """A whole number from 0 on."""
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise ValueError("is not a whole number")
    return int(text)


def grams(text: str, unit: str, *, comma: bool) -> int:
    """A weight in whole grams, from g, kg, lb, lbs or oz."""
    if unit.lower() not in _GRAMS:
        raise ValueError(f'is in a unit that is not known, "{unit}"')
    weight = _rounded(decimal(text, comma=comma) * _GRAMS[unit.lower()])
    if weight > _MAX_WEIGHT_G:
        raise ValueError("is too heavy")
    return weight


def content(text: str, unit: str, *, comma: bool) -> tuple[int, str]:
    """How much is in a package, in whole g or ml; kg and l where these are whole."""
    if unit.lower() not in _CONTENT:
        raise ValueError(f'is in a unit that is not known, "{unit}"')
    number = decimal(text, comma=comma)
    if unit.lower() in ("kg", "l") and number == int(number):
        return int(number), unit.lower()
    small, factor = _CONTENT[unit.lower()]
    return _rounded(number * factor), small


def _rounded(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_HALF_UP))
