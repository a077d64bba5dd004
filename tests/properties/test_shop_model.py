"""The whole sale against a plain model: carts, orders, money and stock come to what paper and pencil say."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace
from sqlalchemy import select, text

from shopapi.app import create_app
from shopapi.checkout.expire_order import expire_orders
from shopapi.db.audit import audit
from shopapi.db.engine import Database
from shopapi.orders.tables import sales_order
from shopapi.payments.providers.interface import ChargeAnswer, PaymentProvider
from shopapi.payments.providers.manual import manual
from shopapi.payments.reconcile import reconcile
from shopapi.payments.tables import payment, payment_attempt
from shopapi.settings import ApiSettings
from tests import factories
from tests.api.bank import Bank, charge_event, tell
from tests.api.selling import Counter, stock_the_shop
from tests.app_client import client_of
from tests.conftest import AsRole
from tests.proving.proof import Proof, load

UNITS = 6
ORDERED = ("succeeded", "manual", "open", "lost", "declined")
WHICH = st.integers(0, 9)
FEW = st.integers(1, 3)


@dataclass
class Bought:
    """An order in the model."""

    said: dict[str, Any]
    key: str
    cart: str
    units: dict[str, int]
    provider: str
    state: str
    paid: str
    attempt: str
    captured: int = 0
    refunded: int = 0
    pending: int = 0
    unwanted: bool = False
    """Somebody cancelled it, and not the shop for want of money: it stays so."""

    @property
    def total(self) -> int:
        return int(self.said["total"]["amount"])


@dataclass
class Shelf:
    """Units of a sku in the model."""

    on_hand: int
    reserved: int = 0

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved


@dataclass
class Model:
    carts: dict[str, dict[str, int]] = field(default_factory=dict)
    ordered: set[str] = field(default_factory=set)
    orders: list[Bought] = field(default_factory=list)
    shelves: dict[str, Shelf] = field(default_factory=dict)

    def hold(self, units: dict[str, int], sign: int = 1) -> None:
        for sku, number in units.items():
            self.shelves[sku].reserved += sign * number

    def fits(self, units: dict[str, int]) -> bool:
        return all(self.shelves[sku].free >= number for sku, number in units.items())

    def can_come_back(self, one: Bought) -> bool:
        """Whether an order that was given up is taken up again when its money comes."""
        return not one.unwanted and one.cart not in self.ordered and self.fits(one.units)

    def cancel(self, one: Bought, paid: str) -> None:
        """An order is given up: its goods are free, its cart can be ordered again."""
        if one.state in ("placed", "confirmed"):
            self.hold(one.units, -1)
            self.ordered.discard(one.cart)
        one.state, one.paid = "cancelled", paid

    def money_came(self, one: Bought) -> None:
        """The whole sum is there, however late."""
        if one.attempt == "succeeded":
            return
        one.attempt, one.paid, one.captured = "succeeded", "captured", one.total
        if one.state == "placed":
            one.state = "confirmed"
        elif self.can_come_back(one):
            self.hold(one.units)
            self.ordered.add(one.cart)
            one.state = "confirmed"
        else:
            one.pending = one.total  # It goes back, once the worker comes by.

    def went_back(self, one: Bought, amount: int) -> None:
        one.refunded += amount
        one.paid = "refunded" if one.refunded == one.captured else "partly_refunded"


class Sale(RuleBasedStateMachine):
    """Each rule does the same to the shop and to the model, which says what the shop must answer."""

    counter: Counter
    bank: Bank
    done: dict[str, int]

    @initialize()
    def begin(self) -> None:
        self.model = Model()
        self.records = [factories.goods(price=price, on_hand=UNITS) for price in (1850, 990)]
        factories.save(self.counter.database, *self.records)
        self.skus = [str(record.variants[0].sku) for record in self.records]
        self.model.shelves = {sku: Shelf(UNITS) for sku in self.skus}
        for first, second in ((1, 0), (2, 1), (1, 2)):
            self.put_into_a_cart(first, second)

    # --- carts

    @rule(first=FEW, second=st.integers(0, 2))
    def new_cart(self, first: int, second: int) -> None:
        self.put_into_a_cart(first, second)

    def put_into_a_cart(self, first: int, second: int) -> None:
        wanted = {sku: number for sku, number in zip(self.skus, (first, second), strict=True) if number}
        if self.model.fits(wanted):
            token = self.counter.cart(**wanted)["token"]  # type: ignore[arg-type]
            self.model.carts[token] = wanted

    def cart(self, which: int) -> str | None:
        tokens = list(self.model.carts)
        return tokens[which % len(tokens)] if tokens else None

    @rule(which=WHICH, sku=st.integers(0, 1), number=FEW)
    def add(self, which: int, sku: int, number: int) -> None:
        if (token := self.cart(which)) is None:
            return
        lines, name = self.model.carts[token], self.skus[sku]
        answer = self.counter.api.post(f"/v1/carts/{token}/lines", json={"sku": name, "quantity": number})
        wanted = lines.get(name, 0) + number
        good = token not in self.model.ordered and wanted <= self.model.shelves[name].free
        assert answer.status_code == (200 if good else 409), answer.text
        if good:
            lines[name] = wanted

    @rule(which=WHICH, sku=st.integers(0, 1), number=st.integers(0, 3))
    def change(self, which: int, sku: int, number: int) -> None:
        if (token := self.cart(which)) is None or self.skus[sku] not in self.model.carts[token]:
            return
        lines, name = self.model.carts[token], self.skus[sku]
        answer = self.counter.api.patch(f"/v1/carts/{token}/lines/{name}", json={"quantity": number})
        good = token not in self.model.ordered and number <= self.model.shelves[name].free
        assert answer.status_code == (200 if good else 409), answer.text
        if good and number:
            lines[name] = number
        elif good:
            del lines[name]

    # --- ordering

    @rule(which=WHICH, how=st.sampled_from(["succeeded", *ORDERED]))
    def check_out(self, which: int, how: str) -> None:
        if (token := self.cart(which)) is None:
            return
        lines, provider = self.model.carts[token], "manual" if how == "manual" else "sandbox"
        self.bank.says = how
        answer = self.counter.check_out(self.counter.read_cart(token), provider)
        self._count(how)
        if token in self.model.ordered:
            assert (answer.status_code, answer.json()["code"]) == (409, "cart_already_ordered"), answer.text
        elif not lines:
            assert answer.status_code == 422, answer.text
        elif not self.model.fits(lines):
            assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_stock"), answer.text
        elif how == "declined":
            assert answer.status_code == 402, answer.text
        else:
            assert answer.status_code == 201, answer.text
            self._ordered(answer.json(), token, provider, how)

    def _ordered(self, said: dict[str, Any], token: str, provider: str, how: str) -> None:
        with self.counter.database.reading() as c:
            key = c.execute(
                select(payment_attempt.c.provider_key)
                .join_from(payment_attempt, payment, payment.c.id == payment_attempt.c.payment_id)
                .join(sales_order, sales_order.c.id == payment.c.order_id)
                .where(sales_order.c.number == said["number"])
            ).scalar_one()
        paid = {"succeeded": "captured", "lost": "unknown"}.get(how, "pending")
        state = "confirmed" if how == "succeeded" else "placed"
        attempt = {"succeeded": "succeeded", "lost": "unknown"}.get(how, "intended")
        one = Bought(said, key, token, dict(self.model.carts[token]), provider, state, paid, attempt)
        one.captured = one.total if how == "succeeded" else 0
        self.model.hold(one.units)
        self.model.ordered.add(token)
        self.model.orders.append(one)

    def order(self, which: int) -> Bought:
        return self.model.orders[which % len(self.model.orders)]

    # --- money

    @precondition(lambda self: self.model.orders)
    @rule(which=WHICH)
    def transfer(self, which: int) -> None:
        one = self.order(which)
        payment_id = self.counter.payment(one.said)["id"]
        answer = self.counter.staff("POST", f"payments/{payment_id}/capture", {})
        waits = one.state == "placed" or self.model.can_come_back(one)
        good = one.provider == "manual" and not one.captured and waits
        assert answer.status_code == (200 if good else 409), answer.text
        if good:
            self._count("revived" if one.state == "cancelled" else "transferred")
            self.model.money_came(one)

    @precondition(lambda self: self._with_page())
    @rule(which=WHICH, state=st.sampled_from(["succeeded", "succeeded", "failed", "open"]))
    def webhook(self, which: int, state: str) -> None:
        one = self._with_page()[which % len(self._with_page())]
        if state == "succeeded":
            self._paid_on_the_page(one)
        assert tell(self.counter.api, charge_event(one.key, state, one.total)).status_code == 200
        self._count(f"webhook {state}")
        if state == "succeeded":
            self.model.money_came(one)
        elif state == "failed" and one.attempt in ("intended", "unknown"):
            one.attempt = "failed"
            self.model.cancel(one, "failed")

    @precondition(lambda self: self._with_page())
    @rule(which=WHICH)
    def webhook_lost(self, which: int) -> None:
        one = self._with_page()[which % len(self._with_page())]
        if one.attempt == "intended":
            self._paid_on_the_page(one)
            self._count("webhook lost")

    def _with_page(self) -> list[Bought]:
        """Orders whose customer was sent to the provider's page."""
        return [one for one in self.model.orders if one.key in self.bank.charges]

    def _paid_on_the_page(self, one: Bought) -> None:
        self.bank.charges[one.key] = ChargeAnswer("succeeded", f"ch-{one.key[:8]}", one.total, "EUR")

    @rule()
    def time_passes(self) -> None:
        """Nobody waits any longer, and the worker asks about everything that is in doubt."""
        self.counter.let_time_pass()
        expire_orders(self.counter.database)
        providers: dict[str, PaymentProvider] = {"manual": manual(_no_settings()), "sandbox": self.bank}
        asyncio.run(reconcile(self.counter.database, providers))
        for one in self.model.orders:
            if one.attempt in ("intended", "unknown"):
                if one.key in self.bank.charges and self.bank.charges[one.key].state == "succeeded":
                    self.model.money_came(one)
                else:
                    one.attempt = "failed"
                    self.model.cancel(one, "cancelled")
                    self._count("expired")
        for one in self.model.orders:
            if one.pending:
                self._count("late money refunded")
                self.model.went_back(one, one.pending)
                one.pending = 0

    @precondition(lambda self: self.model.orders)
    @rule(which=WHICH, amount=st.sampled_from([None, 1, 500, 10**6]))
    def refund(self, which: int, amount: int | None) -> None:
        one = self.order(which)
        left = one.captured - one.refunded - one.pending
        answer = self.counter.refund(one.said, amount)
        wanted = left if amount is None else amount
        good = 0 < wanted <= left
        assert answer.status_code == (201 if good else 422 if one.captured else 409), answer.text
        if good:
            self._count("refunded")
            self.model.went_back(one, wanted)

    # --- goods

    @precondition(lambda self: self.model.orders)
    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        one = self.order(which)
        answer = self.counter.staff("POST", f"orders/{one.said['number']}/cancel", {})
        if one.state not in ("placed", "confirmed"):
            assert answer.status_code == 409, answer.text
            return
        assert answer.status_code == 200, answer.text
        self._count("cancelled")
        one.unwanted = True
        if one.state == "placed" and one.key in self.bank.charges and self.bank.charges[one.key].state == "succeeded":
            self.model.money_came(one)
        if one.attempt == "succeeded":
            self.model.cancel(one, one.paid)
            self.model.went_back(one, one.captured - one.refunded)
        else:
            one.attempt = "failed"
            self.model.cancel(one, "cancelled")

    @precondition(lambda self: self.model.orders)
    @rule(which=WHICH)
    def ship(self, which: int) -> None:
        one = self.order(which)
        answer = self.counter.ship(one.said)
        good = one.state == "confirmed" and one.paid != "refunded"
        assert answer.is_success == good, answer.text
        if good:
            self._count("shipped")
            one.state = "closed"
            for sku, number in one.units.items():
                self.model.shelves[sku].on_hand -= number
                self.model.shelves[sku].reserved -= number

    @rule(sku=st.integers(0, 1), price=st.sampled_from([990, 1850, 1]), more=st.integers(0, 5))
    def restock_and_reprice(self, sku: int, price: int, more: int) -> None:
        shelf = self.model.shelves[self.skus[sku]]
        shelf.on_hand = shelf.reserved + more
        known = self.records[sku].variants[0]
        self.records[sku] = replace(self.records[sku], variants=[replace(known, price=price, on_hand=shelf.on_hand)])
        factories.save(self.counter.database, self.records[sku], set_stock=True)

    # --- what holds after each step

    @invariant()
    def the_books_are_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        for sku, shelf in self.model.shelves.items():
            assert self.counter.stock(sku) == (shelf.on_hand, shelf.reserved), sku
        with self.counter.database.reading() as c:
            rows = {row.number: row for row in c.execute(_STANDS)}
        for one in self.model.orders:
            row = rows[one.said["number"]]
            told = (row.state, row.paid, row.total, row.captured, row.refunded, row.refund_pending)
            assert told == (one.state, one.paid, one.total, one.captured, one.refunded, one.pending), one

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        self.time_passes()
        self.the_books_are_the_model()
        mine = {one.key: one for one in self.model.orders if one.provider == "sandbox"}
        taken = sum(told.amount for key, told in self.bank.charges.items() if key in mine and told.state == "succeeded")
        assert taken == sum(one.captured for one in mine.values()), "The provider took what the books say."
        with self.counter.database.reading() as c:
            found = [check.findings for check in audit(c) if check.findings]
        assert found == []

    def _count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1


