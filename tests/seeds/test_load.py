"""A seed adds what is missing and changes nothing that is there, on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select, update

from shopapi.catalog.category_store import read_tree
from shopapi.catalog.record_store import read_records
from shopapi.catalog.records import ProductRecord
from shopapi.catalog.shop_store import read_shop, read_text
from shopapi.catalog.tables import category, product, product_slug, variant
from shopapi.db.engine import Database, DatabaseUnavailable, open_database
from shopctl.seeds import demo, large, load
from shopctl.seeds.turn import taking_turns
from tests import factories

NAMES = ["Geschirr", "Küche", "Vorrat", "Papier", "Pflanzen", "Licht", "Stoff", "Bad"]


def records(database: Database) -> dict[str, ProductRecord]:
    with database.reading() as c:
        return {one.slug: one for one in read_records(c, after=0, limit=1000)[0]}


def units(database: Database) -> dict[str, int]:
    with database.reading() as c:
        return factories.sums_of_movements(c)


def test_the_demo_is_all_there_with_its_shop_texts_categories_and_pictures(database: Database) -> None:
    report = load.seed(database)
    stored = records(database)
    assert report.products == report.demo_products_added == len(stored) == 63
    assert (report.refused, report.made_up_products_added) == ([], 0)
    assert {variant.sku for one in stored.values() for variant in one.variants} == demo.skus()
    with database.reading() as c:
        assert read_shop(c, "de")[0].name == "Ton & Tinte"
        tree = read_tree(c, "de")[0]
        for kind, locale, _ in demo.texts():
            text = read_text(c, kind, locale)
            assert text.locale == locale
            assert "Mustertext" in text.html if locale == "de" else "Sample text" in text.html
    assert [one.name for one in tree.data] == NAMES
    assert tree.total == len(stored)
    assert all(one.image and one.count for one in tree.data)


def test_a_reduction_comes_with_the_lowest_price_before_it(database: Database) -> None:
    load.seed(database)
    with database.reading() as c:
        lowest = c.execute(select(variant.c.lowest_price_30_days).where(variant.c.sku == "TT-BE-MO-320")).scalar_one()
        none = c.execute(select(variant.c.lowest_price_30_days).where(variant.c.sku == "TT-SC-TRIO")).scalar_one()
    assert (lowest, none) == (2100, None)


def test_a_second_seed_changes_nothing(database: Database) -> None:
    first = load.seed(database)
    before, moved = records(database), units(database)
    again = load.seed(database)
    assert (again.demo_products_added, again.products) == (0, first.products)
    assert (again.owner_email, again.owner_password) == (None, None)
    assert (records(database), units(database)) == (before, moved)


def test_what_a_merchant_changed_stays(database: Database) -> None:
    load.seed(database)
    with database.writing() as c:
        c.execute(update(variant).where(variant.c.sku == "TT-SC-TRIO").values(weight_g=7))
        c.execute(update(category).where(category.c.slug == "tableware").values(names={"de": "Keramik"}))
    load.seed(database, products=3)
    assert records(database)["schalen-trio"].variants[0].weight_g == 7
    with database.reading() as c:
        assert read_tree(c, "de")[0].data[0].name == "Keramik"


def test_a_shop_with_goods_of_its_own_stays_as_it_is(database: Database) -> None:
    with database.writing() as c:
        factories.item(c, name="Schalen-Trio")
    with database.reading() as c:
        name = read_shop(c, "de")[0].name
    report = load.seed(database)
    assert (report.demo_products_added, report.products) == (0, 1)
    with database.reading() as c:
        assert read_shop(c, "de")[0].name == name != "Ton & Tinte"
        assert read_tree(c, "de")[0].data == []
    assert report.owner_email == load.OWNER_EMAIL


def test_what_was_broken_off_is_finished(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    class PowerCut(Exception):
        pass

    def cut_off(_: int) -> None:
        raise PowerCut

    save = load._save
    with monkeypatch.context() as patched:
        patched.setattr(load, "_save", lambda db, goods, _: save(db, goods, cut_off))
        with pytest.raises(PowerCut):
            load.seed(database)
    begun = records(database)
    assert 0 < len(begun) < 63
    report = load.seed(database)
    assert report.demo_products_added == len(records(database)) - len(begun)
    assert {one.sku for product in records(database).values() for one in product.variants} == demo.skus()
    assert {slug: records(database)[slug] for slug in begun} == begun


def test_an_empty_shop_gets_an_owner_and_nothing_else(database: Database) -> None:
    report = load.seed(database, "empty")
    assert (report.products, report.owner_email) == (0, load.OWNER_EMAIL)
    assert report.owner_password is not None
    assert len(report.owner_password) >= 12
    with database.reading() as c:
        assert read_tree(c, "de")[0].data == []


def test_a_shop_with_staff_gets_no_owner(database: Database) -> None:
    with database.writing() as c:
        factories.staff(c, role="owner")
    assert load.seed(database, "empty").owner_email is None


def test_made_up_products_are_made_up_to_the_number_asked_for(database: Database) -> None:
    told: list[int] = []
    first = load.seed(database, "empty", products=25, progress=told.append)
    assert (first.made_up_products_added, first.products, first.refused) == (25, 25, [])
    assert (told[0], sum(told)) == (0, 25)
    before = records(database)
    assert load.seed(database, "empty", products=20).made_up_products_added == 0
    told.clear()
    more = load.seed(database, "empty", products=40, progress=told.append)
    assert (told[0], sum(told)) == (25, 40)
    assert (more.made_up_products_added, more.products) == (15, 40)
    after = records(database)
    assert list(after) == [one.slug for one in large.made_up(40)]
    assert {slug: after[slug] for slug in before} == before
    assert all(one.media and one.published_at for one in after.values())


def test_the_demo_and_made_up_products_stand_side_by_side(database: Database) -> None:
    report = load.seed(database, products=5)
    assert report.products == report.demo_products_added + 5
    again = load.seed(database, products=5)
    assert (again.demo_products_added, again.made_up_products_added, again.products) == (0, 0, report.products)


def test_a_made_up_product_that_was_renamed_or_whose_sku_is_taken_stays_as_it_is(database: Database) -> None:
    load.seed(database, "empty", products=2)
    with database.writing() as c:
        renamed = c.execute(select(product.c.id).where(product.c.slug == "made-up-000002")).scalar_one()
        c.execute(update(product).where(product.c.id == renamed).values(slug="made-up-zebra"))
        c.execute(insert(product_slug).values(slug="made-up-zebra", product_id=renamed))
        other = factories.item(c, name="Zebra")
        c.execute(update(variant).where(variant.c.id == other.id).values(sku="MU-000003-1"))
    before = records(database)
    report = load.seed(database, "empty", products=4)
    assert (report.made_up_products_added, report.refused) == (1, [])
    after = records(database)
    assert after.keys() - before.keys() == {"made-up-000004"}
    assert {slug: after[slug] for slug in before} == before


@pytest.fixture
def second(database_url: str) -> Iterator[Database]:
    """The same database, as another process opens it."""
    opened = open_database(database_url)
    yield opened
    opened.close()


def test_two_take_turns(database: Database, second: Database) -> None:
    with taking_turns(database):
        with pytest.raises(DatabaseUnavailable, match="seeding"), taking_turns(second, wait_s=0.1):
            pass
        assert database.write(lambda c: factories.item(c)).quantity == 10
    with taking_turns(second, wait_s=0):
        pass


def test_a_turn_ends_with_a_failure(database: Database, second: Database) -> None:
    with pytest.raises(ZeroDivisionError), taking_turns(database):
        1 / 0  # noqa: B018
    with taking_turns(second, wait_s=0):
        pass
