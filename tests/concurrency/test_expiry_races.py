"""Orders that nobody paid in time, and money that comes at that very moment or later."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import select

from shopapi.checkout.expire_order import expire_orders
from shopapi.db.engine import DatabaseUnavailable
from shopapi.orders.tables import sales_order
from shopapi.payments.tables import payment
from tests.concurrency import carts
from tests.concurrency.buyers import new_key, order_patiently, wish
from tests.concurrency.crowd import crowd
from tests.concurrency.history import History
from tests.concurrency.provider_books import assert_the_provider_agrees
from tests.concurrency.settling import Work, numbers_of, orders_expire, settle, states
from tests.concurrency.standing import Shop
from tests.concurrency.test_refunds_at_once import owner
from tests.concurrency.test_webhooks import happened, told_of
from tests.proving.proof import Proof, load

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]

SWEEPERS, CONFIRMERS = 3, 13


def expire_and_confirm(shop: Shop, staff: dict[str, str], *, orders: int) -> Counter[str]:
    """Orders are given up and paid at the same moment; raises where one is both, or where a unit is miscounted.

    Answers how many were given up before their money came, and taken up again then, and how many were not.
    """
    sku = carts.goods(shop.database, 2 * orders)
    filled = carts.fill(shop.database, orders, lambda _: [(sku, 1)])
    history = History()

    async def place(client: httpx.AsyncClient, buyer: int) -> None:
        for one in filled[buyer::8]:
            await order_patiently(client, history, buyer, one, new_key())

    crowd(8, place, base_urls=shop.urls)
    numbers = numbers_of(shop, [one.token for one in filled])
    ids = _payments(shop, numbers)
    orders_expire(shop, numbers)
    # Sweepers begin with the oldest, who confirm with the newest: they meet in the middle.
    waiting = list(reversed(numbers))
    statuses: list[int] = []

    async def confirm(client: httpx.AsyncClient, _: int) -> None:
        while waiting:
            path = f"/v1/admin/payments/{ids[waiting.pop(0)]}/capture"
            headers = {**staff, "Idempotency-Key": new_key()}
            answer = await client.post(path, json={}, headers=headers)
            while answer.status_code == 503:
                await asyncio.sleep(0.05)
                answer = await client.post(path, json={}, headers=headers)
            statuses.append(answer.status_code)

    with ThreadPoolExecutor(SWEEPERS) as sweepers:
        sweeping = [sweepers.submit(_sweep, shop, numbers) for _ in range(SWEEPERS)]
        crowd(CONFIRMERS, confirm, base_urls=shop.urls)
        for one in sweeping:
            one.result()

    came_to = Counter(states(shop, numbers).values())
    assert came_to == {("confirmed", "captured"): orders}, f"Given up and paid: {came_to}"
    assert set(statuses) == {200}, Counter(statuses)
    assert happened(shop, numbers, "paid") == orders
    held = carts.reserved(shop.database, sku)
    assert held == orders, f"{held} units are held for {orders} paid orders."
    revived = happened(shop, numbers, "revived")
    assert happened(shop, numbers, "cancelled") == revived
    return Counter({"given up first": revived, "paid first": orders - revived})


def _payments(shop: Shop, numbers: list[str]) -> dict[str, str]:
    with shop.database.reading() as c:
        rows = c.execute(
            select(sales_order.c.number, payment.c.public_id)
            .join_from(payment, sales_order, sales_order.c.id == payment.c.order_id)
            .where(sales_order.c.number.in_(numbers))
        )
        return {row.number: row.public_id for row in rows}


def _sweep(shop: Shop, numbers: list[str]) -> None:
    while any(state == "placed" for state, _ in states(shop, numbers).values()):
        try:
            expire_orders(shop.database)
        except DatabaseUnavailable:
            continue


def test_an_order_is_given_up_or_confirmed_and_never_both(request: pytest.FixtureRequest, shop: Shop) -> None:
    orders = load(24, 1000)
    promise = "expiry and payment at the same moment: one of them, no unit lost"
    proof = Proof(request, "T19", promise, f"{orders} orders, {SWEEPERS} sweepers, {CONFIRMERS} confirmers")
    came_to = expire_and_confirm(shop, owner(shop), orders=orders)
    for which, times in came_to.items():
        proof.sometimes(which, times)


def pay_after_all(shop: Shop, *, orders: int, sold_out: bool) -> list[str]:
    """Money comes for orders that were given up; raises where it is neither theirs again nor on its way back."""
    sku = carts.goods(shop.database, orders)
    filled = carts.fill(shop.database, orders, lambda _: [(sku, 1)])
    history = History()

    async def place(client: httpx.AsyncClient, buyer: int) -> None:
        for one in filled[buyer::4]:
            # Nobody pays on the provider's page in time.
            await order_patiently(client, history, buyer, one, new_key(), body=wish(one, "sandbox"))

    crowd(4, place, base_urls=shop.urls)
    numbers = numbers_of(shop, [one.token for one in filled])
    orders_expire(shop, numbers, seconds_ago=3 * 3600)
    Work(shop).go_on()
    assert {state for state, _ in states(shop, numbers).values()} == {"cancelled"}
    assert carts.reserved(shop.database, sku) == 0
    if sold_out:
        others = carts.fill(shop.database, orders, lambda _: [(sku, 1)])

        async def buy_up(client: httpx.AsyncClient, buyer: int) -> None:
            for one in others[buyer::4]:
                await order_patiently(client, history, buyer, one, new_key())

        crowd(4, buy_up, base_urls=shop.urls)
    _pay_on_the_page(shop, numbers)
    settle(shop, numbers)
    assert_the_provider_agrees(shop, numbers)
    expected = ("cancelled", "refunded") if sold_out else ("confirmed", "captured")
    came_to = Counter(states(shop, numbers).values())
    assert came_to == {expected: orders}, f"Money that came late: {came_to}"
    assert carts.reserved(shop.database, sku) == orders, "Whoever has the units has them once."
    return numbers


def _pay_on_the_page(shop: Shop, numbers: list[str]) -> None:
    """Each customer presses the button of the provider's page, which was open all the time."""
    with shop.database.reading() as c:
        urls = c.execute(
            select(payment.c.next_url)
            .join_from(payment, sales_order, sales_order.c.id == payment.c.order_id)
            .where(sales_order.c.number.in_(numbers))
        ).scalars()
        pages = list(urls)
    assert None not in pages
    with httpx.Client(timeout=20, trust_env=False) as customer:
        for page in pages:
            answer = customer.post(str(page), data={"card": "ok"})
            assert answer.status_code == 303, answer.text


@pytest.mark.parametrize("sold_out", [False, True], ids=["goods-are-there", "sold-out"])
def test_money_that_comes_after_all_gets_its_goods_or_goes_back(
    request: pytest.FixtureRequest, shop: Shop, sold_out: bool
) -> None:
    orders = load(4, 100)
    what = "sold out: refunded" if sold_out else "goods are there: confirmed"
    proof = Proof(request, "T12", f"late success after expiry, {what}", f"{orders} orders")
    numbers = pay_after_all(shop, orders=orders, sold_out=sold_out)
    proof.sometimes("late successes", happened(shop, numbers, "revived") + happened(shop, numbers, "refunded"))
    if sold_out:
        assert happened(shop, numbers, "payment_issue") == orders, "A person can see that it happened."
        assert told_of(shop, "order.refunded", numbers) == orders, "The customer is told."
