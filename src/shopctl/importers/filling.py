"""What a file has no column for: a product that is there keeps it, a new one has the defaults; no I/O."""

from collections.abc import Collection
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from shopapi.catalog.record_store import StoredProduct
from shopapi.catalog.records import OptionRecord, ProductRecord, VariantRecord, Words
from shopapi.contract.catalog import TaxClass

CONTENT: Final = ("content_amount", "content_unit", "base_unit")
ALL_CLASSES: Final[tuple[TaxClass, ...]] = ("standard", "reduced", "zero")
TAXED: Final[tuple[TaxClass, ...]] = ("standard", "reduced")
_FITS: Final = {"kg": ("g", "kg"), "l": ("ml", "l")}


class Unsaid(Struct, frozen=True, kw_only=True):
    """What a file says nothing of. ``tax_classes`` are those that it does not contradict where they are stored.

    ``options_from`` is how many options the file has columns for; those behind stay, none where it is ``None``.
    ``variant`` are names of fields of :class:`VariantRecord`.
    """

    state: bool = False
    tax_classes: tuple[TaxClass, ...] = ()
    options_from: int | None = None
    variant: tuple[str, ...] = ()


def fits(base_unit: str | None, content_unit: str | None) -> bool:
    """Whether a price for ``base_unit`` can be worked out from a content in ``content_unit``."""
    return base_unit is None or content_unit in _FITS[base_unit]


def filled(record: ProductRecord, unsaid: Unsaid, before: StoredProduct | None, locale: str) -> ProductRecord:
    """``record`` with what is stored in place of what its file says nothing of; options are named by their codes."""
    old = before.record if before else None
    known = {one.code: one for one in old.options} if old else {}
    record = replace(record, options=[_option(one, known.get(one.code), locale) for one in record.options])
    if before is None or old is None:
        return record
    behind = [one.code for one in old.options[unsaid.options_from :]] if unsaid.options_from is not None else []
    variants = {one.sku: one for one in old.variants}
    record = replace(
        record,
        tax_class=old.tax_class if old.tax_class in unsaid.tax_classes else record.tax_class,
        variants=[_variant(one, variants.get(one.sku), unsaid, behind) for one in record.variants],
    )
    return _as_it_was(record, before) if unsaid.state else record


def _as_it_was(record: ProductRecord, before: StoredProduct) -> ProductRecord:
    named = {one.sku for one in record.variants}
    living = [*record.variants, *(one for one in before.living if one.sku not in named)]
    for_sale = any(one.price is not None for one in living)
    state = before.record.state
    return replace(record, state=state if for_sale or state != "active" else "draft")


def _variant(new: VariantRecord, old: VariantRecord | None, unsaid: Unsaid, options: Collection[str]) -> VariantRecord:
    if old is None:
        return new
    kept: dict[str, Any] = {name: getattr(old, name) for name in unsaid.variant}
    chosen = {code: value for code, value in old.options.items() if code in options}
    found = replace(new, **kept, options={**chosen, **new.options})
    return found if fits(found.base_unit, found.content_unit) else replace(found, base_unit=None)


def _option(new: OptionRecord, old: OptionRecord | None, locale: str) -> OptionRecord:
    known = {one.code for one in old.values} if old else set[str]()
    values = [one if one.code in known else replace(one, name=_named(one.name, one.code, locale)) for one in new.values]
    return replace(new, name=new.name if old else _named(new.name, new.code, locale), values=values)


def _named(name: Words, code: str, locale: str) -> Words:
    return name if name.get(locale) else {**name, locale: code}
