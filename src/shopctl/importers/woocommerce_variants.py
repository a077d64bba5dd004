"""A variation of WooCommerce as a variant: price and sale, tax, stock and weight, or its parent's."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from shopapi.catalog.records import VariantRecord
from shopapi.contract.catalog import ProductState, TaxClass
from shopctl.importers import cells
from shopctl.importers.filling import ALL_CLASSES, CONTENT, TAXED, Unsaid
from shopctl.importers.rows import Note, Row, Terms
from shopctl.importers.skus import Skus
from shopctl.importers.woocommerce_columns import weight_unit

_FIELDS: Final = (("compare_at_price", "sale_price"), ("barcode", "barcode"), ("weight_g", "weight"))
_PUBLISHED: Final = ("1", "0", "-1")
_STANDARD: Final = "standard"
_PARENT: Final = "parent"
_REDUCED: Final = ("reduced", "reduz", "ermaessigt", "ermäßigt")
_ZERO: Final = ("zero", "null", "steuerfrei")


def variant_of(
    row: Row, parent: Row, skus: Skus, codes: dict[str, str], share: int | None, notes: list[Note], terms: Terms
) -> VariantRecord:
    """The variant in ``row``, which is ``parent`` itself in a product without variations."""
    priced = row if row["price"] or row["sale_price"] else parent
    price, before = _prices(priced, terms)
    if row is not parent and row["published"] in ("0", "-1"):
        price = before = None
    else:
        notes += _sale_notes(priced, row.number, terms)
    weighed = _saying("weight", row, parent)
    return VariantRecord(
        sku=skus.of(
            row,
            "sku",
            list(codes.values()),
            ignore=parent["sku"] if row is not parent else "",
            number=row["id"],
        ),
        options=codes,
        price=price,
        compare_at_price=before,
        barcode=cells.barcode(row, "barcode"),
        weight_g=cells.weight(weighed, "weight", weight_unit(weighed.head("weight")), terms) or None,
        on_hand=share if share is not None else _on_hand(row, terms, notes),
    )


def shared_stock(parent: Row, variations: Sequence[Row], notes: list[Note]) -> dict[int, int]:
    """The units that variations share, dealt out among them by row: each has its own here, and their sum must hold."""
    sharing = [one for one in variations if one["stock"].lower() in ("", _PARENT)]
    if not sharing or not parent["stock"]:
        return {}
    units = cells.stock(parent, "stock", notes) or 0
    notes.append(Note("shared_stock", parent.number, len(sharing), value=parent["stock"]))
    each, more = divmod(units, len(sharing))
    return {one.number: each + (place < more) for place, one in enumerate(sharing)}


def state_of(row: Row, notes: list[Note]) -> ProductState:
    """Active where it is published and stands in the catalog."""
    if row["published"] not in ("", *_PUBLISHED):
        raise row.unfit("published", "is none of 1, 0 and -1")
    if row["published"] == "1" and row["visibility"].lower() == "hidden":
        notes.append(Note("hidden", row.number))
        return "draft"
    return "active" if row["published"] == "1" else "draft"


def tax_class_of(row: Row, notes: list[Note]) -> TaxClass:
    """By the class's slug; one that says neither reduced nor zero is the standard one, and noted."""
    if row["tax_status"].lower() == "none":
        return "zero"
    told = row["tax_class"].lower()
    if any(word in told for word in _REDUCED):
        return "reduced"
    if any(word in told for word in _ZERO):
        return "zero"
    if told not in ("", _STANDARD, _PARENT):
        notes.append(Note("tax_class", row.number, value=told, became="standard"))
    return "standard"


def unsaid(row: Row, terms: Terms) -> Unsaid:
    """What a product keeps: WooCommerce knows no content, and an empty tax class, its default, names none."""
    fields = [name for name, column in _FIELDS if not row.has(column)]
    told = row["tax_class"].lower()
    named = (
        told == _STANDARD or any(word in told for word in (*_REDUCED, *_ZERO)) or row["tax_status"].lower() == "none"
    )
    silent = not (row.has("tax_class") or row.has("tax_status"))
    return Unsaid(
        state=terms.state is None and not row.has("published"),
        tax_classes=() if named else ALL_CLASSES if silent else TAXED,
        variant=(*fields, *CONTENT),
    )


def _sale_notes(row: Row, number: int, terms: Terms) -> list[Note]:
    regular, sale = cells.amount(row, "price", terms), cells.amount(row, "sale_price", terms)
    if sale is None or (regular is not None and sale >= regular):
        return []
    begins, ends, today = _day(row, "sale_from"), _day(row, "sale_to"), terms.now.date()
    if begins is not None and begins > today:
        return [Note("sale_begins", number)]
    return [Note("sale_ends", number)] if ends is not None and ends >= today else []


def _prices(row: Row, terms: Terms) -> tuple[int | None, int | None]:
    """The price, and the regular one while a sale is on."""
    regular, sale = cells.amount(row, "price", terms), cells.amount(row, "sale_price", terms)
    begins, ends = _day(row, "sale_from"), _day(row, "sale_to")
    today = terms.now.date()
    on = sale is not None and (begins is None or begins <= today) and (ends is None or today <= ends)
    if not on or (regular is not None and sale is not None and sale >= regular):
        return regular, None
    return sale, regular


def _day(row: Row, column: str) -> date | None:
    text = row[column]
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise row.unfit(column, "is not a day such as 2025-11-24") from None


def _on_hand(row: Row, terms: Terms, notes: list[Note]) -> int | None:
    if row["stock"].lower() not in ("", _PARENT):
        return cells.stock(row, "stock", notes)
    if row["in_stock"] == "0":
        return 0
    notes.append(Note("untracked", row.number))
    return terms.untracked_stock


def _saying(column: str, row: Row, parent: Row) -> Row:
    return row if row[column] else parent
