"""Names that the shop makes up: typed public ids, and slugs from what people write."""

import re
import secrets
import unicodedata
from typing import Final

_CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_SPELT: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe"})


def public_id(kind: str) -> str:
    """A new opaque id such as ``mov_`` and 20 characters of Crockford's base 32: 100 random bits."""
    bits = int.from_bytes(secrets.token_bytes(13))
    return f"{kind}_" + "".join(_CROCKFORD[bits >> 5 * place & 31] for place in range(20))


def slug(name: str) -> str:
    """``name`` as it stands in a URL: lower-case ASCII letters and digits with hyphens, ``item`` where none is left."""
    spelt = unicodedata.normalize("NFC", name).lower().translate(_SPELT)
    plain = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].rstrip("-") or "item"
