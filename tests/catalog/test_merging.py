"""What a product is to be, from what is there and what came in: a rule without a database."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from shopapi.catalog.merging import merged
from shopapi.catalog.record_store import StoredProduct, StoredVariant
from shopapi.catalog.records import MediaRecord, ProductRecord, VariantRecord
from tests import factories

NOW = datetime(2026, 1, 1, tzinfo=UTC)
JUG = factories.in_colours("Krug", {"Ton": (1000, 5), "Tinte": (1200, 0)}, categories=["a", "b"])


def stored(record: ProductRecord, archived: str = "") -> StoredProduct:
    variants = {
        one.sku: StoredVariant(
            id=n,
            item_name=None if one.sku == archived else one.sku,
            lowest_price_30_days=None,
            on_hand=one.on_hand or 0,
            reserved=0,
        )
        for n, one in enumerate(record.variants)
    }
    return StoredProduct(1, replace(record, media=record.media or []), variants, 1, NOW, NOW)


def test_a_new_product_is_what_it_says_with_nothing_in_stock_where_it_says_nothing() -> None:
    new = replace(JUG, variants=[VariantRecord(sku="x")])
    wanted = merged(None, new, set_stock=False)
    assert (wanted.variants[0].on_hand, wanted.media) == (0, [])


def test_an_equal_record_is_no_change() -> None:
    before = stored(JUG)
    assert merged(before, JUG, set_stock=False) == merged(before, JUG, set_stock=True) == before.record


@pytest.mark.parametrize("set_stock", [False, True])
def test_stock_of_what_is_known_is_set_only_where_that_is_asked_for(set_stock: bool) -> None:
    before = stored(JUG)
    changed = replace(JUG, variants=[replace(JUG.variants[0], on_hand=9), replace(JUG.variants[1], on_hand=None)])
    wanted = merged(before, changed, set_stock=set_stock)
    assert [one.on_hand for one in wanted.variants] == ([9, 0] if set_stock else [5, 0])


def test_variants_that_are_not_named_stay_with_their_options_and_their_place() -> None:
    before = stored(JUG)
    part = replace(
        JUG, variants=[JUG.variants[1]], options=[replace(JUG.options[0], values=[JUG.options[0].values[1]])]
    )
    wanted = merged(before, part, set_stock=False)
    assert wanted.variants == JUG.variants
    assert {one.code for one in wanted.options[0].values} == {"ton", "tinte"}
    assert merged(stored(wanted), part, set_stock=False) == wanted


def test_an_archived_variant_that_is_left_out_is_no_change() -> None:
    before = stored(JUG, archived="KRUG-TON")
    assert merged(before, replace(JUG, variants=[JUG.variants[1]]), set_stock=False) == before.record


def test_another_order_is_a_change_and_a_new_variant_stands_where_it_is_put() -> None:
    before = stored(JUG)
    turned = replace(JUG, variants=JUG.variants[::-1])
    assert merged(before, turned, set_stock=False).variants == turned.variants
    new = VariantRecord(sku="NEW", options={"farbe": "ton"}, on_hand=0)
    between = replace(JUG, variants=[JUG.variants[0], new, JUG.variants[1]])
    assert merged(before, between, set_stock=False).variants == between.variants


def test_words_that_are_missing_leave_what_is_there() -> None:
    before = stored(replace(JUG, name={"de": "Krug", "en": "Jug"}, fact={"de": "Ton"}))
    wanted = merged(before, replace(JUG, name={"de": "Kanne", "en": ""}, fact={}), set_stock=False)
    assert wanted.name == {"de": "Kanne", "en": "Jug"}
    assert wanted.fact == {"de": "Ton"}


def test_categories_are_a_set_and_none_at_all_says_nothing() -> None:
    before = stored(JUG)
    for same in (["b", "a"], []):
        assert merged(before, replace(JUG, categories=same), set_stock=False).categories == ["a", "b"]
    assert merged(before, replace(JUG, categories=["b"]), set_stock=False).categories == ["b"]


def test_pictures_stay_unless_something_is_said_of_them() -> None:
    picture = MediaRecord(sha256="0" * 64, alt={"de": "x"})
    before = stored(replace(JUG, media=[picture], variants=[replace(JUG.variants[0], image="0" * 64), JUG.variants[1]]))
    silent = merged(before, replace(JUG, media=None), set_stock=False)
    assert silent.media == [picture]
    assert silent.variants[0].image == "0" * 64
    assert merged(before, replace(JUG, media=[]), set_stock=False).media == []


def test_the_moment_of_publication_stays_unless_another_is_given() -> None:
    before = stored(replace(JUG, published_at=NOW))
    assert merged(before, JUG, set_stock=False).published_at == NOW
