"""SQL that answers what goes with a product."""

from typing import Any

from sqlalchemy import ColumnElement, Select, exists, literal, select, union_all

from shopapi.catalog.cards import closed_card
from shopapi.catalog.listing_reader import CardPage
from shopapi.catalog.tables import availability, listing, listing_category, product_category, product_slug
from shopapi.contract.catalog import Locale
from shopapi.db.engine import Reader
from shopapi.http.problems import NotFound


def list_related(c: Reader, slug: str, *, locale: Locale, limit: int) -> CardPage:
    """What goes with the product of ``slug``: what lies beside it (a teapot with a mug), then what is of its kind.

    Raises :class:`NotFound` where there is no such product on sale.
    """
    listed = (
        select(listing.c.product_id)
        .join(product_slug, product_slug.c.product_id == listing.c.product_id)
        .where(product_slug.c.slug == slug)
    )
    own = listed.scalar_subquery()
    leaves = select(product_category.c.category_id).where(product_category.c.product_id == own)
    above = select(listing_category.c.category_id).where(listing_category.c.product_id == own)
    same = listing_category.alias("same")
    of_its_kind = exists().where(same.c.product_id == listing_category.c.product_id, same.c.category_id.in_(leaves))
    kind = _newest(1, listing_category.c.category_id.in_(leaves), listing_category.c.product_id != own, limit=limit)
    beside = _newest(0, listing_category.c.category_id.in_(above), ~of_its_kind, limit=limit)
    nearest = union_all(beside, kind).subquery()
    rows = c.execute(
        select(listing.c[f"card_{locale}"].label("card"), availability.c.units)
        .join(nearest, nearest.c.product_id == listing.c.product_id)
        .join(availability, availability.c.product_id == listing.c.product_id)
        # What is sold out comforts nobody here.
        .order_by(availability.c.units == 0, nearest.c.distance, listing.c.product_id.desc())
        .limit(limit)
    ).all()
    if not rows and c.execute(listed).first() is None:
        raise NotFound("No product has this slug.")
    return CardPage([closed_card(row.card, row.units) for row in rows], len(rows), None)


def _newest(distance: int, *conditions: ColumnElement[bool], limit: int) -> Select[Any]:
    newest = (
        select(listing_category.c.product_id, literal(distance).label("distance"))
        .distinct()
        .where(*conditions)
        .order_by(listing_category.c.product_id.desc())
        .limit(limit)
    )
    return select(newest.subquery())
