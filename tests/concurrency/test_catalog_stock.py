"""What shoppers see of stock, while everything that it hangs on changes at once."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
import pytest
from sqlalchemy import Connection, func, select, text

from shopapi.catalog.category_store import save_categories
from shopapi.catalog.records import CategoryRecord, ProductRecord
from shopapi.catalog.save_products import save_products
from shopapi.catalog.set_variant import VariantChange, set_variant
from shopapi.catalog.tables import availability, listing, variant
from shopapi.contract.items import ItemInput
from shopapi.contract.stock import MovementInput
from shopapi.db.engine import Database, DatabaseUnavailable, Reader, open_database
from shopapi.http.etag import IfMatch
from shopapi.http.problems import ShopError
from shopapi.inventory import item_store, level_store
from shopapi.inventory.tables import stock_level
from tests import factories
from tests.concurrency.crowd import Tally, crowd, until_answered
from tests.conftest import ApiProcesses
from tests.waiting import wait_until

T = TypeVar("T")
pytestmark = pytest.mark.concurrency

COLOURS = ("Ton", "Tinte", "Moos")
SKUS = [f"KRUG-{colour.upper()}" for colour in COLOURS]
NAMES = [f"Krug ({colour})" for colour in COLOURS]


@pytest.fixture
def jug(database: Database) -> Database:
    """A shop with one product of three variants, on sale, some units of each."""
    database.write(lambda c: factories.category(c, "Geschirr", "Krüge"))
    factories.save(
        database,
        factories.in_colours("Krug", {"Ton": (1000, 3), "Tinte": (1200, 6), "Moos": (None, 2)}, categories=["kruege"]),
    )
    return database


@pytest.fixture
def crowded(database_url: str, jug: Database) -> Iterator[Callable[[int], Database]]:
    """A database handle for each worker, as processes of their own have one each."""
    opened = [open_database(database_url, threads=2, patient=True) for _ in range(4)]
    yield lambda number: opened[number % len(opened)]
    for one in opened:
        one.close()


def work(workers: list[Callable[[], None]]) -> None:
    """Run all at once; the first thing that goes wrong in any is what goes wrong."""
    failed: list[BaseException] = []

    def run(worker: Callable[[], None]) -> None:
        try:
            worker()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), "A worker waits for ever."
    if failed:
        raise failed[0]


def until_done(db: Database, change: Callable[[Connection], object], *, one_statement: bool = False) -> bool:
    """Make a change, again where the database was busy; the flag says whether the shop let it."""
    while True:
        try:
            db.write(change, one_statement=one_statement)
        except DatabaseUnavailable:
            continue
        except ShopError:
            return False
        return True


def stock_clerk(db: Database, dice: random.Random, turns: int) -> None:
    """Adds, sets, renames and moves units of the jug's variants."""
    for _ in range(turns):
        which, units = dice.randrange(3), dice.randrange(9)
        sku, name = SKUS[which], NAMES[which]
        kind = dice.randrange(4)
        if kind == 0:
            until_done(db, lambda c: item_store.add_item(c, ItemInput(name, units), actor="t"), one_statement=True)  # noqa: B023
        elif kind == 1:
            item_id = id_of(db, sku)
            until_done(db, lambda c: item_store.set_item(c, item_id, ItemInput(name, units), IfMatch(None), actor="t"))  # noqa: B023
        else:
            delta = dice.choice([-3, -2, -1, 1, 2, 5])
            wanted = MovementInput(sku=sku, delta=delta, reason="correct")
            until_done(db, lambda c: level_store.record_movement(c, wanted, actor="t"))  # noqa: B023


def id_of(db: Database, sku: str) -> int:
    with db.reading() as c:
        return int(c.execute(select(variant.c.id).where(variant.c.sku == sku)).scalar_one())


def shopkeeper(db: Database, dice: random.Random, turns: int) -> None:
    """Prices variants, takes prices away, takes the product off the lists and puts it back."""
    for _ in range(turns):
        change = dice.choice(
            [
                VariantChange(price=None),
                VariantChange(price=dice.randrange(500, 2000)),
                VariantChange(price=dice.randrange(500, 2000), state="active"),
                VariantChange(state="draft"),
                VariantChange(state="active"),
                VariantChange(tax_class=dice.choice(["standard", "reduced"])),
            ]
        )
        sku = dice.choice(SKUS)
        until_done(db, lambda c: set_variant(c, sku, change, actor="t"))  # noqa: B023


def importer(db: Database, dice: random.Random, turns: int) -> None:
    """Imports the jug again and again, otherwise each time, sometimes with its stock."""
    for _ in range(turns):
        told = {colour: (dice.choice([None, 900, 1100]), dice.randrange(9)) for colour in COLOURS}
        told["Ton"] = (1000, told["Ton"][1])
        record = factories.in_colours("Krug", told, categories=[dice.choice(["kruege", "geschirr"])])
        until_saved(db, record, set_stock=dice.random() < 0.5)


def until_saved(db: Database, record: ProductRecord, *, set_stock: bool) -> None:
    while True:
        try:
            save_products(db, [record], actor="t", set_stock=set_stock)
        except DatabaseUnavailable:
            continue
        return


def renamer(db: Database, dice: random.Random, turns: int) -> None:
    """Renames the categories, which draws every product in them anew."""
    for _ in range(turns):
        slug = dice.choice(["geschirr", "kruege"])
        record = CategoryRecord(slug=slug, name={"de": f"Name {dice.randrange(1000)}"})
        until_done(db, lambda c: save_categories(c, [record]))  # noqa: B023


