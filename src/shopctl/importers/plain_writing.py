"""Products as our own CSV, a row after the other."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Final, TextIO

from shopapi.catalog.records import OptionRecord, ProductRecord, VariantRecord
from shopapi.contract.catalog import LOCALES
from shopctl.importers.plain_cells import category_cells, guarded, money, picture_cells
from shopctl.importers.plain_columns import TEXTS, head
from shopctl.importers.rows import Step

Paths = Mapping[str, list[Step]]
"""The path to a category, by its slug."""

_NUMBERS: Final = ("content_amount", "weight_g", "on_hand")


def write(records: Iterable[ProductRecord], paths: Paths, file: TextIO, *, options: int) -> int:
    """Write ``records`` below a head line with columns for so many ``options``; how many that were.

    Raises :class:`ValueError` where a product has more options. Everything is quoted, or a program that parts cells at
    another sign would find formulas in the middle of a text.
    """
    columns = head(options)
    writer = csv.DictWriter(file, columns, restval="", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    count = 0
    for record in records:
        if len(record.options) > options:
            raise ValueError(f"{record.slug} has more options than the head line")
        for cells in rows_of(record, paths):
            writer.writerow({name: guarded(text) for name, text in cells.items()})
        count += 1
    return count


def rows_of(record: ProductRecord, paths: Paths) -> Iterator[dict[str, str]]:
    """The rows of one product, by column."""
    rows = [_value_row(record, place) for place in range(_longest(record.options))] if _out_of_order(record) else []
    rows += [_variant_row(one, record) for one in record.variants]
    for row in rows[:1]:
        row.update(_product_cells(record, paths))
        for n, option in enumerate(record.options, 1):
            row[f"option{n}"] = option.code
            row |= {f"option{n}_{locale}": option.name.get(locale, "") for locale in LOCALES}
    for row in rows:
        yield {"slug": record.slug, **row}


def _product_cells(record: ProductRecord, paths: Paths) -> dict[str, str]:
    texts = {f"{text}_{locale}": getattr(record, text).get(locale, "") for text in TEXTS for locale in LOCALES}
    return {
        "state": record.state,
        "tax_class": record.tax_class,
        "published_at": record.published_at.astimezone(UTC).isoformat() if record.published_at else "",
        **texts,
        **category_cells([paths[slug] for slug in record.categories]),
        **picture_cells(record.media),
    }


def _variant_row(one: VariantRecord, record: ProductRecord) -> dict[str, str]:
    numbers = {name: "" if (number := getattr(one, name)) is None else str(number) for name in _NUMBERS}
    row = {
        "sku": one.sku,
        "price": money(one.price),
        "compare_at_price": money(one.compare_at_price),
        "content_unit": one.content_unit or "",
        "base_unit": one.base_unit or "",
        "barcode": one.barcode or "",
        "picture": one.image or "",
        **numbers,
    }
    for n, option in enumerate(record.options, 1):
        for place, value in enumerate(option.values):
            if one.options.get(option.code) == value.code:
                row |= _value_cells(n, option, place)
    return row


def _value_row(record: ProductRecord, place: int) -> dict[str, str]:
    row: dict[str, str] = {}
    for n, option in enumerate(record.options, 1):
        if place < len(option.values):
            row |= _value_cells(n, option, place)
    return row


def _value_cells(n: int, option: OptionRecord, place: int) -> dict[str, str]:
    value = option.values[place]
    names = {f"option{n}_value_{locale}": value.name.get(locale, "") for locale in LOCALES}
    return {f"option{n}_value": value.code, **names, f"option{n}_swatch": value.swatch or ""}


def _longest(options: list[OptionRecord]) -> int:
    return max((len(one.values) for one in options), default=0)


def _out_of_order(record: ProductRecord) -> bool:
    """Whether the variants name the values in another order than the product has them, or leave some out."""
    for option in record.options:
        named = dict.fromkeys(one.options[option.code] for one in record.variants if option.code in one.options)
        if list(named) != [value.code for value in option.values]:
            return True
    return False
