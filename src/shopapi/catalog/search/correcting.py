"""What a search may have meant that finds nothing as it is spelt."""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import msgspec
from sqlalchemy import text

from shopapi.catalog.search.finding import BY_CODE
from shopapi.catalog.search.spelling import MOST_LENGTH_APART, SHORTEST_CORRECTED, nearest, trigrams
from shopapi.catalog.search.terms import question_of_term, question_of_word
from shopapi.catalog.search.words import Query, forms
from shopapi.db.engine import Reader

_MOST_ALIKE: Final = 50
_MOST_NEAR: Final = 5
"""So many near spellings are looked for in the index: a word stays known when its last product goes."""


_ANY_BY_CODE: Final = f"SELECT -1 AS place WHERE EXISTS ({BY_CODE})"
_HAVE: Final = {
    "sqlite": text(f"""
        SELECT asked.key AS place FROM json_each(:asked) asked
        WHERE EXISTS (SELECT 1 FROM search_document WHERE search_document MATCH asked.value)
        UNION ALL {_ANY_BY_CODE}
    """),  # noqa: S608
    "postgresql": text(f"""
        SELECT asked.place - 1 AS place
        FROM json_array_elements_text(CAST(:asked AS json)) WITH ORDINALITY asked (question, place)
        WHERE EXISTS (SELECT 1 FROM search_hits(CAST(asked.question AS tsquery), 1))
        UNION ALL {_ANY_BY_CODE}
    """),  # noqa: S608
}
_PARTS: Final = {
    "sqlite": """SELECT json_extract(value, '$[0]') AS typed, json_extract(value, '$[1]') AS length,
      json_extract(value, '$[2]') AS trigram FROM json_each(:parts)""",
    "postgresql": """SELECT entry ->> 0 AS typed, CAST(entry ->> 1 AS bigint) AS length, entry ->> 2 AS trigram
      FROM json_array_elements(CAST(:parts AS json)) entry""",
}
_ALIKE: Final = {
    dialect: text(f"""
        SELECT alike.typed, alike.term, known.written FROM (
          SELECT parts.typed, t.term,
            row_number() OVER (PARTITION BY parts.typed ORDER BY count(*) DESC, t.term) AS place
          FROM ({parts}) parts CROSS JOIN search_trigram t
          WHERE t.trigram = parts.trigram
            AND t.length BETWEEN parts.length - {MOST_LENGTH_APART} AND parts.length + {MOST_LENGTH_APART}
          GROUP BY parts.typed, t.term HAVING count(*) > 1
        ) alike JOIN search_term known ON known.term = alike.term WHERE alike.place <= {_MOST_ALIKE}
    """)  # noqa: S608
    for dialect, parts in _PARTS.items()
}


def correct(c: Reader, query: Query, *, dialect: str) -> str | None:
    """``query`` with each word that no product has replaced by the nearest one by which a product is called.

    It is for a search that found nothing, and costs one statement where every word is known, three at most. ``None``
    where there is nothing to replace, or no spelling is near. That each word is found does not say that one product has
    them all: the list tells.
    """
    places = _have(c, [question_of_word(query, word, dialect) for word in query.words], query.code, dialect)
    unknown = [word for place, word in enumerate(query.words) if place not in places]
    if not unknown or _BY_CODE_PLACE in places:
        return None
    meant = _meant(c, unknown, dialect)
    # A single letter that nothing begins with is a word that is still being typed.
    words = [meant.get(word, word) for word in query.words if word in meant or word not in unknown or len(word) > 1]
    return " ".join(words) if words and all(word in meant or len(word) == 1 for word in unknown) else None


_BY_CODE_PLACE: Final = -1


def _have(c: Reader, questions: Sequence[str], code: str, dialect: str) -> set[int]:
    """Which of the questions some product answers, by their places; -1 if ``code`` is a sku or barcode."""
    asked = msgspec.json.encode(questions).decode()
    return set(c.execute(_HAVE[dialect], {"asked": asked, "search_code": code}).scalars())


def _meant(c: Reader, unknown: Sequence[str], dialect: str) -> dict[str, str]:
    """For each word that may be misspelt, the nearest one that some product is called by, as it is written."""
    spellings = {word: _spellings(word) for word in unknown}
    parts = [(typed, len(typed), part) for typed in chain(*spellings.values()) for part in trigrams(typed)]
    if not parts:
        return {}
    rows = c.execute(_ALIKE[dialect], {"parts": msgspec.json.encode(parts).decode()}).all()
    written = {row.term: row.written for row in rows}
    near = {word: _near(typed, rows) for word, typed in spellings.items()}
    candidates = list(dict.fromkeys(chain(*near.values())))
    places = _have(c, [question_of_term(term, dialect) for term in candidates], "", dialect) if candidates else set()
    there = {candidates[place] for place in places if place >= 0}
    found = {word: next((term for term in terms if term in there), None) for word, terms in near.items()}
    return {word: written[term] for word, term in found.items() if term is not None}


def _spellings(word: str) -> list[str]:
    """How ``word`` may have been meant letter by letter: as it is, and with its ``ue`` as an ``u`` with dots."""
    folded = next(iter(forms(word).written), "")
    if len(folded) < SHORTEST_CORRECTED or not folded.isalpha():
        return []
    return list(dict.fromkeys((folded, re.sub("([aou])e", r"\1", folded))))


def _near(spellings: Sequence[str], rows: Sequence[Any]) -> list[str]:
    found = chain.from_iterable(nearest(typed, (row.term for row in rows if row.typed == typed)) for typed in spellings)
    return list(dict.fromkeys(found))[:_MOST_NEAR]
