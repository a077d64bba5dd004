"""Keys by which programs call the API."""

from typing import TYPE_CHECKING, Annotated

import typer

from shopctl import console
from shopctl.commands.database import Json, shop_database
from shopctl.commands.staff import ACTOR, first_owner

if TYPE_CHECKING:
    from shopapi.contract.accounts import ApiKey
    from shopapi.db.engine import Reader

_PAGE = 100

app = typer.Typer(help="Manage the keys by which programs call the API.", no_args_is_help=True, rich_markup_mode=None)


def _permissions(incomplete: str) -> list[str]:
    from typing import get_args

    from shopapi.contract.accounts import Permission

    return [name for name in get_args(Permission) if name.startswith(incomplete)]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.", metavar="NAME")],
    permission: Annotated[
        list[str],
        typer.Option(
            help="What it may do, such as stock:read; may be repeated.",
            autocompletion=_permissions,
            metavar="PERMISSION",
        ),
    ],
    expires_in_days: Annotated[int, typer.Option(help="Days until it ends.", min=1, max=3650, metavar="DAYS")] = 90,
    for_: Annotated[
        str | None,
        typer.Option("--for", help="Whose key it is; the first owner's by default.", metavar="EMAIL"),
    ] = None,
    json: Json = False,
) -> None:
    """Make a key.

    It may do at most what the person may whose key it is. Its secret is shown once.
    """
    from shopapi.accounts import key_store
    from shopapi.contract.accounts import ApiKeyInput
    from shopctl.commands.inputs import checked

    wanted = checked(ApiKeyInput, name=name, permissions=permission, expires_in_days=expires_in_days)
    with shop_database() as db:
        with db.reading() as c:
            maker = for_ or _maker(c)
        made = db.write(lambda c: key_store.create_api_key(c, wanted, maker_email=maker, actor=ACTOR))
    if json:
        console.as_json(made)
        return
    console.done(f"key {made.key.id}  {made.key.name}, until {made.key.expires_at:%Y-%m-%d}")
    console.done(f"secret {made.secret} (shown once)")


@app.command("list")
def list_all(json: Json = False) -> None:
    """List every key, newest first."""
    with shop_database() as db, db.reading() as c:
        keys = _every_key(c)
    if json:
        console.as_json({"data": keys})
        return
    rows = [
        (one.id, one.name, one.prefix, ", ".join(one.permissions), _state(one), f"{one.expires_at:%Y-%m-%d}")
        for one in keys
    ]
    console.table(("id", "name", "begins", "may", "state", "until"), rows)


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, as api-keys list prints it.", metavar="ID")],
    json: Json = False,
) -> None:
    """Make a key useless, at once and for good."""
    from shopapi.accounts import key_store

    with shop_database() as db:
        gone = db.write(lambda c: key_store.revoke_api_key(c, key_id, actor=ACTOR))
    if json:
        console.as_json(gone)
    else:
        console.done(f"key {gone.id}  {gone.name} is revoked")


def _maker(c: "Reader") -> str:
    owner = first_owner(c)
    if owner is None:
        console.fail("A key needs somebody whose key it is, and there is no owner.", "shopctl seed")
    return owner


def _every_key(c: "Reader") -> list["ApiKey"]:
    from shopapi.accounts import key_store

    keys, after = key_store.list_api_keys(c, after=None, limit=_PAGE)
    while after is not None:
        more, after = key_store.list_api_keys(c, after=after, limit=_PAGE)
        keys += more
    return keys


def _state(key: "ApiKey") -> str:
    if key.revoked_at is not None:
        return "✗ revoked"
    from datetime import UTC, datetime

    return "✓ good" if key.expires_at > datetime.now(UTC) else "! ended"
