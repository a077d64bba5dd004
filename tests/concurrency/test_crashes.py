"""Processes that die at the worst moment, and what is found when others go on."""

import asyncio
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import text

from tests.concurrency import carts
from tests.concurrency.buyers import BROKEN, new_key, order, wish
from tests.concurrency.carts import Filled
from tests.concurrency.conftest import OpenShop
from tests.concurrency.crowd import crowd
from tests.concurrency.history import History, Try, assert_every_answer_is_true
from tests.concurrency.provider_books import assert_the_provider_agrees
from tests.concurrency.settling import LIMIT_S, Work, in_doubt, leases_end, numbers_of, settle, states
from tests.concurrency.standing import Shop
from tests.concurrency.test_refunds_at_once import Paid, ask_back, owner, paid_order
from tests.concurrency.test_webhooks import buy
from tests.proving.proof import Proof, is_full, load
from tests.waiting import is_free, wait_until

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]


@dataclass
class Deaths:
    """How many processes died, and how many of them by themselves."""

    killed: int = 0
    died: int = 0


@contextmanager
def raised_again(shop: Shop, deaths: Deaths, **environment: str) -> Iterator[None]:
    """Whatever process of the API dies is started again at its port, as a supervisor does it."""
    over = threading.Event()

    def attend() -> None:
        while not over.wait(0.05):
            for place, process in enumerate(list(shop.apis)):
                if process.popen.poll() is None:
                    continue
                deaths.died += process.popen.returncode >= 0  # Its child died, and it said so.
                wait_until(lambda port=process.port: is_free(port), 10, "the port of the dead process")  # type: ignore[misc]
                shop.apis[place] = shop.start_api(process.port, **environment)

    with ThreadPoolExecutor(1) as supervisor:
        attending = supervisor.submit(attend)
        try:
            yield
        finally:
            over.set()
        attending.result()


async def order_until_it_is_known(
    client: httpx.AsyncClient,
    shop: Shop,
    history: History,
    buyer: int,
    cart: Filled,
    key: str,
    body: dict[str, object],
    *,
    in_real_time: bool = False,
) -> Try:
    """The same request again and again, as a customer presses the button, until the shop says yes or no.

    Whoever works on it is given no time to come back, unless all goes ``in_real_time``.
    """
    # Who meets one death after the other waits half a minute each time; the order is settled long before.
    limit_s = 5 * LIMIT_S if in_real_time else LIMIT_S
    until = time.monotonic() + limit_s
    while True:
        told = await order(client, history, buyer, cart, key, body=body)
        if told.outcome != "unknown" and told.status != 503 and told.code != "idempotency_in_progress":
            return told
        assert time.monotonic() < until, f"No answer to the buyer within {limit_s} s; the last one was {told}."
        if told.code == "idempotency_in_progress" and not in_real_time:
            await asyncio.to_thread(leases_end, shop)  # Half a minute passes.
        await asyncio.sleep(0.1)


@contextmanager
def timed(shop: Shop, filled: list[Filled]) -> Iterator[dict[str, float]]:
    """For how many seconds each order was in doubt, as somebody sees it who looks twice a second."""
    over, since, took = threading.Event(), dict[str, float](), dict[str, float]()

    def watch() -> None:
        while not over.wait(0.5):
            now = time.monotonic()
            for number in in_doubt(shop, numbers_of(shop, [one.token for one in filled])):
                took[number] = now - since.setdefault(number, now)

    with ThreadPoolExecutor(1) as watcher:
        watching = watcher.submit(watch)
        try:
            yield took
        finally:
            over.set()
        watching.result()


