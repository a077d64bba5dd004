"""What a list of products is narrowed by, as conditions in SQL.

A filter by price, stock or options is one of variants: a product is found when one of its variants fits all of it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import CTE, ColumnElement, and_, exists, literal, or_, select

from shopapi.catalog.search.finding import BY_CODE_RANK, matches
from shopapi.catalog.search.words import Query
from shopapi.catalog.tables import availability, category, listing, listing_category, variant, variant_option
from shopapi.contract.catalog import ProductQuery
from shopapi.http.problems import InvalidRequest
from shopapi.inventory.tables import MAIN_LOCATION, stock_level
from shopapi.names import slug

FOR_SALE: Final = and_(variant.c.item_name.is_not(None), variant.c.price.is_not(None))
"""Of a variant that a shopper may buy when it is in stock."""

IN_STOCK: Final = stock_level.c.on_hand > stock_level.c.reserved

LEVEL_OF_VARIANT: Final = and_(stock_level.c.variant_id == variant.c.id, stock_level.c.location_id == MAIN_LOCATION)


SHELF: Final = listing_category.alias("shelf")
"""The rows of the category that a list asks for. It repeats what ``listing`` is sorted by."""

_ASKED: Final = category.alias("asked")


class Narrowing(Struct, frozen=True):
    """A query's filters. ``options`` maps an option's code to the codes of the values asked for."""

    category: str | None
    reduced: bool
    in_stock: bool
    price_min: int | None
    price_max: int | None
    options: Mapping[str, Sequence[str]]

    @property
    def is_plain(self) -> bool:
        """Whether it asks for nothing but a category at the most."""
        return not (self.reduced or self.of_variants)

    @property
    def of_variants(self) -> bool:
        """Whether a variant must fit."""
        return self.in_stock or bool(self.options) or self.price_min is not None or self.price_max is not None


def narrowing(asked: ProductQuery) -> Narrowing:
    """The filters of a query; raises :class:`InvalidRequest` where they cannot be meant."""
    if asked.price_min is not None and asked.price_max is not None and asked.price_min > asked.price_max:
        raise InvalidRequest.of("price_min", f"is {asked.price_min}, which is above price_max ({asked.price_max})")
    options: dict[str, list[str]] = defaultdict(list)
    for one in asked.option:
        name, _, value = one.partition(":")
        # Written as the code or in the shop's words, which the code was made of.
        options[slug(name)].append(slug(value))
    return Narrowing(
        category=asked.category,
        reduced=asked.reduced is not None,
        in_stock=asked.in_stock is not None,
        price_min=asked.price_min,
        price_max=asked.price_max,
        options=dict(options),
    )


def of_products(filters: Narrowing) -> list[ColumnElement[bool]]:
    """Conditions on a row of ``listing`` (joined to ``availability``)."""
    wanted = in_category(filters)
    if filters.reduced:
        wanted.append(listing.c.reduced)
    if filters.in_stock and not (filters.options or filters.price_min is not None or filters.price_max is not None):
        wanted.append(availability.c.units > 0)
    elif filters.of_variants:
        fitting = select(variant.c.id).join(stock_level, LEVEL_OF_VARIANT)
        wanted.append(exists(fitting.where(variant.c.product_id == listing.c.product_id, *of_variants(filters))))
    return wanted


def in_category(filters: Narrowing) -> list[ColumnElement[bool]]:
    """Conditions that join ``SHELF`` to ``listing``, where a category is asked for."""
    if filters.category is None:
        return []
    return shelf_of(literal(filters.category))


def shelf_of(slug: ColumnElement[str]) -> list[ColumnElement[bool]]:
    """Conditions that join ``SHELF``, the rows of the category of this slug, to ``listing``."""
    return [
        SHELF.c.product_id == listing.c.product_id,
        SHELF.c.category_id == select(_ASKED.c.id).where(_ASKED.c.slug == slug).scalar_subquery(),
    ]


def on_sale(words: Query, dialect: str) -> CTE:
    """The products that a search finds: ``product_id`` and ``rank``. A sku may be that of one that is in no list."""
    matched = matches(words, dialect=dialect).cte("matched")
    listed = select(listing.c.product_id).where(listing.c.product_id == matched.c.product_id)
    return (
        select(matched.c.product_id, matched.c.rank)
        .where(or_(matched.c.rank < BY_CODE_RANK, exists(listed)))
        .cte("found")
    )


def of_variants(
    filters: Narrowing, *, but_option: str | None = None, but_price: bool = False, but_stock: bool = False
) -> list[ColumnElement[bool]]:
    """Conditions on a ``variant`` joined to its ``stock_level``; a facet leaves its own filter out."""
    wanted: list[ColumnElement[bool]] = [FOR_SALE]
    if filters.in_stock and not but_stock:
        wanted.append(IN_STOCK)
    if filters.price_min is not None and not but_price:
        wanted.append(variant.c.price >= filters.price_min)
    if filters.price_max is not None and not but_price:
        wanted.append(variant.c.price <= filters.price_max)
    for code, values in filters.options.items():
        if code != but_option:
            wanted.append(
                exists(
                    select(variant_option.c.variant_id)
                    .where(
                        variant_option.c.variant_id == variant.c.id,
                        variant_option.c.option_code == code,
                        variant_option.c.value_code.in_(values),
                    )
                    .correlate(variant)
                )
            )
    return wanted
