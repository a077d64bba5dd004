"""SQL that answers lists of products, a page in one statement, ready as JSON."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Row,
    ScalarSelect,
    Select,
    bindparam,
    func,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.types import NullType

from shopapi.catalog.cards import closed_card
from shopapi.catalog.listing_store import ALL
from shopapi.catalog.narrowing import SHELF, Narrowing, of_products, on_sale, shelf_of
from shopapi.catalog.search.words import Query
from shopapi.catalog.tables import (
    availability,
    category,
    listing,
    listing_count,
)
from shopapi.contract.catalog import Locale, ProductSort
from shopapi.db.engine import Reader
from shopapi.db.keyset import COUNTED
from shopapi.http.problems import NotFound

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
    values: dict[str, Any] = {"most": wanted.limit + 1, "category": wanted.filters.category}
    if wanted.after is not None:
        value, product_id = wanted.after
        bound = datetime.fromisoformat(str(value)) if wanted.sort == "newest" else value
        values |= {"value": bound, "product_id": product_id}
    if _is_plain(wanted):
        in_category = wanted.filters.category is not None
        page = _plain_page(wanted.locale, wanted.sort, in_category=in_category, behind=wanted.after is not None)
    else:
        page = _narrowed_page(wanted, c.dialect.name)
    rows = c.execute(page.rows, values).all()
    total = rows[0].total if rows else c.execute(select(page.total), values).scalar()
    if total is None or not rows:
        _check_category(c, wanted)
    last = _place(rows[wanted.limit - 1]) if len(rows) > wanted.limit else None
    shown = [closed_card(row.card, row.units) for row in rows[: wanted.limit]]
    is_exact = total is not None and (_is_plain(wanted) or total <= COUNTED)
    return CardPage(shown, total if is_exact else None, last)


class _Page(NamedTuple):
    rows: Select[Any]
    total: ScalarSelect[Any]


def _is_plain(wanted: Wanted) -> bool:
    return wanted.words is None and wanted.filters.is_plain


@cache
def _plain_page(locale: Locale, sort: ProductSort, *, in_category: bool, behind: bool) -> _Page:
    # Made once each: to build the statement took eight times what the database takes to answer it.
    if in_category:
        count = (
            select(func.coalesce(listing_count.c.products, 0))
            .select_from(category)
            .outerjoin(listing_count, listing_count.c.category_id == category.c.id)
            .where(category.c.slug == bindparam("category"))
        )
        return _page(locale, sort, shelf_of(bindparam("category")), SHELF, count, behind=behind)
    count = select(listing_count.c.products).where(listing_count.c.category_id == ALL)
    return _page(locale, sort, [], listing, count, behind=behind)


def _narrowed_page(wanted: Wanted, dialect: str) -> _Page:
    found = None if wanted.words is None else on_sale(wanted.words, dialect)
    conditions = of_products(wanted.filters)
    source = listing if wanted.filters.category is None else SHELF
    behind = wanted.after is not None
    if found is None:
        few = _joined(select(listing.c.product_id), None).where(*conditions).limit(COUNTED + 1).subquery()
        return _page(
            wanted.locale, wanted.sort, conditions, source, select(func.count()).select_from(few), behind=behind
        )
    if wanted.sort == "relevance" and not conditions:
        return _best(wanted.locale, found, behind=behind)
    few = _joined(select(listing.c.product_id), found).where(*conditions).limit(COUNTED + 1).subquery()
    count = select(func.count()).select_from(few)
    return _page(wanted.locale, wanted.sort, conditions, source, count, found=found, behind=behind)


def _page(
    locale: Locale,
    sort: ProductSort,
    conditions: Sequence[ColumnElement[bool]],
    source: FromClause,
    count: Select[Any],
    *,
    found: CTE | None = None,
    behind: bool,
) -> _Page:
    total = count.scalar_subquery()
    key, falling = _order(locale, sort, source, found)
    statement = _joined(select(*_columns(locale, source.c.product_id, key), total.label("total")), found)
    statement = statement.where(*conditions)
    return _Page(_turned(statement, key, source.c.product_id, falling=falling, behind=behind), total)


def _best(locale: Locale, found: CTE, *, behind: bool) -> _Page:
    # The page is cut off before the products are looked up: of a thousand found, 24 are.
    total = select(func.count()).select_from(found).scalar_subquery()
    ranked = select(found.c.product_id, found.c.rank)
    top = _turned(ranked, found.c.rank, found.c.product_id, falling=True, behind=behind).subquery("top")
    rows = (
        select(*_columns(locale, top.c.product_id, top.c.rank), total.label("total"))
        .select_from(top)
        .join(listing, listing.c.product_id == top.c.product_id)
        .join(availability, availability.c.product_id == top.c.product_id)
        .order_by(top.c.rank.desc(), top.c.product_id.desc())
    )
    return _Page(rows, total)


def _columns(locale: Locale, product_id: ColumnElement[int], key: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    # The key as the database writes it: only the last row's is ever looked at.
    raw = type_coerce(key, NullType()).label("key")
    return [product_id, raw, listing.c[f"card_{locale}"].label("card"), availability.c.units]


def _turned(
    statement: Select[Any], key: ColumnElement[Any], product_id: ColumnElement[int], *, falling: bool, behind: bool
) -> Select[Any]:
    if behind:
        place = tuple_(key, product_id)
        end = tuple_(bindparam("value", type_=key.type), bindparam("product_id", type_=product_id.type))
        statement = statement.where(place < end if falling else place > end)
    order = (key.desc(), product_id.desc()) if falling else (key, product_id)
    return statement.order_by(*order).limit(bindparam("most", type_=Integer()))


def _joined(statement: Select[Any], found: CTE | None) -> Select[Any]:
    statement = statement.select_from(listing).join(availability, availability.c.product_id == listing.c.product_id)
    return statement if found is None else statement.join(found, found.c.product_id == listing.c.product_id)


def _order(locale: Locale, sort: ProductSort, source: FromClause, found: CTE | None) -> tuple[ColumnElement[Any], bool]:
    if sort == "relevance" and found is not None:
        return found.c.rank, True
    if sort in ("price", "-price"):
        return source.c.price_min, sort == "-price"
    if sort == "name":
        return source.c[f"sort_name_{locale}"], False
    return source.c.published_at, True


def _check_category(c: Reader, wanted: Wanted) -> None:
    slug = wanted.filters.category
    if slug is not None and c.execute(select(category.c.id).where(category.c.slug == slug)).first() is None:
        raise NotFound("No category has this slug.")


def _place(row: Row[Any]) -> Place:
    key = row.key.isoformat() if isinstance(row.key, datetime) else row.key
    return key, row.product_id