def die_between_charge_and_record(
    shop: Shop, *, orders: int, share: float, deaths: Deaths, buyers: int, in_real_time: bool
) -> tuple[History, float]:
    """Processes die after the provider was asked; raises where an order is not settled within two minutes, or is
    charged twice. Answers also for how many seconds the slowest was in doubt."""
    sku = carts.goods(shop.database, orders)
    filled = carts.fill(shop.database, orders, lambda _: [(sku, 1)])
    tokens = ["tok_ok", "tok_ok", "tok_ok", "tok_declined"]
    history = History()

    async def buy(client: httpx.AsyncClient, buyer: int) -> None:
        for place in range(buyer, orders, buyers):
            body = wish(filled[place], "sandbox", tokens[place % len(tokens)])
            await order_until_it_is_known(
                client, shop, history, buyer, filled[place], new_key(), body, in_real_time=in_real_time
            )

    planted = {"SHOP_TEST_MODE": "1", "SHOP_FAILPOINTS": f"after_psp=kill:{share}"}
    with timed(shop, filled) as doubt_s:
        with raised_again(shop, deaths, **planted):
            crowd(buyers, buy, base_urls=shop.urls, limit_s=1800)
        numbers = numbers_of(shop, [one.token for one in filled])
        if in_real_time:  # Only the worker and its clock.
            wait_until(lambda: not in_doubt(shop, numbers), LIMIT_S, "the worker that settles the rest")
        else:
            settle(shop, numbers)
    slowest_s = max(doubt_s.values(), default=0.0)
    assert slowest_s < LIMIT_S, f"An order was in doubt for {slowest_s:.0f} s."
    charged = assert_the_provider_agrees(shop, numbers)
    assert_every_answer_is_true(shop.database, history)
    came_to = Counter(states(shop, numbers).values())
    paid, back, none = ("confirmed", "captured"), ("cancelled", "refunded"), ("cancelled", "failed")
    assert came_to.keys() <= {paid, back, none}, came_to
    assert came_to[paid] + came_to[back] == charged, f"{charged} charges: {came_to}"
    # Who dies takes others along, whose charge the provider may never have heard of.
    assert came_to[paid] > orders / 2, came_to
    return history, slowest_s


def test_a_kill_between_charge_and_record_loses_no_order_and_charges_none_twice(
    request: pytest.FixtureRequest, opened: OpenShop
) -> None:
    orders, buyers = load(8, 200), load(4, 8)
    promise = "kill -9 between charge and record: settled within two minutes, no double charge"
    proof = Proof(request, "T08", promise, f"{orders} orders, 30 % killed")
    shop = opened(sandbox=True, worker=True, SHOP_TEST_MODE="1", SHOP_FAILPOINTS="after_psp=kill:0.3")
    deaths = Deaths()
    while deaths.died < load(2, 40):
        history, slowest_s = die_between_charge_and_record(
            shop, orders=orders, share=0.3, deaths=deaths, buyers=buyers, in_real_time=is_full()
        )
        proof.count("requests without an answer", len(history.of("unknown")))
        proof.count("longest doubt, s", round(slowest_s))
    proof.sometimes("kills between charge and record", deaths.died)


def kill_at_random(shop: Shop, *, kills: int, buyers: int) -> tuple[History, int]:
    """SIGKILL at any moment under buyers; raises where an acknowledged order is gone, or is there twice."""
    sku = carts.goods(shop.database, 100_000)
    history, deaths, over = History(), Deaths(), threading.Event()
    dice = random.Random(9)
    filled = iter(carts.fill(shop.database, kills * buyers * 10, lambda _: [(sku, 1)]))

    def kill_on() -> None:
        for _ in range(kills):
            before = len(history.of("ok"))
            wait_until(lambda before=before: len(history.of("ok")) > before + buyers, 60, "orders between two kills")  # type: ignore[misc]
            time.sleep(dice.uniform(0.05, 0.5))
            dice.choice(shop.apis).kill()
        over.set()

    async def buy(client: httpx.AsyncClient, buyer: int) -> None:
        for cart in filled:
            if over.is_set():
                return
            token = dice.choice(["tok_ok", None])
            body = wish(cart, "manual") if token is None else wish(cart, "sandbox", token)
            await order_until_it_is_known(client, shop, history, buyer, cart, new_key(), body)

    with ThreadPoolExecutor(1) as killer, raised_again(shop, deaths):
        killing = killer.submit(kill_on)
        crowd(buyers, buy, base_urls=shop.urls, limit_s=900)
        over.set()
        killing.result()
    numbers = numbers_of(shop, list({one.cart for one in history.tries}))
    settle(shop, numbers)
    assert_the_provider_agrees(shop, numbers)
    assert_every_answer_is_true(shop.database, history)
    return history, kills


