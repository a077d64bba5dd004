"""The made-up catalog is the same each time, plausible, and as easy to search however large it is."""

import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from shopapi.catalog.rules import base_price
from shopctl.seeds import demo, large

SAMPLE = list(large.made_up(1000))


@settings(max_examples=30, deadline=None)
@given(start=st.integers(0, large.MOST - 20), count=st.integers(0, 20))
def test_a_part_is_what_stands_there_in_the_whole(start: int, count: int) -> None:
    part = list(large.made_up(count, start=start))
    assert [one.slug for one in part] == [f"made-up-{number:06}" for number in range(start + 1, start + count + 1)]
    if count:
        assert part[-1] == next(large.made_up(1, start=start + count - 1))


def test_slugs_and_skus_are_numbered() -> None:
    assert SAMPLE[0].slug == "made-up-000001"
    assert SAMPLE[0].variants[0].sku == "MU-000001-1"
    skus = [variant.sku for one in SAMPLE for variant in one.variants]
    assert len(set(skus)) == len(skus)


def test_a_place_is_a_word_of_forty_products_whatever_the_size() -> None:
    place = large.place_of(1)
    for size in (100, 1000):
        assert sum(place in one.fact["de"] for one in SAMPLE[:size]) == 40
        assert sum(place in one.description["en"] for one in SAMPLE[:size]) == 40


def test_no_place_is_another_one_or_its_beginning() -> None:
    places = sorted(large.place_of(number).lower() for number in range(1, large.MOST, large.PRODUCTS_A_PLACE))
    assert len(places) == 25_000
    assert not [pair for pair in pairwise(places) if pair[1].startswith(pair[0])]


def test_no_place_is_a_word_of_the_rest_of_the_catalog() -> None:
    words = {word for one in SAMPLE for word in re.findall(r"\w+", f"{one.name['de']} {one.name['en']}".lower())}
    assert not words & {large.place_of(number).lower() for number in range(1, 100_000, large.PRODUCTS_A_PLACE)}


def test_they_lie_in_the_demos_categories_and_show_its_pictures() -> None:
    categories = {one.slug for one in demo.categories()}
    pictures = {demo.picture_name(name) for name in demo.pictures()}
    for one in SAMPLE:
        assert {*one.categories} <= categories
        assert {media.sha256 for media in one.media or ()} <= pictures
    assert len({one.categories[0] for one in SAMPLE}) > 15


def test_they_differ_in_variants_prices_and_stock() -> None:
    assert {len(one.variants) for one in SAMPLE} == {1, 2, 3, 4}
    variants = [variant for one in SAMPLE for variant in one.variants]
    assert len({variant.price for variant in variants}) > 300
    sold_out = sum(variant.on_hand == 0 for variant in variants)
    assert 0.02 < sold_out / len(variants) < 0.10
    assert any(0 < (variant.on_hand or 0) <= 5 for variant in variants)
    assert {one.tax_class for one in SAMPLE} == {"standard", "reduced"}
    assert any(base_price(variant) for variant in variants)


def test_their_variants_can_be_told_apart() -> None:
    for one in SAMPLE:
        assert len({tuple(sorted(variant.options.items())) for variant in one.variants}) == len(one.variants)
        codes = {option.code for option in one.options}
        assert all(variant.options.keys() == codes for variant in one.variants)


def test_german_adjectives_end_as_their_nouns_ask() -> None:
    names = {one.name["de"] for one in SAMPLE}
    assert any(re.match(r"\w+er Becher „\w+“$", name) for name in names)
    assert any(re.match(r"\w+e Kerze „\w+“$", name) for name in names)
    assert any(re.match(r"\w+es Kissen „\w+“$", name) for name in names)
    assert not any(re.match(r"\w+(e|es) Becher|\w+(er|es) Kerze|\w+er Kissen", name) for name in names)


def test_they_are_older_than_the_demo_so_that_its_goods_are_the_new_ones() -> None:
    last = next(large.made_up(1, start=large.MOST - 1))
    assert last.published_at is not None
    assert last.published_at.year < 2024
