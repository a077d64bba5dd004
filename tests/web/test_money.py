"""Prices as each language writes them, and as people type them."""

import pytest

from shopapi.contract import figures
from shopapi.contract.catalog import Money
from shopweb import money
from shopweb.locale import Language


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        (8800, "EUR", "de", "88,00 €"),
        (8800, "EUR", "en", "€88.00"),
        (5, "EUR", "de", "0,05 €"),
        (123_456_789, "EUR", "de", "1.234.567,89 €"),
        (123_456_789, "EUR", "en", "€1,234,567.89"),
        (-200, "EUR", "de", "−2,00 €"),
        (-200, "EUR", "en", "−€2.00"),
        (500, "JPY", "en", "JP¥500"),
        (1234, "GBP", "en", "£12.34"),
    ],
)
def test_a_price_is_written_as_its_language_does(amount: int, currency: str, language: Language, text: str) -> None:
    assert figures.money(Money(amount, currency), language).replace("\N{NO-BREAK SPACE}", " ") == text


def test_round_prices_say_no_decimals() -> None:
    assert money.round_money(Money(6000, "EUR"), "en") == "€60"
    assert money.round_money(Money(490, "EUR"), "en") == "€4.90"


def test_a_difference_has_a_sign_and_none_where_there_is_none() -> None:
    assert money.difference(Money(1650, "EUR"), Money(1850, "EUR"), "en") == "−€2.00"
    assert money.difference(Money(2050, "EUR"), Money(1850, "EUR"), "en") == "+€2.00"
    assert money.difference(Money(1850, "EUR"), Money(1850, "EUR"), "en") == ""


def test_programs_read_a_decimal_point() -> None:
    assert money.decimal(Money(1850, "EUR")) == "18.50"
    assert money.decimal(Money(500, "JPY")) == "500"


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12", 1200),
        (" 12,50 ", 1250),
        ("12.5", 1250),
        ("12,50 €", 1250),
        ("€12.50", 1250),
        ("0", 0),
        ("1.200", None),
        ("1,2,3", None),
        ("-5", None),
        ("zwölf", None),
        ("١٢", None),
        ("99999999", None),
        ("", None),
    ],
)
def test_euros_are_understood_as_people_type_them(text: str, amount: int | None) -> None:
    assert money.typed_amount(text) == amount


def test_what_was_typed_can_be_written_again() -> None:
    assert (money.typed(1200, "de"), money.typed(1250, "de"), money.typed(1205, "en")) == ("12", "12,50", "12.05")