_STANDS = text(
    """SELECT o.number, o.state, o.total, p.state AS paid, p.captured, p.refunded, p.refund_pending
    FROM sales_order o JOIN payment p ON p.order_id = o.id"""
)


def _no_settings() -> ApiSettings:
    from shopapi.runtime.settings import read

    return read(ApiSettings, {})


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Bank:
    bank = Bank()
    found = {"manual": manual(_no_settings()), "sandbox": bank}
    monkeypatch.setattr("shopapi.app.find_providers", lambda _: found)
    return bank


@pytest.fixture
def counter(bank: Bank, database: Database, settings: ApiSettings, as_role: AsRole) -> Iterator[Counter]:
    stock_the_shop(database)
    with client_of(create_app(settings)) as api:
        yield Counter(api, as_role("owner"), database)


def test_a_sale_comes_to_what_paper_and_pencil_say(
    request: pytest.FixtureRequest, counter: Counter, bank: Bank
) -> None:
    examples, steps = load(7, 300), load(40, 60)
    proof = Proof(
        request, "T37", "a sale in any order of events is what the model says", f"{examples} runs x {steps} steps"
    )
    done: dict[str, int] = {}
    machine = type("SaleOfThisShop", (Sale,), {"counter": counter, "bank": bank, "done": done})
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=steps))
    for what, times in sorted(done.items()):
        proof.count(what, times)
    # A short run meets some of what can happen, a whole one nearly all of it.
    assert len(done) >= load(6, 14), f"Too little happened: {done}"
    proof.sometimes("orders", sum(times for what, times in done.items() if what in ORDERED))
