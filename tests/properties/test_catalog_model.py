"""The catalog against a plain Python model: what lists find, count and offer, and what saving twice does."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from shopapi.catalog.list_products import list_products
from shopapi.catalog.record_store import read_records
from shopapi.catalog.records import OptionRecord, ProductRecord, ValueRecord, VariantRecord
from shopapi.catalog.rules import sort_name
from shopapi.catalog.save_products import save_products
from shopapi.catalog.tables import product
from shopapi.contract.catalog import ProductPage, ProductQuery
from shopapi.db.audit import audit
from shopapi.db.engine import Database
from shopapi.http.cursors import Cursors
from tests import factories

CURSORS: Final = Cursors("4dc1f0a0a7be1f4f49f9f3e5a1cf27a3")
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
PARENTS: Final = {"kleidung": None, "hemden": "kleidung", "jacken": "kleidung", "haus": None}
VALUES: Final = {"farbe": ("rot", "blau", "gruen"), "groesse": ("s", "m")}
COMBINATIONS: Final = [{"farbe": colour, "groesse": size} for colour in VALUES["farbe"] for size in VALUES["groesse"]]


def words(code: str) -> dict[str, str]:
    return {"de": code}


OPTIONS: Final = [
    OptionRecord(code=code, name=words(code), values=[ValueRecord(code=one, name=words(one)) for one in values])
    for code, values in VALUES.items()
]


@st.composite
def catalogs(draw: st.DrawFn) -> list[ProductRecord]:
    """Products that share prices, names and moments, some of them drafts, unpriced or sold out."""
    made = []
    for n in range(draw(st.integers(0, 9))):
        chosen = draw(st.lists(st.sampled_from(range(6)), min_size=1, max_size=4, unique=True))
        variants = [
            VariantRecord(
                sku=f"P{n}-{place}",
                options=COMBINATIONS[place],
                price=draw(st.sampled_from([None, 100, 200, 300])),
                on_hand=draw(st.sampled_from([0, 0, 1, 9])),
            )
            for place in chosen
        ]
        priced = any(one.price is not None for one in variants)
        made.append(
            ProductRecord(
                slug=f"p{n}",
                name={
                    "de": draw(st.sampled_from(["Öl", "ofen", "Olive"])),
                    "en": draw(st.sampled_from(["b", "a", ""])),
                },
                state=draw(st.sampled_from(["active", "active", "draft"])) if priced else "draft",
                categories=draw(st.lists(st.sampled_from(list(PARENTS)), max_size=2, unique=True)),
                options=OPTIONS,
                variants=variants,
                published_at=BEGIN + timedelta(days=draw(st.integers(0, 2))),
            )
        )
    return made


@st.composite
def queries(draw: st.DrawFn) -> ProductQuery:
    """Any combination of filters and orders."""
    maybe = st.sampled_from([None, None, "true"])
    low, high = draw(st.sampled_from([(None, None), (None, 200), (150, None), (100, 100), (200, 300), (400, None)]))
    asked = st.lists(st.sampled_from(["farbe:rot", "farbe:blau", "groesse:s", "groesse:m", "farbe:gold"]), max_size=3)
    return ProductQuery(
        category=draw(st.sampled_from([None, None, *PARENTS])),
        price_min=low,
        price_max=high,
        in_stock=draw(maybe),  # type: ignore[arg-type]
        option=draw(asked),
        sort=draw(st.sampled_from([None, "newest", "price", "-price", "name"])),
        facets="true",
        limit=draw(st.integers(1, 4)),
    )


class Model:
    """The shop as a shopper would work it out with paper and pencil."""

    def __init__(self, catalog: list[ProductRecord]) -> None:
        self.listed = [(n, one) for n, one in enumerate(catalog) if one.state == "active"]
        self.known = {pair for one in catalog for variant in one.variants for pair in variant.options.items()}

    def fitting(self, one: ProductRecord, asked: ProductQuery, but: str = "") -> list[VariantRecord]:
        """The variants that fit all filters, but for one facet's own."""
        wanted: Mapping[str, set[str]] = defaultdict(set)
        for pair in asked.option:
            wanted[pair.partition(":")[0]].add(pair.partition(":")[2])
        return [
            variant
            for variant in one.variants
            if variant.price is not None
            and (not asked.in_stock or but == "stock" or variant.on_hand)
            and (asked.price_min is None or but == "price" or variant.price >= asked.price_min)
            and (asked.price_max is None or but == "price" or variant.price <= asked.price_max)
            and all(variant.options[code] in codes for code, codes in wanted.items() if code != but)
        ]

    def shown_in(self, one: ProductRecord) -> set[str]:
        return {slug for slug in [*one.categories, *(PARENTS[slug] for slug in one.categories)] if slug}

    def within(self, asked: ProductQuery) -> list[tuple[int, ProductRecord]]:
        return [(n, one) for n, one in self.listed if asked.category is None or asked.category in self.shown_in(one)]

    def found(self, asked: ProductQuery) -> list[str]:
        """Slugs, in order. Ids rise as the products were saved."""
        cheapest = {n: min(v.price for v in one.variants if v.price is not None) for n, one in self.listed}

        def place(pair: tuple[int, ProductRecord]) -> Any:
            n, one = pair
            if asked.sort in ("price", "-price"):
                return cheapest[n], n
            return (sort_name(one.name["de"]), n) if asked.sort == "name" else (one.published_at, n)

        rows = [(n, one) for n, one in self.within(asked) if self.fitting(one, asked)]
        return [one.slug for _, one in sorted(rows, key=place, reverse=asked.sort not in ("price", "name"))]

    def facets(
        self, asked: ProductQuery
    ) -> tuple[dict[str, int], int, tuple[int, int] | None, dict[str, dict[str, int]]]:
        below = [slug for slug, parent in PARENTS.items() if parent == asked.category]
        rows = [one for _, one in self.within(asked)]
        categories = {
            slug: sum(slug in self.shown_in(one) and bool(self.fitting(one, asked)) for one in rows) for slug in below
        }
        in_stock = sum(any(v.on_hand for v in self.fitting(one, asked, "stock")) for one in rows)
        prices = [v.price for one in rows for v in self.fitting(one, asked, "price") if v.price is not None]
        options = {
            code: {
                value: sum(any(v.options[code] == value for v in self.fitting(one, asked, code)) for one in rows)
                for value in values
            }
            for code, values in VALUES.items()
        }
        # What was chosen stays to be seen, so that it can be let go.
        chosen = {tuple(pair.split(":")) for pair in asked.option} & self.known
        told = {
            code: {value: n for value, n in counts.items() if n or (code, value) in chosen}
            for code, counts in options.items()
        }
        return (
            {slug: n for slug, n in categories.items() if n},
            in_stock,
            (min(prices), max(prices)) if prices else None,
            {code: counts for code, counts in told.items() if counts},
        )


