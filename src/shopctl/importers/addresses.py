"""The slug of a product whose file has none: its own where the shop knows one of its skus, else one that is free."""

from typing import Final

from shopapi.catalog.admin_store import get_product, product_slug_of
from shopapi.catalog.records import ProductRecord
from shopapi.db.engine import Reader
from shopapi.http.problems import NotFound

_MOST: Final = 1000


def address_of(c: Reader, record: ProductRecord) -> str:
    """Where ``record`` is to stand. Never the slug of another product, which it would be merged into."""
    for variant in record.variants:
        if known := product_slug_of(c, variant.sku):
            return known
    candidates = (record.slug if n == 1 else f"{record.slug[:90]}-{n}" for n in range(1, _MOST))
    return next((one for one in candidates if _is_free(c, one)), record.slug)


def _is_free(c: Reader, slug: str) -> bool:
    try:
        get_product(c, slug)
    except NotFound:
        return True
    return False
