"""E-mails as they go out: subject, text and HTML. Pure: the same occasion gives the same bytes."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from msgspec import Struct

from shopapi.contract.orders import EmailKind
from shopapi.events.law_text import as_text
from shopapi.events.letters import Occasion, letter
from shopapi.events.words import words

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_LONGEST_SUBJECT: Final = 200
_OWN_LINK: Final = re.compile(r'href="/(?!/)')
_SEAL: Final = "{{access_token}}"


class LawText(Struct, frozen=True):
    """A text that the law wants the customer to have for good, as sanitised HTML."""

    kind: str
    html: str


class Rendered(Struct, frozen=True):
    """An e-mail. ``subject`` is one line: nothing that anybody typed can begin a header of its own."""

    subject: str
    text: str
    html: str


def order_url(shop_url: str, number: str, token: str) -> str:
    """The page of an order, with the secret that opens it."""
    return f"{shop_url}/orders/{quote(number, safe='')}?token={quote(token, safe='')}"


def render(kind: EmailKind, why: Occasion, shop_url: str, texts: Sequence[LawText] = ()) -> Rendered:
    """The e-mail of this kind on this occasion; ``shop_url`` is where the shop is, without a slash at the end."""
    said = letter(kind, why)
    told = words(why.locale)
    given = {
        "letter": said,
        "seller": why.seller,
        "locale": why.locale,
        "shop_url": shop_url,
        "common": told.common,
        "legal": told.legal,
        "texts": [LawText(one.kind, _OWN_LINK.sub(f'href="{shop_url}/', one.html)) for one in texts],
    }
    return Rendered(
        subject=one_line(said.subject)[:_LONGEST_SUBJECT],
        text=_templates().get_template("letter.txt").render(given).strip() + "\n",
        html=_templates().get_template("letter.html").render(given),
    )


def sealed(written: Rendered, token: str) -> Rendered:
    """The e-mail without the secret that opens its order, fit to be kept: who may read e-mails may not do all that a
    customer may.

    Nobody gets the secret by typing what stands in its place: wherever else that occurs, it is taken out.
    """

    def without(text: str) -> str:
        text = text.replace(_SEAL, "-")
        return text.replace(token, _SEAL) if token else text

    return Rendered(written.subject, without(written.text), without(written.html))


def opened(text: str, token: str) -> str:
    """What was :func:`sealed`, as it goes out."""
    return text.replace(_SEAL, token)


def shown(text: str) -> str:
    """What was :func:`sealed`, as staff see it: its link says where, and opens nothing; its code is three dots."""
    return text.replace(f"?token={_SEAL}", "").replace(_SEAL, "…")


def one_line(text: str) -> str:
    """``text`` without anything that ends a line or cannot be seen: fit for a header."""
    return _UNPRINTABLE.sub(" ", text).strip()


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("shopapi.events"),
        # The text is no HTML: escaped, it would show &amp; where a name has an ampersand.
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["one_line"] = one_line
    made.filters["as_text"] = as_text
    return made
