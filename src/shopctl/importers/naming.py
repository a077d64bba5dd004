"""Slugs, codes and skus from what a file says: the same ones every time it is read."""

import hashlib
import re
from collections.abc import Collection
from typing import Final

from shopapi.names import slug

MAX_SKU: Final = 64
_SKU: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HANDLE: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def slug_of(handle: str) -> str:
    """A product's slug from its handle or name; one that would lose letters, or is too long, gets a mark of its own."""
    if len(handle) <= 100 and _HANDLE.fullmatch(handle):
        return handle
    made = slug(handle)
    lost = len(handle) > 80 or any(one.isalnum() and slug(one) == "item" for one in handle if not one.isascii())
    return f"{made}-{_mark(handle)}" if lost or made == "item" else made


def free(wanted: str, taken: Collection[str]) -> str:
    """``wanted``, or with the lowest number behind it that makes it new."""
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}-{number}" in taken:
        number += 1
    return f"{wanted}-{number}"


def made_sku(product: str, codes: list[str]) -> str:
    """A sku for a variant that has none. The dot stands in no slug, so no two variants get the same one."""
    whole = ".".join([product, *codes])
    return whole if len(whole) <= MAX_SKU else f"{whole[: MAX_SKU - 9].rstrip('.-')}.{_mark(whole)}"


def fitted_sku(sku: str) -> str:
    """``sku`` with what a sku may not have replaced: letters, digits, dot, hyphen and underline, 64 in all."""
    if _SKU.fullmatch(sku):
        return sku
    fitting = re.sub(r"[^A-Za-z0-9._]+", "-", sku.translate(_UMLAUTS)).strip("-._")
    if fitting and len(fitting) <= MAX_SKU:
        return fitting
    return f"{fitting[: MAX_SKU - 9] or 'sku'}-{_mark(sku)}"


_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