def test_what_is_shown_of_stock_is_right_after_every_kind_of_change_at_once(
    crowded: Callable[[int], Database], database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    turns = 20 if database.dialect == "postgresql" else 15
    workers = [stock_clerk, stock_clerk, stock_clerk, shopkeeper, shopkeeper, importer, importer, renamer]
    work(
        [
            lambda worker=worker, number=number: worker(crowded(number), random.Random(number), turns)  # type: ignore[misc]
            for number, worker in enumerate(workers)
        ]
    )
    assert "in a ring" not in caplog.text, "Two changes took their locks in different orders."
    with database.reading() as c:
        shown = c.execute(select(availability.c.units)).scalar_one()
        left = {
            row.sku: min(row.on_hand - row.reserved, 6)
            for row in c.execute(
                select(variant.c.sku, stock_level.c.on_hand, stock_level.c.reserved)
                .join(stock_level, stock_level.c.variant_id == variant.c.id)
                .where(variant.c.price.is_not(None), variant.c.item_name.is_not(None))
            )
        }
    assert shown == sum(left.values())
    # What the audit says of lists, counts and prices follows with the fixture.


def waiting_for_a_lock(c: Reader) -> bool:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return bool(c.execute(text(statement)).scalar_one())


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("how", ["new product", "first price", "price taken away", "other category", "archived"])
def test_units_that_come_while_a_product_is_being_written_are_shown(jug: Database, database_url: str, how: str) -> None:
    """The addition begins before the product's transaction ends, and so sees nothing of it until it waits for it."""
    name = {"new product": "Vase", "first price": "Krug (Moos)"}.get(how, "Krug (Ton)")
    adder = open_database(database_url, threads=1, patient=True)
    added: list[bool] = []

    def add() -> None:
        added.append(
            adder.write(lambda c: item_store.add_item(c, ItemInput(name, 2), actor="t"), one_statement=True)[1]
        )

    thread = threading.Thread(target=add)
    with holding_the_commit(jug) as (slow, reader):
        if how == "new product":
            assert save_products(slow, [factories.goods("Vase", on_hand=1)], actor="t")[0].what == "new"
        elif how == "archived":
            slow.write(lambda c: item_store.archive_item(c, id_of(jug, "KRUG-TON"), IfMatch(None), actor="t"))
        elif how == "other category":
            record = factories.in_colours("Krug", {"Ton": (1000, 5)}, categories=["geschirr"])
            save_products(slow, [record], actor="t", set_stock=True)
        else:
            sku, price = ("KRUG-MOOS", 900) if how == "first price" else ("KRUG-TON", None)
            slow.write(lambda c: set_variant(c, sku, VariantChange(price=price), actor="t"))
        thread.start()
        wait_until(lambda: waiting_for_a_lock(reader), 10, "the addition to wait for the product")
    thread.join(20)
    adder.close()
    assert added == [how == "archived"], "An archived item's name is free: the units are a new item's."
    # The audit that follows compares what is shown with what can be had.


class _InOneTransaction(Database):
    """Stands in for a database whose every change is part of one transaction."""

    def __init__(self, c: Connection) -> None:
        self._c = c

    def write(self, change: Callable[[Connection], T], *, one_statement: bool = False) -> T:
        return change(self._c)


@contextmanager
def holding_the_commit(db: Database) -> Iterator[tuple[Database, Reader]]:
    """What is written by the first is committed when the block ends; the second reads meanwhile."""
    with db.writing() as c, db.reading() as reader:
        yield _InOneTransaction(c), reader


@pytest.mark.processes
def test_a_crowd_of_callers_and_a_shopkeeper_leave_a_catalog_that_agrees(
    jug: Database, database_url: str, environment: dict[str, str], api_processes: ApiProcesses
) -> None:
    servers = [one.url for one in api_processes(2, SHOP_ITEMS_ACCESS="open")]
    tally, stop = Tally(), threading.Event()
    with jug.writing() as c:
        key = factories.api_key(c, factories.staff(c, role="owner"), "stock:write")
    keeper_db = open_database(database_url, threads=1, patient=True)
    published = 0

    def publish() -> None:
        nonlocal published
        dice, answered = random.Random(7), 0
        while not stop.is_set():
            # On SQLite one that always writes leaves no room for others.
            wait_until(lambda: stop.is_set() or tally.statuses.total() > answered, 60, "an answer")  # noqa: B023
            answered = tally.statuses.total()
            shopkeeper(keeper_db, dice, 1)
            importer(keeper_db, dice, 1)
            published += 2

    async def sell(client: httpx.AsyncClient, number: int) -> None:
        dice = random.Random(number)
        for _ in range(8):
            which = dice.randrange(3)
            if dice.random() < 0.5:
                body: dict[str, object] = {"name": NAMES[which], "quantity": dice.randrange(3)}
                await until_answered(client, tally, "POST", "/items", json=body)
            else:
                body = {"sku": SKUS[which], "delta": dice.choice([-2, -1, 1, 2]), "reason": "correct"}
                headers = {"Authorization": f"Bearer {key}"}
                await until_answered(client, tally, "POST", "/v1/admin/stock/movements", json=body, headers=headers)

    keeper = threading.Thread(target=publish)
    keeper.start()
    try:
        crowd(16, sell, base_urls=servers)
    finally:
        stop.set()
        keeper.join(60)
        keeper_db.close()
    assert tally.statuses.keys() <= {200, 201, 409}
    assert published > 4, "Nobody published meanwhile, so the test saw no race."
    jug.write(lambda c: set_variant(c, "KRUG-TON", VariantChange(price=1000, state="active"), actor="t"))
    with jug.reading() as reader:
        assert reader.execute(select(func.count()).select_from(listing)).scalar_one() == 1
