"""What holds for whatever is written and whatever is searched for."""

import string

from hypothesis import assume, given
from hypothesis import strategies as st

from shopapi.catalog.search.correcting import correct
from shopapi.catalog.search.finding import matches
from shopapi.catalog.search.spelling import slips
from shopapi.catalog.search.terms import Document, terms_of
from shopapi.catalog.search.words import fold, forms, split, split_name, words_of
from tests.search.conftest import Search

LETTERS = string.ascii_letters + "äöüÄÖÜßéèçñ"
WORDS = st.text(LETTERS, min_size=2, max_size=14)
TEXTS = st.text(st.sampled_from(LETTERS + string.digits + " -'’.,%_*\"\0") | st.characters(codec="utf-8"), max_size=60)
# Far enough from each other that a slip in one makes none of the others.
KNOWN = ("Teekanne", "Blumentopf", "Schüssel", "Bleistift", "Wandteller", "Kerze", "notebook", "saucer", "Radiergummi")


@given(TEXTS)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXTS)
def test_a_term_is_letters_and_digits_whatever_is_written(text: str) -> None:
    terms = terms_of(Document(product_id=1, names=[text], facts=[text], texts=[text]))
    assert all(term.isalnum() and term[0] in "ngaxy" for term in terms)


@given(TEXTS, TEXTS)
def test_what_is_searched_for_is_never_part_of_the_statement(one: str, other: str) -> None:
    for dialect in ("sqlite", "postgresql"):
        assert str(matches(words_of(one), dialect=dialect)) == str(matches(words_of(other), dialect=dialect))


@given(text=TEXTS)
def test_any_search_is_answered(stocked: Search, text: str) -> None:
    assert set(stocked(text)) <= set(range(1, 8))
    with stocked.database.reading() as c:
        correct(c, words_of(text), dialect=stocked.database.dialect)


@given(name=TEXTS, fact=TEXTS, text=TEXTS)
def test_every_word_of_a_document_finds_it(search: Search, name: str, fact: str, text: str) -> None:
    search.index(Document(product_id=1, names=[name], facts=[fact], texts=[text]))
    for word in [*split_name(name), *split(fact), *split(text)]:
        assert search(word) == ([1] if forms(word).whole else [])


@given(name=st.lists(WORDS, min_size=1, max_size=4), length=st.integers(2, 14))
def test_every_beginning_of_a_word_in_a_name_finds_it(search: Search, name: list[str], length: int) -> None:
    search.index(Document(product_id=1, names=[" ".join(name)], facts=[], texts=[]))
    for word in name:
        assert search(word[:length]) == [1]


@given(
    word=st.sampled_from(KNOWN), kind=st.sampled_from("ladx"), place=st.integers(0, 20), letter=st.sampled_from(LETTERS)
)
def test_a_word_with_one_slip_still_finds(search: Search, word: str, kind: str, place: int, letter: str) -> None:
    search.index(*(Document(product_id=n, names=[known], facts=[], texts=[]) for n, known in enumerate(KNOWN, 1)))
    typed = slipped(word, kind, place % len(word), letter)
    assume(slips(fold(typed), fold(word)) == 1)
    with search.database.reading() as c:
        spelling = correct(c, words_of(typed), dialect=search.database.dialect)
    assert search(spelling or typed) == [KNOWN.index(word) + 1]


def slipped(word: str, kind: str, at: int, letter: str) -> str:
    """``word`` with a letter left out, added, swapped with the next one or taken for another."""
    match kind:
        case "l":
            return word[:at] + word[at + 1 :]
        case "a":
            return word[:at] + letter + word[at:]
        case "d":
            return word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]
        case _:
            return word[:at] + letter + word[at + 1 :]
