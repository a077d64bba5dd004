"""SQL that finds who is behind a token, be it a session's or an API key."""

from typing import Final

import msgspec
from sqlalchemy import Connection, or_, select, update

from shopapi.accounts.rules import PERMISSIONS, SESSION_IDLE_S, api_key_prefix, token_hash
from shopapi.accounts.tables import api_key, session, staff
from shopapi.db.engine import Reader
from shopapi.db.types import clock
from shopapi.http.access import Principal

_TOUCH_S: Final = 60
"""How old "last seen" may get before it is written again: a write for each request would cost more than it tells."""


class Found(msgspec.Struct, frozen=True):
    """The principal behind a token, and whether it is time to write down that it was seen."""

    principal: Principal
    key_id: int | None
    touch: bool


def find_principal(c: Reader, token: str) -> Found | None:
    """The principal behind a session's token or an API key, or ``None`` where it is no good any more."""
    if token.startswith("shk_"):
        prefix = api_key_prefix(token)
        return None if prefix is None else _find_api_key(c, prefix, token_hash(token))
    seen_late = (session.c.last_seen_at < clock(-_TOUCH_S)).label("touch")
    row = c.execute(
        select(session.c.id, staff.c.id.label("row_id"), staff.c.public_id, staff.c.role, seen_late)
        .join_from(session, staff)
        .where(
            session.c.token_hash == token_hash(token),
            session.c.expires_at > clock(),
            session.c.last_seen_at > clock(-SESSION_IDLE_S),
            staff.c.disabled_at.is_(None),
        )
    ).first()
    if row is None:
        return None
    principal = Principal(
        actor=row.public_id,
        scope=row.public_id,
        permissions=PERMISSIONS[row.role],
        staff_id=row.row_id,
        session_id=row.id,
    )
    return Found(principal, None, bool(row.touch))


def _find_api_key(c: Reader, prefix: str, hashed: bytes) -> Found | None:
    used_long_ago = or_(api_key.c.last_used_at.is_(None), api_key.c.last_used_at < clock(-_TOUCH_S)).label("touch")
    row = c.execute(
        select(
            api_key.c.id,
            api_key.c.public_id,
            api_key.c.permissions,
            staff.c.id.label("row_id"),
            staff.c.role,
            used_long_ago,
        )
        .join_from(api_key, staff)
        .where(
            api_key.c.prefix == prefix,
            api_key.c.secret_hash == hashed,
            api_key.c.revoked_at.is_(None),
            api_key.c.expires_at > clock(),
            staff.c.disabled_at.is_(None),
        )
    ).first()
    if row is None:
        return None
    # Its maker may have lost rights since.
    permissions = PERMISSIONS[row.role].intersection(row.permissions)
    principal = Principal(
        actor=row.public_id, scope=row.public_id, permissions=frozenset(permissions), staff_id=row.row_id
    )
    return Found(principal, row.id, bool(row.touch))


def note_seen(c: Connection, found: Found) -> None:
    """Write down that a token was used just now."""
    if found.key_id is not None:
        c.execute(update(api_key).where(api_key.c.id == found.key_id).values(last_used_at=clock()))
    else:
        c.execute(update(session).where(session.c.id == found.principal.session_id).values(last_seen_at=clock()))
