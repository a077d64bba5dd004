"""Single cells as what they mean; what is wrong with one is said by row, column and value."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar, cast

from shopapi.catalog.records import VariantRecord, Words
from shopapi.contract.catalog import BaseUnit, ContentUnit, ProductState
from shopctl.importers import numbers, words
from shopctl.importers.rows import Note, Row, Terms

T = TypeVar("T")

MAX_BARCODE: Final = 64
_MOST_TAGS: Final = 20_000


def said(terms: Terms, text: str) -> Words:
    """``text`` in the file's language; nothing where it is empty."""
    return {terms.locale: text} if text else {}


def name(row: Row, column: str) -> str:
    """A product's name, on one line."""
    told = words.one_line(row[column])
    if not words.visible(told):
        raise row.unfit(column, "is empty")
    if len(told) > words.MAX_LINE:
        raise row.unfit(column, f"has more than {words.MAX_LINE} characters")
    return told


def markup(row: Row, column: str) -> str:
    """HTML as it stands there; tags by the ten thousand, which a parser sorts out for minutes, are none."""
    told = row.exact(column)
    if min(told.count("<"), told.count(">")) > _MOST_TAGS:
        raise row.unfit(column, f"has more than {_MOST_TAGS:,} tags")
    return told


def option_value(row: Row, column: str) -> str:
    """A variant's value of an option."""
    told = words.shortened(words.one_line(row[column]))
    if not words.visible(told):
        raise row.unfit(column, "is empty, but the product has this option")
    return told


def amount(row: Row, column: str, terms: Terms) -> int | None:
    """Money in minor units; ``None`` where the cell is empty."""
    return _number(row, column, lambda text: numbers.amount(text, comma=terms.decimal_comma))


def weight(row: Row, column: str, unit: str, terms: Terms) -> int | None:
    """A weight in grams; ``None`` where the cell is empty."""
    return _number(row, column, lambda text: numbers.grams(text, unit, comma=terms.decimal_comma))


def content(row: Row, column: str, unit_column: str, terms: Terms) -> tuple[int | None, ContentUnit | None]:
    """How much is in it, and in which unit; nothing where the cell is empty or none."""
    unit = row[unit_column]
    told = _number(row, column, lambda text: numbers.content(text, unit, comma=terms.decimal_comma)) if unit else None
    return (told[0], cast(ContentUnit, told[1])) if told and told[0] > 0 else (None, None)


def base_unit(unit: ContentUnit | None) -> BaseUnit | None:
    """What a base price is given for: a kilogram or a litre."""
    if unit is None:
        return None
    return "kg" if unit in ("g", "kg") else "l"


def stock(row: Row, column: str, notes: list[Note]) -> int | None:
    """Units on hand; those that were oversold count as none."""
    units = _number(row, column, numbers.units)
    if units is not None and units < 0:
        notes.append(Note("negative_stock", row.number, value=row[column]))
        return 0
    return units


def whole(row: Row, column: str) -> int | None:
    """A whole number that is not negative; ``None`` where the cell is empty."""
    return _number(row, column, numbers.whole)


def barcode(row: Row, column: str) -> str | None:
    """The digits below the bars, as text."""
    told = words.one_line(row[column]).lstrip("'")
    if len(told) > MAX_BARCODE:
        raise row.unfit(column, f"has more than {MAX_BARCODE} characters")
    return told or None


def state(terms: Terms, told: ProductState, variants: Sequence[VariantRecord]) -> ProductState:
    """What the product is to be: no product without a price is on sale."""
    wanted = terms.state or told
    return "draft" if wanted == "active" and all(one.price is None for one in variants) else wanted


def refuse_twins(rows: Sequence[Row], variants: Sequence[VariantRecord], column: str) -> None:
    """Refuse a product two variants of which have the same options."""
    seen: set[tuple[tuple[str, str], ...]] = set()
    for row, one in zip(rows, variants, strict=True):
        combination = tuple(sorted(one.options.items()))
        if combination in seen:
            raise row.unfit(column, "an earlier variant of the product has the same options")
        seen.add(combination)


def _number(row: Row, column: str, read: Callable[[str], T]) -> T | None:
    text = row[column]
    if not text:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise row.unfit(column, str(error)) from None
