"""SQL that asks what of a seed is there already."""

from collections.abc import Collection, Sequence

from sqlalchemy import select

from shopapi.catalog.records import ProductRecord
from shopapi.catalog.tables import category, product_slug, variant
from shopapi.db.engine import Reader


def has_others(c: Reader, skus: Collection[str]) -> bool:
    """Whether the shop has a variant that is none of ``skus``."""
    return c.execute(select(variant.c.id).where(variant.c.sku.not_in(skus)).limit(1)).first() is not None


def without_known(c: Reader, records: Sequence[ProductRecord]) -> list[ProductRecord]:
    """Those of ``records`` of which the shop has neither a sku nor, now or in the past, the slug."""
    skus = known_skus(c, [one.sku for record in records for one in record.variants])
    slugs = select(product_slug.c.slug).where(product_slug.c.slug.in_([record.slug for record in records]))
    taken = set(c.execute(slugs).scalars())
    return [one for one in records if one.slug not in taken and not any(v.sku in skus for v in one.variants)]


def known_skus(c: Reader, skus: Collection[str]) -> set[str]:
    """Those of ``skus`` that the shop has."""
    return set(c.execute(select(variant.c.sku).where(variant.c.sku.in_(skus))).scalars())


def known_categories(c: Reader) -> set[str]:
    """The slugs of all categories."""
    return set(c.execute(select(category.c.slug)).scalars())


def has_slug(c: Reader, slug: str) -> bool:
    """Whether a product has or had this slug."""
    return c.execute(select(product_slug.c.slug).where(product_slug.c.slug == slug)).first() is not None
