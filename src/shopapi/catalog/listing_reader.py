"""SQL that answers lists of products, a page in one statement, ready as JSON."""

from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, FromClause, Row, Select, func, literal, select, tuple_, union_all

from shopapi.catalog.cards import closed_card
from shopapi.catalog.listing_store import ALL
from shopapi.catalog.narrowing import SHELF, Narrowing, of_products
from shopapi.catalog.search.finding import matches
from shopapi.catalog.search.words import Query
from shopapi.catalog.tables import (
    availability,
    category,
    listing,
    listing_category,
    listing_count,
    product,
    product_category,
)
from shopapi.contract.catalog import Locale, ProductSort
from shopapi.db.engine import Reader
from shopapi.http.problems import NotFound

COUNTED: Final = 1_000
"""A filtered list is counted up to here; beyond, its total is ``None``."""

Place = tuple[str | int, int]
"""Where a page ended: the value that it is sorted by, and the product."""


class Wanted(Struct, frozen=True):
    """A page of a list: in which language and order, narrowed by what, and from behind which place on."""

    locale: Locale
    sort: ProductSort
    filters: Narrowing
    words: Query | None
    after: Place | None
    limit: int


class CardPage(Struct, frozen=True):
    """A page: ``ProductCard``s in JSON, how many there are in all, and the place behind which more follow."""

    cards: list[str]
    total: int | None
    last: Place | None


def list_cards(c: Reader, wanted: Wanted) -> CardPage:
    """A page of products; raises :class:`NotFound` for a category that is not there."""
    # A category's rows are sorted by an index of their own.
    source = listing if wanted.filters.category is None else SHELF
    matched = None if wanted.words is None else matches(wanted.words, dialect=c.dialect.name).cte("matched")
    key, falling = _order(wanted, source, matched)
    total = _total(wanted, matched).label("total")
    card = listing.c[f"card_{wanted.locale}"].label("card")
    statement = _narrowed(
        select(listing.c.product_id, key.label("key"), card, availability.c.units, total), wanted, matched
    )
    if wanted.after is not None:
        value, product_id = wanted.after
        place = tuple_(key, source.c.product_id)
        behind = tuple_(literal(_bound(wanted.sort, value), key.type), literal(product_id))
        statement = statement.where(place < behind if falling else place > behind)
    order = (key.desc(), source.c.product_id.desc()) if falling else (key, source.c.product_id)
    rows = c.execute(statement.order_by(*order).limit(wanted.limit + 1)).all()
    if not rows:
        return CardPage([], _known_total(c, wanted, total), None)
    if wanted.filters.category is not None and rows[0].total is None and wanted.filters.is_plain:
        raise NotFound("No category has this slug.")
    shown = rows[: wanted.limit]
    last = _place(shown[-1]) if len(rows) > wanted.limit else None
    return CardPage([closed_card(row.card, row.units) for row in shown], _counted(rows[0].total, wanted), last)


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


def _order(wanted: Wanted, source: FromClause, matched: Any) -> tuple[ColumnElement[Any], bool]:
    if wanted.sort == "relevance" and matched is not None:
        return matched.c.rank, True
    if wanted.sort in ("price", "-price"):
        return source.c.price_min, wanted.sort == "-price"
    if wanted.sort == "name":
        return source.c[f"sort_name_{wanted.locale}"], False
    return source.c.published_at, True


def _narrowed(statement: Select[Any], wanted: Wanted, matched: Any) -> Select[Any]:
    statement = statement.select_from(listing).join(availability, availability.c.product_id == listing.c.product_id)
    if matched is not None:
        statement = statement.join(matched, matched.c.product_id == listing.c.product_id)
    return statement.where(*of_products(wanted.filters))


def _total(wanted: Wanted, matched: Any) -> Any:
    if wanted.words is None and wanted.filters.is_plain:
        if wanted.filters.category is None:
            return select(listing_count.c.products).where(listing_count.c.category_id == ALL).scalar_subquery()
        return (
            select(func.coalesce(listing_count.c.products, 0))
            .select_from(category)
            .outerjoin(listing_count, listing_count.c.category_id == category.c.id)
            .where(category.c.slug == wanted.filters.category)
            .scalar_subquery()
        )
    few = _narrowed(select(listing.c.product_id), wanted, matched).limit(COUNTED + 1).subquery()
    return select(func.count()).select_from(few).scalar_subquery()


def _known_total(c: Reader, wanted: Wanted, total: Any) -> int | None:
    if wanted.filters.category is not None:
        known = c.execute(select(category.c.id).where(category.c.slug == wanted.filters.category)).first()
        if known is None:
            raise NotFound("No category has this slug.")
    return _counted(c.execute(select(total)).scalar(), wanted)


def _counted(total: int | None, wanted: Wanted) -> int | None:
    if wanted.words is None and wanted.filters.is_plain:
        return total
    return total if total is not None and total <= COUNTED else None


def _place(row: Row[Any]) -> Place:
    key = row.key.isoformat() if isinstance(row.key, datetime) else row.key
    return key, row.product_id


def _bound(sort: ProductSort, value: str | int) -> Any:
    return datetime.fromisoformat(str(value)) if sort == "newest" else value
