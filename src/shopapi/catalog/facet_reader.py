"""SQL that counts what a list can be narrowed by. Each facet counts under all filters but its own."""

from collections import defaultdict
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, Select, Text, cast, func, literal, select

from shopapi.catalog.listing_reader import Wanted
from shopapi.catalog.listing_store import ALL
from shopapi.catalog.narrowing import (
    FOR_SALE,
    IN_STOCK,
    LEVEL_OF_VARIANT,
    in_category,
    of_products,
    of_variants,
    on_sale,
)
from shopapi.catalog.rules import word
from shopapi.catalog.tables import (
    availability,
    category,
    listing,
    listing_category,
    listing_count,
    product_option,
    product_option_value,
    shop,
    variant,
    variant_option,
)
from shopapi.contract.catalog import CategoryFacet, Facets, Money, OptionFacet, PriceRange, ValueFacet
from shopapi.db.engine import Reader
from shopapi.inventory.tables import stock_level

MOST_COUNTED: Final = 2_000
"""A list of more products is narrowed by its categories first: to count options, prices and stock of 10,000 takes
150 ms of a processor, which 50 curious people at once would take from everybody else."""

MOST_OPTIONS: Final = 12
MOST_VALUES: Final = 40


def read_facets(c: Reader, wanted: Wanted) -> Facets:
    """What ``wanted`` can be narrowed by; its order, page and place do not count."""
    own = c.execute(select(shop.c.currency, shop.c.default_locale)).one()
    few = _size(c, wanted) <= MOST_COUNTED
    return Facets(
        categories=_categories(c, wanted, own.default_locale),
        in_stock=_in_stock(c, wanted) if few else None,
        price=_prices(c, wanted, own.currency) if few else None,
        options=_options(c, wanted, own.default_locale) if few else [],
    )


def _size(c: Reader, wanted: Wanted) -> int:
    if wanted.words is not None:
        return 0  # A search looks at a bounded number of candidates anyway.
    if wanted.filters.category is None:
        counted = select(listing_count.c.products).where(listing_count.c.category_id == ALL)
    else:
        counted = (
            select(listing_count.c.products)
            .join(category, category.c.id == listing_count.c.category_id)
            .where(category.c.slug == wanted.filters.category)
        )
    return int(c.execute(counted).scalar() or 0)


def _found(c: Reader, wanted: Wanted, columns: tuple[Any, ...]) -> Select[Any]:
    """``columns`` of the variants that are for sale of the products in the list's category and search."""
    statement = (
        select(*columns)
        .select_from(listing)
        .join(variant, variant.c.product_id == listing.c.product_id)
        .join(stock_level, LEVEL_OF_VARIANT)
        .where(*in_category(wanted.filters), FOR_SALE)
    )
    if wanted.filters.reduced:
        statement = statement.where(listing.c.reduced)
    return _searched(c, wanted, statement)


def _searched(c: Reader, wanted: Wanted, statement: Select[Any]) -> Select[Any]:
    if wanted.words is None:
        return statement
    found = on_sale(wanted.words, c.dialect.name)
    return statement.join(found, found.c.product_id == listing.c.product_id)


_PRODUCTS: Final = func.count(listing.c.product_id.distinct())


def _in_stock(c: Reader, wanted: Wanted) -> int:
    found = _found(c, wanted, (_PRODUCTS,)).where(IN_STOCK, *of_variants(wanted.filters, but_stock=True))
    return int(c.execute(found).scalar_one())


def _prices(c: Reader, wanted: Wanted, currency: str) -> PriceRange | None:
    found = _found(c, wanted, (func.min(variant.c.price).label("low"), func.max(variant.c.price).label("high")))
    row = c.execute(found.where(*of_variants(wanted.filters, but_price=True))).one()
    return None if row.low is None else PriceRange(Money(row.low, currency), Money(row.high, currency))


def _categories(c: Reader, wanted: Wanted, default: str) -> list[CategoryFacet]:
    parent = select(category.c.id).where(category.c.slug == wanted.filters.category).scalar_subquery()
    below: ColumnElement[bool] = (
        category.c.parent_id.is_(None) if wanted.filters.category is None else category.c.parent_id == parent
    )
    counted = (
        select(category.c.slug, category.c.names, func.count().label("products"))
        .select_from(listing)
        .join(availability, availability.c.product_id == listing.c.product_id)
        .join(listing_category, listing_category.c.product_id == listing.c.product_id)
        .join(category, category.c.id == listing_category.c.category_id)
        .where(below, *of_products(wanted.filters))
        .group_by(category.c.id)
        .order_by(category.c.position)
    )
    if wanted.words is None and wanted.filters.is_plain:
        counted = (
            select(category.c.slug, category.c.names, listing_count.c.products)
            .join(listing_count, listing_count.c.category_id == category.c.id)
            .where(below, listing_count.c.products > 0)
            .order_by(category.c.position)
        )
    else:
        counted = _searched(c, wanted, counted)
    return [
        CategoryFacet(row.slug, word(row.names, wanted.locale, default) or row.slug, row.products)
        for row in c.execute(counted)
    ]


