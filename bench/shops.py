"""Shops to measure: a database of either kind with its schema, items and one member of staff, and its audit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection

from bench import postgres
from bench.load import Requests
from bench.plan import CannotMeasureError
from shopapi.accounts.passwords import hash_password
from shopapi.accounts.store import create_staff
from shopapi.contract.accounts import StaffInput
from shopapi.contract.items import ItemInput
from shopapi.db.audit import audit
from shopapi.db.engine import open_database
from shopapi.db.migrate import migrate
from shopapi.inventory.item_store import add_item
from shopapi.settings import database_url

Kind = Literal["SQLite", "PostgreSQL"]
KINDS: Final[tuple[Kind, ...]] = ("SQLite", "PostgreSQL")

EMAIL: Final = "bench@shop.example"
PASSWORD: Final = "uneven kettle, borrowed ladder"


@dataclass(frozen=True)
class Shop:
    """A database whose items are called ``1`` to ``items``."""

    kind: Kind
    url: str
    items: int

    def audit(self) -> str:
        """Recompute the books; a sentence. Raises :class:`BooksDisagreeError`."""
        db = open_database(database_url(self.url), threads=1, patient=True)
        try:
            with db.reading() as c:
                checks = audit(c)
        finally:
            db.close()
        findings = [finding for check in checks for finding in check.findings]
        if findings:
            raise BooksDisagreeError("; ".join(findings))
        return f"{len(checks)} checks passed over {sum(check.checked for check in checks):,} rows"

    def sign_in_body(self) -> bytes:
        """What ``POST /v1/sessions`` takes."""
        return msgspec.json.encode({"email": EMAIL, "password": PASSWORD, "realm": "staff"})

    def item_bodies(self, spread: bool) -> list[bytes]:
        """What ``POST /items`` takes to add one unit: to the first item, or to each in turn."""
        names = range(1, (self.items if spread else 1) + 1)
        return [msgspec.json.encode(ItemInput(str(name), 1)) for name in names]


class BooksDisagreeError(Exception):
    """The audit of a shop that was measured has findings: its figures are worth nothing."""


@contextmanager
def shop(kind: Kind, items: int, postgres_url: str | None) -> Iterator[Shop]:
    """A shop of its own with so many items, gone afterwards."""
    with empty(kind, postgres_url) as made:
        yield _filled(replace(made, items=items))


@contextmanager
def empty(kind: Kind, postgres_url: str | None) -> Iterator[Shop]:
    """A database of its own without a schema, gone afterwards."""
    if kind == "SQLite":
        with TemporaryDirectory(prefix="shop-bench-") as folder:
            yield Shop(kind, f"sqlite:///{Path(folder) / 'shop.db'}", 0)
        return
    if postgres_url is None:
        raise CannotMeasureError("no PostgreSQL")
    with postgres.database(postgres_url) as url:
        yield Shop(kind, url, 0)


def _filled(made: Shop) -> Shop:
    migrate(database_url(made.url))
    db = open_database(database_url(made.url), threads=1, patient=True)
    try:
        with db.writing() as c:
            for name in range(1, made.items + 1):
                add_item(c, ItemInput(str(name), 1), actor="shopctl bench")
            add_owner(c)
    finally:
        db.close()
    if made.kind == "PostgreSQL":
        # A plan that rests on an empty table would be measured for the first minute.
        postgres.do(made.url, "VACUUM (ANALYZE)")
    return made


def add_owner(c: Connection) -> None:
    """The one member of staff."""
    who = StaffInput(EMAIL, "Bench", "owner", PASSWORD)
    create_staff(c, who, password_hash=hash_password(PASSWORD), actor="shopctl bench")


def get_items(port: int) -> Requests:
    """The list of all items."""
    return Requests.to(port, "GET", "/items")
