"""Fills a shop: the first owner, the demo shop where there are no goods, and made-up goods as many as one asks for."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from time import perf_counter
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection

from shopapi.accounts import rules
from shopapi.accounts import store as accounts
from shopapi.accounts.passwords import hash_password
from shopapi.catalog.category_store import save_categories
from shopapi.catalog.records import ProductRecord
from shopapi.catalog.save_products import save_products
from shopapi.catalog.shop_store import save_shop, save_text
from shopapi.catalog.store import count_products
from shopapi.contract.accounts import StaffInput
from shopapi.db.engine import Database, Reader
from shopapi.media.store import store_picture
from shopctl.seeds import demo, large, shelf, standing
from shopctl.seeds.selling import add_selling
from shopctl.seeds.turn import taking_turns

ACTOR: Final = "shopctl seed"
OWNER_EMAIL: Final = "owner@shop.example"

Profile = Literal["demo", "empty"]
Progress = Callable[[int], None]
"""Told how many more of the made-up products are there, those from before first."""

_TRANSACTION_S: Final = 0.04
_AT_ONCE: Final = (10, 100)
"""The fewest and the most products in a transaction. Below ten, what a transaction costs by itself is most of it, so
that a machine under load would do less and less."""


def _in_silence(number: int) -> None:
    """Where nobody watches."""


class SeedReport(msgspec.Struct, frozen=True):
    """What was added. ``owner_password`` is known here and never again; ``null`` where there was staff already,
    and where no owner was asked for.

    ``products`` is how many the shop has now; ``refused`` says which ones it would not take, and why.
    """

    demo_products_added: int
    made_up_products_added: int
    products: int
    owner_email: str | None
    owner_password: str | None
    refused: list[str]


def seed(
    db: Database,
    profile: Profile = "demo",
    products: int = 0,
    progress: Progress = _in_silence,
    *,
    owner: bool = True,
) -> SeedReport:
    """Add an owner where there is no staff, unless ``owner`` is false; with ``demo`` the demo shop where there are no
    goods of one's own; then made-up products until there are ``products`` of them.

    What is there is never changed, so it may be called again, also to finish what was broken off. Of several at once,
    in any process, one works and the others wait; ``db`` needs two connections for that.
    """
    with taking_turns(db):
        email, password = _add_owner(db) if owner else (None, None)
        added, refused = _add_demo(db) if profile == "demo" else (0, [])
        made, more_refused = _add_made_up(db, products, progress)
        with db.reading() as c:
            total = count_products(c)
    return SeedReport(
        demo_products_added=added,
        made_up_products_added=made,
        products=total,
        owner_email=email,
        owner_password=password,
        refused=refused + more_refused,
    )


def _add_owner(db: Database) -> tuple[str | None, str | None]:
    with db.reading() as c:
        if accounts.has_staff(c):
            return None, None
    password = rules.new_password()
    password_hash = hash_password(password)

    def add(c: Connection) -> bool:
        if accounts.has_staff(c):  # Whoever made staff meanwhile did it without taking turns.
            return False
        who = StaffInput(email=OWNER_EMAIL, name="Owner", role="owner", password=password)
        accounts.create_staff(c, who, password_hash=password_hash, actor=ACTOR)
        return True

    return (OWNER_EMAIL, password) if db.write(add) else (None, None)


def _add_demo(db: Database) -> tuple[int, list[str]]:
    skus = demo.skus()
    with db.reading() as c:
        if standing.has_others(c, skus):
            return 0, []
        complete = standing.known_skus(c, skus) == skus
    # Also for a demo that an earlier release made, which sold nothing yet.
    db.write(lambda c: add_selling(c, actor=ACTOR))
    if complete:
        return 0, []
    goods = demo.products(datetime.now(UTC))
    db.write(_add_frame)
    db.write(_add_shelves)
    return _save(db, iter(goods), _in_silence)


def _add_frame(c: Connection) -> None:
    save_shop(c, **msgspec.structs.asdict(shelf.shop_data()))
    for kind, locale, markdown in demo.texts():
        save_text(c, kind, locale, markdown)


def _add_shelves(c: Connection) -> None:
    """Pictures and categories: what products refer to."""
    for picture in demo.pictures().values():
        store_picture(c, picture)
    known = standing.known_categories(c)
    save_categories(c, [one for one in demo.categories() if one.slug not in known])


def _add_made_up(db: Database, wanted: int, progress: Progress) -> tuple[int, list[str]]:
    if wanted == 0:
        return 0, []
    with db.reading() as c:
        there = _made_up_so_far(c, wanted)
    if there >= wanted:
        return 0, []
    db.write(_add_shelves)
    progress(there)
    return _save(db, large.made_up(wanted - there, start=there), progress)


def _made_up_so_far(c: Reader, wanted: int) -> int:
    """Up to which number they are there. They are made in order, so a few questions find it.

    The greatest slug would take one question, but how slugs sort is an affair of the database's locale.
    """
    low, high = 0, wanted
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if standing.has_slug(c, large.slug_of(middle)) else (low, middle - 1)
    return low


def _save(db: Database, records: Iterator[ProductRecord], progress: Progress) -> tuple[int, list[str]]:
    """How many were new, and what was refused. Each transaction is short, so that a running shop hardly notices."""
    added, refused, at_once = 0, list[str](), _AT_ONCE[0]
    while batch := list(islice(records, at_once)):
        with db.reading() as c:
            missing = standing.without_known(c, batch)
        began = perf_counter()
        outcomes = save_products(db, missing, actor=ACTOR) if missing else []
        took_s = perf_counter() - began
        # Half as many more at the most: one quick batch says little.
        at_once = round(at_once * min(1.5, _TRANSACTION_S / max(took_s, 0.001)))
        at_once = min(max(at_once, _AT_ONCE[0]), _AT_ONCE[1])
        added += sum(one.what == "new" for one in outcomes)
        refused += [f"{one.slug}: {one.reason}" for one in outcomes if one.what == "refused"]
        progress(len(batch))
    return added, refused
