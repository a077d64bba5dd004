"""SQL that answers one product's page, in one statement."""

from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, func, select

from shopapi.catalog.cards import with_stock
from shopapi.catalog.narrowing import FOR_SALE, LEVEL_OF_VARIANT
from shopapi.catalog.tables import listing_page, product, product_slug, shop, variant
from shopapi.contract.catalog import Locale, Product
from shopapi.db.engine import Reader
from shopapi.http.problems import NotFound
from shopapi.inventory.tables import stock_level


class Moved(Struct, frozen=True):
    """The product has another slug by now."""

    slug: str


_PAGE: Final = (
    select(
        product.c.slug,
        listing_page.c.locale,
        listing_page.c.page,
        variant.c.sku,
        (stock_level.c.on_hand - stock_level.c.reserved).label("units"),
    )
    .select_from(product_slug)
    .join(product, product.c.id == product_slug.c.product_id)
    .join(shop, shop.c.id == 1)
    .join(
        listing_page,
        (listing_page.c.product_id == product.c.id)
        & (listing_page.c.locale == func.coalesce(bindparam("locale"), shop.c.default_locale)),
    )
    .join(variant, (variant.c.product_id == product.c.id) & FOR_SALE)
    .join(stock_level, LEVEL_OF_VARIANT)
    .where(product_slug.c.slug == bindparam("slug"))
)


def read_page(c: Reader, slug: str, locale: Locale | None) -> tuple[Product | Moved, str]:
    """The page of the product that has or had this slug, and its language; raises :class:`NotFound`."""
    rows = c.execute(_PAGE, {"slug": slug, "locale": locale}).all()
    if not rows:
        raise NotFound("No product has this slug.")
    if rows[0].slug != slug:
        return Moved(rows[0].slug), rows[0].locale
    return with_stock(rows[0].page, {row.sku: row.units for row in rows}), rows[0].locale
