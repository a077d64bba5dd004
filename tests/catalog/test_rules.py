"""Prices, names and order: rules without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopapi.catalog.records import VariantRecord
from shopapi.catalog.rules import base_price, item_name, lowest_before, shown_units, sort_name, word
from tests.properties import conftest as _profile  # noqa: F401

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


# --- Grundpreis


@pytest.mark.parametrize(
    ("price", "amount", "unit", "base", "found"),
    [
        (650, 500, "g", "kg", (1300, "kg")),
        (199, 1, "kg", "kg", (199, "kg")),
        (100, 300, "g", "kg", (333, "kg")),
        (200, 300, "g", "kg", (667, "kg")),
        (1, 2000, "g", "kg", (1, "kg")),
        (1, 2001, "g", "kg", (0, "kg")),
        (1799, 320, "ml", "l", (5622, "l")),
        (999, 2, "l", "l", (500, "l")),
        (0, 500, "g", "kg", (0, "kg")),
        (100_000_000, 1, "g", "kg", (100_000_000_000, "kg")),
        (None, 500, "g", "kg", None),
        (650, None, "g", "kg", None),
        (650, 500, None, "kg", None),
        (650, 500, "g", None, None),
        (650, 500, "ml", "kg", None),
        (650, 500, "g", "l", None),
    ],
)
def test_a_kilogram_or_litre_costs_so_much_rounded_half_up(
    price: int | None, amount: int | None, unit: str | None, base: str | None, found: tuple[int, str] | None
) -> None:
    one = VariantRecord(sku="x", price=price, content_amount=amount, content_unit=unit, base_unit=base)  # type: ignore[arg-type]
    assert base_price(one) == found


# --- the lowest price of the 30 days before


@pytest.mark.parametrize(
    ("changes", "price", "found"),
    [
        ([], 900, None),
        ([(60, 1000)], 900, 1000),
        ([(60, 1000)], 1000, None),
        ([(60, 1000)], 1100, None),
        ([(60, 1000)], None, None),
        # A lower price that held for a part of the 30 days counts; one that ended before them does not.
        ([(60, 1000), (20, 950), (10, 1200)], 900, 950),
        ([(60, 700), (40, 1000)], 900, 1000),
        # It held until into the 30 days, though it began before.
        ([(60, 950), (20, 1200)], 900, 950),
        # Raised and then reduced to what it had been: no reduction to show.
        ([(60, 900), (5, 1200)], 900, None),
        ([(60, 900), (5, 1200)], 1000, None),
        # While it was not for sale it had no price to compare with.
        ([(60, 1000), (5, None)], 900, None),
        ([(60, 1000), (20, None), (10, 1500)], 900, 1000),
        # Exactly 30 days ago another price began: the one before ended outside.
        ([(60, 700), (30, 1000)], 900, 1000),
    ],
)
def test_a_reduction_is_of_the_lowest_price_of_the_thirty_days_before(
    changes: list[tuple[float, int | None]], price: int | None, found: int | None
) -> None:
    assert lowest_before([(days_ago(days), was) for days, was in changes], NOW, price) == found


def test_what_changed_at_that_moment_or_later_is_no_past() -> None:
    assert lowest_before([(days_ago(60), 1000), (NOW, 500)], NOW, 900) == 1000


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 50)), max_size=6, unique_by=lambda pair: pair[0]),
    st.integers(1, 50),
)
def test_it_is_what_a_look_at_every_day_finds(past: list[tuple[int, int]], price: int) -> None:
    changes = sorted((days_ago(days), was) for days, was in past if days > 0)
    found = lowest_before(changes, NOW, price)
    held = [
        was
        for hour in range(1, 30 * 24)
        for was in [next((was for since, was in reversed(changes) if since <= days_ago(hour / 24)), None)]
        if was is not None
    ]
    lowest = min(held, default=None)
    is_reduced = bool(changes) and changes[-1][1] > price and lowest is not None and lowest > price
    assert found == (lowest if is_reduced else None)


# --- names


def test_names_sort_as_in_a_dictionary() -> None:
    mixed = ["Zebra", "Öl", "birne", "Straße 2", "Äpfel im Glas", "Olive", "Apfel", "Strasse", "Ofen"]
    names = ["Apfel", "Äpfel im Glas", "birne", "Ofen", "Öl", "Olive", "Strasse", "Straße 2", "Zebra"]
    assert sorted(mixed, key=sort_name) == names


@pytest.mark.parametrize(
    ("name", "sorts_as"),
    [
        ("Große Tasse", "grosse tasse"),
        ("„Krug“ – groß!", "krug gross"),
        ("  A   B ", "a b"),
        ("ÉCLAIR", "eclair"),
        ("Smørrebrød", "smorrebrod"),
        ("100 % Leinen", "100 leinen"),
        ("!!!", ""),
        ("", ""),
        ("お茶", "お茶"),
    ],
)
def test_case_accents_and_signs_do_not_count(name: str, sorts_as: str) -> None:
    assert sort_name(name) == sorts_as


@given(st.text(max_size=60))
def test_a_sort_name_is_steady(name: str) -> None:
    assert sort_name(name.upper().lower()) == sort_name(name.upper().lower().upper().lower())
    assert "  " not in sort_name(name)
    assert sort_name(name) == sort_name(f"  {name}! ")


@pytest.mark.parametrize(
    ("product", "values", "taken", "name"),
    [
        ("Krug", [], set(), "Krug"),
        ("Krug", ["Ton", "M"], set(), "Krug (Ton, M)"),
        ("Krug", [], {"Krug"}, "Krug (SKU-1)"),
        ("Krug", ["Ton"], {"Krug (Ton)"}, "Krug (Ton) (SKU-1)"),
        ("x" * 300, [], set(), "x" * 200),
        ("x" * 300, ["Ton"], set(), "x" * 194 + " (Ton)"),
        ("x" * 300, [], {"x" * 200}, "x" * 192 + " (SKU-1)"),
        ("Krug", ["y" * 160], set(), "Krug"),
    ],
)
def test_a_variant_s_name_in_the_classic_interface(product: str, values: list[str], taken: set[str], name: str) -> None:
    assert item_name(product, values, "SKU-1", taken) == name


@given(st.text(min_size=1, max_size=400), st.lists(st.text(min_size=1, max_size=90), max_size=4))
def test_a_name_is_never_too_long_for_the_classic_interface(product: str, values: list[str]) -> None:
    free = item_name(product, values, "SKU-1", set())
    assert 1 <= len(free) <= 200
    assert len(item_name(product, values, "SKU-1", {free})) <= 200
    assert item_name(product, values, "SKU-1", {free}) != free


def test_words_fall_back_to_the_shop_s_language_and_then_to_nothing() -> None:
    assert word({"de": "Krug", "en": "Jug"}, "en", "de") == "Jug"
    assert word({"de": "Krug", "en": ""}, "en", "de") == "Krug"
    assert word({"en": "Jug"}, "de", "de") == ""


def test_stock_is_told_up_to_six() -> None:
    assert [shown_units(units) for units in (-3, 0, 1, 5, 6, 7, 1_000_000)] == [0, 0, 1, 5, 6, 6, 6]
