"""Codes compare as people mean them, customers as they are, and a refusal says what is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopapi.contract.catalog import Money
from shopapi.promotions.rules import MAX_CODE, CodeNotApplicable, customer_key, normal_code

SECRET = "not-a-secret-but-long-enough-for-a-test"


@pytest.mark.parametrize(
    "typed",
    [
        "HERBST10",
        "herbst10",
        " Herbst 10 ",
        "HERBST-10",
        "HERBST\N{EN DASH}10",
        "HERBST\N{NON-BREAKING HYPHEN}10",
        "HERBST\N{MINUS SIGN}10",
        "her\N{SOFT HYPHEN}bst\N{ZERO WIDTH SPACE}10",
        "HERBST\N{NO-BREAK SPACE}10",
        "ＨＥＲＢＳＴ１０",
        "ｈｅｒｂｓｔ　１０",
        "H-E-R-B-S-T-1-0",
    ],
)
def test_however_a_code_is_typed_it_is_the_same(typed: str) -> None:
    assert normal_code(typed) == "HERBST10"


@pytest.mark.parametrize(
    "typed", ["", "   ", "-", "HERBST!", "HÄRBST", "НERBST10", "HERBST_10", "10%", "A" * (MAX_CODE + 1), "A\u0000B"]
)
def test_what_has_more_than_letters_and_digits_is_no_code(typed: str) -> None:
    assert normal_code(typed) is None


@given(st.text(max_size=80))
def test_a_normal_form_is_its_own_normal_form(typed: str) -> None:
    plain = normal_code(typed)
    if plain is not None:
        assert normal_code(plain) == plain
        assert plain.isascii()
        assert plain.isalnum()
        assert plain == plain.upper()
        assert 1 <= len(plain) <= MAX_CODE


@pytest.mark.parametrize(
    "same",
    ["anna@shop.example", "Anna@Shop.Example", " anna@shop.example ", "anna+1@shop.example", "anna+a+b@shop.example"],
)
def test_one_customer_is_one_however_the_address_is_written(same: str) -> None:
    assert customer_key(same, SECRET) == customer_key("anna@shop.example", SECRET)


@pytest.mark.parametrize(
    "other", ["anne@shop.example", "anna@shop2.example", "+anna@shop.example", "a.nna@shop.example"]
)
def test_another_address_is_another_customer(other: str) -> None:
    assert customer_key(other, SECRET) != customer_key("anna@shop.example", SECRET)


def test_a_mailbox_that_is_all_tag_is_not_everybodys() -> None:
    assert customer_key("+one@shop.example", SECRET) != customer_key("+two@shop.example", SECRET)


def test_the_key_hides_the_address_and_depends_on_the_secret() -> None:
    key = customer_key("anna@shop.example", SECRET)
    assert "anna" not in key
    assert key != customer_key("anna@shop.example", SECRET + "!")


@pytest.mark.parametrize(
    ("missing", "told"),
    [(Money(740, "EUR"), "7.40 EUR"), (Money(740, "JPY"), "740 JPY"), (Money(7405, "KWD"), "7.405 KWD")],
)
def test_a_refusal_says_how_much_is_missing_in_the_shops_currency(missing: Money, told: str) -> None:
    refusal = CodeNotApplicable("HERBST10", "min_subtotal", missing)
    assert refusal.detail == f"HERBST10 needs more goods: {told} to go."
    assert (refusal.status, refusal.code, refusal.errors[0].field) == (422, "code_not_applicable", "code")


def test_a_refusal_says_that_the_goods_are_missing_or_that_another_is_better() -> None:
    assert CodeNotApplicable("TEE", "not_in_cart").detail == "TEE is for goods that are not in the cart."
    assert "another promotion takes more off" in CodeNotApplicable("TEE", "outdone").detail
