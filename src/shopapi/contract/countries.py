"""Which countries there are."""

from functools import cache
from typing import Final

from babel import Locale

# What Unicode has beside ISO 3166-1: reserved for other ends, or no country at all. Kosovo stays: ISO gives it no code,
# and everybody writes XK.
_NONE: Final = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])


@cache
def countries() -> frozenset[str]:
    """The countries of ISO 3166-1, by two letters."""
    codes = map(str, Locale("en").territories)  # Continents and parts of them have numbers.
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NONE
