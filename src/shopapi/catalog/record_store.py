"""SQL that reads whole products, many at once: one statement a table, whatever their number."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import BindParameter, Row, Select, bindparam, select

from shopapi.catalog.records import MediaRecord, OptionRecord, ProductRecord, ValueRecord, VariantRecord, Words
from shopapi.catalog.tables import (
    category,
    product,
    product_category,
    product_media,
    product_option,
    product_option_value,
    product_slug,
    product_translation,
    shop,
    variant,
    variant_option,
)
from shopapi.contract.catalog import Locale
from shopapi.db.engine import Reader
from shopapi.inventory.tables import MAIN_LOCATION, stock_level

TEXTS: Final = ("name", "fact", "description", "seo_title", "seo_description")


class StoredVariant(Struct, frozen=True):
    """What a variant's record does not say: its key, its stock, its past."""

    id: int
    item_name: str | None
    lowest_price_30_days: int | None
    on_hand: int
    reserved: int

    @property
    def archived(self) -> bool:
        """Whether it was taken out of stock for good."""
        return self.item_name is None


class StoredProduct(Struct, frozen=True):
    """A product as it stands in the database. ``variants`` is by sku."""

    id: int
    record: ProductRecord
    variants: dict[str, StoredVariant]
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def living(self) -> list[VariantRecord]:
        """Its variants but the archived ones."""
        return [one for one in self.record.variants if not self.variants[one.sku].archived]


def default_locale(c: Reader) -> Locale:
    """The language of the products' own words."""
    stored: Locale = c.execute(select(shop.c.default_locale)).scalar_one()
    return stored


def read_records(c: Reader, *, after: int, limit: int) -> tuple[list[ProductRecord], int | None]:
    """``limit`` products from behind id ``after`` on, and the id behind which more follow; nothing that is archived."""
    living = select(product.c.id).where(product.c.id > after, product.c.state != "archived")
    ids = list(c.execute(living.order_by(product.c.id).limit(limit + 1)).scalars())
    stored = load(c, ids[:limit])
    records = [msgspec.structs.replace(stored[one].record, variants=stored[one].living) for one in ids[:limit]]
    return records, ids[limit - 1] if len(ids) > limit else None


class Meant(Struct, frozen=True):
    """Which products records mean: their ids by the records' slugs, and the owners of all skus that are known."""

    products: dict[str, int]
    skus: dict[str, int]


def meant(c: Reader, records: Sequence[ProductRecord]) -> Meant:
    """The product that each record means: that of its slug, else the one that all its known skus belong to."""
    slugs = [one.slug for one in records]
    skus = [own.sku for one in records for own in one.variants]
    by_slug = {row.slug: row.product_id for row in c.execute(_BY_SLUG, {"names": slugs})}
    by_sku = {row.sku: row.product_id for row in c.execute(_BY_SKU, {"names": skus})}
    products = dict[str, int]()
    for one in records:
        owners = {by_sku[own.sku] for own in one.variants if own.sku in by_sku}
        if one.slug in by_slug:
            products[one.slug] = by_slug[one.slug]
        elif len(owners) == 1:
            products[one.slug] = owners.pop()
    return Meant(products, by_sku)


def find(c: Reader, records: Sequence[ProductRecord]) -> list[StoredProduct | None]:
    """The stored product that each record means, by :func:`meant`."""
    known = meant(c, records).products
    stored = load(c, sorted(set(known.values())))
    return [stored.get(known.get(one.slug, 0)) for one in records]


def has_slug(c: Reader, slug: str) -> bool:
    """Whether a product has or had this slug, which is then no other's."""
    return c.execute(_BY_SLUG, {"names": [slug]}).first() is not None


