"""Stock against a plain model: whatever is done to it in whatever order, the store says what a dictionary would."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, text

from shopapi.catalog.tables import product_slug
from shopapi.contract.items import ItemInput
from shopapi.contract.stock import LevelQuery, MovementInput
from shopapi.db.audit import audit
from shopapi.db.engine import Database
from shopapi.http.etag import IfMatch, etag
from shopapi.http.problems import NotFound, ShopError, Stale
from shopapi.inventory import item_store, level_store
from shopapi.inventory.rules import (
    InsufficientStock,
    NameTaken,
    QuantityTooLarge,
    ReservedStock,
    UnknownSku,
)
from tests import factories

MILLION = 1_000_000
NAMES = st.sampled_from(["Mug", "mug", "Becher, groß", "Mug 2", "'; --"])
QUANTITIES = st.sampled_from([0, 1, 2, 5, 999_999, MILLION])
DELTAS = st.sampled_from([-MILLION, -5, -1, 1, 3, MILLION])
WHICH = st.integers(0, 6)


class Stock(RuleBasedStateMachine):
    """``model``: item id to name, units on hand and units reserved of every living item."""

    database: Database

    @initialize()
    def begin(self) -> None:
        self.model: dict[int, tuple[str, int, int]] = {}
        self.orders: list[tuple[int, int, int]] = []
        self.seen: set[int] = set()
        with self.database.writing() as c:
            # Each run begins in an empty shop; nothing that people can call empties one.
            for order in c.execute(text("SELECT order_id FROM reservation WHERE state = 'held'")).scalars().all():
                factories.release(c, order)
            for item in item_store.list_items(c):
                item_store.archive_item(c, item.id, IfMatch(None), actor="shopctl")

    def item(self, which: int) -> int:
        """Some living item, or an id that none has."""
        ids = sorted(self.model)
        return ids[which] if which < len(ids) else 2**40 + which

    def attempt(self, change: Callable[[Any], Any], refusal: type[ShopError] | None) -> Any:
        """Make a change that must succeed, or be refused as the model says."""
        if refusal is None:
            return self.database.write(change)
        with pytest.raises(refusal):
            self.database.write(change)
        return None

    @rule(name=NAMES, quantity=QUANTITIES)
    def add(self, name: str, quantity: int) -> None:
        known = next((item_id for item_id, held in self.model.items() if held[0] == name), None)
        on_hand, reserved = self.model[known][1:] if known else (0, 0)
        refusal = QuantityTooLarge if on_hand + quantity > MILLION else None
        done = self.attempt(lambda c: item_store.add_item(c, ItemInput(name, quantity), actor="shopctl"), refusal)
        if done is not None:
            stored, made = done
            assert made == (known is None)
            assert known is None or stored.item.id == known
            assert known is not None or stored.item.id not in self.seen
            self.seen.add(stored.item.id)
            assert (stored.item.name, stored.item.quantity) == (name, on_hand + quantity)
            self.model[stored.item.id] = (name, on_hand + quantity, reserved)

    @rule(which=WHICH, name=NAMES, quantity=QUANTITIES, stale=st.booleans())
    def put(self, which: int, name: str, quantity: int, stale: bool) -> None:
        item_id = self.item(which)
        refusal: type[ShopError] | None = None
        tag = '"v0"' if stale else "*"
        if item_id not in self.model:
            refusal = NotFound
        elif stale:
            refusal = Stale
        elif quantity < self.model[item_id][2]:
            refusal = ReservedStock
        elif any(held[0] == name and other != item_id for other, held in self.model.items()):
            refusal = NameTaken
        wanted, if_match = ItemInput(name, quantity), IfMatch(tag)
        self.attempt(lambda c: item_store.set_item(c, item_id, wanted, if_match, actor="shopctl"), refusal)
        if refusal is None:
            self.model[item_id] = (name, quantity, self.model[item_id][2])

    @rule(which=WHICH)
    def archive(self, which: int) -> None:
        item_id = self.item(which)
        known = self.model.get(item_id)
        refusal = NotFound if known is None else ReservedStock if known[2] else None
        with self.database.reading() as c:
            current = etag(item_store.get_item(c, item_id).version) if known else "*"
        self.attempt(lambda c: item_store.archive_item(c, item_id, IfMatch(current), actor="shopctl"), refusal)
        if refusal is None:
            del self.model[item_id]

    @rule(which=WHICH, quantity=st.sampled_from([1, 2, 5]))
    def reserve(self, which: int, quantity: int) -> None:
        item_id = self.item(which)
        name, on_hand, reserved = self.model.get(item_id, ("", 0, 0))
        if on_hand - reserved >= quantity:
            order = self.database.write(lambda c: factories.reserve(c, item_id, quantity))
            self.orders.append((order, item_id, quantity))
            self.model[item_id] = (name, on_hand, reserved + quantity)

    @rule(which=WHICH)
    def release(self, which: int) -> None:
        if self.orders:
            order, item_id, quantity = self.orders.pop(which % len(self.orders))
            self.database.write(lambda c: factories.release(c, order))
            name, on_hand, reserved = self.model[item_id]
            self.model[item_id] = (name, on_hand, reserved - quantity)

    @rule(which=WHICH, delta=DELTAS)
    def move(self, which: int, delta: int) -> None:
        item_id = self.item(which)
        refusal: type[ShopError] | None = None
        name, on_hand, reserved = self.model.get(item_id, ("", 0, 0))
        if item_id not in self.model:
            refusal = UnknownSku
        elif on_hand + delta < 0:
            refusal = InsufficientStock
        elif on_hand + delta < reserved:
            refusal = ReservedStock
        elif on_hand + delta > MILLION:
            refusal = QuantityTooLarge
        wanted = MovementInput(sku=f"ITEM-{item_id}", delta=delta, reason="correct")
        done = self.attempt(lambda c: level_store.record_movement(c, wanted, actor="shopctl"), refusal)
        if done is not None:
            assert (done.level.on_hand, done.level.reserved) == (on_hand + delta, reserved)
            self.model[item_id] = (name, on_hand + delta, reserved)

    @invariant()
    def the_store_says_what_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        with self.database.reading() as c:
            items = [(item.id, item.name, item.quantity) for item in item_store.list_items(c)]
            levels, _ = level_store.list_levels(c, LevelQuery(limit=100), before=None)
            slugs = c.execute(select(product_slug.c.slug)).scalars().all()
        assert items == [(item_id, held[0], held[1]) for item_id, held in sorted(self.model.items())]
        assert {level.item_id: (level.name, level.on_hand, level.reserved) for level in levels} == self.model
        assert len(slugs) == len(set(slugs))

    def teardown(self) -> None:
        with self.database.reading() as c:
            found = [check.findings for check in audit(c) if check.findings]
        assert found == []


def test_stock_does_what_a_dictionary_would(database: Database) -> None:
    machine = type("StockOfThisDatabase", (Stock,), {"database": database})
    examples = 40 if database.dialect == "sqlite" else 20
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=30))
