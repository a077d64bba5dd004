"""What happens when somebody prices a variant or puts its product on sale."""

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace
from sqlalchemy import Connection, select

from shopapi.accounts import audit_log
from shopapi.catalog import admin_store, product_writer
from shopapi.catalog.category_lock import hold_categories
from shopapi.catalog.listing_store import refresh
from shopapi.catalog.record_store import StoredProduct, load
from shopapi.catalog.records import ProductRecord, VariantRecord
from shopapi.catalog.rules import Archived, CompareAtTooLow, NoPrice, StockLeft, UnknownVariant
from shopapi.catalog.tables import variant
from shopapi.contract.catalog import AdminProduct, ProductState, TaxClass
from shopapi.db.types import clock
from shopapi.inventory.movement_store import lock_variants


class VariantChange(Struct, frozen=True, kw_only=True):
    """What to change; ``UNSET`` stays as it is. ``state`` and ``tax_class`` are the whole product's."""

    price: int | UnsetType | None = UNSET
    compare_at_price: int | UnsetType | None = UNSET
    state: ProductState | UnsetType = UNSET
    tax_class: TaxClass | UnsetType = UNSET


def set_variant(c: Connection, sku: str, change: VariantChange, *, actor: str) -> AdminProduct:
    """Change a variant and its product, in one transaction with all that shoppers see of it.

    Raises :class:`UnknownVariant`, :class:`NoPrice` where a product would be on sale without one, :class:`StockLeft`
    where one with units in stock is to be archived, and :class:`Archived` where one is to come back.
    """
    product_id = c.execute(select(variant.c.product_id).where(variant.c.sku == sku)).scalar()
    if product_id is None:
        raise UnknownVariant(sku)
    hold_categories(c)
    lock_variants(c, [product_id])
    before = load(c, [product_id])[product_id]
    wanted = replace(
        before.record,
        variants=[_changed(one, change) if one.sku == sku else one for one in before.record.variants],
        state=before.record.state if change.state is UNSET else change.state,
        tax_class=before.record.tax_class if change.tax_class is UNSET else change.tax_class,
    )
    if wanted != before.record and (before.record.state == "archived" or before.variants[sku].archived):
        raise Archived
    living = [one for one in wanted.variants if not before.variants[one.sku].archived]
    if wanted.state == "active" and all(one.price is None for one in living):
        raise NoPrice
    if wanted.state == "archived" and wanted != before.record:
        _check_empty(before)
    for one in wanted.variants:
        if one.sku == sku and one.compare_at_price is not None and one.compare_at_price <= (one.price or 0):
            raise CompareAtTooLow(one.price or 0)
    if wanted != before.record:
        nodes = product_writer.category_ids(c, wanted.categories)
        now = c.execute(select(clock())).scalar_one()
        ids = product_writer.write(c, [product_writer.Plan(before, wanted)], nodes, now=now, actor=actor)
        audit_log.note(c, actor, "set-variant", sku, _told(before.record, sku), _told(wanted, sku), "")
        if wanted.state == "archived":
            product_writer.archive_variants(c, product_id)
        refresh(c, ids)
    return admin_store.told(c, load(c, [product_id])[product_id])


def _told(record: ProductRecord, sku: str) -> dict[str, object]:
    one = next(one for one in record.variants if one.sku == sku)
    return {
        "price": one.price,
        "compare_at_price": one.compare_at_price,
        "state": record.state,
        "tax_class": record.tax_class,
    }


def _changed(one: VariantRecord, change: VariantChange) -> VariantRecord:
    return replace(
        one,
        price=one.price if change.price is UNSET else change.price,
        compare_at_price=one.compare_at_price if change.compare_at_price is UNSET else change.compare_at_price,
    )


def _check_empty(before: StoredProduct) -> None:
    if units := sum(one.on_hand for one in before.variants.values()):
        raise StockLeft(units)
