"""What an order may become, and the names and secrets of orders; no I/O."""

import hashlib
import hmac
import re
import secrets
import unicodedata
from base64 import urlsafe_b64encode
from typing import Final

from shopapi.contract.fields import UNSEEN, folded, initials_of, typed_number
from shopapi.contract.orders import OrderState, PaymentState, ShippingState
from shopapi.http.problems import InvalidRequest, ShopError

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NUMBER: Final = re.compile(r"[A-Z]{1,3}-[0-9A-HJKMNP-TV-Z]{6}")
_AMONG_WORDS: Final = re.compile(r"(?<![^\W_])(?:([A-Z]{1,3})([\W_]{0,3}))?([0-9A-Z]{6})(?![^\W_])")

ORDER_STEPS: Final[dict[OrderState, tuple[OrderState, ...]]] = {
    "placed": ("confirmed", "cancelled"),
    "confirmed": ("closed", "cancelled"),
    "closed": (),
    # Only money that came after all brings an order back, and only where its goods can still be had.
    "cancelled": ("confirmed",),
}
"""What an order may become. Nothing else changes its state: see :meth:`shopapi.orders.store.Locked.set_state`."""

PAYMENT_STEPS: Final[dict[PaymentState, tuple[PaymentState, ...]]] = {
    "pending": ("unknown", "captured", "failed", "cancelled"),
    "unknown": ("pending", "captured", "failed", "cancelled"),
    "authorized": ("captured", "cancelled", "failed"),
    "captured": ("partly_refunded", "refunded"),
    "partly_refunded": ("partly_refunded", "refunded"),
    "refunded": (),
    # A provider that said no may have taken the money all the same.
    "failed": ("captured",),
    "cancelled": ("captured",),
}
"""What a payment may become: see :func:`shopapi.payments.store.set_payment_state`."""


class InvalidTransition(ShopError):
    """What is asked for does not follow from the state that it is in."""

    status, code, title = 409, "invalid_transition", "Not possible now"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)


class OrderGone(ShopError):
    """There is no such order, or the secret is not its own: nobody learns which. Staff, who need no secret, are told
    the ``number``."""

    status, code, title = 404, "order_not_found", "No such order"

    def __init__(self, number: str | None = None) -> None:
        told = f"the number {number}" if _NUMBER.fullmatch(number or "") else "this number"
        super().__init__(f"No order has {told if number else 'this number and token'}.")


def check_order_step(before: OrderState, after: OrderState) -> None:
    """Raises :class:`InvalidTransition` where an order cannot become ``after``."""
    if after not in ORDER_STEPS[before]:
        raise InvalidTransition(f"An order that is {before} cannot become {after}.")


def check_payment_step(before: PaymentState, after: PaymentState) -> None:
    """Raises :class:`InvalidTransition` where a payment cannot become ``after``."""
    if after not in PAYMENT_STEPS[before]:
        raise InvalidTransition(f"A payment that is {before} cannot become {after}.")


def can_cancel(state: OrderState, shipping: ShippingState) -> bool:
    """Whether an order can still be cancelled: nothing of it has left."""
    return state in ("placed", "confirmed") and shipping == "unshipped"


def customer_can_cancel(state: OrderState, shipping: ShippingState, *, transferred: bool) -> bool:
    """Whether the customer can do it alone. Money that they transferred goes back by hand, so staff have to."""
    return can_cancel(state, shipping) and not transferred


def new_number(shop: str) -> str:
    """A new order number: the shop's initials and 30 random bits, so that nobody guesses the next one."""
    return f"{initials_of(shop)}-" + "".join(secrets.choice(_CROCKFORD) for _ in range(6))


def normal_number(typed: str, initials: str = "") -> str | None:
    """An order's number as somebody types it (see :func:`typed_number`); ``None`` where it is none."""
    number = typed_number(typed, initials)
    return number if _NUMBER.fullmatch(number) else None


def numbers_in(text: str, initials: str = "") -> list[str]:
    """What may be orders' numbers in a text, such as "TT-7K4M2P of 12 November", each once, and two at most for every
    six characters of it. Words are among them too: only a look-up tells which is an order's.

    Six characters are tried with the letters before them, which may be no more than a label such as "Nr", and as a
    number of the shop with these ``initials``. Where nothing is between they have a digit: "November" is one word.
    """
    found = [normal_number(text, initials)]
    for before, between, six in _AMONG_WORDS.findall(folded(text)):
        if between or before in ("", initials) or re.search("[0-9]", six):
            found += [normal_number(f"{shop}-{six}") for shop in (before, initials)]
    return list(dict.fromkeys(number for number in found if number))


def seen(field: str, text: str) -> str:
    """What people see of a text; raises :class:`InvalidRequest` where that is nothing."""
    text = re.sub(UNSEEN, "", text).strip()
    # Letters, numbers, marks of punctuation and other signs take ink.
    if not any(unicodedata.category(each)[0] in "LNPS" for each in text):
        raise InvalidRequest.of(field, "has no character that can be seen")
    return text


def access_token(number: str, secret_key: str) -> str:
    """The secret that opens an order without an account. It is worked out from the number, and stored nowhere."""
    mac = hmac.new(secret_key.encode(), b"order-access:" + number.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(mac).decode().rstrip("=")


def access_token_hash(token: str) -> bytes:
    """What is stored of an order's token, so that it opens the order for good, whatever the key is by then."""
    return hashlib.sha256(token.encode()).digest()
