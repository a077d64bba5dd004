"""Numbers are read as their file means them, or refused; never misread by a factor of a thousand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopapi.contract.catalog import MAX_AMOUNT
from shopctl.importers import numbers
from shopctl.importers.plain_cells import money


@pytest.mark.parametrize(
    ("text", "comma", "minor"),
    [
        ("12.90", False, 1290),
        ("12", False, 1200),
        ("12.9", False, 1290),
        (".5", False, 50),
        ("12.9000", False, 1290),
        ("1,234.50", False, 123_450),
        ("12,90", True, 1290),
        ("1.234,50", True, 123_450),
        ("0", True, 0),
    ],
)
def test_prices_are_read_in_the_style_of_their_file(text: str, comma: bool, minor: int) -> None:
    assert numbers.amount(text, comma=comma) == minor


@pytest.mark.parametrize(
    ("text", "comma"),
    [
        ("12,9O", True),
        ("12,90", False),
        ("12.90", True),
        ("1,234", False),
        ("1.234", True),
        ("-1", False),
        ("1e3", False),
        ("€12.90", False),
        ("12.905", False),
        ("٣", False),
        ("", False),
        (".", False),
        ("1" * 30, False),
        (str(MAX_AMOUNT // 100 + 1), False),
        ("nan", False),
    ],
)
def test_what_could_mean_something_else_is_no_price(text: str, comma: bool) -> None:
    with pytest.raises(ValueError, match=r"^(is|has) "):
        numbers.amount(text, comma=comma)


@settings(derandomize=True, deadline=None)
@given(st.integers(0, MAX_AMOUNT))
def test_what_we_write_we_read(minor: int) -> None:
    assert numbers.amount(money(minor), comma=False) == minor
    assert numbers.amount(money(minor).replace(".", ","), comma=True) == minor


@pytest.mark.parametrize(
    ("cells", "comma"),
    [
        (["12,90", "5"], True),
        (["12.90", "5"], False),
        (["12,90", "5,00", "5.00"], True),
        (["1,234", "1.234"], False),
        (["0,125"], True),
        ([], False),
    ],
)
def test_the_many_decide_how_numbers_are_written(cells: list[str], comma: bool) -> None:
    style = numbers.DecimalStyle()
    style.see(cells)
    assert style.comma is comma


@pytest.mark.parametrize(
    ("text", "unit", "grams"), [("1.5", "kg", 1500), ("1", "lbs", 454), ("1", "oz", 28), ("250", "g", 250)]
)
def test_weights_are_grams(text: str, unit: str, grams: int) -> None:
    assert numbers.grams(text, unit, comma=False) == grams


def test_content_is_whole_units() -> None:
    assert numbers.content("0.5", "kg", comma=False) == (500, "g")
    assert numbers.content("2", "l", comma=False) == (2, "l")
    assert numbers.content("33", "cl", comma=False) == (330, "ml")
    with pytest.raises(ValueError, match="unit"):
        numbers.content("1", "acre", comma=False)
