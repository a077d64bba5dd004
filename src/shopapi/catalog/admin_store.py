"""SQL over products as staff see them: drafts and archived ones too."""

from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select

from shopapi.catalog.cards import image
from shopapi.catalog.listing_store import shop_facts
from shopapi.catalog.record_store import StoredProduct, load
from shopapi.catalog.rules import money, word
from shopapi.catalog.tables import product, product_slug, shop, variant
from shopapi.contract.catalog import (
    AdminProduct,
    AdminProductCard,
    AdminProductQuery,
    AdminVariant,
    Option,
    OptionValue,
    ProductText,
)
from shopapi.db.containing import contains
from shopapi.db.engine import Reader
from shopapi.db.keyset import COUNTED, newest_first
from shopapi.http.problems import NotFound
from shopapi.inventory.tables import MAIN_LOCATION, stock_level

_LIVING: Final = variant.c.item_name.is_not(None)
_CARDS: Final = (
    select(
        product.c.id,
        product.c.slug,
        product.c.name,
        product.c.state,
        product.c.version,
        product.c.updated_at,
        func.min(variant.c.price).filter(_LIVING).label("price"),
        func.max(variant.c.price).filter(_LIVING).label("price_max"),
        func.count(variant.c.id).filter(_LIVING).label("variants"),
        func.coalesce(func.sum(stock_level.c.on_hand), 0).label("on_hand"),
    )
    .outerjoin(variant, variant.c.product_id == product.c.id)
    .outerjoin(stock_level, (stock_level.c.variant_id == variant.c.id) & (stock_level.c.location_id == MAIN_LOCATION))
    .group_by(product.c.id)
)


def list_products(
    c: Reader, asked: AdminProductQuery, *, before: int | None
) -> tuple[list[AdminProductCard], int | None, int | None]:
    """Products, newest first, from behind product ``before`` on; the one behind which more follow; how many in all."""
    wanted = _filters(asked)
    rows, last = newest_first(c, _CARDS.where(*wanted), product.c.id, before=before, limit=asked.limit)
    few = select(product.c.id).where(*wanted).limit(COUNTED + 1).subquery()
    if wanted:
        counted = int(c.execute(select(func.count()).select_from(few)).scalar_one())
    else:
        counted = int(c.execute(select(func.count()).select_from(product)).scalar_one())
    currency = str(c.execute(select(shop.c.currency)).scalar_one())
    total = counted if not wanted or counted <= COUNTED else None
    return [_card(row, currency) for row in rows], last, total


def get_product(c: Reader, slug: str) -> AdminProduct:
    """One product; raises :class:`NotFound`."""
    product_id = c.execute(select(product_slug.c.product_id).where(product_slug.c.slug == slug)).scalar()
    if product_id is None:
        raise NotFound("No product has this slug.")
    return told(c, load(c, [product_id])[product_id])


def product_slug_of(c: Reader, sku: str) -> str | None:
    """The slug of the product that a variant belongs to."""
    found = select(product.c.slug).join(variant, variant.c.product_id == product.c.id).where(variant.c.sku == sku)
    slug: str | None = c.execute(found).scalar()
    return slug


def told(c: Reader, stored: StoredProduct) -> AdminProduct:
    """A stored product as staff see it."""
    facts = shop_facts(c, [stored])
    record, default = stored.record, facts.default_locale
    texts = {
        locale: ProductText(
            name=record.name.get(locale, ""),
            fact=record.fact.get(locale, ""),
            description=record.description.get(locale, ""),
            seo_title=record.seo_title.get(locale, ""),
            seo_description=record.seo_description.get(locale, ""),
        )
        for locale in sorted({*record.name, *record.fact, *record.description})
    }
    return AdminProduct(
        slug=record.slug,
        state=record.state,
        tax_class=record.tax_class,
        texts=texts,
        categories=record.categories,
        images=[
            image(one.sha256, facts.pictures[one.sha256], word(one.alt, default, default)) for one in record.media or ()
        ],
        options=[
            Option(
                one.code,
                word(one.name, default, default) or one.code,
                [OptionValue(v.code, word(v.name, default, default) or v.code, v.swatch) for v in one.values],
            )
            for one in record.options
        ],
        variants=_variants(stored, facts.currency),
        version=stored.version,
        published_at=record.published_at,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )


def _filters(asked: AdminProductQuery) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if asked.state is not None:
        wanted.append(product.c.state == asked.state)
    if asked.q:
        by_sku = select(variant.c.product_id).where(contains(variant.c.sku, asked.q))
        wanted.append(or_(contains(product.c.name, asked.q), product.c.id.in_(by_sku)))
    return wanted


def _card(row: Any, currency: str) -> AdminProductCard:
    return AdminProductCard(
        slug=row.slug,
        name=row.name,
        state=row.state,
        price=money(row.price, currency),
        price_max=money(row.price_max, currency),
        variant_count=row.variants,
        on_hand=int(row.on_hand),
        version=row.version,
        updated_at=row.updated_at,
    )


def _variants(stored: StoredProduct, currency: str) -> list[AdminVariant]:
    return [
        AdminVariant(
            sku=one.sku,
            options=one.options,
            price=money(one.price, currency),
            compare_at_price=money(one.compare_at_price, currency),
            content_amount=one.content_amount,
            content_unit=one.content_unit,
            base_unit=one.base_unit,
            barcode=one.barcode,
            weight_g=one.weight_g,
            on_hand=stored.variants[one.sku].on_hand,
            reserved=stored.variants[one.sku].reserved,
            archived=stored.variants[one.sku].archived,
        )
        for one in stored.record.variants
    ]