def load(c: Reader, ids: Sequence[int]) -> dict[int, StoredProduct]:
    """The products of these ids."""
    if not ids:
        return {}
    default = default_locale(c)
    words = _words(c, ids, default)
    values = _grouped(c, _VALUES, ids)
    options = _grouped(c, _OPTIONS, ids)
    chosen: dict[int, dict[str, str]] = defaultdict(dict)
    for row in c.execute(_CHOSEN, {"ids": ids}):
        chosen[row.variant_id][row.option_code] = row.value_code
    variants = _grouped(c, _VARIANTS, ids)
    media = _grouped(c, _MEDIA, ids)
    categories = _grouped(c, _CATEGORIES, ids)
    found = {}
    for row in c.execute(_PRODUCTS, {"ids": ids}):
        for name in TEXTS:
            if getattr(row, name):
                words[row.id][name][default] = getattr(row, name)
        found[row.id] = StoredProduct(
            id=row.id,
            record=ProductRecord(
                slug=row.slug,
                **{name: words[row.id][name] for name in TEXTS},
                state=row.state,
                tax_class=row.tax_class,
                categories=[one.slug for one in categories[row.id]],
                options=_options(options[row.id], values[row.id]),
                variants=[_variant(one, chosen[one.id]) for one in variants[row.id]],
                media=[MediaRecord(sha256=one.sha256, alt=one.alts) for one in media[row.id]],
                published_at=row.published_at,
            ),
            variants={one.sku: _stored(one) for one in variants[row.id]},
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
    return found


_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
_BY_SLUG: Final = select(product_slug.c.slug, product_slug.c.product_id).where(product_slug.c.slug.in_(_NAMES))
_BY_SKU: Final = select(variant.c.sku, variant.c.product_id).where(variant.c.sku.in_(_NAMES))
_PRODUCTS: Final = select(product).where(product.c.id.in_(_IDS))
_TRANSLATIONS: Final = select(product_translation).where(product_translation.c.product_id.in_(_IDS))
_OPTIONS: Final = (
    select(product_option).where(product_option.c.product_id.in_(_IDS)).order_by(product_option.c.position)
)
_VALUES: Final = (
    select(product_option_value)
    .where(product_option_value.c.product_id.in_(_IDS))
    .order_by(product_option_value.c.position)
)
_CHOSEN: Final = select(variant_option).where(variant_option.c.product_id.in_(_IDS))
_VARIANTS: Final = (
    select(variant, stock_level.c.on_hand, stock_level.c.reserved)
    .join_from(
        variant,
        stock_level,
        (stock_level.c.variant_id == variant.c.id) & (stock_level.c.location_id == MAIN_LOCATION),
        isouter=True,
    )
    .where(variant.c.product_id.in_(_IDS))
    .order_by(variant.c.position, variant.c.id)
)
_MEDIA: Final = select(product_media).where(product_media.c.product_id.in_(_IDS)).order_by(product_media.c.position)
_CATEGORIES: Final = (
    select(product_category.c.product_id, category.c.slug)
    .join_from(product_category, category, category.c.id == product_category.c.category_id)
    .where(product_category.c.product_id.in_(_IDS))
    .order_by(category.c.path)
)


def _grouped(c: Reader, statement: Select[Any], ids: Iterable[int]) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in c.execute(statement, {"ids": list(ids)}):
        found[row.product_id].append(row)
    return found


def _words(c: Reader, ids: Sequence[int], default: str) -> dict[int, dict[str, Words]]:
    found: dict[int, dict[str, Words]] = {one: {name: {} for name in TEXTS} for one in ids}
    for row in c.execute(_TRANSLATIONS, {"ids": ids}):
        for name in TEXTS:
            if getattr(row, name) and row.locale != default:
                found[row.product_id][name][row.locale] = getattr(row, name)
    return found


def _options(options: list[Row[Any]], values: list[Row[Any]]) -> list[OptionRecord]:
    return [
        OptionRecord(
            code=one.code,
            name=one.names,
            values=[
                ValueRecord(code=value.code, name=value.names, swatch=value.swatch)
                for value in values
                if value.option_code == one.code
            ],
        )
        for one in options
    ]


def _variant(row: Row[Any], options: dict[str, str]) -> VariantRecord:
    return VariantRecord(
        sku=row.sku,
        options=options,
        price=row.price,
        compare_at_price=row.compare_at_price,
        content_amount=row.content_amount,
        content_unit=row.content_unit,
        base_unit=row.base_unit,
        barcode=row.barcode,
        weight_g=row.weight_g,
        image=row.image,
        on_hand=row.on_hand or 0,
    )


def _stored(row: Row[Any]) -> StoredVariant:
    return StoredVariant(
        id=row.id,
        item_name=row.item_name,
        lowest_price_30_days=row.lowest_price_30_days,
        on_hand=row.on_hand or 0,
        reserved=row.reserved or 0,
    )
