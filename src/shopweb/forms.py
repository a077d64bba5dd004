"""What people send: bounded, strict UTF-8, each field once; and what is wrong with it, said where it is wrong."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from litestar import Request
from litestar.exceptions import ClientException

from shopapi.contract.fields import MAX_ID, MAX_ITEM_QUANTITY, clean_text

MAX_BODY_BYTES: Final = 256 * 1024
MAX_NAME: Final = 200
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_WHOLE: Final = re.compile(r"[0-9]{1,7}")
_SIGNED: Final = re.compile(r"([+\-−])?([0-9]{1,7})")
_KEY: Final = re.compile(r"[\x20-\x7e]{16,255}")
_ETAG: Final = re.compile(r'"[\x21\x23-\x7e]{1,64}"')
_ID: Final = re.compile(r"[1-9][0-9]{0,18}")

Sent = Mapping[str, str]


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field; ``field`` is the id of its control on the page. ``where`` says in the summary which
    part of the page it is in, where two have the same fields."""

    field: str
    message: str
    where: str = ""


async def read_form(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The fields of a form that was sent; 400 or 415 for anything a browser would not send."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise ClientException(status_code=415, detail="A form is application/x-www-form-urlencoded.")
    try:
        text = (await request.body()).decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=128)
    except ValueError:  # UnicodeDecodeError is one too.
        raise ClientException(detail="The form is not UTF-8 text, or has too many fields.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or any("\0" in text for pair in pairs for text in pair):
        raise ClientException(detail="The form names a field twice, or holds a NUL.")
    return fields


class NotAsWritten(ClientException):
    """400: a hidden field is not as our page wrote it."""


def key_of(sent: Sent) -> str:
    """The form's idempotency key; raises :class:`NotAsWritten`."""
    return _as_written(sent, "key", _KEY)


def etag_of(sent: Sent) -> str:
    """The ETag of what the form was made from; raises :class:`NotAsWritten`."""
    return _as_written(sent, "etag", _ETAG)


def _as_written(sent: Sent, name: str, shape: re.Pattern[str]) -> str:
    value = sent.get(name, "")
    if not shape.fullmatch(value):
        raise NotAsWritten
    return value


def one_line(text: str) -> str:
    """``text`` as it is compared and stored: trimmed, NFC, control characters as spaces."""
    return clean_text(_CONTROL.sub(" ", text))


def whole_number(text: str) -> int | None:
    """A number of units from 0 to a million, or ``None``."""
    text = text.strip()
    return int(text) if _WHOLE.fullmatch(text) and int(text) <= MAX_ITEM_QUANTITY else None


def signed_number(text: str) -> int | None:
    """A number of units with or without a sign, or ``None``."""
    found = _SIGNED.fullmatch(text.strip())
    if not found or int(found[2]) > MAX_ITEM_QUANTITY:
        return None
    return int(found[2]) if found[1] in (None, "+") else -int(found[2])


def item_id(text: str) -> int | None:
    """An item's id as it stands in a path or a query, or ``None``."""
    return int(text) if _ID.fullmatch(text) and int(text) <= MAX_ID else None


def new_key() -> str:
    """An idempotency key for one form: sent twice, it counts once."""
    return secrets.token_urlsafe(24)


def own_path(text: str, otherwise: str = "/office/stock") -> str:
    """``text`` where it is a path on this site, else ``otherwise``: nobody is led elsewhere by a link to us."""
    path = text.partition("?")[0]
    # Decoded as often as a careless server in between might.
    plain = unquote(unquote(path))
    safe = text.startswith("/") and text.isascii() and len(text) <= 2000
    # Encoded, a backslash in the query is one that somebody typed; in the path, browsers make a slash of it.
    hostile = "//" in plain or "\\" in text or "\\" in plain or _CONTROL.search(unquote(unquote(text)))
    encoded = re.search(r"%(25)*(2f|5c)", path, re.IGNORECASE)
    return otherwise if not safe or hostile or encoded or "#" in text or " " in text else text
