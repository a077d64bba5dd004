"""What each pattern of the contract asks for, in words: callers are told these, and never the regular expression."""

import re
from collections.abc import Mapping
from typing import Final

from shopapi.contract.fields import EMAIL, NOT_BLANK, PRINTABLE
from shopapi.contract.orders import WITHDRAWAL_ID

OTHER_FORM: Final = "has not the form that is asked for"

WORDS: Final[Mapping[str, str]] = {
    EMAIL: "is no e-mail address, such as anna@example.org",
    NOT_BLANK: "is blank or holds a line break or another control character",
    PRINTABLE: "holds a line break or another control character",
    r"^[^\u0000\ud800-\udfff]*$": "holds what is no character",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "is no sku, such as mug-1: it has letters, digits, dots, hyphens and _ alone",
    r"^[A-Za-z0-9_=.-]+$": "is no cursor that a list has given",
    r"^[A-Za-z0-9_-]{43}$": "is no cart's token, which has 43 characters",
    r"^[A-Z]{1,3}-[0-9A-HJKMNP-TV-Z]{6}$": "is no order number, such as TT-7K4M2P",
    r"^[A-Z]{2}$": "is no country, such as DE",
    r"^[A-Z]{3}$": "is no currency, such as EUR",
    r"^ship_[0-9a-hjkmnp-tv-z]{20}$": "is no delivery's id, which begins with ship_",
    WITHDRAWAL_ID: "is no withdrawal's id, which begins with wdr_",
    r"^[a-z][a-z0-9-]{0,31}$": "is no payment provider's name, such as manual",
    r"^[A-Za-z0-9_.-]+$": "is no payment token: it has letters, digits, dots, hyphens and _ alone",
    r"^https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+$": "is no address of a page, such as https://shop.example/thanks",
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "is no slug, such as blue-mug: it has small letters, digits and single hyphens alone",
    r"^[^:\u0000-\u001f]+:[^\u0000-\u001f]+$": "is no option's name and value, such as glaze:clay",
    r"^[A-Za-z0-9_-]+$": "is no order's token, as the link in its confirmation has it",
}
"""By pattern. A sentence goes on from the field's name: ``email: is no e-mail address, such as anna@example.org``."""

_ASKED: Final = re.compile(r"Expected `str(?: \| null)?` matching regex (.+)", re.DOTALL)
_BY_REPR: Final = {repr(pattern): words for pattern, words in WORDS.items()}


def in_words(message: str) -> str | None:
    """What msgspec's ``message`` (without its path) says of a text that fits no pattern; else ``None``."""
    asked = _ASKED.fullmatch(message)
    return _BY_REPR.get(asked[1], OTHER_FORM) if asked else None
