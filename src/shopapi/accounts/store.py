"""SQL over staff."""

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from shopapi.accounts.audit_log import note
from shopapi.accounts.rules import EmailTaken, LastOwner, OwnAccount, normal_email
from shopapi.accounts.session_store import end_sessions_of
from shopapi.accounts.tables import staff
from shopapi.contract.accounts import Staff, StaffInput, StaffPatch
from shopapi.db.engine import Reader, constraint
from shopapi.db.keyset import newest_first
from shopapi.db.types import clock
from shopapi.http.etag import IfMatch
from shopapi.http.problems import NotFound
from shopapi.names import public_id


def has_staff(c: Reader) -> bool:
    """Whether there is any staff at all."""
    return c.execute(select(staff.c.id).limit(1)).first() is not None


def list_staff(c: Reader, *, after: int | None, limit: int) -> tuple[list[Staff], int | None]:
    """Staff, newest first, from behind row ``after`` on; the number is the row behind which more follow."""
    rows, last = newest_first(c, select(staff), staff.c.id, before=after, limit=limit)
    return [_staff(row) for row in rows], last


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
    note(c, actor, "staff.create", made.id, None, _told(made), address)
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
    name = before.name if change.name is msgspec.UNSET else change.name
    values: dict[str, Any] = {"role": role, "name": name, "version": staff.c.version + 1, "updated_at": clock()}
    if disabled != before.disabled:
        values["disabled_at"] = clock() if disabled else None
    if password_hash is not None:
        values["password_hash"] = password_hash
    c.execute(update(staff).where(staff.c.id == row.id).values(values))
    if role != before.role or disabled != before.disabled or password_hash is not None:
        end_sessions_of(c, row.id)
    after = get_staff(c, staff_id)
    told = _told(after) | ({"password": "changed"} if password_hash is not None else {})
    note(c, actor, "staff.change", staff_id, _told(before), told, address)
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


def _told(who: Staff) -> dict[str, object]:
    return {"email": who.email, "name": who.name, "role": who.role, "disabled": who.disabled}
