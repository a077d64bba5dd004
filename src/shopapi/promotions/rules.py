"""Codes: how they are compared, why one is refused, and who has used one; no I/O."""

import hashlib
import hmac
import re
import unicodedata
from typing import Final

from shopapi.accounts.rules import normal_email
from shopapi.contract.carts import CodeWhy
from shopapi.contract.catalog import Money
from shopapi.contract.problems import FieldError
from shopapi.http.problems import ShopError

MAX_CODE: Final = 64
"""Characters of a code in its normal form, at the most."""

_NORMAL: Final = re.compile(rf"[A-Z0-9]{{1,{MAX_CODE}}}")
_MINUS: Final = "\N{MINUS SIGN}"


class CodeUnknown(ShopError):
    """No promotion has this code, or one that has not begun yet."""

    status, code, title = 422, "code_unknown", "Unknown code"

    def __init__(self) -> None:
        super().__init__("There is no such code.", errors=[FieldError("code", "is the code of no promotion")])


class CodeExpired(ShopError):
    """The promotion is over."""

    status, code, title = 422, "code_expired", "Code expired"

    def __init__(self, code: str) -> None:
        super().__init__(
            f"{code} is no longer valid.", errors=[FieldError("code", "belongs to a promotion that ended")]
        )


class CodeUsedUp(ShopError):
    """The code has no use left, in all or for this customer."""

    status, code, title = 422, "code_used_up", "Code used up"

    def __init__(self, code: str) -> None:
        super().__init__(
            f"{code} has no use left, in all or for this customer.", errors=[FieldError("code", "has no use left")]
        )


class CodeNotApplicable(ShopError):
    """The code is good, but not for this cart. ``missing`` is what the goods lack to the value that it asks for."""

    status, code, title = 422, "code_not_applicable", "Code does not apply"

    def __init__(self, code: str, why: CodeWhy, missing: Money | None = None, goods: str | None = None) -> None:
        fault = why_not(why, missing, goods)
        super().__init__(f"{code} {fault}.", errors=[FieldError("code", fault)], missing=missing, why=why, goods=goods)


def why_not(why: CodeWhy, missing: Money | None, goods: str | None) -> str:
    """Why a code takes nothing off, as what follows it in a sentence; ``goods`` are those that it is for."""
    match why:
        case "min_subtotal":
            return f"needs more goods: {_decimal(missing)} {missing.currency} to go" if missing else "needs more goods"
        case "not_in_cart":
            return f"is for goods that are not in the cart{f': {goods}' if goods else ''}"
        case "outdone":
            return "cannot be combined: another promotion takes more off"
        case "nothing_off":
            return "takes nothing off what is in the cart"
        case "ended":
            return "is no longer valid"
        case "used_up":
            return "has no use left, in all or for this customer"


def normal_code(typed: str) -> str | None:
    """The form in which codes are stored and compared: ``HERBST10`` of `` Herbst-10``; ``None`` where it is no code.

    Width, case, spaces and hyphens do not count; what is left must be 1 to 64 ASCII letters and digits.
    """
    wide = unicodedata.normalize("NFKC", typed)
    plain = "".join(one for one in wide if not _does_not_count(one)).upper()
    return plain if _NORMAL.fullmatch(plain) else None


def customer_key(email: str, secret: str) -> str:
    """Who has used a code, without the address: a keyed hash of its normal form, without a ``+tag``.

    ``anna+1@shop.example`` and ``Anna@shop.example`` are one customer.
    """
    mailbox, _, domain = normal_email(email).rpartition("@")
    person = mailbox.partition("+")[0] or mailbox
    return hmac.new(secret.encode(), f"customer:{person}@{domain}".encode(), hashlib.sha256).hexdigest()


def _does_not_count(character: str) -> bool:
    """Spaces, hyphens of every length, and what takes no ink and comes along when one copies."""
    return character.isspace() or character == _MINUS or unicodedata.category(character) in ("Pd", "Cf")


def _decimal(money: Money) -> str:
    from babel.numbers import get_currency_precision  # Only this sentence needs to know how many decimals there are.

    places = int(get_currency_precision(money.currency))
    units, rest = divmod(money.amount, 10**places)
    return f"{units}.{rest:0{places}}" if places else str(units)
