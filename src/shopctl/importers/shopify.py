"""Shopify's product CSV: a row a variant, those of one handle after each other, the product's words in the first."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from shopapi.catalog.records import ProductRecord, VariantRecord
from shopapi.contract.catalog import ProductState, TaxClass
from shopctl.importers import cells, options, words
from shopctl.importers.categories import paths
from shopctl.importers.filling import ALL_CLASSES, CONTENT, TAXED, Unsaid
from shopctl.importers.naming import slug_of
from shopctl.importers.rows import Incoming, Note, Row, Skipped, Step, Terms, Unfit, grouped, refuse_faults
from shopctl.importers.seen import Seen
from shopctl.importers.skus import Skus

# Each column under the names that Shopify's exports have had for it, in lower case.
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "handle": ("handle", "url handle"),
    "title": ("title",),
    "body": ("body (html)", "description"),
    "category": ("product category",),
    "type": ("type",),
    "tags": ("tags",),
    "vendor": ("vendor",),
    "published": ("published", "published on online store"),
    "status": ("status",),
    "sku": ("variant sku", "sku"),
    "grams": ("variant grams", "weight value (grams)"),
    "tracker": ("variant inventory tracker", "inventory tracker"),
    "stock": ("variant inventory qty", "inventory quantity"),
    "price": ("variant price", "price"),
    "compare_at_price": ("variant compare at price", "compare-at price"),
    "taxable": ("variant taxable", "charge tax"),
    "barcode": ("variant barcode", "barcode"),
    "image": ("image src", "product image url"),
    "variant_image": ("variant image", "variant image url"),
    "gift_card": ("gift card",),
    "seo_title": ("seo title",),
    "seo_description": ("seo description",),
    "content": ("unit price total measure",),
    "content_unit": ("unit price total measure unit",),
    **{f"option{n}_name": (f"option{n} name",) for n in (1, 2, 3)},
    **{f"option{n}_value": (f"option{n} value",) for n in (1, 2, 3)},
}
REQUIRED: Final = ("handle", "title", "price")
NUMBERS: Final = ("price", "compare_at_price")
LEFT_OUT: Final = ("tags", "vendor")

_FIELDS: Final = (("compare_at_price", "compare_at_price"), ("barcode", "barcode"), ("weight_g", "grams"))
_YES: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def read(rows: Iterable[Row], terms: Terms) -> Iterator[Incoming | Skipped]:
    """Every product of the file, or why it does not come in."""
    with Seen() as seen:
        for handle, group in grouped(rows, "handle"):
            first = group[0]
            try:
                refuse_faults(group)
                if not handle:
                    raise first.unfit("handle", "is empty")
                before = seen.before(handle, first.number)
                if before is not None:
                    raise first.unfit("handle", f"stood in row {before} before; its rows must follow each other")
                yield _product(slug_of(handle), group, terms)
            except Unfit as error:
                yield error.skipped


def _product(slug: str, group: list[Row], terms: Terms) -> Incoming:
    first = group[0]
    if _flag(first, "gift_card", default=False):
        raise first.unfit("gift_card", "gift cards are not taken over", "")
    rows = [row for row in group if row is first or any(row[name] for name in ("option1_value", "price", "sku"))]
    built, codes = options.build(_options(rows), terms.locale)
    skus = Skus(slug)
    notes: list[Note] = []
    variants = [_variant(row, skus, own, terms, notes) for row, own in zip(rows, codes, strict=True)]
    cells.refuse_twins(rows, variants, "option1_value")
    name, text = cells.name(first, "title"), words.description(cells.markup(first, "body"), lines_count=False)
    record = ProductRecord(
        slug=slug,
        name={terms.locale: name},
        description=cells.said(terms, text),
        seo_title=cells.said(terms, words.seo(first["seo_title"])),
        seo_description=cells.said(terms, words.seo(first["seo_description"])),
        state=cells.state(terms, _state(first, notes), variants),
        tax_class=_tax_class(first),
        options=built,
        variants=variants,
    )
    pictures = {url for row in group for url in (row["image"], row["variant_image"]) if url}
    count = len(pictures) + len(re.findall(r"<img\b", first["body"], re.IGNORECASE))
    if count:
        notes.append(Note("pictures", first.number, count))
    return Incoming(
        record=record,
        first_row=first.number,
        last_row=group[-1].number,
        categories=_categories(first, terms),
        notes=[*skus.notes, *notes],
        unsaid=_unsaid(first, terms),
    )


def _unsaid(row: Row, terms: Terms) -> Unsaid:
    """Shopify knows no reduced class: that a product is taxed contradicts the class zero alone."""
    fields = [name for name, column in _FIELDS if not row.has(column)]
    told = None if not row["taxable"] else _flag(row, "taxable", default=True)
    return Unsaid(
        state=terms.state is None and not (row.has("published") or row.has("status")),
        tax_classes=ALL_CLASSES if told is None else TAXED if told else (),
        variant=(*fields, *(() if row.has("content") and row.has("content_unit") else CONTENT)),
    )


def _options(rows: list[Row]) -> list[options.Chosen]:
    """The first row alone has the options' names; a value stands in each."""
    first = rows[0]
    names: dict[str, str] = {}
    for n in (1, 2, 3):
        if name := words.one_line(first[f"option{n}_name"]):
            names[f"option{n}"] = words.shortened(name)
        elif any(row[f"option{n}_value"] for row in rows):
            raise first.unfit(f"option{n}_name", "is empty, but variants have a value for it")
    if len(rows) == 1 and first["option1_value"] in ("Default Title", ""):
        return [[]]
    if len(set(names.values())) < len(names):
        raise first.unfit("option2_name", "is the name of two options")
    return [[(name, cells.option_value(row, f"{key}_value")) for key, name in names.items()] for row in rows]


