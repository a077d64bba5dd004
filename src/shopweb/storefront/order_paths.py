"""Where the pages of one order are, and what its number and its secret look like."""

import re
from typing import Final
from urllib.parse import quote, urlencode

NUMBER: Final = re.compile(r"[A-Z]{1,3}-[0-9A-HJKMNP-TV-Z]{6}")
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,128}")


def order_path(number: str, token: str, *more: str, **query: str) -> str:
    """The page of an order, or one below it."""
    path = "/".join(("/orders", quote(number, safe=""), *(quote(part, safe="") for part in more)))
    return f"{path}?{urlencode({'token': token, **query})}"


def typed_token(text: str) -> str:
    """The secret, or the whole link that it came in."""
    text = text.strip()
    return text.rpartition("token=")[2].partition("&")[0] if "token=" in text else text


def withdrawal_path(number: str, token: str) -> str:
    """The form that withdraws from an order, with what the order's page knows filled in."""
    return f"/withdrawal?{urlencode({'order': number, 'token': token})}"
