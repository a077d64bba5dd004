"""Puts the demo shop's goods, and the first owner, into a database that has none."""

import tomllib
from importlib.resources import files
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from shopapi.accounts import rules
from shopapi.accounts import store as accounts
from shopapi.accounts.passwords import hash_password
from shopapi.catalog.store import count_products
from shopapi.contract.accounts import StaffInput
from shopapi.contract.items import ItemInput
from shopapi.db.engine import Database
from shopapi.inventory.item_store import add_item

ACTOR: Final = "shopctl seed"
OWNER_EMAIL: Final = "owner@shop.example"


class SeedReport(msgspec.Struct, frozen=True):
    """What was added. ``owner_password`` is known here and never again; ``null`` where there was staff already."""

    items_added: int
    products: int
    owner_email: str | None
    owner_password: str | None


def seed(db: Database) -> SeedReport:
    """Add the demo's items where the shop has no product, and an owner where it has no staff.

    One transaction: a second one that runs at the same time waits for it, and finds all done.
    """
    password = rules.new_password()
    password_hash = hash_password(password)
    return db.write(lambda c: _seed(c, password, password_hash))


def demo_items() -> list[ItemInput]:
    """The goods of ``shop.toml``, in its order."""
    goods = files(__package__).joinpath("shop.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(goods)["item"], list[ItemInput])


def _seed(c: Connection, password: str, password_hash: str) -> SeedReport:
    if c.dialect.name == "postgresql":  # SQLite has one writer anyway.
        c.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('shopctl:seed', 0))"))
    owner = None
    if not accounts.has_staff(c):
        who = StaffInput(email=OWNER_EMAIL, name="Owner", role="owner", password=password)
        owner = accounts.create_staff(c, who, password_hash=password_hash, actor=ACTOR).email
    wanted = demo_items() if count_products(c) == 0 else []
    for item in wanted:
        add_item(c, item, actor=ACTOR)
    return SeedReport(
        items_added=len(wanted),
        products=count_products(c),
        owner_email=owner,
        owner_password=password if owner else None,
    )