def _variant(row: Row, skus: Skus, codes: dict[str, str], terms: Terms, notes: list[Note]) -> VariantRecord:
    price = cells.amount(row, "price", terms)
    before = cells.amount(row, "compare_at_price", terms)
    content, unit = cells.content(row, "content", "content_unit", terms)
    return VariantRecord(
        sku=skus.of(row, "sku", list(codes.values())),
        options=codes,
        price=price,
        compare_at_price=before if before and price is not None and before > price else None,
        content_amount=content,
        content_unit=unit,
        base_unit=cells.base_unit(unit),
        barcode=cells.barcode(row, "barcode"),
        weight_g=cells.weight(row, "grams", "g", terms) or None,
        on_hand=_on_hand(row, terms, notes),
    )


def _on_hand(row: Row, terms: Terms, notes: list[Note]) -> int | None:
    counted = bool(row["tracker"]) or not row.has("tracker")
    if not counted or not row["stock"]:
        notes.append(Note("untracked", row.number))
        if terms.untracked_stock is not None or not row["stock"]:
            return terms.untracked_stock
    return cells.stock(row, "stock", notes)


def _state(row: Row, notes: list[Note]) -> ProductState:
    status = row["status"].lower()
    if status not in ("", "active", "draft", "archived", "unlisted"):
        raise row.unfit("status", "is none of active, draft and archived")
    if status == "archived":  # To be archived is for good here, so nothing comes in as that.
        notes.append(Note("archived", row.number))
        return "draft"
    published = _flag(row, "published", default=status == "active")
    return "active" if published and status in ("", "active") else "draft"


def _tax_class(row: Row) -> TaxClass:
    return "standard" if _flag(row, "taxable", default=True) else "zero"


def _flag(row: Row, column: str, *, default: bool) -> bool:
    told = row[column].lower()
    if told and told not in _YES:
        raise row.unfit(column, "is neither true nor false")
    return _YES.get(told, default)


def _categories(row: Row, terms: Terms) -> list[list[Step]]:
    found = paths(row["category"], terms.locale, separator=None)
    for path in paths(row["type"], terms.locale, separator=None):
        if not any(path[-1].name == other[-1].name for other in found):
            found.append(path)
    return found
