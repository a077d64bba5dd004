"""Our own CSV: a row a variant, those of one product after each other, the product's words in the first.

A row without a sku brings no variant, only values of options; so values may stand in another order than variants do,
and some may wait for a variant.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar, get_args

import msgspec

from shopapi.catalog.records import ProductRecord, VariantRecord, Words
from shopapi.contract.catalog import (
    LOCALES,
    BaseUnit,
    ContentUnit,
    ProductState,
    Slug,
    TaxClass,
)
from shopapi.contract.fields import SkuText
from shopctl.importers import cells, words
from shopctl.importers.cells import MAX_BARCODE
from shopctl.importers.filling import ALL_CLASSES, CONTENT, Unsaid, fits
from shopctl.importers.plain_cells import category_paths, pictures
from shopctl.importers.plain_options import Options
from shopctl.importers.rows import Incoming, Row, Skipped, Step, Terms, Unfit, grouped, refuse_faults
from shopctl.importers.seen import Seen

T = TypeVar("T")

_STATES: Final[tuple[ProductState, ...]] = get_args(ProductState)
_TAX_CLASSES: Final[tuple[TaxClass, ...]] = get_args(TaxClass)
_CONTENT_UNITS: Final[tuple[ContentUnit, ...]] = get_args(ContentUnit)
_BASE_UNITS: Final[tuple[BaseUnit, ...]] = get_args(BaseUnit)
_YEARS: Final = (1970, 2100)
_Picture = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


def read(rows: Iterable[Row], terms: Terms) -> Iterator[Incoming | Skipped]:
    """Every product of the file, or why it does not come in."""
    with Seen() as seen:
        for slug, group in grouped(rows, "slug"):
            first = group[0]
            try:
                refuse_faults(group)
                if not slug:
                    raise first.unfit("slug", "is empty")
                _fits(first, "slug", Slug, "is not lower-case letters, digits and hyphens")
                before = seen.before(slug, first.number)
                if before is not None:
                    raise first.unfit("slug", f"stood in row {before} before; its rows must follow each other")
                yield _product(slug, group, terms)
            except Unfit as error:
                yield error.skipped


def _product(slug: str, group: list[Row], terms: Terms) -> Incoming:
    first = group[0]
    options = Options(group, terms.locale)
    variants = [_variant(row, options, terms) for row in group if row["sku"]]
    if not variants:
        raise first.unfit("sku", "is empty: the product has no variant")
    rows = [row for row in group if row["sku"]]
    skus = [one.sku for one in variants]
    for row in rows:
        if skus.count(row["sku"]) > 1:
            raise row.unfit("sku", "stands twice in this product")
    cells.refuse_twins(rows, variants, "sku")
    _check_name(first, f"name_{terms.locale}")
    record = ProductRecord(
        slug=slug,
        name=_lines(first, "name"),
        fact=_lines(first, "fact"),
        description={locale: text for locale in LOCALES if (text := cells.markup(first, f"description_{locale}"))},
        seo_title=_lines(first, "seo_title"),
        seo_description=_lines(first, "seo_description"),
        state=terms.state or _one_of(first, "state", _STATES) or "draft",
        tax_class=_one_of(first, "tax_class", _TAX_CLASSES) or "standard",
        options=options.records,
        variants=variants,
        media=pictures(first["pictures"], {locale: first.exact(f"pictures_{locale}") for locale in LOCALES}),
        published_at=_moment(first, "published_at"),
    )
    for picture in record.media or ():
        _fits(first, "pictures", _Picture, "is not the name of a picture", picture.sha256)
    return Incoming(
        record=record,
        first_row=first.number,
        last_row=group[-1].number,
        categories=_categories(first, terms),
        unsaid=_unsaid(first, options.count, terms),
    )


def _check_name(row: Row, column: str) -> None:
    told = words.own_line(row[column])
    if row.has(column) and not words.visible(told):
        raise row.unfit(column, "is empty")
    if len(told) > words.MAX_LINE:
        raise row.unfit(column, f"has more than {words.MAX_LINE} characters")


def _unsaid(row: Row, options: int, terms: Terms) -> Unsaid:
    fields = [name for name in ("price", "compare_at_price", "barcode", "weight_g") if not row.has(name)]
    if not (row.has("content_amount") and row.has("content_unit")):
        fields += CONTENT
    elif not row.has("base_unit"):
        fields.append("base_unit")
    return Unsaid(
        state=terms.state is None and not row.has("state"),
        tax_classes=() if row.has("tax_class") else ALL_CLASSES,
        options_from=options,
        variant=tuple(fields),
    )


def _variant(row: Row, options: Options, terms: Terms) -> VariantRecord:
    _fits(row, "sku", SkuText, "is not 1 to 64 letters, digits, dots, hyphens and underlines")
    if row["picture"]:
        _fits(row, "picture", _Picture, "is not the name of a picture")
    amount, unit, base = _content(row)
    return VariantRecord(
        sku=row["sku"],
        options=options.of(row),
        price=cells.amount(row, "price", terms),
        compare_at_price=cells.amount(row, "compare_at_price", terms),
        content_amount=amount,
        content_unit=unit,
        base_unit=base,
        barcode=_barcode(row),
        weight_g=cells.whole(row, "weight_g"),
        image=row["picture"] or None,
        on_hand=cells.stock(row, "on_hand", []),
    )


def _content(row: Row) -> tuple[int | None, ContentUnit | None, BaseUnit | None]:
    """How much is in it and what the Grundpreis is given for: amount and unit go together, a base unit fits both."""
    amount, unit = cells.whole(row, "content_amount"), _one_of(row, "content_unit", _CONTENT_UNITS)
    base = _one_of(row, "base_unit", _BASE_UNITS)
    if amount == 0:
        raise row.unfit("content_amount", "is not more than 0")
    if amount is not None and unit is None:
        raise row.unfit("content_unit", "is empty, but content_amount is not")
    if amount is None and unit is not None:
        raise row.unfit("content_amount", "is empty, but content_unit is not")
    if base is not None and amount is None:
        raise row.unfit("base_unit", "needs content_amount and content_unit")
    if not fits(base, unit):
        raise row.unfit("base_unit", f"does not fit a content in {unit}")
    return amount, unit, base


def _barcode(row: Row) -> str | None:
    told = words.own_line(row["barcode"])
    if len(told) > MAX_BARCODE:
        raise row.unfit("barcode", f"has more than {MAX_BARCODE} characters")
    return told or None


def _lines(row: Row, column: str) -> Words:
    return {locale: text for locale in LOCALES if (text := words.own_line(row[f"{column}_{locale}"]))}


def _categories(row: Row, terms: Terms) -> list[list[Step]]:
    found = category_paths(row["categories"], {locale: row.exact(f"categories_{locale}") for locale in LOCALES})
    for path in found:
        for step in path:
            _fits(row, "categories", Slug, "is not a path of slugs such as wohnen > kerzen", step.slug)
    return [[_named(step, terms.locale) for step in path] for path in found]


def _named(step: Step, locale: str) -> Step:
    # A file made by hand may leave the names out.
    return (
        step if step.name.get(locale) else Step({locale: (step.slug or "").replace("-", " ").capitalize()}, step.slug)
    )


def _fits(row: Row, column: str, kind: object, why: str, value: str | None = None) -> None:
    try:
        msgspec.convert(row[column] if value is None else value, kind)
    except msgspec.ValidationError:
        raise row.unfit(column, why, value) from None


def _one_of(row: Row, column: str, known: tuple[T, ...]) -> T | None:
    told = row[column]
    for one in known:
        if told == one:
            return one
    if told:
        raise row.unfit(column, f"is none of {', '.join(map(str, known))}")
    return None


def _moment(row: Row, column: str) -> datetime | None:
    text = row[column]
    if not text:
        return None
    try:
        told = datetime.fromisoformat(text)
        moment = (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise row.unfit(column, "is not a moment such as 2025-11-24T16:05:00Z") from None
    if not _YEARS[0] <= moment.year <= _YEARS[1]:
        raise row.unfit(column, f"is not in the years {_YEARS[0]} to {_YEARS[1]}")
    return moment
