"""SQL that answers what goes with a product."""

from sqlalchemy import func, literal, select, union_all

from shopapi.catalog.cards import closed_card
from shopapi.catalog.listing_reader import CardPage
from shopapi.catalog.tables import availability, listing, listing_category, product, product_category
from shopapi.contract.catalog import Locale
from shopapi.db.engine import Reader


def list_related(c: Reader, slug: str, *, locale: Locale, limit: int) -> CardPage:
    """What goes with the product of ``slug``: what lies beside it (a teapot with a mug), then what is of its kind."""
    own = select(product.c.id).where(product.c.slug == slug).scalar_subquery()
    leaves = select(product_category.c.category_id).where(product_category.c.product_id == own)
    above = select(listing_category.c.category_id).where(listing_category.c.product_id == own)
    kind, beside = (
        select(
            select(listing_category.c.product_id, literal(distance).label("distance"))
            .distinct()
            .where(listing_category.c.category_id.in_(nodes), listing_category.c.product_id != own)
            .order_by(listing_category.c.product_id.desc())
            .limit(most)
            .subquery()
        )
        # What is of its kind lies above as well, and must not take all the room there.
        for distance, nodes, most in ((1, leaves, limit), (0, above, 4 * limit))
    )
    both = union_all(kind, beside).subquery()
    nearest = (
        select(both.c.product_id, func.max(both.c.distance).label("distance")).group_by(both.c.product_id).subquery()
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
