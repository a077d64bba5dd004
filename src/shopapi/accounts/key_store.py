"""SQL over API keys."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, func, insert, select, update

from shopapi.accounts.audit_log import note
from shopapi.accounts.rules import PERMISSIONS, PermissionNotHeld, api_key_prefix, new_api_key, normal_email, token_hash
from shopapi.accounts.tables import api_key, staff
from shopapi.contract.accounts import ApiKey, ApiKeyCreated, ApiKeyInput, Permission
from shopapi.db.engine import Reader
from shopapi.db.keyset import newest_first
from shopapi.db.types import clock
from shopapi.http.problems import NotFound, Unauthenticated
from shopapi.names import public_id

_KEYS: Final = select(api_key, staff.c.email.label("maker")).join_from(api_key, staff)


def list_api_keys(c: Reader, *, after: int | None, limit: int) -> tuple[list[ApiKey], int | None]:
    """API keys, newest first, from behind row ``after`` on; the number is the row behind which more follow."""
    rows, last = newest_first(c, _KEYS, api_key.c.id, before=after, limit=limit)
    return [_api_key(row) for row in rows], last


def count_api_keys(c: Reader) -> int:
    """How many API keys were ever made."""
    return int(c.execute(select(func.count()).select_from(api_key)).scalar_one())


def get_api_key(c: Reader, key_id: str) -> ApiKey:
    """One API key by public id; raises :class:`NotFound`."""
    row = c.execute(_KEYS.where(api_key.c.public_id == key_id)).first()
    if row is None:
        raise NotFound("No API key has this id.")
    return _api_key(row)


def create_api_key(
    c: Connection,
    wanted: ApiKeyInput,
    *,
    actor: str,
    maker_email: str | None = None,
    maker_id: int | None = None,
    held: Collection[Permission] | None = None,
    address: str = "",
) -> ApiKeyCreated:
    """A new API key with its secret, which is stored as a hash alone.

    ``held`` is what the caller may do, where that is less than the maker: a key that makes a key.
    Raises :class:`PermissionNotHeld`, or :class:`NotFound` where the maker cannot sign in.
    """
    maker = _maker(c, maker_id, maker_email)
    allowed = PERMISSIONS[maker.role] if held is None else PERMISSIONS[maker.role].intersection(held)
    missing = sorted(set(wanted.permissions) - allowed)
    if missing:
        raise PermissionNotHeld(missing)
    secret = new_api_key()
    key_id = public_id("key")
    c.execute(
        insert(api_key).values(
            public_id=key_id,
            name=wanted.name,
            prefix=api_key_prefix(secret),
            secret_hash=token_hash(secret),
            permissions=sorted(set(wanted.permissions)),
            staff_id=maker.id,
            expires_at=clock(wanted.expires_in_days * 86_400),
        )
    )
    made = get_api_key(c, key_id)
    note(c, actor, "api-key.create", key_id, None, {"name": made.name, "permissions": made.permissions}, address)
    return ApiKeyCreated(key=made, secret=secret)


def _maker(c: Reader, maker_id: int | None, maker_email: str | None) -> Row[Any]:
    who = staff.c.id == maker_id if maker_id is not None else staff.c.email == normal_email(maker_email or "")
    maker = c.execute(select(staff).where(and_(who, staff.c.disabled_at.is_(None)))).first()
    if maker is not None:
        return maker
    if maker_id is not None:
        raise Unauthenticated("The account was disabled just now.")
    raise NotFound("No member of staff who can sign in has this e-mail address.")


def revoke_api_key(c: Connection, key_id: str, *, actor: str, address: str = "") -> ApiKey:
    """End an API key; one that has ended stays as it is. Raises :class:`NotFound`."""
    done = c.execute(
        update(api_key).where(api_key.c.public_id == key_id, api_key.c.revoked_at.is_(None)).values(revoked_at=clock())
    )
    if done.rowcount:
        note(c, actor, "api-key.revoke", key_id, None, None, address)
    return get_api_key(c, key_id)


def _api_key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.public_id,
        name=row.name,
        prefix=row.prefix,
        permissions=row.permissions,
        created_by=row.maker,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