def emptied(db: Database) -> None:
    """Take the last example's products out: rows are deleted here as no shop would."""
    tables = "search_document listing_page listing_category listing availability variant_option product_option_value"
    tables += " product_option product_translation product_category product_media stock_level"
    with db.writing() as c:
        appended = ("stock_movement", "price_change")
        if db.dialect == "sqlite":
            for table in appended:
                c.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_refuses_delete")
        else:
            for table in appended:
                c.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for table in [*appended, *tables.split(), "variant", "product_slug", "product"]:
            c.exec_driver_sql(f"DELETE FROM {table}")
        c.exec_driver_sql("UPDATE listing_count SET products = 0")


def shop_with(db: Database, catalog: list[ProductRecord]) -> Model:
    emptied(db)
    factories.save(db, *catalog)
    return Model(catalog)


def page(db: Database, asked: ProductQuery) -> ProductPage:
    with db.reading() as c:
        return msgspec.json.decode(list_products(c, asked, CURSORS, "de"), type=ProductPage)


def walked(db: Database, asked: ProductQuery) -> Iterator[ProductPage]:
    cursor = None
    while True:
        told = page(db, msgspec.structs.replace(asked, cursor=cursor))
        yield told
        cursor = told.next_cursor
        if cursor is None:
            return


@pytest.fixture
def shop(database: Database) -> Database:
    with database.writing() as c:
        factories.category(c, "Kleidung", "Hemden")
        factories.category(c, "Kleidung", "Jacken")
        factories.category(c, "Haus")
    return database


