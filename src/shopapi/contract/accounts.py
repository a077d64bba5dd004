"""Staff, their sessions and their API keys."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from shopapi.contract.fields import Cursor, Email, Line, NewPassword, PageLimit, Password

Role = Literal["owner", "manager", "clerk", "viewer"]
Permission = Literal[
    "products:read",
    "stock:read",
    "stock:write",
    "orders:read",
    "orders:write",
    "payments:read",
    "payments:write",
    "staff:read",
    "staff:write",
    "api-keys:read",
    "api-keys:write",
]


class SessionInput(Struct, forbid_unknown_fields=True, frozen=True):
    """Who wants to sign in."""

    email: Email
    password: Password
    realm: Literal["staff"]


class SessionCreated(Struct, frozen=True):
    """A new session. ``token`` is shown here and never again."""

    token: str
    expires_at: datetime
    permissions: list[Permission]


class CurrentSession(Struct, frozen=True):
    """The session behind the request."""

    staff_id: str
    email: str
    name: str
    role: Role
    permissions: list[Permission]
    expires_at: datetime


class PageQuery(Struct, forbid_unknown_fields=True, frozen=True):
    """Which part of a list to answer, newest first."""

    limit: PageLimit = 24
    cursor: Cursor | None = None


class StaffInput(Struct, forbid_unknown_fields=True, frozen=True):
    """A new member of staff. A password has 12 to 128 characters and is none of the common ones."""

    email: Email
    name: Annotated[Line, Meta(min_length=1)]
    role: Role
    password: NewPassword


class StaffPatch(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """What to change of a member of staff; what is left out stays."""

    name: Annotated[Line, Meta(min_length=1)] | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    password: NewPassword | UnsetType = UNSET


class Staff(Struct, frozen=True):
    """A member of staff. One who is ``disabled`` cannot sign in, and no session of theirs works."""

    id: str
    email: str
    name: str
    role: Role
    disabled: bool
    created_at: datetime
    updated_at: datetime
    version: int


class StaffPage(Struct, frozen=True):
    """A page of staff, newest first."""

    data: list[Staff]
    next_cursor: str | None
    total: int


class ApiKeyInput(Struct, forbid_unknown_fields=True, frozen=True):
    """A new API key; it holds at most its maker's permissions and ends after ``expires_in_days``."""

    name: Annotated[Line, Meta(min_length=1)]
    permissions: Annotated[list[Permission], Meta(min_length=1, max_length=64)]
    expires_in_days: Annotated[int, Meta(ge=1, le=3650)] = 90


class ApiKey(Struct, frozen=True):
    """An API key as it may be shown: ``prefix`` is the part of the secret that is no secret."""

    id: str
    name: str
    prefix: str
    permissions: list[Permission]
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeyCreated(Struct, frozen=True):
    """A new API key with its ``secret``, which is shown once: ``null`` when the answer is a replay."""

    key: ApiKey
    secret: str | None


class ApiKeyPage(Struct, frozen=True):
    """A page of API keys, newest first, revoked ones included."""

    data: list[ApiKey]
    next_cursor: str | None
    total: int
