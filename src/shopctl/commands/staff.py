"""Who works in the shop."""

from typing import TYPE_CHECKING, Annotated

import typer

from shopctl import console
from shopctl.commands.database import Json, shop_database

if TYPE_CHECKING:
    from shopapi.contract.accounts import Staff
    from shopapi.db.engine import Reader

ACTOR = "shopctl"
_PAGE = 100

app = typer.Typer(help="Manage the people who work in the shop.", no_args_is_help=True, rich_markup_mode=None)

Email = Annotated[str, typer.Argument(help="The person's e-mail address.", metavar="EMAIL")]
PasswordFile = Annotated[
    str | None, typer.Option(help="Read the password from this file; - is standard input.", metavar="FILE")
]


@app.command("create")
def create(
    email: Email,
    name: Annotated[str, typer.Option(help="The person's name.", metavar="NAME")],
    role: Annotated[str, typer.Option(help="owner, manager, clerk or viewer.", metavar="ROLE")],
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Add a person.

    The password is asked for, or read from a file.
    """
    password = console.password_from(password_file, "the password")
    from shopapi.accounts import passwords, store
    from shopapi.contract.accounts import StaffInput
    from shopctl.commands.inputs import checked

    who = checked(StaffInput, email=email, name=name, role=role, password=password)
    with shop_database() as db:
        hashed = passwords.accepted(who.password, who.email)
        added = db.write(lambda c: store.create_staff(c, who, password_hash=hashed, actor=ACTOR))
    _told(added, json, f"{added.email} is {added.role} now")


@app.command("list")
def list_all(json: Json = False) -> None:
    """List everybody, newest first."""
    with shop_database() as db, db.reading() as c:
        people = everybody(c)
    if json:
        console.as_json({"data": people})
        return
    rows = [
        (one.email, one.name, one.role, "✗ disabled" if one.disabled else "✓ active", f"{one.created_at:%Y-%m-%d}")
        for one in people
    ]
    console.table(("e-mail", "name", "role", "state", "since"), rows)
    if not people:
        console.next_step("shopctl staff create EMAIL --name NAME --role owner")


@app.command("disable")
def disable(email: Email, json: Json = False) -> None:
    """Shut a person out, at once.

    They cannot sign in any more, and no session of theirs works.
    """
    from shopapi.accounts import store

    with shop_database() as db:
        gone = db.write(lambda c: store.disable_staff(c, email, actor=ACTOR))
    _told(gone, json, f"{gone.email} is disabled")


@app.command("reset-password")
def reset_password(email: Email, password_file: PasswordFile = None, json: Json = False) -> None:
    """Give a person a new password.

    A random one, shown once, or the one in a file.
    """
    from shopapi.accounts import passwords, rules, store

    with shop_database() as db:
        if password_file is None:
            password = rules.new_password()
        else:
            password = console.password_from(password_file, "the password")
        hashed = passwords.accepted(password, email)
        who = db.write(lambda c: store.set_password(c, email, hashed, actor=ACTOR))
    if json:
        console.as_json({"email": who.email, "password": password if password_file is None else None})
    elif password_file is None:
        console.done(f"{who.email}, password {password} (shown once)")
    else:
        console.done(f"{who.email} has the new password")


def everybody(c: "Reader") -> list["Staff"]:
    """Every member of staff, newest first."""
    from shopapi.accounts import store

    people, after = store.list_staff(c, after=None, limit=_PAGE)
    while after is not None:
        more, after = store.list_staff(c, after=after, limit=_PAGE)
        people += more
    return people


def first_owner(c: "Reader") -> str | None:
    """The address of the owner who has been there longest."""
    owners = [one.email for one in everybody(c) if one.role == "owner" and not one.disabled]
    return owners[-1] if owners else None


def _told(who: "Staff", json: bool, words: str) -> None:
    if json:
        console.as_json(who)
    else:
        console.done(words)
