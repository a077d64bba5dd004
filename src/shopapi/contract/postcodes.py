"""Postcodes as they are kept: without what people write around the digits."""

import re
from typing import Final

from shopapi.contract.carts import POSTCODE_DIGITS
from shopapi.contract.fields import with_hyphens

# The signs of the countries as they stand on letters: those of their cars, or of ISO 3166.
_SIGNS: Final = {"DE": "D|DE", "AT": "A|AT", "CH": "CH", "LI": "FL|LI"}


def plain_postcode(country: str, typed: str) -> str:
    """``04229`` of ``D-04229`` and ``04 229``, where ``country`` has digits alone; what is none stays as it is."""
    digits = POSTCODE_DIGITS.get(country)
    written = with_hyphens(typed).strip().upper()
    found = digits and re.fullmatch(rf"(?:(?:{_SIGNS[country]})[-\s]*)?([0-9\s]+)", written)
    plain = re.sub(r"\s", "", found[1]) if found else ""
    return plain if len(plain) == digits else typed
