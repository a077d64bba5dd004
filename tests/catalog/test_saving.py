"""Products, prices and categories as they are written, on both databases; the audit follows each test."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select, text

from shopapi.accounts.tables import audit_entry
from shopapi.catalog.category_store import read_tree, save_categories
from shopapi.catalog.page_reader import Moved, read_page
from shopapi.catalog.record_store import load, read_records
from shopapi.catalog.records import CategoryRecord, OptionRecord, ProductRecord, ValueRecord, VariantRecord
from shopapi.catalog.rules import Archived, CompareAtTooLow, NoPrice, StockLeft, UnknownVariant
from shopapi.catalog.save_products import save_products
from shopapi.catalog.set_variant import VariantChange, set_variant
from shopapi.catalog.tables import catalog_version, listing, price_change, product, variant
from shopapi.contract.catalog import MAX_AMOUNT, Product
from shopapi.db.engine import Database
from shopapi.http.etag import IfMatch
from shopapi.http.problems import NotFound
from shopapi.inventory.item_store import archive_item
from shopapi.inventory.rules import ReservedStock
from tests import factories


def version(db: Database) -> int:
    with db.reading() as c:
        return int(c.execute(select(func.sum(catalog_version.c.value))).scalar_one())


def what(db: Database, *records: ProductRecord, **more: Any) -> list[str]:
    return [one.what for one in save_products(db, records, actor="shopctl", **more)]


def page(db: Database, slug: str) -> Product:
    with db.reading() as c:
        found = read_page(c, slug, "de")[0]
    assert isinstance(found, Product)
    return found


def change(db: Database, sku: str, **said: Any) -> None:
    db.write(lambda c: set_variant(c, sku, VariantChange(**said), actor="shopctl"))


def records(db: Database) -> list[ProductRecord]:
    with db.reading() as c:
        return read_records(c, after=0, limit=100)[0]


def on_hand(db: Database) -> dict[str, int]:
    return {one.sku: one.on_hand or 0 for record in records(db) for one in record.variants}


@pytest.fixture
def jug(database: Database) -> ProductRecord:
    database.write(lambda c: factories.category(c, "Geschirr", "Krüge"))
    record = factories.in_colours("Krug", {"Ton": (1000, 5), "Tinte": (1200, 0)}, categories=["kruege"])
    factories.save(database, record)
    return record


# --- saving


def test_each_record_has_an_outcome_in_its_place(database: Database, jug: ProductRecord) -> None:
    changed = replace(jug, fact={"de": "Ton"})
    refused = factories.goods("Leer", variants=[])
    assert what(database, factories.goods("A"), jug, refused, factories.goods("B")) == [
        "new",
        "unchanged",
        "refused",
        "new",
    ]
    assert what(database, changed, changed) == ["changed", "refused"]
    assert what(database, changed) == ["unchanged"]
    assert what(database) == []


def test_what_is_unchanged_writes_nothing(database: Database, jug: ProductRecord) -> None:
    before = version(database)
    with database.reading() as c:
        stored = load(c, [1])
    assert what(database, jug, set_stock=True) == ["unchanged"]
    assert version(database) == before
    with database.reading() as c:
        assert load(c, [1]) == stored


def test_what_comes_out_goes_in_again_as_it_was(database: Database, jug: ProductRecord) -> None:
    factories.save(database, factories.goods("Vase", state="draft", price=None), factories.goods("Becher"))
    items = {one.sku: one for one in records(database)[0].variants}
    assert items.keys() == {"KRUG-TON", "KRUG-TINTE"}
    with database.reading() as c:
        ton = c.execute(select(variant.c.id).where(variant.c.sku == "KRUG-TON")).scalar_one()
    database.write(lambda c: archive_item(c, ton, IfMatch(None), actor="shopctl"))
    everything = records(database)
    assert [one.sku for one in everything[0].variants] == ["KRUG-TINTE"]
    assert what(database, *everything) == what(database, *everything, set_stock=True) == ["unchanged"] * 3


def test_a_moment_finer_than_the_database_keeps_is_no_change_the_second_time(database: Database) -> None:
    record = factories.goods("Krug", published_at=datetime(2026, 1, 1, 1, 2, 3, 456789, tzinfo=UTC))
    assert what(database, record) == ["new"]
    assert what(database, record) == ["unchanged"]


def test_a_dry_run_tells_and_changes_nothing(database: Database, jug: ProductRecord) -> None:
    before = version(database), records(database)
    told = what(
        database,
        replace(jug, slug="anders"),
        factories.goods("Neu", categories=["not-there-yet"]),
        factories.goods("Schlecht", sku="KRUG-TON", slug="schlecht"),
        dry_run=True,
    )
    assert told[:2] == ["changed", "new"]
    assert (version(database), records(database)) == before


def test_stock_is_taken_for_new_variants_and_else_only_where_asked_for(database: Database, jug: ProductRecord) -> None:
    new = VariantRecord(sku="KRUG-MOOS", options={"farbe": "moos"}, price=900, on_hand=7)
    option = replace(jug.options[0], values=[*jug.options[0].values, ValueRecord(code="moos", name={"de": "Moos"})])
    variants = [replace(one, on_hand=50) for one in jug.variants]
    record = replace(jug, variants=[*variants, new], options=[option])
    assert what(database, record) == ["changed"]
    assert on_hand(database) == {"KRUG-TON": 5, "KRUG-TINTE": 0, "KRUG-MOOS": 7}
    assert what(database, record, set_stock=True) == ["changed"]
    assert on_hand(database) == {"KRUG-TON": 50, "KRUG-TINTE": 50, "KRUG-MOOS": 7}
    silent = replace(record, variants=[replace(one, on_hand=None) for one in record.variants])
    assert what(database, silent, set_stock=True) == ["unchanged"]
    with database.reading() as c:
        reasons = factories.sums_of_movements(c)
    assert reasons == {"receive": 12, "correct": 95}


def test_reserved_units_stay(database: Database, jug: ProductRecord) -> None:
    with database.writing() as c:
        ton = c.execute(select(variant.c.id).where(variant.c.sku == "KRUG-TON")).scalar_one()
        factories.reserve(c, ton, 3)
    few = replace(jug, variants=[replace(jug.variants[0], on_hand=2), jug.variants[1]])
    try:
        (outcome,) = save_products(database, [few], actor="shopctl", set_stock=True)
    except ReservedStock:
        pytest.fail("One product whose stock is reserved ends the whole import.")
    assert outcome.what == "refused"
    assert "reserved" in outcome.reason
    assert on_hand(database)["KRUG-TON"] == 5


def test_one_refused_product_leaves_the_others_of_its_batch(database: Database, jug: ProductRecord) -> None:
    with database.writing() as c:
        ton = c.execute(select(variant.c.id).where(variant.c.sku == "KRUG-TON")).scalar_one()
        factories.reserve(c, ton, 3)
    few = replace(jug, variants=[replace(jug.variants[0], on_hand=2), jug.variants[1]])
    assert what(database, factories.goods("A"), few, factories.goods("B"), set_stock=True) == ["new", "refused", "new"]


BIG = [VariantRecord(sku=f"S{n}", price=1, options={"farbe": f"c{n}"}) for n in range(201)]
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("no variant", {"variants": []}),
    ("201 variants", {"variants": BIG}),
    ("twice", {"variants": [VariantRecord(sku="a", price=1), VariantRecord(sku="a", price=1, options={"x": "y"})]}),
    ("same options", {"variants": [VariantRecord(sku="a", price=1), VariantRecord(sku="b", price=1)]}),
    ("has not", {"variants": [VariantRecord(sku="a", price=1, options={"farbe": "gold"})]}),
    (
        "has not",
        {
            "options": [
                OptionRecord(
                    code="f",
                    name={"de": "F"},
                    values=[ValueRecord(code=code, name={"de": code}) for code in ("r", "g")],
                )
            ],
            "variants": [
                VariantRecord(sku="a", price=1, options={"f": "r"}),
                VariantRecord(sku="b", price=1, options={"f": "b"}),
            ],
        },
    ),
    (
        "belongs to another",
        {"variants": [VariantRecord(sku="KRUG-TON", price=1), VariantRecord(sku="OTHER", price=1, options={"a": "b"})]},
    ),
    ("no variant has a price", {"variants": [VariantRecord(sku="a")]}),
    ("archived", {"state": "archived"}),
    ("no category", {"categories": ["nowhere"]}),
    ("not stored", {"media": [factories.seen("0" * 64, "x")]}),
    ("between 0 and", {"variants": [VariantRecord(sku="a", price=MAX_AMOUNT + 1)]}),
    ("between 0 and", {"variants": [VariantRecord(sku="a", price=-1)]}),
    ("between 0 and", {"variants": [VariantRecord(sku="a", price=1, compare_at_price=2**63)]}),
    ("units in stock", {"variants": [VariantRecord(sku="a", price=1, on_hand=1_000_001)]}),
    ("no name", {"name": {"en": "Jug"}}),
    ("no name", {"name": {}}),
]


@pytest.mark.usefixtures("jug")
def test_what_cannot_be_a_product_is_refused_in_words(database: Database, subtests: pytest.Subtests) -> None:
    factories.save(database, factories.goods("Andere", sku="OTHER"))
    for why, said in REFUSED:
        record = replace(factories.goods("Neu"), **said)
        # A dry run has made no category and stored no picture.
        for dry_run in (False,) if why in ("no category", "not stored") else (False, True):
            with subtests.test(why, dry_run=dry_run):
                (outcome,) = save_products(database, [record], actor="shopctl", dry_run=dry_run)
                assert outcome.what == "refused", outcome
                assert why in outcome.reason, outcome
    with database.reading() as c:
        assert c.execute(select(func.count()).select_from(product)).scalar_one() == 2


def test_an_item_s_name_that_is_taken_is_told_apart_by_its_sku(database: Database) -> None:
    database.write(lambda c: factories.item(c, name="Krug", quantity=1))
    factories.save(database, factories.goods("Krug", slug="krug-neu", sku="K1"))
    factories.save(database, factories.goods("Krug", slug="krug-neuer", sku="K2"))
    with database.reading() as c:
        names = set(c.execute(select(variant.c.item_name)).scalars())
    assert names == {"Krug", "Krug (K1)", "Krug (K2)"}


def test_a_product_is_known_by_its_skus_where_its_slug_is_another(database: Database, jug: ProductRecord) -> None:
    assert what(database, replace(jug, slug="kanne")) == ["changed"]
    with database.reading() as c:
        assert read_page(c, "krug", "de")[0] == Moved("kanne")
    # Back again: the old slug is still its own.
    assert what(database, jug) == ["changed"]
    with database.reading() as c:
        assert read_page(c, "kanne", "de")[0] == Moved("krug")


# --- prices and states


def history(db: Database, sku: str) -> list[int | None]:
    with db.reading() as c:
        found = select(price_change.c.price).join(variant, variant.c.id == price_change.c.variant_id)
        return list(c.execute(found.where(variant.c.sku == sku).order_by(price_change.c.id)).scalars())


def test_every_price_is_kept_and_only_where_it_changes(database: Database, jug: ProductRecord) -> None:
    for price in (900, 900, None, 1100):
        change(database, "KRUG-TON", price=price)
    factories.save(database, replace(jug, variants=[replace(jug.variants[0], price=1100), jug.variants[1]]))
    assert history(database, "KRUG-TON") == [1000, 900, None, 1100]
    assert history(database, "KRUG-TINTE") == [1200]


def test_a_reduction_shows_the_lowest_price_of_the_thirty_days_before(database: Database, jug: ProductRecord) -> None:
    assert page(database, "krug").variants[0].lowest_price_30_days is None
    change(database, "KRUG-TON", price=800)
    reduced = page(database, "krug").variants[0]
    assert reduced.lowest_price_30_days is not None
    assert reduced.lowest_price_30_days.amount == 1000
    change(database, "KRUG-TON", price=700)
    again = page(database, "krug").variants[0]
    assert again.lowest_price_30_days is not None
    assert again.lowest_price_30_days.amount == 800
    change(database, "KRUG-TON", price=900)
    assert page(database, "krug").variants[0].lowest_price_30_days is None


def test_a_seed_may_bring_a_past(database: Database) -> None:
    now = datetime.now(UTC)
    past = [(now - timedelta(days=days), price) for days, price in ((60, 500), (40, 2100), (5, 1000))]
    factories.save(database, factories.goods("Krug", price=1000, past_prices=past))
    assert history(database, "KRUG") == [500, 2100, 1000]
    shown = page(database, "krug").variants[0].lowest_price_30_days
    assert shown is not None
    assert shown.amount == 2100


def test_an_item_becomes_a_product_by_a_price_and_a_state(database: Database) -> None:
    database.write(lambda c: factories.item(c, name="Klassisch", quantity=3))
    change(database, "ITEM-1", price=1290)
    with database.reading() as c, pytest.raises(NotFound):
        read_page(c, "klassisch", "de")
    change(database, "ITEM-1", state="active")
    found = page(database, "klassisch")
    assert (found.name, found.variants[0].price.amount, found.variants[0].low_stock) == ("Klassisch", 1290, 3)
    change(database, "ITEM-1", tax_class="reduced", compare_at_price=1500)
    found = page(database, "klassisch")
    assert found.tax_rate_bp == 700
    assert found.variants[0].compare_at_price is not None


def test_what_cannot_be_is_refused_and_changes_nothing(database: Database, jug: ProductRecord) -> None:
    database.write(lambda c: factories.item(c, name="Klassisch", quantity=0))
    before = version(database)
    with pytest.raises(UnknownVariant):
        change(database, "NOTHING", price=1)
    with pytest.raises(NoPrice):
        change(database, "ITEM-3", state="active")
    change(database, "KRUG-TINTE", price=None)
    with pytest.raises(NoPrice):
        change(database, "KRUG-TON", price=None)
    with pytest.raises(StockLeft):
        change(database, "KRUG-TON", state="archived")
    assert version(database) == before + 1


def test_an_archived_product_is_gone_for_good(database: Database, jug: ProductRecord) -> None:
    item = database.write(lambda c: c.execute(select(variant.c.id).where(variant.c.sku == "KRUG-TON")).scalar_one())
    from shopapi.contract.items import ItemInput
    from shopapi.inventory.item_store import set_item

    empty = ItemInput("Krug (Ton)", 0)
    database.write(lambda c: set_item(c, item, empty, IfMatch(None), actor="shopctl"))
    change(database, "KRUG-TINTE", state="archived")
    with database.reading() as c:
        assert c.execute(select(func.count()).select_from(listing)).scalar_one() == 0
    for sku in ("KRUG-TON", "KRUG-TINTE"):
        with pytest.raises(Archived):
            change(database, sku, state="active")
    (outcome,) = save_products(database, [jug], actor="shopctl")
    assert (outcome.what, "for good" in outcome.reason) == ("refused", True)
    assert records(database) == []


def test_a_variant_of_an_archived_product_gets_no_price_again(database: Database) -> None:
    factories.save(database, factories.goods("Krug", on_hand=0))
    change(database, "KRUG", state="archived")
    with pytest.raises(Archived):
        change(database, "KRUG", price=5)


def test_one_archived_variant_stays_out_when_its_product_is_saved(database: Database, jug: ProductRecord) -> None:
    with database.reading() as c:
        ton = c.execute(select(variant.c.id).where(variant.c.sku == "KRUG-TON")).scalar_one()
    database.write(lambda c: archive_item(c, ton, IfMatch(None), actor="shopctl"))
    (outcome,) = save_products(database, [jug], actor="shopctl")
    assert "KRUG-TON" in outcome.reason
    rest = replace(jug, variants=[jug.variants[1]], fact={"de": "Nur Tinte"})
    assert what(database, rest) == ["changed"]
    assert [one.sku for one in page(database, "krug").variants] == ["KRUG-TINTE"]


# --- categories


def test_categories_are_made_once_and_changed_where_they_differ(database: Database) -> None:
    tree = [
        CategoryRecord(slug="geschirr", name={"de": "Geschirr"}),
        CategoryRecord(slug="kruege", parent="geschirr", name={"de": "Krüge"}),
    ]
    assert database.write(lambda c: save_categories(c, tree)) == 2
    assert database.write(lambda c: save_categories(c, tree)) == 0
    more = [replace(tree[1], name={"en": "Jugs"}), CategoryRecord(slug="neu", name={"de": "Neu"})]
    assert database.write(lambda c: save_categories(c, more)) == 2
    assert database.write(lambda c: save_categories(c, tree)) == 0
    with database.reading() as c:
        told, _ = read_tree(c, "en")
    assert [(one.slug, one.name) for one in told.data] == [("geschirr", "Geschirr"), ("neu", "Neu")]
    assert told.data[0].children[0].name == "Jugs"


def test_a_category_s_new_name_is_on_every_page_at_once(database: Database, jug: ProductRecord) -> None:
    before = version(database)
    for slug in ("kruege", "geschirr"):
        record = CategoryRecord(slug=slug, name={"de": f"{slug} neu"})
        assert database.write(lambda c, record=record: save_categories(c, [record])) == 1  # type: ignore[misc]
    (shown,) = page(database, "krug").categories
    assert (shown.name, shown.parents[0].name) == ("kruege neu", "geschirr neu")
    assert version(database) > before


def test_a_picture_of_a_product_is_there_before_it(database: Database, jug: ProductRecord) -> None:
    image = database.write(lambda c: factories.picture(c))
    shown = replace(jug, media=[factories.seen(image, "Ein Krug")])
    assert what(database, shown) == ["changed"]
    assert what(database, jug) == ["unchanged"], "A record that says nothing of pictures leaves them."
    with database.reading() as c:
        assert c.execute(text("SELECT count(*) FROM product_media")).scalar_one() == 1
    assert what(database, replace(jug, media=[])) == ["changed"]
    assert page(database, "krug").images == []


def test_a_product_that_comes_in_without_categories_keeps_its_own(database: Database, jug: ProductRecord) -> None:
    dearer = replace(jug, categories=[], variants=[replace(one, price=9900) for one in jug.variants])
    assert what(database, dearer) == ["changed"]
    assert records(database)[0].categories == ["kruege"]
    assert [one.slug for one in page(database, jug.slug).categories] == ["kruege"]


def test_a_slug_may_be_the_sku_of_another_product_in_the_batch(database: Database) -> None:
    assert what(database, factories.goods("tee", sku="TEE-1"), factories.goods("Kanne", sku="tee")) == ["new", "new"]


def test_two_records_of_one_product_in_a_batch_are_refused(database: Database, jug: ProductRecord) -> None:
    twins = [replace(jug, slug=f"krug-{n}", variants=[jug.variants[n]]) for n in range(2)]
    assert what(database, *twins) == ["changed", "refused"]


def test_a_price_before_is_above_the_price(database: Database, jug: ProductRecord) -> None:
    with pytest.raises(CompareAtTooLow):
        change(database, "KRUG-TON", compare_at_price=1000)
    lower = replace(jug, variants=[replace(one, compare_at_price=1) for one in jug.variants])
    assert what(database, lower) == ["refused"]


def test_a_price_is_set_by_somebody(database: Database, jug: ProductRecord) -> None:
    change(database, "KRUG-TON", price=1500)
    with database.reading() as c:
        noted = c.execute(select(audit_entry).where(audit_entry.c.subject == "KRUG-TON")).one()
    assert (noted.actor, noted.action) == ("shopctl", "set-variant")
    assert (noted.before["price"], noted.after["price"]) == (1000, 1500)
