"""Prices, taxes, codes and stock that change while people buy: nobody pays another sum than the one they agreed to."""

import asyncio
import time
from collections import Counter
from itertools import cycle
from typing import Final

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import delete, func, insert, select

from shopapi.catalog.tables import tax_rate, variant
from shopapi.contract.stock import MovementInput
from shopapi.db.types import clock
from shopapi.inventory.level_store import record_movement
from shopapi.inventory.tables import stock_level
from shopapi.names import public_id
from shopapi.orders.tables import order_line, sales_order
from shopapi.promotions.store import end_promotion
from shopapi.promotions.tables import code_redemption
from tests import factories
from tests.concurrency import carts
from tests.concurrency.buyers import new_key, order, wish
from tests.concurrency.carts import Filled
from tests.concurrency.crowd import crowd
from tests.concurrency.history import History, assert_every_answer_is_true
from tests.concurrency.standing import Shop
from tests.proving.proof import Proof, load
from tests.waiting import wait_until

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]

PRICES: Final = (1490, 990, 1000)
RATES: Final = (1600, 1700, 1900)
CHANGES: Final = ("price", "tax rate", "end of a code", "stock")
"""What changes between reading and ordering, another one in each round."""

_LIMIT_S: Final = 30


class Staff:
    """Somebody who changes what a sku costs, its tax, its code and its stock; ``did`` counts it."""

    def __init__(self, shop: Shop, sku: str, history: History) -> None:
        self._db, self._sku, self._history = shop.database, sku, history
        self._record = next(record for record in carts.RECORDS if record.variants[0].sku == sku)
        self._prices, self._rates = cycle(PRICES), cycle(RATES)
        self._rate_ids: list[str] = []
        self._taken = 0
        self.did: Counter[str] = Counter()

    def change(self, what: str, word: str, left: int) -> None:
        """One of :data:`CHANGES`; ``word`` is the code that ends, ``left`` the units that are found."""
        if what == "price":
            variants = [replace(self._record.variants[0], price=next(self._prices))]
            factories.save(self._db, replace(self._record, variants=variants))
        elif what == "tax rate":
            self._rate_ids.append(public_id("tax"))
            row = {"public_id": self._rate_ids[-1], "country": "DE", "tax_class": "standard"}
            new = insert(tax_rate).values(**row, rate_bp=next(self._rates), valid_from=clock())
            self._db.write(lambda c: c.execute(new))
        elif what == "end of a code":
            self._db.write(lambda c: end_promotion(c, word, actor="shopctl"))
        else:
            self._taken = self._free() - left
            self._bring(-self._taken)
        self.did[what] += 1

    def bring_back(self, refused: int) -> None:
        """What was taken away is found, but not before more than ``refused`` tries were told of it."""
        if self._taken:
            wait_until(lambda: self.refused > refused, _LIMIT_S, "a buyer who is told of the stock")
            self._bring(self._taken)
            self._taken = 0

    def leave(self) -> None:
        """The rates of tax are as they were."""
        gone = delete(tax_rate).where(tax_rate.c.public_id.in_(self._rate_ids))
        self._db.write(lambda c: c.execute(gone))

    @property
    def refused(self) -> int:
        """How many tries were refused for want of stock."""
        return self._history.refusals()["insufficient_stock"]

    def _bring(self, units: int) -> None:
        movement = MovementInput(self._sku, units, "correct")
        self._db.write(lambda c: record_movement(c, movement, actor="shopctl"))

    def _free(self) -> int:
        free = (
            select(stock_level.c.on_hand - stock_level.c.reserved)
            .join_from(stock_level, variant, variant.c.id == stock_level.c.variant_id)
            .where(variant.c.sku == self._sku)
        )
        with self._db.reading() as c:
            return int(c.execute(free).scalar_one())


