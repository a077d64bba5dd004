"""Many buyers and few units: exactly as much is sold as there is."""

import asyncio
import random

import msgspec
import pytest
from sqlalchemy import func, select, text

from shopapi.db.engine import Database
from shopapi.orders.tables import order_line, sales_order
from tests.concurrency import carts
from tests.concurrency.buyers import all_at_once, new_key, wish
from tests.concurrency.carts import Filled
from tests.concurrency.history import History, assert_every_answer_is_true
from tests.concurrency.single_packet import Held, release
from tests.concurrency.standing import Shop
from tests.proving.proof import Proof, is_full, load

ANSWER_MS = 1000
"""On PostgreSQL 99 of 100 have their answer within it, also where buyers and shop share two processors."""

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]


def sold(database: Database, sku: str) -> int:
    """Units in orders that are not cancelled."""
    with database.reading() as c:
        units = c.execute(
            select(func.coalesce(func.sum(order_line.c.quantity), 0))
            .join_from(order_line, sales_order, sales_order.c.id == order_line.c.order_id)
            .where(order_line.c.sku == sku, sales_order.c.state != "cancelled")
        ).scalar_one()
    return int(units)


def sell_all_of(shop: Shop, *, units: int, buyers: int, tries: int) -> History:
    """More want the goods than there are: raises where another number is sold, or a buyer is told wrong."""
    sku = carts.goods(shop.database, units)
    dice = random.Random(units * buyers)
    wanted = [[dice.randint(1, 3) for _ in range(tries)] for _ in range(buyers)]
    assert sum(map(sum, wanted)) > units, "Nobody is left without."
    filled = carts.fill(shop.database, buyers * tries, lambda n: [(sku, wanted[n // tries][n % tries])])
    history = all_at_once(shop, [filled[n * tries : (n + 1) * tries] for n in range(buyers)])

    # Who wants two or three is refused where one or two are left: those are sold last.
    left = units - sold(shop.database, sku)
    assert left < 3, f"{left} units are left, and buyers were refused."
    if left > 0:
        history.tries += all_at_once(shop, [carts.fill(shop.database, 1, lambda _: [(sku, left)])]).tries
    assert sold(shop.database, sku) == units, f"{sold(shop.database, sku)} of {units} units were sold."
    assert carts.reserved(shop.database, sku) == units
    told = sum(line["quantity"] for one in history.of("ok") for line in one.told["lines"])
    assert told == units, f"Buyers were told of {told} units."
    assert not history.of("unknown"), history.of("unknown")[:3]
    wrong = {one.code for one in history.of("fail")} - {"insufficient_stock", "overloaded"}
    assert not wrong, history.refusals()
    assert history.refusals()["insufficient_stock"], f"Nobody was told that it is sold out: {history.refusals()}"
    assert_every_answer_is_true(shop.database, history)
    return history


def test_sixty_four_buyers_of_the_last_hundred_units_get_exactly_a_hundred(
    request: pytest.FixtureRequest, shop: Shop
) -> None:
    times, tries = load(1, 20), load(2, 6)
    proof = Proof(request, "T01", "the last 100 units: exactly 100 sold", f"{times} x 64 buyers x {tries} tries")
    history = History()
    for _ in range(times):
        history.tries += sell_all_of(shop, units=100, buyers=64, tries=tries).tries
    proof.sometimes("refused for want of stock", history.refusals()["insufficient_stock"])
    slowest_ms = history.slowest_ms()
    proof.count("99 of 100 within, ms", slowest_ms)
    if is_full() and shop.database.dialect == "postgresql":
        assert slowest_ms < ANSWER_MS, f"One answer in a hundred took {slowest_ms} ms or more."


def sell_the_last_one(shop: Shop, *, buyers: int) -> int:
    """All are ready but for the last byte of their request; raises unless exactly one gets it. How many did not."""
    sku = carts.goods(shop.database, 1)
    filled = carts.fill(shop.database, buyers, lambda _: [(sku, 1)])
    held = [
        Held(shop.urls[n % len(shop.urls)], f"{cart.path}/checkout", {"Idempotency-Key": new_key()}, wish(cart))
        for n, cart in enumerate(filled)
    ]
    answers = asyncio.run(release(held))
    statuses = [status for status, _ in answers]
    assert statuses.count(201) == 1, f"{statuses.count(201)} bought the last unit: {sorted(set(statuses))}"
    assert set(statuses) <= {201, 409, 503}, sorted(set(statuses))
    winner = next(msgspec.json.decode(body) for status, body in answers if status == 201)
    assert sold(shop.database, sku) == 1
    with shop.database.reading() as c:
        number = c.execute(
            select(sales_order.c.number).join_from(order_line, sales_order).where(order_line.c.sku == sku)
        ).scalar_one()
    assert number == winner["number"]
    return statuses.count(409)


def test_the_last_unit_goes_to_exactly_one_of_all_who_reach_for_it_at_the_same_moment(
    request: pytest.FixtureRequest, shop: Shop
) -> None:
    times, buyers = load(2, 50), load(40, 200)
    proof = Proof(request, "T02", "the last unit: exactly one buyer", f"{times} x {buyers} buyers, last byte held back")
    for _ in range(times):
        proof.sometimes("refused for want of stock", sell_the_last_one(shop, buyers=buyers))


def deadlocks(database: Database) -> int:
    if database.dialect == "sqlite":
        return 0
    with database.reading() as c:
        c.execute(text("SELECT pg_stat_clear_snapshot()"))
        counted = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(c.execute(counted).scalar_one())


def test_carts_with_the_same_skus_in_any_order_never_lock_each_other_out(
    request: pytest.FixtureRequest, shop: Shop
) -> None:
    each = load(2, 60)
    proof = Proof(
        request, "T03", "carts of the same skus in any order: no deadlock", f"32 buyers x {each} carts of 4 of 8 skus"
    )
    skus = [carts.goods(shop.database, 10 * each) for _ in range(8)]
    dice = random.Random(8)
    wanted = [[(sku, dice.randint(1, 3)) for sku in dice.sample(skus, 4)] for _ in range(32 * each)]
    filled = carts.fill(shop.database, len(wanted), lambda n: wanted[n])
    before = deadlocks(shop.database)
    history = all_at_once(shop, [filled[n * each : (n + 1) * each] for n in range(32)])

    assert deadlocks(shop.database) == before
    assert not history.of("unknown"), history.of("unknown")[:3]
    assert {one.status for one in history.tries} <= {201, 409, 503}, history.refusals()
    assert_every_answer_is_true(shop.database, history)
    for sku in skus:
        assert carts.reserved(shop.database, sku) == sold(shop.database, sku)
    proof.sometimes("orders of shared skus", len(history.of("ok")))
    proof.sometimes("refused whole for one line", _refused_whole(history, filled, wanted))


def _refused_whole(history: History, filled: list[Filled], wanted: list[list[tuple[str, int]]]) -> int:
    """Refusals where another line of the cart was there."""
    lines = {cart.token: dict(one) for cart, one in zip(filled, wanted, strict=True)}
    refused = [one for one in history.of("fail") if one.code == "insufficient_stock"]
    return sum(len(one.told["left"]) < len(lines[one.cart]) for one in refused)
