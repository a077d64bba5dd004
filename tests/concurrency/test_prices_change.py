"""Prices that change while people buy: nobody pays another sum than the one that they agreed to."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import select

from shopapi.orders.tables import order_line, sales_order
from tests import factories
from tests.concurrency import carts
from tests.concurrency.buyers import new_key, order, wish
from tests.concurrency.carts import Filled
from tests.concurrency.crowd import crowd
from tests.concurrency.history import History, assert_every_answer_is_true
from tests.concurrency.standing import Shop
from tests.proving.proof import Proof, load

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]

PRICES = (1490, 990, 1000)


@contextmanager
def changing(
    shop: Shop, sku: str, history: History, changes: list[int], *, begin: threading.Event, every: int
) -> Iterator[None]:
    """Somebody of the staff gives the sku another price at ``begin``, and each time after so many tries to order."""
    record = next(record for record in carts.RECORDS if record.variants[0].sku == sku)
    over = threading.Event()

    def change() -> None:
        next_at = 0
        for price in cycle(PRICES):
            while not begin.is_set() or len(history.tries) < next_at:
                if over.wait(0.005):
                    return
            factories.save(shop.database, replace(record, variants=[replace(record.variants[0], price=price)]))
            changes.append(price)
            next_at = len(history.tries) + every

    with ThreadPoolExecutor(1) as staff:
        changed = staff.submit(change)
        try:
            yield
        finally:
            over.set()
        changed.result()


def buy_at_moving_prices(shop: Shop, *, buyers: int, each: int) -> tuple[History, int]:
    """Everybody orders at the total that they saw last; raises where one is charged another. The changes, too."""
    sku = carts.goods(shop.database, buyers * each, price=PRICES[-1])
    filled = carts.fill(shop.database, buyers * each, lambda _: [(sku, 1)])
    history, agreed = History(), dict[str, int]()
    changes: list[int] = []
    all_have_read, begin = asyncio.Barrier(buyers), threading.Event()

    async def buy(client: httpx.AsyncClient, buyer: int) -> None:
        own = filled[buyer * each : (buyer + 1) * each]
        for cart in own:
            seen = (await client.get(cart.path)).json()["total"]["amount"]
            if cart is own[0]:  # Everybody meets the first change between reading and ordering.
                await all_have_read.wait()
                begin.set()
                while not changes:
                    await asyncio.sleep(0.005)
            await asyncio.sleep(0.02)  # The buyer reads.
            await _buy(client, history, buyer, cart, agreed, seen)

    with changing(shop, sku, history, changes, begin=begin, every=buyers):
        crowd(buyers, buy, base_urls=shop.urls)
    assert_every_answer_is_true(shop.database, history)
    for one in history.of("ok"):
        told = one.told["total"]["amount"]
        assert told == agreed[one.cart], f"Agreed to {agreed[one.cart]}, charged {told}."
    assert not history.of("unknown")
    assert history.refusals().keys() <= {"price_changed", "overloaded"}, history.refusals()
    _assert_one_price_each(shop, sku)
    return history, len(changes)


async def _buy(
    client: httpx.AsyncClient, history: History, buyer: int, cart: Filled, agreed: dict[str, int], seen: int
) -> None:
    for _ in range(200):
        agreed[cart.token] = seen
        told = await order(client, history, buyer, cart, new_key(), body=wish(cart, total=seen))
        if told.outcome == "ok":
            return
        if told.code == "price_changed":
            seen = told.told["total"]["amount"]
    raise AssertionError("The price changed two hundred times in a row.")


def _assert_one_price_each(shop: Shop, sku: str) -> None:
    with shop.database.reading() as c:
        rows = c.execute(
            select(sales_order.c.number, sales_order.c.subtotal, order_line.c.unit_price)
            .join_from(order_line, sales_order, sales_order.c.id == order_line.c.order_id)
            .where(order_line.c.sku == sku)
        ).all()
    wrong = [row for row in rows if row.unit_price not in PRICES or row.subtotal != row.unit_price]
    assert not wrong, f"Orders with a mixture of prices: {wrong[:3]}"


def test_nobody_is_charged_another_total_than_the_one_they_agreed_to(
    request: pytest.FixtureRequest, shop: Shop
) -> None:
    buyers, each = load(16, 64), load(2, 20)
    promise = "prices change during checkout: nobody pays what they did not agree to"
    proof = Proof(request, "T42", promise, f"{buyers} buyers x {each} orders")
    history, changes = buy_at_moving_prices(shop, buyers=buyers, each=each)
    proof.sometimes("price changes", changes)
    proof.sometimes("told of a new price", history.refusals()["price_changed"])
