"""What counts as a word, and the terms by which one word finds another. No I/O.

The same rules make the index and read what is searched for, on both databases. So neither database needs to know a
word of German, and both find the same.
"""

import re
import threading
import unicodedata
from functools import lru_cache
from typing import Final

import snowballstemmer
from msgspec import Struct

MOST_WORDS: Final = 12
"""Words of a search that count; the others say nothing."""
LONGEST_WORD: Final = 40
"""Letters of a word that count."""
SHORTEST_PREFIX: Final = 2
"""From so many letters on, the last word is also taken as the beginning of one."""

# Of a compound. A shorter end would be found in words that are none: "Uhr" in "Fuhre", "Asche" in "Tasche".
_SHORTEST_ENDING: Final = 4
_SHORTEST_BEGINNING: Final = 3
_LONGEST_CODE: Final = 100
_POSSESSIVE: Final = re.compile(r"['’]s\b", re.IGNORECASE)
# Digits stand by themselves: "320ml" is found by "320 ml", and the other way round.
_WORD: Final = re.compile(r"\d+|(?:[^\W\d_]|[\u0300-\u036f])+")
_HYPHENATED: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_SPELT: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe"})
# Letters of their own for Unicode, that are typed as the plain ones.
_PLAIN: Final = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})
_SMALL_WORDS: Final = """
der die das den dem des ein eine einen einem einer eines und oder mit ohne für fuer von vom zu zum zur im in am an auf
aus bei the a an and or with without for of on at by to from
"""
_SAY_NOTHING: Final = frozenset(_SMALL_WORDS.split())
_stemmers: Final = (snowballstemmer.stemmer("german"), snowballstemmer.stemmer("english"))
# A stemmer keeps the word that it works on.
_one_at_a_time: Final = threading.Lock()


class Forms(Struct, frozen=True):
    """What a word is found by.

    ``written`` is the word itself without accents, and as it is spelt without umlauts (``schussel``, ``schuessel``);
    a beginning of one is a beginning of the word. ``whole`` adds its German and English stems. ``endings`` are stems
    that may be the last part of it, if it is a compound: ``kann`` of ``Teekanne``. ``ending`` is what it is itself as
    the last part of another word, if it can be one.
    """

    written: tuple[str, ...]
    whole: tuple[str, ...]
    endings: tuple[str, ...]
    ending: str | None


class Query(Struct, frozen=True):
    """What is searched for: its words as they were typed, in order, and all of it as a sku or barcode would be."""

    words: tuple[str, ...]
    code: str


def fold(text: str) -> str:
    """``text`` in small letters without accents: ``Grüße`` is ``grusse``."""
    if text.isascii():
        return text.lower()
    # Decomposed first and last: the small form of some letters has marks that the capital had not.
    small = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(letter for letter in small if not unicodedata.combining(letter))
    return unicodedata.normalize("NFKC", bare.translate(_PLAIN)).casefold()


def split(text: str) -> list[str]:
    """The words of ``text`` as they are written. Whatever is neither letter nor digit only parts them."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(_POSSESSIVE.sub("", unicodedata.normalize("NFKC", text)))]


def split_name(text: str) -> list[str]:
    """The words of a name: as :func:`split`, and ``TShirt`` for ``T-Shirt``, which many write so."""
    joined = (found.replace("-", "") for found in _HYPHENATED.findall(unicodedata.normalize("NFKC", text)))
    return split(text) + [word[:LONGEST_WORD] for word in joined]


@lru_cache(maxsize=8_192)
def forms(word: str) -> Forms:
    """The terms of one word; each consists of letters and digits alone."""
    small = unicodedata.normalize("NFC", word.casefold())
    written = _distinct(fold(small), fold(small.translate(_SPELT)))
    with _one_at_a_time:
        german, english = (stemmer.stemWord(small) for stemmer in _stemmers)
    german = fold(german) if fold(german).isalpha() else ""
    lengths = range(_SHORTEST_ENDING, len(german) - _SHORTEST_BEGINNING + 1)
    return Forms(
        written=written,
        whole=_distinct(*written, german, fold(english)),
        endings=tuple(german[-length:] for length in lengths),
        ending=german if len(german) >= _SHORTEST_ENDING else None,
    )


def words_of(q: str) -> Query:
    """What ``q`` asks for. Words such as "the" are left out, unless there are no others."""
    words = [word for word in split(q[: 100 * LONGEST_WORD]) if forms(word).whole]
    telling = [word for word in words if word.casefold() not in _SAY_NOTHING]
    code = "".join(filter(str.isprintable, q.strip()[:_LONGEST_CODE]))
    return Query(words=tuple((telling or words)[:MOST_WORDS]), code=code)


def _distinct(*terms: str) -> tuple[str, ...]:
    # What a stemmer or Unicode's own rules may leave of a strange letter is no part of a term.
    plain = (term if term.isalnum() else "".join(filter(str.isalnum, term)) for term in terms)
    return tuple(dict.fromkeys(term for term in plain if term))
