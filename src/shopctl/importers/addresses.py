"""The slug of a product whose file has none: its own where the shop knows one of its skus, else one that is free."""

from typing import Final

from shopapi.catalog.admin_store import product_slug_of
from shopapi.catalog.record_store import has_slug
from shopapi.catalog.records import ProductRecord
from shopapi.db.engine import Reader

_MOST: Final = 1000


def address_of(c: Reader, record: ProductRecord) -> str:
    """Where ``record`` is to stand. Never the slug of another product, which it would be merged into."""
    for variant in record.variants:
        if known := product_slug_of(c, variant.sku):
            return known
    candidates = (record.slug if n == 1 else f"{record.slug[:90]}-{n}" for n in range(1, _MOST))
    return next((one for one in candidates if not has_slug(c, one)), record.slug)
