"""The kinds of text and number that cross the wire, each with its bounds.

Every string and number in a request is bounded here, so that nothing unbounded reaches a database.
Text that people write is trimmed and brought to Unicode NFC before it is stored or compared:
see :func:`clean_text`, which the API's body guard applies before a request is decoded.
"""

import re
import unicodedata
from typing import Annotated, Final

from msgspec import Meta

MAX_ITEM_QUANTITY: Final = 1_000_000
"""The most units of one item that may lie in stock; the database holds it too."""

MAX_ID: Final = 2**63 - 1
"""The largest id: a signed 64-bit integer."""

PRINTABLE = r"^[^\u0000-\u001f\u007f-\u009f\ud800-\udfff]*$"
"""One line of text: no control characters, no lone surrogates."""

_IN_LINE = r"\u0000-\u001f\u007f-\u009f\ud800-\udfff"
# Characters that take no ink: joiners, marks of direction, the byte order mark, what is no character.
_UNSEEN = r"\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"
NOT_BLANK = rf"^[^{_IN_LINE}]*[^\s{_IN_LINE}{_UNSEEN}][^{_IN_LINE}]*$"
"""One line of text with something to see in it."""

ItemName = Annotated[str, Meta(min_length=1, max_length=200, pattern=NOT_BLANK)]
Quantity = Annotated[int, Meta(ge=0, le=MAX_ITEM_QUANTITY)]
Delta = Annotated[int, Meta(ge=-MAX_ITEM_QUANTITY, le=MAX_ITEM_QUANTITY)]
SkuText = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""A stock keeping unit: the shop's own name for one variant, 1 to 64 characters."""
Line = Annotated[str, Meta(max_length=200, pattern=PRINTABLE)]
# Spaces and what takes no ink, by number: \s is not the same in Python and for readers of the OpenAPI document.
_NO_INK = r"\u0000-\u0020\u007f-\u00a0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ud800-\udfff"
_ATOM = rf'[^{_NO_INK}"(),.:;<>@\[\\\]]+'
_LETTER = rf"[^{_NO_INK}!-/:-@\[-`{{-~]"
_NO_DIGIT = rf"[^{_NO_INK}!-@\[-`{{-~]"
# A hyphen stands between letters and digits only (RFC 1123).
_LABEL = rf"{_LETTER}+(-+{_LETTER}+)*"
# The last one has a letter, so that the number of a computer is no domain (RFC 3696, section 2).
_TOP = rf"([0-9]+-+)*[0-9]*{_NO_DIGIT}{_LETTER}*(-+{_LETTER}+)*"
EMAIL = rf"^{_ATOM}(\.{_ATOM})*@({_LABEL}\.)+{_TOP}$"
Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=EMAIL)]
"""An address as RFC 5321 has it, without quoted names and bare domains; whether mail arrives only mail can tell."""
Password = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\u0000\ud800-\udfff]*$")]
NewPassword = Annotated[str, Meta(min_length=12, max_length=128, pattern=r"^[^\u0000\ud800-\udfff]*$")]
PageLimit = Annotated[int, Meta(ge=1, le=100)]
Cursor = Annotated[str, Meta(min_length=1, max_length=512, pattern=r"^[A-Za-z0-9_=.-]+$")]
Search = Annotated[str, Meta(max_length=128, pattern=PRINTABLE)]
_MINUS: Final = "\N{MINUS SIGN}"
_DIGITS: Final = str.maketrans("OIL", "011")
_WITHOUT_DASH: Final = re.compile(r"([A-Z]{0,3})([0-9A-TV-Z]{6})")

# Where words stand together without spaces, the one without width says where a line may break: Thai, Lao, Tibetan,
# Myanmar and Khmer.
_UNSPACED: Final = r"[\u0e00-\u109f\u1780-\u17ff]"
_NEVER_SEEN: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    r"\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
UNSEEN: Final = rf"[{_NEVER_SEEN}]|(?<!{_UNSPACED})\u200b|\u200b(?!{_UNSPACED})"
"""A character that nobody sees and no script needs in a name or an address: Unicode's Default_Ignorable_Code_Point,
with what turns the direction of the text and what ends a line. Without the joiners, with which Persian, Indic scripts
and emoji are written, the selectors of a sign's form, by which Japanese and Mongolian names are told from others, and
the space without width inside a script that has no other."""

_IN_NO_NUMBER: Final = re.compile(rf"[{_NEVER_SEEN}\u180b-\u180d\u180f\u200b-\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def clean_text(text: str) -> str:
    """Return ``text`` trimmed and in Unicode NFC, so that equal-looking names compare equal."""
    return unicodedata.normalize("NFC", text).strip()


def initials_of(shop: str) -> str:
    """What the numbers of a shop's orders begin with: one to three letters A to Z."""
    words = unicodedata.normalize("NFKD", shop).encode("ascii", "ignore").decode().upper()
    return "".join(word[0] for word in re.findall(r"[A-Z]+", words))[:3] or "S"


def with_hyphens(text: str) -> str:
    """``text`` with a hyphen for every dash that a phone or a word processor makes of one."""
    return "".join("-" if unicodedata.category(sign) == "Pd" or sign == _MINUS else sign for sign in text)


def folded(text: str) -> str:
    """``text`` as orders' numbers are looked for in it: capitals, hyphens, single spaces, nothing that nobody sees."""
    return with_hyphens(" ".join(unicodedata.normalize("NFKC", _IN_NO_NUMBER.sub("", text)).upper().split()))


def typed_number(text: str, initials: str = "") -> str:
    """An order's number as the shop writes it, from one that somebody typed, if it is any: case and spaces do not
    count, every dash that a phone or a word processor makes of a hyphen is one and may be missing, O is 0, I and L
    are 1. The six characters alone are a number of the shop with these ``initials``."""
    signs = folded(text).replace(" ", "")
    head, dash, rest = signs.partition("-")
    if not dash and (whole := _WITHOUT_DASH.fullmatch(signs)) and (whole[1] or initials):
        head, dash, rest = whole[1] or initials, "-", whole[2]
    return head + dash + rest.translate(_DIGITS)


CartToken = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""The secret name of a cart: 256 random bits. Who knows it, has the cart."""
OrderNumber = Annotated[str, Meta(pattern=r"^[A-Z]{1,3}-[0-9A-HJKMNP-TV-Z]{6}$")]
"""An order's number: the shop's initials, a hyphen, and six characters of Crockford's base 32."""
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
"""A country (ISO 3166-1 alpha-2)."""
