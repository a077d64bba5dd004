"""Text that people write: what it becomes in names, slugs and cursors."""

import re
import unicodedata

from hypothesis import assume, given
from hypothesis import strategies as st

from shopapi.accounts.rules import api_key_prefix, new_api_key, normal_email
from shopapi.contract.fields import clean_text
from shopapi.http.cursors import Cursors
from shopapi.http.problems import InvalidRequest
from shopapi.names import public_id, slug

LISTINGS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=40)
IDS = st.integers(1, 2**63 - 1)


@given(st.text())
def test_a_slug_is_lower_case_ascii_of_at_most_eighty_signs(name: str) -> None:
    made = slug(name)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", made)
    assert len(made) <= 80


@given(st.text())
def test_a_slug_of_a_slug_is_itself(name: str) -> None:
    assert slug(slug(name)) == slug(name)


@given(st.text())
def test_names_that_look_alike_have_one_slug(name: str) -> None:
    assert slug(unicodedata.normalize("NFD", name)) == slug(unicodedata.normalize("NFC", name))


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once
    assert once == once.strip() or not once.strip()
    assert unicodedata.is_normalized("NFC", once)


@given(st.text(), st.sampled_from(["", " ", "\t", "\u00a0", "\u2003 \n"]))
def test_space_around_and_composition_make_no_other_text(text: str, space: str) -> None:
    assert clean_text(space + unicodedata.normalize("NFD", text) + space) == clean_text(text)


@given(st.emails())
def test_an_address_has_one_normal_form(email: str) -> None:
    normal = normal_email(email)
    assert normal_email(normal) == normal == normal_email(f" {email.upper().lower()} ")


@given(LISTINGS, IDS)
def test_a_cursor_comes_back_as_it_went(listing: str, last_id: int) -> None:
    cursors = Cursors("a key")
    cursor = cursors.after(listing, last_id)
    assert cursor is not None
    assert re.fullmatch(r"[A-Za-z0-9_=.-]{1,512}", cursor)
    assert cursors.read(listing, cursor) == last_id


@given(LISTINGS, LISTINGS, IDS)
def test_a_cursor_of_another_list_or_another_shop_is_refused(listing: str, other: str, last_id: int) -> None:
    assume(listing != other)
    for cursors, name in ((Cursors("a key"), other), (Cursors("another key"), listing)):
        assert refused(cursors, name, Cursors("a key").after(listing, last_id) or "")


@given(st.text(st.characters(codec="ascii"), min_size=1, max_size=80))
def test_nobody_makes_up_a_cursor(cursor: str) -> None:
    assert refused(Cursors("a key"), "levels", cursor)


def refused(cursors: Cursors, listing: str, cursor: str) -> bool:
    try:
        cursors.read(listing, cursor)
    except InvalidRequest as error:
        return error.errors[0].field == "cursor"
    return False


@given(st.integers(9, 65), st.characters(codec="ascii", categories=["L", "N"]))
def test_a_sign_that_was_mistyped_in_an_api_key_is_noticed(at: int, sign: str) -> None:
    key = new_api_key()
    assert api_key_prefix(key) == key[:17]
    assume(key[at] != sign)
    assert api_key_prefix(key[:at] + sign + key[at + 1 :]) is None


@given(st.text(max_size=90))
def test_what_is_no_api_key_is_told_without_a_fault(token: str) -> None:
    assert api_key_prefix(token) is None
    assert api_key_prefix(f"shk_live_{token}") is None


def test_public_ids_have_the_form_that_the_contract_names() -> None:
    made = {public_id("mov") for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"mov_[0-9a-hjkmnp-tv-z]{20}", name) for name in made)
