"""What a header of the Accept family asks for: names with weights (RFC 9110, section 12.4.2)."""

import re
from typing import Final

_WEIGHT: Final = re.compile(r"\s*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", re.ASCII)
_NAME: Final = re.compile(r"\*|[a-z0-9-]+")
_MOST: Final = 32


def weighted(header: str) -> dict[str, float]:
    """Each name, lower case, with its weight from 0 (not wanted) to 1. What cannot be read is left out; of a name that
    is there twice the first counts."""
    found: dict[str, float] = {}
    for part in header.lower().split(",")[:_MOST]:
        name, parameter, weight = part.partition(";")
        name, told = name.strip(), _WEIGHT.fullmatch(weight)
        if _NAME.fullmatch(name) and (told or not parameter):
            found.setdefault(name, float(told[1]) if told else 1.0)
    return found
