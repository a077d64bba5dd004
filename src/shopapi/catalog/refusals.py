"""Why a product cannot come in as it is, in words; no I/O."""

from shopapi.catalog.record_store import StoredProduct
from shopapi.catalog.records import ProductRecord


def wrong_option(record: ProductRecord, before: StoredProduct | None) -> str:
    """Why the options of a record's variants are none of its product's; ``""`` where they are."""
    options = [*record.options, *(before.record.options if before else ())]
    values = {(option.code, value.code) for option in options for value in option.values}
    for one in record.variants:
        for pair in one.options.items():
            if pair not in values:
                return f'the sku "{one.sku}" has the option "{pair[0]}: {pair[1]}", which the product has not'
    return ""


def impossible(before: StoredProduct | None, wanted: ProductRecord) -> str:
    """Why a product cannot be as ``wanted``, variants that its record did not name included."""
    stored = before.variants if before else {}
    living = [one for one in wanted.variants if one.sku not in stored or not stored[one.sku].archived]
    combinations = [tuple(sorted(one.options.items())) for one in living]
    if len(set(combinations)) != len(combinations):
        return "two of its variants have the same options"
    if wanted.state == "active" and all(one.price is None for one in living):
        return "it is to be on sale, and no variant has a price"
    for one in living:
        if one.compare_at_price is not None and one.compare_at_price <= (one.price or 0):
            return f'the compare-at price of "{one.sku}" is not above its price'
        if one.sku in stored and (one.on_hand or 0) < stored[one.sku].reserved:
            return f'open orders have reserved {stored[one.sku].reserved} units of "{one.sku}"'
    return ""