def buy_at_moving_prices(shop: Shop, *, buyers: int, each: int) -> tuple[History, Counter[str]]:
    """Everybody orders at the total that they saw last, once a round; raises where one is charged another, or a
    mixture of old and new. Answers the changes, too."""
    sku = carts.goods(shop.database, buyers * each, price=PRICES[-1])
    what = [CHANGES[nth % len(CHANGES)] for nth in range(each)]
    words = [f"UNTIL{new_key()[:12]}".upper() for _ in what]
    rounds = [_carts(shop, sku, buyers, one, word) for one, word in zip(what, words, strict=True)]
    history, agreed = History(), dict[str, int]()
    staff = Staff(shop, sku, history)
    all_have_read, changed = asyncio.Barrier(buyers + 1), asyncio.Barrier(buyers + 1)

    async def work() -> None:
        other = cycle(("price", "tax rate"))
        for nth, (one, word) in enumerate(zip(what, words, strict=True), 1):
            await all_have_read.wait()
            refused = staff.refused
            await asyncio.to_thread(staff.change, one, word, buyers // 2)
            await changed.wait()
            await asyncio.to_thread(staff.bring_back, refused)
            # And once more in the middle of it, after each so many tries to order.
            next_at = len(history.tries) + buyers
            while len(history.of("ok")) < nth * buyers:
                if len(history.tries) >= next_at:
                    await asyncio.to_thread(staff.change, next(other), word, 0)
                    next_at = len(history.tries) + buyers
                await asyncio.sleep(0.005)

    async def buy(client: httpx.AsyncClient, buyer: int) -> None:
        if buyer == buyers:
            await work()
            return
        for filled in rounds:
            seen = (await client.get(filled[buyer].path)).json()["total"]["amount"]
            await all_have_read.wait()
            await changed.wait()
            await _buy(client, history, buyer, filled[buyer], agreed, seen)

    try:
        crowd(buyers + 1, buy, base_urls=shop.urls, limit_s=300)
    finally:
        staff.leave()
    assert_every_answer_is_true(shop.database, history)
    for one in history.of("ok"):
        told = one.told["total"]["amount"]
        assert told == agreed[one.cart], f"Agreed to {agreed[one.cart]}, charged {told}."
    assert not history.of("unknown")
    assert history.refusals().keys() <= {"price_changed", "insufficient_stock", "overloaded"}, history.refusals()
    _assert_of_one_piece(shop, sku)
    return history, staff.did


def _carts(shop: Shop, sku: str, buyers: int, what: str, word: str) -> list[Filled]:
    if what != "end of a code":
        return carts.fill(shop.database, buyers, lambda _: [(sku, 1)])
    carts.code(shop.database, word)
    return carts.fill(shop.database, buyers, lambda _: [(sku, 1)], code=word)


async def _buy(
    client: httpx.AsyncClient, history: History, buyer: int, cart: Filled, agreed: dict[str, int], seen: int
) -> None:
    until = time.monotonic() + _LIMIT_S
    while True:
        agreed[cart.token] = seen
        told = await order(client, history, buyer, cart, new_key(), body=wish(cart, total=seen))
        if told.outcome == "ok":
            return
        if told.code == "price_changed":
            seen = told.told["total"]["amount"]
        elif told.code == "insufficient_stock":
            await asyncio.sleep(0.02)
        assert time.monotonic() < until, f"No order within {_LIMIT_S} s; the last answer was {told}."


def _assert_of_one_piece(shop: Shop, sku: str) -> None:
    """Each order has one of the prices, one rate for goods and shipping, the tax that it gives, and no ended code."""
    with shop.database.reading() as c:
        rows = c.execute(
            select(
                *(sales_order.c[name] for name in ("number", "subtotal", "discount", "shipping", "shipping_tax")),
                *(order_line.c[name] for name in ("unit_price", "tax_rate_bp", "tax")),
                sales_order.c.shipping_tax_rate_bp.label("shipping_rate_bp"),
                order_line.c.total.label("paid"),
                select(func.count()).where(code_redemption.c.order_id == sales_order.c.id).label("codes"),
            )
            .join_from(order_line, sales_order, sales_order.c.id == order_line.c.order_id)
            .where(order_line.c.sku == sku)
        ).all()
    wrong = [
        row
        for row in rows
        if row.unit_price not in PRICES
        or row.subtotal != row.unit_price
        or (row.discount, row.codes) != (0, 0)
        or row.tax_rate_bp not in RATES
        or row.shipping_rate_bp != row.tax_rate_bp
        or not _is_of(row.tax, row.paid, row.tax_rate_bp)
        or not _is_of(row.shipping_tax, row.shipping, row.tax_rate_bp)
    ]
    assert not wrong, f"Orders with a mixture of prices: {wrong[:3]}"
    assert len({row.tax_rate_bp for row in rows}) > 1, "Nobody ordered at another rate."


def _is_of(tax: int, gross: int, rate_bp: int) -> bool:
    """Whether so much tax is in it, to the minor unit."""
    return abs(tax * (10_000 + rate_bp) - gross * rate_bp) <= 10_000 + rate_bp


def test_nobody_is_charged_another_total_than_the_one_they_agreed_to(
    request: pytest.FixtureRequest, shop: Shop
) -> None:
    buyers, each = load(8, 64), load(4, 20)
    promise = "prices, taxes, codes and stock change during checkout: nobody pays what they did not agree to"
    proof = Proof(request, "T42", promise, f"{buyers} buyers x {each} orders")
    history, changes = buy_at_moving_prices(shop, buyers=buyers, each=each)
    for what in CHANGES:
        proof.sometimes(f"changes of {what}", changes[what])
    proof.sometimes("told of a new price", history.refusals()["price_changed"])
    proof.sometimes("told of the stock", history.refusals()["insufficient_stock"])
