"""Cookies that nobody can forge, and the token that proves that a form is one of ours.

Every signature names its purpose, so that what was signed for one cannot be passed off as the other.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Final, Literal, TypeVar

import msgspec
from litestar.datastructures import Cookie
from msgspec import Struct

from shopapi.contract.accounts import Permission

T = TypeVar("T", bound=Struct)

_NOTE_S: Final = 60
_YEAR_S: Final = 365 * 24 * 3600
_MONTH_S: Final = 30 * 24 * 3600


class Session(Struct, frozen=True):
    """Who is signed in. Role and permissions may be kept here: the API ends the session when they change."""

    token: str
    name: str
    permissions: list[Permission]
    expires_at: datetime


class Undo(Struct, frozen=True):
    """How to take a change back: the item as it was, and the ETag of what the change left."""

    item_id: int
    name: str
    quantity: int
    etag: str
    made: bool = False


class Note(Struct, frozen=True):
    """What the next page says about what was just done; ``says`` names the sentence (see ``office/desk.py``)."""

    says: str
    name: str = ""
    count: int = 0
    undo: Undo | None = None


class KeptCart(Struct, frozen=True):
    """The cart of a browser: its secret name, how many units it holds, how it shall be paid.

    ``order`` is the path of what was last ordered from it. The token stays after an order: the API knows the state,
    and opens the cart again where a payment fails. ``unpaid`` is the path of the browser's last order from any cart,
    for as long as its payment may be waited for.
    """

    token: str
    units: int = 0
    provider: str = ""
    order: str = ""
    unpaid: str = ""


class Signer:
    """Signs with the secret key that all parts of the shop know."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def signed(self, purpose: str, value: Struct) -> str:
        """``value`` as the text of a cookie."""
        payload = urlsafe_b64encode(msgspec.json.encode(value)).decode()
        return f"{payload}.{self._mac(purpose, payload)}"

    def believed(self, purpose: str, text: str, kind: type[T]) -> T | None:
        """What was signed, or ``None`` where this key never signed it for this purpose."""
        payload, _, mac = text.rpartition(".")
        if not text.isascii() or not hmac.compare_digest(mac, self._mac(purpose, payload)):
            return None
        try:
            return msgspec.json.decode(urlsafe_b64decode(payload), type=kind)
        except (msgspec.MsgspecError, ValueError):  # Signed by an earlier release.
            return None

    def form_token(self, bound_to: str) -> str:
        """A token for the forms of one page. New each time: compression must find nothing to compare it with."""
        salt = secrets.token_urlsafe(12)
        return f"{salt}.{self._mac('form', f'{salt}:{bound_to}')}"

    def is_form_token(self, token: str, bound_to: str) -> bool:
        """Whether ``token`` came from a page made for the same session."""
        salt, _, mac = token.rpartition(".")
        return bool(bound_to) and token.isascii() and hmac.compare_digest(mac, self._mac("form", f"{salt}:{bound_to}"))

    def _mac(self, purpose: str, payload: str) -> str:
        return hmac.new(self._key, f"{purpose}:{payload}".encode(), hashlib.sha256).hexdigest()


class Cookies:
    """The cookies of this site. ``strict`` when the public URL is https."""

    def __init__(self, *, strict: bool) -> None:
        prefix = "__Host-" if strict else ""
        self._secure = strict
        self.session = f"{prefix}office_sid"
        self.visitor = f"{prefix}office_visitor"
        self.note = f"{prefix}office_note"
        self.shop_note = f"{prefix}shop_note"
        self.cart = f"{prefix}shop_cart"
        self.language = f"{prefix}shop_language"
        self.theme = f"{prefix}shop_theme"

    def set_session(self, value: str, max_age_s: int) -> Cookie:
        """Keeps somebody signed in; never sent along when another site leads here."""
        return self._cookie(self.session, value, max_age_s, "strict")

    def set_visitor(self, value: str) -> Cookie:
        """What forms are bound to while nobody is signed in; gone with the browser's session."""
        return self._cookie(self.visitor, value, None, "lax")

    def set_note(self, value: str, *, in_office: bool = True) -> Cookie:
        """What the next page says; one of the office says nothing in the shop."""
        return self._cookie(self.note if in_office else self.shop_note, value, _NOTE_S, "lax")

    def set_cart(self, value: str) -> Cookie:
        """The cart, for a month after it was last changed."""
        return self._cookie(self.cart, value, _MONTH_S, "lax")

    def set_preference(self, name: str, value: str) -> Cookie:
        """A language or a theme, for a year."""
        return self._cookie(name, value, _YEAR_S, "lax")

    def forget(self, name: str) -> Cookie:
        """Take a cookie away."""
        return self._cookie(name, "", 0, "lax")

    def _cookie(self, name: str, value: str, max_age_s: int | None, same_site: Literal["strict", "lax"]) -> Cookie:
        return Cookie(
            key=name,
            value=value,
            max_age=max_age_s,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite=same_site,
        )
