"""The terms under which a product stands in the index, and the same ones as a question to it. No I/O.

A term is a letter for the part of a product that has it, and a word's form: ``nkann`` is "Kanne" in a name. So what
is asked for in names alone costs what names alone have, however many descriptions say the same; and no column, weight
or position is needed, which the two databases would handle each in its own way.
"""

from collections.abc import Iterable
from enum import Enum
from itertools import chain, islice, pairwise
from typing import Final

from msgspec import Struct

from shopapi.catalog.search.words import (
    SHORTEST_PREFIX,
    Query,
    forms,
    split,
    split_name,
)

MOST_INDEXED: Final = 2_000
"""So many different words of a part count; a longer text is found by its first ones."""


class Document(Struct, frozen=True):
    """A product's words, both languages' together, as plain text.

    ``facts`` takes in what options, their values and categories are called; ``texts`` is what only describes.
    """

    product_id: int
    names: list[str]
    facts: list[str]
    texts: list[str]


class Place(Enum):
    """Where words are looked for, each taking in the one before: the letters of whole words and of endings."""

    NAMES = ("n", "x")
    GOODS = ("g", "y")
    ANYWHERE = ("a", "y")


_NOTHING: Final = "0"  # No term begins with a digit.


def words_by_place(document: Document) -> dict[Place, list[str]]:
    """The different words of a product's name; those of its facts too; and all."""
    names = _first_different(document.names)
    goods = _first_different(document.names + document.facts)
    texts = dict.fromkeys(chain.from_iterable(map(split, document.texts)))
    everything = list(dict.fromkeys(chain(goods, islice(texts, MOST_INDEXED))))
    return {Place.NAMES: names, Place.GOODS: goods, Place.ANYWHERE: everything}


def terms_of(document: Document) -> list[str]:
    """Every term of a product, each once."""
    found: set[str] = set()
    for place, words in words_by_place(document).items():
        letter, ending = place.value
        for word in map(forms, words):
            found.update([letter + form for form in word.whole])
            if place is not Place.ANYWHERE:
                found.update([ending + form for form in word.endings])
    return sorted(found)


def questions_of(query: Query, dialect: str) -> list[str]:
    """What to ask the index for ``query``, the best answers first; no product answers two of them.

    First come whole words in names; then with beginnings and ends of compounds too, in names, facts and texts.
    """
    if not query.words:
        return [_ask(_NOTHING, dialect)] * 4
    wider = [
        _all_of(query, Place.NAMES, dialect, whole=True),
        *(_all_of(query, place, dialect, whole=False) for place in Place),
    ]
    without = " NOT " if dialect == "sqlite" else " & !"
    return [wider[0]] + [f"({now}){without}({before})" for before, now in pairwise(wider)]


def question_of_word(query: Query, word: str, dialect: str) -> str:
    """What to ask the index to learn whether any product has ``word`` of ``query``."""
    return _any_of(word, Place.ANYWHERE, dialect, whole=False, unfinished=word == query.words[-1])


def question_of_term(term: str, dialect: str) -> str:
    """What to ask the index to learn whether any product is called by ``term`` of the vocabulary."""
    return _ask(Place.GOODS.value[0] + term, dialect)


def _all_of(query: Query, place: Place, dialect: str, *, whole: bool) -> str:
    last = len(query.words) - 1
    each = (
        _any_of(word, place, dialect, whole=whole, unfinished=position == last)
        for position, word in enumerate(query.words)
    )
    return (" AND " if dialect == "sqlite" else " & ").join(f"({one})" for one in each)


def _any_of(word: str, place: Place, dialect: str, *, whole: bool, unfinished: bool) -> str:
    letter, ending = place.value
    found = forms(word)
    begun = [form for form in found.written if unfinished and not whole and len(form) >= SHORTEST_PREFIX]
    terms = [_ask(letter + form, dialect, begins=True) for form in begun]
    terms += [_ask(letter + form, dialect) for form in found.whole if form not in begun]
    if found.ending is not None and not whole:
        terms.append(_ask(ending + found.ending, dialect))
    return (" OR " if dialect == "sqlite" else " | ").join(terms)


def _ask(term: str, dialect: str, *, begins: bool = False) -> str:
    # A term has letters and digits alone, so nothing in it can end the quotes.
    if dialect == "sqlite":
        return f'"{term}"*' if begins else f'"{term}"'
    return f"'{term}':*" if begins else f"'{term}'"


def _first_different(texts: Iterable[str]) -> list[str]:
    return list(islice(dict.fromkeys(chain.from_iterable(map(split_name, texts))), MOST_INDEXED))
