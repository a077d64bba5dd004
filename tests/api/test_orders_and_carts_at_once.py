"""What happens to a cart or an order at the very moment at which somebody else changes the same rows."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import event, text

from shopapi.carts.store import add_line
from shopapi.checkout.expire_order import expire_order
from shopapi.contract.carts import LineInput
from shopapi.db.engine import Database
from shopapi.orders import releasing
from shopapi.payments.record_charge import record_charge
from tests import factories
from tests.api.bank import Bank
from tests.api.problems import problem
from tests.api.selling import KRUG, TELLER, Counter, done, kinds
from tests.waiting import wait_until

# SQLite has one writer: there two changes never meet half-way.
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def waits(database: Database) -> bool:
    """Whether some transaction waits for another one's lock."""
    with database.reading() as c:
        locks = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted"
        return bool(c.execute(text(f"{locks} AND a.datname = current_database()")).scalar_one())


def set_state(database: Database, token: str, state: str) -> None:
    with database.writing() as c:
        c.execute(text("UPDATE cart SET state = :state WHERE token = :token"), {"state": state, "token": token})


@on_postgresql
def test_a_line_for_a_cart_that_is_being_ordered_is_refused_and_not_added(counter: Counter) -> None:
    cart = counter.cart()
    answers: list[httpx.Response] = []

    def add() -> None:
        path = f"/v1/carts/{cart['token']}/lines"
        answers.append(counter.api.post(path, json={"sku": TELLER, "quantity": 1}))

    adding = threading.Thread(target=add)
    with counter.database.writing() as c:
        ordered = "UPDATE cart SET state = 'ordered', version = version + 1 WHERE token = :token"
        c.execute(text(ordered), {"token": cart["token"]})
        adding.start()
        wait_until(lambda: waits(counter.database), 10, "the second change")
    adding.join(10)
    problem(answers[0], 409, "cart_already_ordered")
    set_state(counter.database, cart["token"], "open")
    assert [line["sku"] for line in counter.read_cart(cart["token"])["lines"]] == [KRUG]


@on_postgresql
def test_a_line_for_a_cart_that_opens_again_meanwhile_is_added_once(counter: Counter) -> None:
    cart, database = counter.cart(), counter.database
    set_state(database, cart["token"], "ordered")
    opened: list[str] = []

    def open_again(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "FOR UPDATE" not in statement and "FROM cart k" in statement and not opened:
            opened.append(statement)
            set_state(database, cart["token"], "open")

    event.listen(database._reader, "before_cursor_execute", open_again)
    database.write(lambda c: add_line(c, cart["token"], LineInput(TELLER, 1)), one_statement=True)
    assert opened
    quantities = {line["sku"]: line["quantity"] for line in counter.read_cart(cart["token"])["lines"]}
    assert quantities == {KRUG: 2, TELLER: 1}


def meanwhile(monkeypatch: pytest.MonkeyPatch, database: Database, other: Callable[[], object]) -> threading.Thread:
    """``other`` happens while an order's reserved units change, until it is done or waits for the change at hand."""
    happening = threading.Thread(target=other)
    known = releasing._set_reserved

    def changed(*asked: Any) -> None:
        known(*asked)
        happening.start()
        wait_until(lambda: not happening.is_alive() or waits(database), 10, "the other order")

    monkeypatch.setattr(releasing, "_set_reserved", changed)
    return happening


@on_postgresql
def test_a_cancellation_and_an_order_of_the_same_product_and_code_do_not_wait_in_a_ring(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cups = factories.in_colours("Tasse", {"Rot": (1000, 4), "Blau": (1000, 4)})
    factories.save(counter.database, cups)
    counter.database.write(lambda c: factories.promotion(c, "HERBST10"))
    red: dict[str, Any] = {"TASSE-ROT": 1}
    blue: dict[str, Any] = {"TASSE-BLAU": 1}
    order = done(counter.check_out(counter.cart(code="HERBST10", **red)), 201)
    cart = counter.cart(code="HERBST10", email="ben@kunde.example", **blue)
    answers: list[httpx.Response] = []
    ordering = meanwhile(monkeypatch, counter.database, lambda: answers.append(counter.check_out(cart)))
    done(counter.cancel(order))
    ordering.join(10)
    done(answers[0], 201)
    assert "in a ring" not in caplog.text
    assert (counter.stock("TASSE-ROT"), counter.stock("TASSE-BLAU")) == ((4, 0), (4, 1))


@on_postgresql
def test_money_that_comes_while_its_order_is_given_up_finds_it_given_up(counter: Counter, bank: Bank) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    key = bank.pay()
    counter.let_time_pass()
    came_to: list[str] = []

    def pay() -> None:
        came_to.append(counter.database.write(lambda c: record_charge(c, order["number"], bank.charges[key])))

    paying = threading.Thread(target=pay)
    with counter.database.writing() as c:
        assert expire_order(c, order["number"])
        paying.start()
        wait_until(lambda: waits(counter.database), 10, "the money")
    paying.join(10)
    assert came_to == ["confirmed"]
    assert kinds(counter.read(order)) == ["placed", "cancelled", "revived", "paid"]
    assert counter.stock() == (10, 2)


def shown(counter: Counter, slug: str) -> int:
    """The units that shoppers see of a product."""
    units = "SELECT units FROM availability a JOIN product p ON p.id = a.product_id WHERE p.slug = :slug"
    with counter.database.reading() as c:
        return int(c.execute(text(units), {"slug": slug}).scalar_one())


def test_what_an_order_with_a_code_gives_back_is_shown_again_at_once(counter: Counter) -> None:
    counter.database.write(lambda c: factories.promotion(c, "HERBST10"))
    order = done(counter.check_out(counter.cart(code="HERBST10", TELLER=3)), 201)
    assert shown(counter, "teller") == 0
    done(counter.cancel(order))
    assert (shown(counter, "teller"), counter.stock(TELLER)) == (3, (3, 0))
    assert kinds(counter.read(order)) == ["placed", "cancelled"]
