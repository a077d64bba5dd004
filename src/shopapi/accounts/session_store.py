"""SQL over sessions: who may begin one, how it begins and how it ends."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from shopapi.accounts.rules import (
    PERMISSIONS,
    SESSION_IDLE_S,
    SESSION_LIFE_S,
    new_session_token,
    normal_email,
    token_hash,
)
from shopapi.accounts.tables import session, staff
from shopapi.contract.accounts import CurrentSession, Role
from shopapi.db.engine import Reader
from shopapi.db.types import clock
from shopapi.http.problems import Unauthenticated


class Candidate(msgspec.Struct, frozen=True):
    """Somebody who may be signing in: what must be known before the password is tried."""

    row_id: int
    staff_id: str
    role: Role
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


def end_sessions_of(c: Connection, row_id: int) -> None:
    """End every session of the member of staff in row ``row_id``."""
    c.execute(delete(session).where(session.c.staff_id == row_id))


def drop_dead_sessions(c: Connection) -> int:
    """Forget the sessions that have ended, and answer how many."""
    dead = or_(session.c.expires_at < clock(), session.c.last_seen_at < clock(-SESSION_IDLE_S))
    return c.execute(delete(session).where(dead)).rowcount
