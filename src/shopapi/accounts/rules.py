"""Roles, passwords and tokens: what is allowed, without I/O."""

import hashlib
import secrets
import unicodedata
import zlib
from collections.abc import Sequence
from typing import Final, get_args

from shopapi.contract.accounts import Permission, Role
from shopapi.contract.problems import FieldError
from shopapi.http.problems import ShopError

ALL: Final[frozenset[Permission]] = frozenset(get_args(Permission))


def _only(allowed: set[Permission]) -> frozenset[Permission]:
    return frozenset(allowed)


_FOR_OWNERS: Final = ("staff", "api-keys", "audit-log")
_CLERKS_WRITE: Final = ("stock", "orders", "customers")

# By exclusion, so that a permission that comes later falls to the right roles by itself.
_VIEWER: Final = _only({p for p in ALL if p.endswith(":read") and p.partition(":")[0] not in _FOR_OWNERS})
_CLERK: Final = _only({*_VIEWER, *(p for p in ALL if p.endswith(":write") and p.partition(":")[0] in _CLERKS_WRITE)})
_MANAGER: Final = _only({p for p in ALL if p not in ("staff:write", "shop:write") and not p.startswith("api-keys:")})

PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    "owner": ALL,
    "manager": _MANAGER,
    "clerk": _CLERK,
    "viewer": _VIEWER,
}
"""What each role may do: the one table that enforcement, documents and tests read."""

_BASE_62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Letters and digits alone, so that a double click marks a whole key."""

_JUDGED: Final = 32
"""Characters of a password that are judged, from either end: all of a long one would take seconds."""

SESSION_IDLE_S: Final = 30 * 60
"""A staff session ends when it was not used for so long (OWASP ASVS 5.0, 7.3)."""

SESSION_LIFE_S: Final = 12 * 3600
"""A staff session ends after so long in any case."""


class EmailTaken(ShopError):
    """Somebody of the staff has this address."""

    status, code, title = 409, "email_taken", "E-mail taken"

    def __init__(self) -> None:
        super().__init__(
            "A member of staff has this e-mail address already.",
            errors=[FieldError("email", "belongs to another member of staff")],
        )


class LastOwner(ShopError):
    """Without this owner nobody could manage the staff."""

    status, code, title = 409, "last_owner", "Last owner"

    def __init__(self) -> None:
        super().__init__("This is the last owner who can sign in. Make somebody else owner first.")


class OwnAccount(ShopError):
    """Nobody changes the own role or disables themselves."""

    status, code, title = 409, "own_account", "Own account"

    def __init__(self) -> None:
        super().__init__("Nobody can change the own role or disable the own account. Ask another owner.")


class WeakPassword(ShopError):
    """The password is quickly guessed."""

    status, code, title = 422, "weak_password", "Weak password"

    def __init__(self, why: str) -> None:
        super().__init__(f"The password {why}.", errors=[FieldError("password", why)])


class PermissionNotHeld(ShopError):
    """A key cannot do more than its maker."""

    status, code, title = 422, "permission_not_held", "Permission not held"

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            f"An API key holds at most its maker's permissions; the maker lacks {', '.join(missing)}.",
            errors=[FieldError("permissions", f"{name} is not the maker's") for name in missing],
        )


def normal_email(email: str) -> str:
    """The form in which addresses are compared: NFC, trimmed, lower case."""
    return unicodedata.normalize("NFC", email).strip().lower()


def check_password(password: str, *, email: str) -> None:
    """Refuse a password that is quickly guessed; raises :class:`WeakPassword`, which never shows it.

    There are no rules of composition and none of age (OWASP ASVS 5.0, 6.2); what counts is a length of 12 to 128
    characters, and that it is no common one, nor the shop's or the person's own name.
    """
    if not 12 <= len(password) <= 128:
        raise WeakPassword("has 12 to 128 characters")
    from zxcvbn import zxcvbn  # Loads 30,000 common passwords, which only this needs.

    own = [email, *email.split("@"), "shopctl", "tonundtinte"]
    password = unicodedata.normalize("NFC", password)
    parts = {password[:_JUDGED], password[-_JUDGED:]}
    if all(zxcvbn(part, user_inputs=own)["score"] < 2 for part in parts):
        raise WeakPassword("is easy to guess; use a longer one, such as four unrelated words")


def new_password() -> str:
    """A random password that a person can copy from a screen: 80 bits in four groups."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    groups = ["".join(secrets.choice(letters) for _ in range(length)) for length in (3, 5, 5, 4)]
    return "-".join(groups)


def new_session_token() -> str:
    """A session's token: 256 random bits."""
    return f"shs_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> bytes:
    """What is stored of a token. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def new_api_key() -> str:
    """An API key, ``shk_live_<8 id>_<43 secret>_<6 checksum>``, so that scanners find a leaked one."""
    name = "".join(secrets.choice(_BASE_62) for _ in range(8))
    secret = "".join(secrets.choice(_BASE_62) for _ in range(43))
    head = f"shk_live_{name}_{secret}"
    return f"{head}_{_checksum(head)}"


def api_key_prefix(token: str) -> str | None:
    """The part of an API key that may be shown; ``None`` where ``token`` is none, which costs no look-up."""
    head, _, checksum = token.rpartition("_")
    parts = head.split("_")
    if len(parts) != 4 or not head.isascii() or checksum != _checksum(head):
        return None
    return "_".join(parts[:3])


def _checksum(head: str) -> str:
    rest, digits = zlib.crc32(head.encode()), ""
    for _ in range(6):  # 62 to the sixth is more than 2 to the 32nd.
        rest, digit = divmod(rest, len(_BASE_62))
        digits = _BASE_62[digit] + digits
    return digits
