"""How near two spellings are. No I/O."""

from collections.abc import Iterable
from typing import Final

SHORTEST_CORRECTED: Final = 4
"""A word of fewer letters is too near to too many others."""
SHORTEST_KNOWN: Final = 3
"""A word of fewer letters is never offered instead of another."""
MOST_LENGTH_APART: Final = 2
"""Letters by which a word and what was meant may differ in length."""

_LONG: Final = 8


def trigrams(term: str) -> list[str]:
    """Every three letters in a row of ``term``; its beginning counts double."""
    padded = f"  {term} "
    return list(dict.fromkeys(padded[at : at + 3] for at in range(len(term) + 1)))


def slips(typed: str, meant: str) -> int:
    """How many letters were left out, added, changed or swapped with the next one (Damerau and Levenshtein)."""
    before: list[int] = []
    last = list(range(len(meant) + 1))
    for row, letter in enumerate(typed, 1):
        now = [row]
        for column, other in enumerate(meant, 1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == meant[column - 2] and other == typed[row - 2]:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        before, last = last, now
    return last[-1]


def nearest(typed: str, known: Iterable[str]) -> list[str]:
    """Those of ``known`` that ``typed`` may have meant, the nearest first: one slip, or two in a long word."""
    allowed = 2 if len(typed) >= _LONG else 1
    # People seldom miss the first letter, and leave one out more often than they add one.
    ranked = sorted((slips(typed, term), term[0] != typed[0], -len(term), term) for term in known)
    return [term for slipped, *_, term in ranked if slipped <= allowed]