def _options(c: Reader, wanted: Wanted, default: str) -> list[OptionFacet]:
    rows = [*_values(c, wanted, None)]
    for code, values in wanted.filters.options.items():
        # Under its own filter an option would offer nothing else any more.
        rows = [row for row in rows if row.option_code != code]
        rows += _values(c, wanted, code)
        rows += _chosen_and_gone(c, code, set(values) - {row.value_code for row in rows if row.option_code == code})
    by_option: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_option[row.option_code].append(row)
    facets = [
        OptionFacet(code, _said(values[0].option_names, wanted, default) or code, _told(values, wanted, default))
        for code, values in by_option.items()
    ]
    facets.sort(key=lambda one: (-sum(value.count for value in one.values), one.name))
    return [one for place, one in enumerate(facets) if place < MOST_OPTIONS or one.code in wanted.filters.options]


def _values(c: Reader, wanted: Wanted, code: str | None) -> list[Row[Any]]:
    counted = (
        _found(c, wanted, (variant_option.c.option_code, variant_option.c.value_code))
        .join(variant_option, variant_option.c.variant_id == variant.c.id)
        .join(
            product_option_value,
            (product_option_value.c.product_id == variant_option.c.product_id)
            & (product_option_value.c.option_code == variant_option.c.option_code)
            & (product_option_value.c.code == variant_option.c.value_code),
        )
        .join(
            product_option,
            (product_option.c.product_id == variant_option.c.product_id)
            & (product_option.c.code == variant_option.c.option_code),
        )
        .add_columns(
            # Products may word a value differently; any wording will do, if it is always the same one.
            func.max(cast(product_option.c.names, Text)).label("option_names"),
            func.max(cast(product_option_value.c.names, Text)).label("value_names"),
            func.max(product_option_value.c.swatch).label("swatch"),
            _PRODUCTS.label("products"),
        )
        .where(*of_variants(wanted.filters, but_option=code))
        .group_by(variant_option.c.option_code, variant_option.c.value_code)
    )
    if code is not None:
        counted = counted.where(variant_option.c.option_code == code)
    return list(c.execute(counted).all())


def _chosen_and_gone(c: Reader, code: str, values: set[str]) -> list[Row[Any]]:
    """Values that were chosen and that nothing has under the other filters: they must be seen to be taken back."""
    if not values:
        return []
    one_each = (
        select(variant_option.c.value_code, func.min(variant_option.c.product_id).label("product_id"))
        .where(variant_option.c.option_code == code, variant_option.c.value_code.in_(sorted(values)))
        .group_by(variant_option.c.value_code)
        .subquery()
    )
    named = (
        select(
            product_option_value.c.option_code,
            one_each.c.value_code,
            cast(product_option.c.names, Text).label("option_names"),
            cast(product_option_value.c.names, Text).label("value_names"),
            product_option_value.c.swatch,
            literal(0).label("products"),
        )
        .select_from(one_each)
        .join(
            product_option_value,
            (product_option_value.c.product_id == one_each.c.product_id)
            & (product_option_value.c.option_code == code)
            & (product_option_value.c.code == one_each.c.value_code),
        )
        .join(
            product_option,
            (product_option.c.product_id == one_each.c.product_id) & (product_option.c.code == code),
        )
    )
    return list(c.execute(named).all())


def _told(rows: list[Row[Any]], wanted: Wanted, default: str) -> list[ValueFacet]:
    told = [
        ValueFacet(row.value_code, _said(row.value_names, wanted, default) or row.value_code, row.swatch, row.products)
        for row in rows
    ]
    told.sort(key=lambda one: (-one.count, one.name))
    # What was chosen must be seen to be taken back.
    chosen = wanted.filters.options.get(rows[0].option_code, ())
    return [one for place, one in enumerate(told) if place < MOST_VALUES or one.code in chosen]


def _said(names: str, wanted: Wanted, default: str) -> str:
    return word(msgspec.json.decode(names, type=dict[str, str]), wanted.locale, default)
