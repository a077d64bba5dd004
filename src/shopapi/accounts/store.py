"""SQL over staff, sessions, API keys and the audit log."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from shopapi.accounts.rules import (
    PERMISSIONS,
    SESSION_IDLE_S,
    SESSION_LIFE_S,
    EmailTaken,
    LastOwner,
    OwnAccount,
    PermissionNotHeld,
    api_key_prefix,
    new_api_key,
    new_session_token,
    normal_email,
    token_hash,
)
from shopapi.accounts.tables import api_key, audit_entry, session, staff
from shopapi.contract.accounts import (
    ApiKey,
    ApiKeyCreated,
    ApiKeyInput,
    CurrentSession,
    Permission,
    Staff,
    StaffInput,
    StaffPatch,
)
from shopapi.db.engine import Reader, constraint
from shopapi.db.types import clock
from shopapi.http.access import Principal
from shopapi.http.etag import IfMatch
from shopapi.http.problems import NotFound, Unauthenticated
from shopapi.names import public_id

_TOUCH_S: Final = 60
"""How old "last seen" may get before it is written again: a write for each request would cost more than it tells."""


# Staff


def has_staff(c: Reader) -> bool:
    """Whether there is any staff at all."""
    return c.execute(select(staff.c.id).limit(1)).first() is not None


def list_staff(c: Reader, *, after: int | None, limit: int) -> tuple[list[Staff], int | None]:
    """Staff, newest first, from behind row ``after`` on; the number is the row behind which more follow."""
    statement = select(staff).order_by(staff.c.id.desc()).limit(limit + 1)
    rows = c.execute(statement if after is None else statement.where(staff.c.id < after)).all()
    return [_staff(row) for row in rows[:limit]], rows[limit - 1].id if len(rows) > limit else None


def count_staff(c: Reader) -> int:
    """How many people of the staff there are, disabled ones included."""
    return int(c.execute(select(func.count()).select_from(staff)).scalar_one())


def get_staff(c: Reader, staff_id: str) -> Staff:
    """One member of staff by public id; raises :class:`NotFound`."""
    row = c.execute(select(staff).where(staff.c.public_id == staff_id)).first()
    if row is None:
        raise NotFound("No member of staff has this id.")
    return _staff(row)


def staff_by_email(c: Reader, email: str) -> Staff | None:
    """One member of staff by address, in whatever form it is written."""
    row = c.execute(select(staff).where(staff.c.email == normal_email(email))).first()
    return None if row is None else _staff(row)


def create_staff(c: Connection, who: StaffInput, *, password_hash: str, actor: str, address: str = "") -> Staff:
    """A new member of staff; raises :class:`EmailTaken`.

    ``password_hash`` is what :func:`shopapi.accounts.passwords.accepted` makes of ``who.password``, before the
    transaction: to judge and hash a password takes longer than anything that should hold a lock.
    """
    values = {
        "public_id": public_id("stf"),
        "email": normal_email(who.email),
        "name": who.name,
        "role": who.role,
        "password_hash": password_hash,
    }
    try:
        c.execute(insert(staff).values(values))
    except IntegrityError as error:
        if constraint(error) in ("uq_staff_email", "staff.email"):
            raise EmailTaken from error
        raise
    made = get_staff(c, values["public_id"])
    _note(c, actor, "staff.create", made.id, None, _told(made), address)
    return made


def change_staff(
    c: Connection,
    staff_id: str,
    change: StaffPatch,
    if_match: IfMatch,
    *,
    actor: str,
    address: str = "",
    password_hash: str | None = None,
) -> Staff:
    """Change a member of staff, and end their sessions where role, password or state changes.

    ``password_hash`` is that of ``change.password``, as for :func:`create_staff`.
    Raises :class:`NotFound`, :class:`Stale`, :class:`OwnAccount`, :class:`LastOwner`.
    """
    owners = _lock_owners(c)
    row = c.execute(select(staff).where(staff.c.public_id == staff_id).with_for_update(key_share=True)).first()
    if row is None:
        raise NotFound("No member of staff has this id.")
    if_match.check(row.version)
    before = _staff(row)
    role = before.role if change.role is msgspec.UNSET else change.role
    disabled = before.disabled if change.disabled is msgspec.UNSET else change.disabled
    if actor == staff_id and (role != before.role or disabled):
        raise OwnAccount
    if owners == {row.id} and (role != "owner" or disabled):
        raise LastOwner
    values: dict[str, Any] = {"role": role, "version": staff.c.version + 1, "updated_at": clock()}
    if change.name is not msgspec.UNSET:
        values["name"] = change.name
    if disabled != before.disabled:
        values["disabled_at"] = clock() if disabled else None
    if password_hash is not None:
        values["password_hash"] = password_hash
    c.execute(update(staff).where(staff.c.id == row.id).values(values))
    if role != before.role or disabled != before.disabled or "password_hash" in values:
        c.execute(delete(session).where(session.c.staff_id == row.id))
    after = get_staff(c, staff_id)
    told = _told(after) | ({"password": "changed"} if "password_hash" in values else {})
    _note(c, actor, "staff.change", staff_id, _told(before), told, address)
    return after


def disable_staff(c: Connection, email: str, *, actor: str) -> Staff:
    """Shut somebody out, at once; raises :class:`NotFound`, :class:`LastOwner`."""
    return change_staff(c, _id_of(c, email), StaffPatch(disabled=True), IfMatch(None), actor=actor)


def set_password(c: Connection, email: str, password_hash: str, *, actor: str) -> Staff:
    """Give somebody another password and end their sessions; raises :class:`NotFound`."""
    staff_id = _id_of(c, email)
    return change_staff(c, staff_id, StaffPatch(), IfMatch(None), actor=actor, password_hash=password_hash)


def _id_of(c: Reader, email: str) -> str:
    found = staff_by_email(c, email)
    if found is None:
        raise NotFound(f"No member of staff has the e-mail address {normal_email(email)}.")
    return found.id


def _lock_owners(c: Connection) -> set[int]:
    # Two owners who disable each other at the same moment must not leave the shop with none.
    statement = (
        select(staff.c.id)
        .where(staff.c.role == "owner", staff.c.disabled_at.is_(None))
        .order_by(staff.c.id)
        .with_for_update(key_share=True)
    )
    return {row.id for row in c.execute(statement)}


def _staff(row: Row[Any]) -> Staff:
    return Staff(
        id=row.public_id,
        email=row.email,
        name=row.name,
        role=row.role,
        disabled=row.disabled_at is not None,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def _told(who: Staff) -> dict[str, Any]:
    return {"email": who.email, "name": who.name, "role": who.role, "disabled": who.disabled}


# Sessions


class Candidate(msgspec.Struct, frozen=True):
    """Somebody who may be signing in: what must be known before the password is tried."""

    row_id: int
    staff_id: str
    role: Any
    password_hash: str


def candidate(c: Reader, email: str) -> Candidate | None:
    """Who might sign in with this address: nobody who is disabled."""
    row = c.execute(select(staff).where(staff.c.email == normal_email(email), staff.c.disabled_at.is_(None))).first()
    return None if row is None else Candidate(row.id, row.public_id, row.role, row.password_hash)


def still_stands(c: Connection, who: Candidate) -> bool:
    """Whether nobody shut ``who`` out or changed their password since they were looked up; it stays so until the
    end of the transaction."""
    row = c.execute(
        select(staff.c.password_hash)
        .where(staff.c.id == who.row_id, staff.c.disabled_at.is_(None))
        .with_for_update(read=True)
    ).first()
    return row is not None and row.password_hash == who.password_hash


def create_session(c: Connection, row_id: int, *, user_agent: str = "") -> tuple[str, datetime]:
    """A new session of the member of staff in row ``row_id``: its token and when it ends."""
    token = new_session_token()
    hashed = token_hash(token)
    c.execute(
        insert(session).values(
            token_hash=hashed, staff_id=row_id, user_agent=user_agent[:200], expires_at=clock(SESSION_LIFE_S)
        )
    )
    ends = c.execute(select(session.c.expires_at).where(session.c.token_hash == hashed)).scalar_one()
    return token, ends


def rehash(c: Connection, who: Candidate, password_hash: str) -> None:
    """Keep a hash of the same password that was made with today's parameters, unless it was changed meanwhile."""
    same = and_(staff.c.id == who.row_id, staff.c.password_hash == who.password_hash)
    c.execute(update(staff).where(same).values(password_hash=password_hash))