def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged(
    request: pytest.FixtureRequest, opened: OpenShop
) -> None:
    kills, buyers = load(2, 60), load(6, 16)
    proof = Proof(
        request,
        "T09",
        "kill -9 at any moment: nothing acknowledged is lost or doubled",
        f"{buyers} buyers, {kills} kills",
    )
    shop = opened(sandbox=True, worker=True)
    history, killed = kill_at_random(shop, kills=kills, buyers=buyers)
    proof.sometimes("kills", killed)
    proof.sometimes("requests that a kill cut off", len(history.of("unknown")))


def _refund_until_it_is_known(shop: Shop, staff: dict[str, str], one: Paid) -> None:
    path, body = ask_back(one.payment_id, one.amount)
    headers = {**staff, "Idempotency-Key": new_key()}

    def answered() -> bool:
        try:
            answer = httpx.post(shop.urls[0] + path, json=body, headers=headers, timeout=20, trust_env=False)
        except BROKEN:
            return False
        assert answer.status_code in (201, 409, 503), answer.text
        leases_end(shop)
        return answer.status_code == 201

    wait_until(answered, LIMIT_S, "an answer to the refund")


def test_a_kill_between_a_refund_and_its_record_gives_back_once(
    request: pytest.FixtureRequest, opened: OpenShop
) -> None:
    kills = load(2, 40)
    proof = Proof(request, "T23", "kill -9 between refund and record: given back, once", f"refunds until {kills} kills")
    planted = {"SHOP_TEST_MODE": "1", "SHOP_FAILPOINTS": "after_refund_psp=kill:0.5"}
    shop = opened(apis=1, sandbox=True, **planted)
    staff, deaths, paid = owner(shop), Deaths(), list[Paid]()
    with raised_again(shop, deaths, **planted):
        while deaths.died < kills:
            paid.append(paid_order(shop))
            _refund_until_it_is_known(shop, staff, paid[-1])
    numbers = [one.number for one in paid]
    settle(shop, numbers)
    assert_the_provider_agrees(shop, numbers)
    assert {paid for _, paid in states(shop, numbers).values()} == {"refunded"}
    proof.sometimes("kills between refund and record", deaths.died)
    proof.count("refunds", len(paid))


def papers_follow(shop: Shop, numbers: list[str]) -> None:
    """Whatever happened to workers, each paid order gets its invoice and its e-mail, once; raises where it does not."""
    settle(shop, numbers)
    leases_end(shop)
    work = Work(shop)

    def nothing_waits() -> bool:
        work.go_on()
        with shop.database.reading() as c:
            waiting = c.execute(text("SELECT count(*) FROM outbox WHERE done_at IS NULL AND dead_at IS NULL"))
            return int(waiting.scalar_one()) == 0

    wait_until(nothing_waits, 30, "the end of the outbox")
    with shop.database.reading() as c:
        for number in numbers:
            invoices, emails = (int(c.execute(one, {"number": number}).scalar_one()) for one in (_INVOICES, _EMAILS))
            assert invoices == 1, f"{number} was paid, and has {invoices} invoices."
            assert emails == 1, f"{number} has {emails} confirmations."


_INVOICES = text("SELECT count(*) FROM invoice i JOIN sales_order o ON o.id = i.order_id WHERE o.number = :number")
_EMAILS = text("SELECT count(*) FROM email_message WHERE order_number = :number AND kind = 'confirmation'")


def test_a_worker_that_dies_with_events_in_its_hands_leaves_none_undone(
    request: pytest.FixtureRequest, opened: OpenShop
) -> None:
    orders = load(2, 100)
    proof = Proof(request, "T08", "a worker killed with events in hand: papers and e-mails, once", f"{orders} orders")
    shop = opened(apis=1, sandbox=True)
    for point in ("outbox_claimed", "outbox_sent"):
        worker = shop.start_worker(SHOP_TEST_MODE="1", SHOP_FAILPOINTS=f"{point}=kill")
        try:
            numbers = buy(shop, orders, "tok_ok")
            wait_until(lambda w=worker: w.popen.poll() is not None, 30, f"the death at {point}")  # type: ignore[misc]
        finally:
            worker.kill()
        proof.sometimes(f"kills at {point}", int(worker.popen.returncode == -signal.SIGKILL))
        papers_follow(shop, numbers)
