"""SQL that answers what goes with a product."""

from sqlalchemy import func, literal, select, union_all

from shopapi.catalog.cards import closed_card
from shopapi.catalog.listing_reader import CardPage
from shopapi.catalog.tables import availability, listing, listing_category, product, product_category
from shopapi.contract.catalog import Locale
from shopapi.db.engine import Reader


def list_related(c: Reader, slug: str, *, locale: Locale, limit: int) -> CardPage:
    """Products that lie in the same categories as the one of ``slug``: the nearest first, then what is beside them."""
    own = select(product.c.id).where(product.c.slug == slug).scalar_subquery()
    leaves = select(product_category.c.category_id).where(product_category.c.product_id == own)
    above = select(listing_category.c.category_id).where(listing_category.c.product_id == own)
    near, far = (
        select(
            select(listing_category.c.product_id, literal(distance).label("distance"))
            .distinct()
            .where(listing_category.c.category_id.in_(nodes), listing_category.c.product_id != own)
            .order_by(listing_category.c.product_id.desc())
            .limit(most)
            .subquery()
        )
        # Those that are near lie above as well: where they are too few, they must not take all the room there.
        for distance, nodes, most in ((0, leaves, limit), (1, above, 2 * limit))
    )
    both = union_all(near, far).subquery()
    nearest = (
        select(both.c.product_id, func.min(both.c.distance).label("distance")).group_by(both.c.product_id).subquery()
    )
    rows = c.execute(
        select(listing.c[f"card_{locale}"].label("card"), availability.c.units)
        .join(nearest, nearest.c.product_id == listing.c.product_id)
        .join(availability, availability.c.product_id == listing.c.product_id)
        # What is sold out comforts nobody here.
        .order_by(availability.c.units == 0, nearest.c.distance, listing.c.product_id.desc())
        .limit(limit)
    ).all()
    return CardPage([closed_card(row.card, row.units) for row in rows], len(rows), None)