def current_session(c: Reader, session_id: int) -> CurrentSession:
    """The session in row ``session_id``; raises :class:`Unauthenticated` when it has just ended."""
    row = c.execute(
        select(staff.c.public_id, staff.c.email, staff.c.name, staff.c.role, session.c.expires_at)
        .join_from(session, staff)
        .where(session.c.id == session_id)
    ).first()
    if row is None:
        raise Unauthenticated("The session has ended.")
    return CurrentSession(
        staff_id=row.public_id,
        email=row.email,
        name=row.name,
        role=row.role,
        permissions=sorted(PERMISSIONS[row.role]),
        expires_at=row.expires_at,
    )


def end_session(c: Connection, session_id: int) -> None:
    """End one session."""
    c.execute(delete(session).where(session.c.id == session_id))


def drop_dead_sessions(c: Connection) -> int:
    """Forget the sessions that have ended, and answer how many."""
    dead = or_(session.c.expires_at < clock(), session.c.last_seen_at < clock(-SESSION_IDLE_S))
    return c.execute(delete(session).where(dead)).rowcount


# Who calls


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


# API keys

_KEYS: Final = select(api_key, staff.c.email.label("maker")).join_from(api_key, staff)


def list_api_keys(c: Reader, *, after: int | None, limit: int) -> tuple[list[ApiKey], int | None]:
    """API keys, newest first, from behind row ``after`` on; the number is the row behind which more follow."""
    statement = _KEYS.order_by(api_key.c.id.desc()).limit(limit + 1)
    rows = c.execute(statement if after is None else statement.where(api_key.c.id < after)).all()
    return [_api_key(row) for row in rows[:limit]], rows[limit - 1].id if len(rows) > limit else None


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
    who = staff.c.id == maker_id if maker_id is not None else staff.c.email == normal_email(maker_email or "")
    maker = c.execute(select(staff).where(and_(who, staff.c.disabled_at.is_(None)))).first()
    if maker is None:
        if maker_id is not None:
            raise Unauthenticated("The account was disabled just now.")
        raise NotFound("No member of staff who can sign in has this e-mail address.")
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
    _note(c, actor, "api-key.create", key_id, None, {"name": made.name, "permissions": made.permissions}, address)
    return ApiKeyCreated(key=made, secret=secret)


def revoke_api_key(c: Connection, key_id: str, *, actor: str, address: str = "") -> ApiKey:
    """End an API key; one that has ended stays as it is. Raises :class:`NotFound`."""
    done = c.execute(
        update(api_key).where(api_key.c.public_id == key_id, api_key.c.revoked_at.is_(None)).values(revoked_at=clock())
    )
    if done.rowcount:
        _note(c, actor, "api-key.revoke", key_id, None, None, address)
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


def _note(
    c: Connection,
    actor: str,
    action: str,
    subject: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    address: str,
) -> None:
    c.execute(
        insert(audit_entry).values(
            actor=actor, action=action, subject=subject, before=before, after=after, address=address
        )
    )
