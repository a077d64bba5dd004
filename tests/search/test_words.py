"""What a word is, and what finds it: pure rules."""

import sys

import pytest

from shopapi.catalog.search.spelling import nearest, slips, trigrams
from shopapi.catalog.search.terms import Document, questions_of, terms_of
from shopapi.catalog.search.words import LONGEST_WORD, MOST_WORDS, fold, forms, split, split_name, words_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Schüssel", "schussel"),
        ("Schüssel", "schuessel"),
        ("Schuessel", "schüssel"),
        ("SCHÜSSEL", "Schu\u0308ssel"),
        ("Größe", "grosse"),
        ("Größe", "GRÖSSE"),
        ("Kanne", "Kannen"),
        ("Töpfe", "Topf"),
        ("Toepfe", "Topf"),
        ("cups", "cup"),
        ("plates", "plate"),
        ("Café", "cafe"),
        ("Smørrebrød", "smorrebrod"),
    ],
)
def test_two_ways_to_write_a_word_share_a_term(one: str, other: str) -> None:
    assert set(forms(one).whole) & set(forms(other).whole)


@pytest.mark.parametrize(("one", "other"), [("Tee", "Teller"), ("Vase", "Vasco"), ("Kanne", "Kante"), ("rot", "Brot")])
def test_different_words_share_none(one: str, other: str) -> None:
    assert not set(forms(one).whole) & set(forms(other).whole)


@pytest.mark.parametrize(
    ("compound", "end"), [("Teekanne", "Kannen"), ("Blumentöpfe", "Topf"), ("Wandteller", "Teller")]
)
def test_a_compound_knows_its_end(compound: str, end: str) -> None:
    assert set(forms(compound).endings) & set(forms(end).whole)


@pytest.mark.parametrize(("word", "end"), [("Tasche", "Asche"), ("Flasche", "Asche"), ("Wanduhr", "Uhr")])
def test_what_is_left_of_a_compound_has_three_letters_and_its_end_four(word: str, end: str) -> None:
    assert not set(forms(word).endings) & set(forms(end).whole)


def test_folding_twice_is_folding_once_for_every_character() -> None:
    characters = (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    assert [c for c in characters if fold(fold(c)) != fold(c)] == []


def test_words_are_parted_by_whatever_is_no_letter_or_digit() -> None:
    assert split("Tee-Kanne, 320ml „Mother’s“ a_b % \0😀 x") == ["Tee", "Kanne", "320", "ml", "Mother", "a", "b", "x"]


def test_a_name_with_a_hyphen_is_found_without() -> None:
    assert split_name("T-Shirt rot") == ["T", "Shirt", "rot", "TShirt"]


def test_small_words_count_only_where_there_are_no_others() -> None:
    assert words_of("Die Kanne mit der Tasse und the cup").words == ("Kanne", "Tasse", "cup")
    assert words_of("der die das").words == ("der", "die", "das")


def test_a_search_is_bounded() -> None:
    assert len(words_of("tasse " * 200).words) == MOST_WORDS
    assert words_of("ä" * 10_000).words == ("ä" * LONGEST_WORD,)
    assert len(words_of("x y " * 10_000).code) <= 100


def test_a_document_is_bounded() -> None:
    long = Document(product_id=1, names=["Vase"], facts=[], texts=[" ".join(f"wort{n}" for n in range(50_000))])
    assert len(terms_of(long)) < 5_000


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_nothing_is_asked_where_there_are_no_words(dialect: str) -> None:
    assert {question.strip("\"'") for question in questions_of(words_of("%*"), dialect)} == {"0"}


@pytest.mark.parametrize(
    ("typed", "meant", "number"),
    [
        ("tasse", "tasse", 0),
        ("tase", "tasse", 1),
        ("tassse", "tasse", 1),
        ("tatse", "tasse", 1),
        ("atsse", "tasse", 1),
        ("kane", "tanne", 2),
        ("", "abc", 3),
    ],
)
def test_slips_are_counted(typed: str, meant: str, number: int) -> None:
    assert slips(typed, meant) == slips(meant, typed) == number


def test_a_long_word_may_have_two_slips_and_a_short_one_only_one() -> None:
    assert nearest("blumntopff", ["blumentopf", "blume"]) == ["blumentopf"]
    assert nearest("tsse", ["tasse", "tee"]) == ["tasse"]
    assert nearest("tse", ["tasse"]) == []


def test_of_two_that_are_as_near_the_one_with_the_same_first_letter_is_meant() -> None:
    assert nearest("masse", ["tasse", "maske", "kasse"])[0] == "maske"


def test_a_slip_leaves_trigrams_to_be_found_by() -> None:
    assert len(set(trigrams("kanne")) & set(trigrams("kanen"))) >= 2
