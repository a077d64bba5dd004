"""A provider that is slow, silent or broken: nobody waits for it but its own customer, and nothing is charged twice."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from tests.concurrency import carts
from tests.concurrency.buyers import new_key, order, wish
from tests.concurrency.carts import Filled
from tests.concurrency.crowd import crowd
from tests.concurrency.history import History
from tests.concurrency.provider_books import assert_the_provider_agrees
from tests.concurrency.settling import numbers_of, settle, states
from tests.concurrency.standing import Shop
from tests.proving.proof import Proof, load

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]


def plant(shop: Shop, mode: str, **more: object) -> None:
    """Let the sandbox misbehave from now on."""
    with shop.provider() as provider:
        provider.post("/faults", json={"mode": mode, **more}).raise_for_status()


def struck(shop: Shop) -> Counter[str]:
    """How often each fault has struck since the last :func:`heal`."""
    with shop.provider() as provider:
        told = provider.get("/faults").raise_for_status().json()
    return Counter({one["mode"]: one["struck"] for one in told})


def heal(shop: Shop) -> None:
    """The sandbox behaves again."""
    with shop.provider() as provider:
        provider.delete("/faults").raise_for_status()


@dataclass
class Watched:
    """What a shopper and an operator saw meanwhile: milliseconds of catalog pages, and connections in use."""

    catalog_ms: list[float] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)


@contextmanager
def watching(shop: Shop, path: str) -> Iterator[Watched]:
    """Somebody reads the catalog and the metrics, over and over, until the block ends."""
    over, seen = threading.Event(), Watched()

    def watch() -> None:
        with httpx.Client(base_url=shop.urls[0], timeout=20, trust_env=False) as client:
            while not over.wait(0.02):
                began = time.monotonic()
                # Never from memory: each page has another address.
                client.get(path, params={"limit": 1 + len(seen.catalog_ms) % 100}).raise_for_status()
                seen.catalog_ms.append(1000 * (time.monotonic() - began))
                seen.connections.append(_gauge(client))

    shopper = threading.Thread(target=watch)
    shopper.start()
    try:
        yield seen
    finally:
        over.set()
        shopper.join(30)


def _gauge(client: httpx.Client) -> int:
    lines = client.get("/metrics").text.splitlines()
    return int(float(next(line for line in lines if line.startswith("shop_db_connections_in_use")).split()[-1]))


def test_nobody_but_the_buyer_waits_for_a_slow_provider(request: pytest.FixtureRequest, shop: Shop) -> None:
    buyers, seconds = 24, load(3, 8)
    promise = "a slow provider: no connection is held, the catalog stays quick, too many are refused at once"
    proof = Proof(request, "T10", promise, f"{buyers} buyers of one process, {seconds} s each")
    sku = carts.goods(shop.database, 1000)
    filled = carts.fill(shop.database, buyers, lambda _: [(sku, 1)])
    plant(shop, "slow", seconds=seconds)
    history, start = History(), asyncio.Barrier(buyers)

    async def buy(client: httpx.AsyncClient, buyer: int) -> None:
        await client.get("/livez")
        await start.wait()
        await order(client, history, buyer, filled[buyer], new_key(), body=wish(filled[buyer], "sandbox", "tok_ok"))

    with watching(shop, "/v1/products") as seen:
        crowd(buyers, buy, base_urls=shop.urls[:1])
    waited = [one for one in history.of("ok") if one.s >= seconds]
    proof.sometimes("orders that waited for the provider", len(waited))
    assert len(history.of("ok")) == 16, f"As many as may wait at once: {history.refusals()}"
    assert history.refusals() == {"overloaded": buyers - 16}
    at_once = [one for one in history.of("fail") if one.s < seconds / 2]
    assert len(at_once) == buyers - 16, "Who is refused is refused at once."
    # Orders are placed at first and recorded in the end; in between sixteen wait, and hold nothing.
    idle = sum(taken == 0 for taken in seen.connections)
    assert idle > 0.5 * len(seen.connections), f"Connections in use meanwhile: {Counter(seen.connections)}"
    slow = sorted(seen.catalog_ms)[int(0.9 * len(seen.catalog_ms))]
    assert slow < 1000, f"One page in ten took {slow:.0f} ms or more, while the provider took {seconds} s."
    proof.count("nine catalog pages in ten within, ms", round(slow))
    proof.sometimes("catalog pages meanwhile", len(seen.catalog_ms))
    assert_the_provider_agrees(shop, numbers_of(shop, [one.token for one in filled]))


MODES = ("charged_no_answer", "not_charged_no_answer", "charged_500", "reset", "not_charged_reset", "503", "429")


def leave_in_doubt(shop: Shop, mode: str, number: int) -> list[Filled]:
    """So many orders whose provider answers as ``mode`` has it, and who were told what is true of that."""
    sku = carts.goods(shop.database, 10 * number)
    filled = carts.fill(shop.database, number, lambda _: [(sku, 1)])
    history = History()
    # Longer than the shop waits would be the same, and take as long.
    quick = {"seconds": 0.2} if mode.endswith("no_answer") else {}
    plant(shop, mode, calls=["charge"], **quick)

    async def buy(client: httpx.AsyncClient, buyer: int) -> None:
        await order(client, history, buyer, filled[buyer], new_key(), body=wish(filled[buyer], "sandbox", "tok_ok"))

    crowd(number, buy, base_urls=shop.urls)
    assert struck(shop)[mode] == number, struck(shop)
    heal(shop)
    if mode == "429":  # The one answer that proves that nothing has moved.
        assert {one.status for one in history.tries} == {402}, history.refusals()
    else:
        assert {one.status for one in history.tries} == {201}, f"Refused, and nobody knows: {history.refusals()}"
        told = [one.told["payment"]["state"] for one in history.tries]
        # Its webhook may be quicker than the answer that never came.
        assert set(told) <= {"unknown", "captured"}, told
        assert all(one.told["state"] in ("placed", "confirmed") for one in history.tries)
    return filled


def settle_what_is_in_doubt(shop: Shop, number: int, modes: Sequence[str] = MODES) -> dict[str, int]:
    """Orders in every kind of doubt are settled by themselves; raises where one is not, or is charged twice."""
    made = {mode: leave_in_doubt(shop, mode, number) for mode in modes}
    everything = numbers_of(shop, [cart.token for filled in made.values() for cart in filled])
    doubts = settle(shop, everything)
    charged = assert_the_provider_agrees(shop, everything)
    for mode, filled in made.items():
        numbers = numbers_of(shop, [cart.token for cart in filled])
        came_to = set(states(shop, numbers).values())
        expected = (
            ("confirmed", "captured")
            if mode in ("charged_no_answer", "charged_500", "reset")
            else ("cancelled", "failed")
        )
        assert len(numbers) == number
        assert came_to == {expected}, f"{mode}: {came_to}"
    return {"in doubt": doubts, "charged": charged}


def test_payments_that_nobody_knows_of_are_settled_by_the_provider_s_word_and_never_charged_twice(
    request: pytest.FixtureRequest, shop: Shop
) -> None:
    each = load(2, 20)
    promise = "no answer, 500, a cut line: settled by themselves, never charged twice"
    proof = Proof(request, "T11", promise, f"{len(MODES)} kinds of fault x {each} orders")
    for fault, times in settle_what_is_in_doubt(shop, each).items():
        proof.sometimes(fault, times)