def test_lists_pages_totals_and_facets_are_those_of_the_model(shop: Database) -> None:
    @settings(max_examples=40 if shop.dialect == "sqlite" else 15)
    @given(catalogs(), st.lists(queries(), min_size=1, max_size=6))
    def check(catalog: list[ProductRecord], asked: list[ProductQuery]) -> None:
        model = shop_with(shop, catalog)
        for query in asked:
            pages = list(walked(shop, query))
            expected = model.found(query)
            assert [card.slug for one in pages for card in one.data] == expected, query
            assert all(len(one.data) == query.limit for one in pages[:-1])
            assert {one.total for one in pages} == {len(expected)}
            facets = pages[0].facets
            assert facets is not None
            assert all(one.facets == facets for one in pages)
            assert (
                {one.slug: one.count for one in facets.categories},
                facets.in_stock,
                facets.price and (facets.price.min.amount, facets.price.max.amount),
                {one.code: {value.code: value.count for value in one.values} for one in facets.options},
            ) == model.facets(query), query

    check()


def test_a_card_shows_the_stock_of_what_can_be_bought(shop: Database) -> None:
    @settings(max_examples=30 if shop.dialect == "sqlite" else 10)
    @given(catalogs())
    def check(catalog: list[ProductRecord]) -> None:
        model = shop_with(shop, catalog)
        cards = {card.slug: card for card in page(shop, ProductQuery(limit=100)).data}
        assert cards.keys() == {one.slug for _, one in model.listed}
        for _, one in model.listed:
            left = sum(v.on_hand or 0 for v in one.variants if v.price is not None)
            card = cards[one.slug]
            assert card.available == (left > 0)
            assert card.low_stock == (left if 0 < left <= 5 else None)
            assert card.variant_count == sum(v.price is not None for v in one.variants)

    check()


@st.composite
def records_of(draw: st.DrawFn, slug: str) -> ProductRecord:
    """A record that is mostly possible; now and then it takes another's sku, or options that are taken."""
    places = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True))
    rarely = draw(st.integers(0, 9))
    variants = [
        VariantRecord(
            sku="a-0" if rarely == 0 else f"{slug}-{place}",
            options=COMBINATIONS[0 if rarely == 1 else place],
            price=draw(st.sampled_from([None, 100, 200, 200])),
            compare_at_price=draw(st.sampled_from([None, 300])),
            barcode=draw(st.sampled_from([None, "40"])),
            on_hand=draw(st.sampled_from([None, 0, 1, 8])),
        )
        for place in places
    ]
    priced = any(one.price is not None for one in variants)
    said = st.dictionaries(st.sampled_from(["de", "en"]), st.sampled_from(["", "x", "*y*"]))
    return ProductRecord(
        slug=slug,
        name={"de": draw(st.sampled_from(["Öl", "Ofen"])), **draw(st.sampled_from([{}, {"en": "Oil"}, {"en": ""}]))},
        fact=draw(said),
        description=draw(said),
        state=draw(st.sampled_from(["draft", "active"] if priced or rarely == 2 else ["draft"])),
        tax_class=draw(st.sampled_from(["standard", "reduced"])),
        categories=draw(st.lists(st.sampled_from(list(PARENTS)), max_size=2)),
        options=OPTIONS,
        variants=variants,
        published_at=draw(st.sampled_from([None, BEGIN, BEGIN + timedelta(microseconds=1234567)])),
    )


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[ProductRecord], bool]:
    """A batch of records of few products, so that the same ones come again, and whether stock is set."""
    slugs = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3))
    return [draw(records_of(slug)) for slug in slugs], draw(st.booleans())


def test_whatever_is_saved_twice_is_unchanged_the_second_time_and_the_books_agree(shop: Database) -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=40 if shop.dialect == "sqlite" else 15)
    @given(st.lists(changes(), min_size=1, max_size=4))
    def check(batches: list[tuple[list[ProductRecord], bool]]) -> None:
        emptied(shop)
        for records, set_stock in batches:
            first = save_products(shop, records, actor="t", set_stock=set_stock)
            assert [one.slug for one in first] == [one.slug for one in records]
            seen.update(one.what for one in first if one.what != "unchanged")
            taken = [one for one, outcome in zip(records, first, strict=True) if outcome.what != "refused"]
            again = save_products(shop, taken, actor="t", set_stock=set_stock)
            assert [one.what for one in again] == ["unchanged"] * len(taken), (records, first, again)
            with shop.reading() as c:
                assert {check.name: check.findings for check in audit(c) if check.findings} == {}
                out, _ = read_records(c, after=0, limit=100)
                assert len(out) == len(c.execute(select(product.c.id)).all())
            told = save_products(shop, out, actor="t", set_stock=True)
            assert [one.what for one in told] == ["unchanged"] * len(out), "What comes out goes in as it was."

    check()
    assert all(seen[what] > 5 for what in ("new", "changed", "refused")), seen
