"""Orders that nobody paid in time, and money that comes at that very moment or later."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import select

from shopapi.checkout.expire_order import expire_orders
from shopapi.db.engine import DatabaseUnavailable
from shopapi.orders.tables import sales_order
from shopapi.payments.tables import payment
from shopctl.sandbox.signing import signature
from tests.concurrency import carts
from tests.concurrency.buyers import new_key, order_patiently, wish
from tests.concurrency.crowd import crowd
from tests.concurrency.history import History
from tests.concurrency.provider_books import assert_the_provider_agrees
from tests.concurrency.settling import faults_here, numbers_of, orders_expire, settle, states
from tests.concurrency.standing import SANDBOX_SECRET, Shop
from tests.concurrency.test_refunds_at_once import owner
from tests.concurrency.test_webhooks import PATH, charge_of, event, happened, told_of
from tests.proving.proof import Proof, load
from tests.waiting import wait_until

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]

SWEEPERS = 3


Confirm = Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]


def by_transfer(shop: Shop, numbers: list[str], staff: dict[str, str]) -> Confirm:
    """Staff see the money on the bank's statement."""
    ids = _payments(shop, numbers)

    async def confirm(client: httpx.AsyncClient, number: str) -> httpx.Response:
        path = f"/v1/admin/payments/{ids[number]}/capture"
        return await client.post(path, json={}, headers={**staff, "Idempotency-Key": f"capture of {number}"})

    return confirm


def by_webhook(shop: Shop, numbers: list[str]) -> Confirm:
    """The provider tells that the customer has paid."""
    charges = {number: charge_of(shop, number) for number in numbers}

    async def confirm(client: httpx.AsyncClient, number: str) -> httpx.Response:
        key, amount = charges[number]
        body = event(key, "succeeded", amount, name=f"evt_{key[:24]}")
        signed = signature(body, [SANDBOX_SECRET], int(time.time()))
        return await client.post(
            PATH, content=body, headers={"Content-Type": "application/json", "Sandbox-Signature": signed}
        )

    return confirm


def expire_and_confirm(
    shop: Shop, *, orders: int, provider: str, sweepers: int = SWEEPERS, confirmers: int = 4
) -> Counter[str]:
    """Orders are given up and paid at the same moment; raises where one is both, or where a unit is miscounted.

    Answers how many were given up before their money came, and taken up again then, and how many were not.
    """
    sku = carts.goods(shop.database, 2 * orders)
    filled = carts.fill(shop.database, orders, lambda _: [(sku, 1)])
    history = History()

    async def place(client: httpx.AsyncClient, buyer: int) -> None:
        for one in filled[buyer::8]:
            await order_patiently(client, history, buyer, one, new_key(), body=wish(one, provider))

    crowd(8, place, base_urls=shop.urls)
    numbers = numbers_of(shop, [one.token for one in filled])
    confirm = by_transfer(shop, numbers, owner(shop)) if provider == "manual" else by_webhook(shop, numbers)
    # So long ago that not even an order whose provider is silent is kept.
    orders_expire(shop, numbers, seconds_ago=3 * 3600)
    # Sweepers begin with the oldest, who confirm with the newest: they meet in the middle.
    waiting = list(reversed(numbers))
    statuses: list[int] = []

    async def confirm_some(client: httpx.AsyncClient, _: int) -> None:
        while waiting:
            number = waiting.pop(0)
            while (answer := await confirm(client, number)).status_code == 503:
                await asyncio.sleep(0.05)
            statuses.append(answer.status_code)

    def sweep() -> None:
        wait_until(lambda: statuses, 30, "the first payment")
        _sweep(shop, numbers)

    with faults_here(shop), ThreadPoolExecutor(sweepers) as pool:
        sweeping = [pool.submit(sweep) for _ in range(sweepers)]
        crowd(confirmers, confirm_some, base_urls=shop.urls)
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


@pytest.mark.parametrize("provider", ["manual", "sandbox"])
def test_an_order_is_given_up_or_confirmed_and_never_both(
    request: pytest.FixtureRequest, shop: Shop, provider: str
) -> None:
    orders, confirmers = load(32, 1000), load(4, 13)
    promise = f"expiry and payment ({provider}) at the same moment: no paid order given up"
    proof = Proof(request, "T19", promise, f"{orders} orders, {SWEEPERS} sweepers, {confirmers} confirmers")
    came_to = Counter[str]()
    # Who comes first is luck: few orders may all go one way.
    for _ in range(load(8, 1)):
        came_to.update(expire_and_confirm(shop, orders=orders, provider=provider, confirmers=confirmers))
        if all(came_to.values()):
            break
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
    pages = _pages(shop, numbers)
    orders_expire(shop, numbers, seconds_ago=3 * 3600)
    # Nothing but that: whoever asks the provider about them next has it take down its pages.
    _sweep(shop, numbers)
    assert {state for state, _ in states(shop, numbers).values()} == {"cancelled"}
    assert carts.reserved(shop.database, sku) == 0
    if sold_out:
        others = carts.fill(shop.database, orders, lambda _: [(sku, 1)])

        async def buy_up(client: httpx.AsyncClient, buyer: int) -> None:
            for one in others[buyer::4]:
                await order_patiently(client, history, buyer, one, new_key())

        crowd(4, buy_up, base_urls=shop.urls)
    _pay_on(pages)
    settle(shop, numbers)
    assert_the_provider_agrees(shop, numbers)
    expected = ("cancelled", "refunded") if sold_out else ("confirmed", "captured")
    came_to = Counter(states(shop, numbers).values())
    assert came_to == {expected: orders}, f"Money that came late: {came_to}"
    assert carts.reserved(shop.database, sku) == orders, "Whoever has the units has them once."
    return numbers


def _pages(shop: Shop, numbers: list[str]) -> list[str]:
    """The provider's pages to which the customers were sent."""
    with shop.database.reading() as c:
        urls = c.execute(
            select(payment.c.next_url)
            .join_from(payment, sales_order, sales_order.c.id == payment.c.order_id)
            .where(sales_order.c.number.in_(numbers), payment.c.next_url.is_not(None))
        ).scalars()
        pages = [str(url) for url in urls]
    assert len(pages) == len(numbers)
    return pages


def _pay_on(pages: list[str]) -> None:
    """Each customer presses the button of the provider's page, which was open all the time."""
    with httpx.Client(timeout=20, trust_env=False) as customer:
        for page in pages:
            answer = customer.post(page, data={"card": "ok"})
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
