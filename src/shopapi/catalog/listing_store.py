"""SQL that keeps the read models: every list and page is answered from rows that are written here, in the transaction
of what they show."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shopapi.catalog import cards
from shopapi.catalog.cards import CategoryNode, Drawn, ShopFacts
from shopapi.catalog.record_store import StoredProduct, load
from shopapi.catalog.rules import shown_units, sort_name, word
from shopapi.catalog.search.index import index_products, remove_products
from shopapi.catalog.search.terms import Document
from shopapi.catalog.stock_shown import changed
from shopapi.catalog.tables import (
    availability,
    category,
    listing,
    listing_category,
    listing_count,
    listing_page,
    shop,
    tax_rate,
)
from shopapi.contract.catalog import LOCALES
from shopapi.db.engine import Reader
from shopapi.db.types import clock
from shopapi.media.tables import media

ALL: Final = 0
"""The row of ``listing_count`` that counts every product listed."""


_SORTED_BY: Final = ("product_id", "published_at", "price_min", "sort_name_de", "sort_name_en")


def refresh(c: Connection, product_ids: Iterable[int]) -> None:
    """Bring what shoppers see of these products up to what the tables say; their variants must be locked."""
    ids = sorted(set(product_ids))
    if not ids:
        return
    stored = load(c, ids)
    facts = shop_facts(c, stored.values())
    listed = [one for one in stored.values() if cards.is_listed(one)]
    _count(c, ids, listed, facts)
    for table in (listing_page, listing_category, listing):
        c.execute(delete(table).where(table.c.product_id.in_(ids)))
    rows = {one.id: _row(one, facts) for one in listed}
    _insert(c, listing, list(rows.values()))
    _insert(
        c,
        listing_page,
        [
            {"product_id": one.id, "locale": locale, "page": cards.page(one, facts, locale)}
            for one in listed
            for locale in LOCALES
        ],
    )
    _insert(
        c,
        listing_category,
        [
            {"category_id": node, **{name: rows[one.id][name] for name in _SORTED_BY}}
            for one in listed
            for node in sorted(_shown_in(one, facts))
        ],
    )
    c.execute(_SET_UNITS, [{"key": one.id, "units": _units(one)} for one in stored.values()])
    _index(c, ids, listed, facts)
    changed(c, ids[0])


_SET_UNITS: Final = (
    update(availability).where(availability.c.product_id == bindparam("key")).values(units=bindparam("units"))
)
_RATES: Final = (
    select(tax_rate.c.tax_class, tax_rate.c.rate_bp)
    .join(shop, shop.c.country == tax_rate.c.country)
    .where(tax_rate.c.valid_from <= clock())
    .order_by(tax_rate.c.valid_from)
)


def shop_facts(c: Reader, products: Iterable[StoredProduct]) -> ShopFacts:
    """What the shop says of all its products, with the pictures and categories that ``products`` need."""
    own = c.execute(select(shop.c.currency, shop.c.default_locale)).one()
    pictures = {one.sha256 for each in products for one in each.record.media or ()}
    pictures |= {one.image for each in products for one in each.record.variants if one.image}
    rows = c.execute(select(media).where(media.c.sha256.in_(sorted(pictures)))) if pictures else ()
    return ShopFacts(
        currency=own.currency,
        default_locale=own.default_locale,
        rates_bp={row.tax_class: row.rate_bp for row in c.execute(_RATES)},
        pictures={row.sha256: Drawn(row.kind, row.width, row.height) for row in rows},
        categories=category_nodes(c),
    )


def category_nodes(c: Reader) -> dict[str, CategoryNode]:
    """Every category by its slug, with the way to it."""
    nodes: dict[int, CategoryNode] = {}
    # An ancestor's path is a beginning of its descendant's, so it comes first.
    for row in c.execute(select(category).order_by(category.c.path)):
        parent = nodes.get(row.parent_id)
        nodes[row.id] = CategoryNode(row.id, row.slug, row.names, [*parent.parents, parent] if parent else [])
    return {node.slug: node for node in nodes.values()}


def _row(one: StoredProduct, facts: ShopFacts) -> dict[str, Any]:
    prices = [variant.price or 0 for variant in cards.for_sale(one)]
    told: dict[str, Any] = {
        "product_id": one.id,
        "published_at": one.record.published_at,
        "price_min": min(prices),
        "price_max": max(prices),
        "reduced": any(one.variants[sold.sku].lowest_price_30_days is not None for sold in cards.for_sale(one)),
    }
    for locale in LOCALES:
        told[f"sort_name_{locale}"] = sort_name(word(one.record.name, locale, facts.default_locale))
        told[f"card_{locale}"] = cards.open_card(one, facts, locale)
    return told


def _units(one: StoredProduct) -> int:
    levels = [one.variants[sold.sku] for sold in cards.for_sale(one)]
    return sum(shown_units(level.on_hand - level.reserved) for level in levels)


def _shown_in(one: StoredProduct, facts: ShopFacts) -> set[int]:
    nodes = [facts.categories[slug] for slug in one.record.categories]
    return {node.id for leaf in nodes for node in (leaf, *leaf.parents)}


def _count(c: Connection, ids: Sequence[int], listed: Sequence[StoredProduct], facts: ShopFacts) -> None:
    before: Counter[int] = Counter(
        c.execute(select(listing_category.c.category_id).where(listing_category.c.product_id.in_(ids))).scalars()
    )
    before[ALL] = len(c.execute(select(listing.c.product_id).where(listing.c.product_id.in_(ids))).all())
    after: Counter[int] = Counter(node for one in listed for node in _shown_in(one, facts))
    after[ALL] = len(listed)
    # By rising id, so that two batches never wait for each other in a ring.
    for node in sorted(before.keys() | after.keys()):
        if delta := after[node] - before[node]:
            _add_to_count(c, node, delta)


def _add_to_count(c: Connection, node: int, delta: int) -> None:
    kind = postgresql if c.dialect.name == "postgresql" else sqlite
    statement = kind.insert(listing_count).values(category_id=node, products=max(delta, 0))
    c.execute(
        statement.on_conflict_do_update(
            index_elements=["category_id"], set_={"products": listing_count.c.products + delta}
        )
    )


def _index(c: Connection, ids: Sequence[int], listed: Sequence[StoredProduct], facts: ShopFacts) -> None:
    documents = [Document(one.id, *cards.search_words(one, facts)) for one in listed]
    gone = set(ids) - {one.product_id for one in documents}
    if gone:
        remove_products(c, sorted(gone))
    if documents:
        index_products(c, documents)


def _insert(c: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        c.execute(insert(table), list(rows))
