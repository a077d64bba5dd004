"""What a product is to be, from what is stored and what came in; no I/O."""

from msgspec.structs import replace

from shopapi.catalog.record_store import StoredProduct
from shopapi.catalog.records import OptionRecord, ProductRecord, ValueRecord, VariantRecord, Words
from shopapi.catalog.rules import as_kept


def merged(before: StoredProduct | None, record: ProductRecord, *, set_stock: bool) -> ProductRecord:
    """``record`` where it says something, what is there where it does not.

    Variants that it does not name stay, and so do the values that they need. Equal to ``before.record`` where nothing
    is to be done.
    """
    record = replace(record, published_at=record.published_at and as_kept(record.published_at))
    if before is None:
        variants = [replace(one, on_hand=one.on_hand or 0) for one in record.variants]
        return replace(record, variants=variants, media=record.media or [])
    old = before.record
    known = {one.sku: one for one in old.variants}
    named = [_variant(known.get(one.sku), one, set_stock=set_stock) for one in record.variants]
    names = {one.sku for one in named}
    kept = [one for one in old.variants if one.sku not in names]
    variants = _in_order(old, [*named, *kept], named)
    return replace(
        record,
        name=_words(old.name, record.name),
        fact=_words(old.fact, record.fact),
        description=_words(old.description, record.description),
        seo_title=_words(old.seo_title, record.seo_title),
        seo_description=_words(old.seo_description, record.seo_description),
        categories=_categories(old, record),
        options=_options(old, record, variants),
        variants=variants,
        media=old.media if record.media is None else record.media,
        published_at=record.published_at or old.published_at,
    )


def _in_order(old: ProductRecord, variants: list[VariantRecord], named: list[VariantRecord]) -> list[VariantRecord]:
    # A record that leaves some out, such as archived ones, says nothing of their place: that is no change of order.
    places = {one.sku: place for place, one in enumerate(old.variants)}
    known = [places[one.sku] for one in named if one.sku in places]
    is_same = len(known) == len(named) and known == sorted(known)
    return sorted(variants, key=lambda one: places[one.sku]) if is_same else variants


def _words(old: Words, new: Words) -> Words:
    return {**old, **{locale: words for locale, words in new.items() if words}}


def _categories(old: ProductRecord, new: ProductRecord) -> list[str]:
    # Their order says nothing, so another order is no change.
    return old.categories if set(old.categories) == set(new.categories) or not new.categories else new.categories


def _variant(old: VariantRecord | None, new: VariantRecord, *, set_stock: bool) -> VariantRecord:
    if old is None:
        return replace(new, on_hand=new.on_hand or 0)
    stock = new.on_hand if set_stock and new.on_hand is not None else old.on_hand
    return replace(new, on_hand=stock, image=new.image or old.image, past_prices=[])


def _options(old: ProductRecord, new: ProductRecord, variants: list[VariantRecord]) -> list[OptionRecord]:
    used = {(code, value) for one in variants for code, value in one.options.items()}
    options = {one.code: _option(one, old) for one in new.options}
    for option in old.options:
        known = options.get(option.code)
        have = {one.code for one in known.values} if known else set()
        more = [one for one in option.values if (option.code, one.code) in used and one.code not in have]
        if known:
            options[option.code] = replace(known, values=[*known.values, *more])
        elif more:
            options[option.code] = replace(option, values=more)
    return list(options.values())


def _option(new: OptionRecord, old: ProductRecord) -> OptionRecord:
    known = next((one for one in old.options if one.code == new.code), None)
    if known is None:
        return new
    values = {one.code: one for one in known.values}
    return replace(
        new, name=_words(known.name, new.name), values=[_value(values.get(one.code), one) for one in new.values]
    )


def _value(old: ValueRecord | None, new: ValueRecord) -> ValueRecord:
    return replace(new, name=_words(old.name, new.name), swatch=new.swatch or old.swatch) if old else new
