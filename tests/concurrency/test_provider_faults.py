"""A provider that is slow, silent or broken: nobody waits for it but its own customer, and nothing is charged twice."""

import asyncio
import math
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, NamedTuple

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
from tests.proving.proof import Proof, is_full, load

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


MOST_WAITING: Final = 16
CATALOG_MS, REFUSED_MS = 300, 50


class Seen(NamedTuple):
    """Something that was asked from ``began`` to ``ended``, and what it told: a status, or how many connections are in
    use that no request can be using but those that wait for the provider."""

    began: float
    ended: float
    told: int

    @property
    def ms(self) -> float:
        return 1000 * (self.ended - self.began)


@dataclass
class Watched:
    """What others saw meanwhile. Between ``full_at`` and ``over_at``, so many wait for the provider as may."""

    pages: list[Seen] = field(default_factory=list)
    refused: list[Seen] = field(default_factory=list)
    held: list[Seen] = field(default_factory=list)
    full_at: float = math.inf
    over_at: float = math.inf

    def while_full(self, seen: list[Seen]) -> list[Seen]:
        """Those that began and ended while the shop was full."""
        return [one for one in seen if self.full_at < one.began and one.ended < self.over_at]


@contextmanager
def watching(shop: Shop, late: Filled) -> Iterator[Watched]:
    """Somebody reads the catalog, tries to order ``late`` where the shop is full, and reads the metrics, over and over
    until the block ends. It is one after the other: the connections in use are none of theirs."""
    over, seen = threading.Event(), Watched()
    wanted: dict[str, Any] = {"json": wish(late, "sandbox", "tok_ok"), "headers": {"Idempotency-Key": new_key()}}

    def watch() -> None:
        with httpx.Client(base_url=shop.urls[0], timeout=20, trust_env=False) as client, shop.provider() as provider:
            for nth in count():
                if over.wait(0.02):
                    return
                # Never from memory: each page has another address.
                seen.pages.append(_ask(client, "GET", f"/v1/products?limit={1 + nth % 100}&price_max={10**6 + nth}"))
                if seen.full_at == math.inf and provider.get("/faults").json()[0]["struck"] == MOST_WAITING:
                    seen.full_at = time.monotonic()
                if seen.full_at < time.monotonic() < seen.over_at:
                    seen.refused.append(_ask(client, "POST", f"{late.path}/checkout", **wanted))
                seen.held.append(_held(client))

    with ThreadPoolExecutor(1) as others:
        watched = others.submit(watch)
        try:
            yield seen
        finally:
            over.set()
        watched.result()


def _ask(client: httpx.Client, method: str, path: str, **wanted: Any) -> Seen:
    began = time.monotonic()
    status = client.request(method, path, **wanted).status_code
    return Seen(began, time.monotonic(), status)


def _held(client: httpx.Client) -> Seen:
    """How many connections are in use beyond one for each other request, such as a webhook of an earlier test."""
    began = time.monotonic()
    rows = [line.rpartition(" ") for line in client.get("/metrics").text.splitlines()]
    told = {name.partition("{")[0]: float(number) for name, _, number in rows if not name.startswith("#")}
    others = told["shop_requests_in_flight"] - MOST_WAITING - 1  # That for the metrics has none.
    return Seen(began, time.monotonic(), round(max(0, told["shop_db_connections_in_use"] - max(0, others))))


def _slowest_ms(seen: list[Seen], share: float = 0.99) -> int:
    """Within so many milliseconds that share of them was answered."""
    return round(sorted(one.ms for one in seen)[int(share * len(seen))]) if seen else 0


def wait_for_a_slow_provider(shop: Shop, *, buyers: int, seconds: int) -> Watched:
    """More order at once than may wait for the provider, which takes so many seconds; raises where anybody but those
    who wait has to, or where a connection is held for who waits."""
    sku = carts.goods(shop.database, 1000)
    *filled, late = carts.fill(shop.database, buyers + 1, lambda _: [(sku, 1)])
    plant(shop, "slow", seconds=seconds)
    history, start = History(), asyncio.Barrier(buyers)

    async def buy(client: httpx.AsyncClient, buyer: int) -> None:
        await client.get("/livez")
        await start.wait()
        # Nobody has asked the provider before, so nobody has its answer before that.
        seen.over_at = min(seen.over_at, time.monotonic() + seconds)
        await order(client, history, buyer, filled[buyer], new_key(), body=wish(filled[buyer], "sandbox", "tok_ok"))

    with watching(shop, late) as seen:
        crowd(buyers, buy, base_urls=shop.urls[:1])
    heal(shop)
    assert len([one for one in history.of("ok") if one.s >= seconds]) == MOST_WAITING, history.refusals()
    assert history.refusals() == {"overloaded": buyers - MOST_WAITING}
    at_once = [one for one in history.of("fail") if one.s < seconds / 2]
    assert len(at_once) == buyers - MOST_WAITING, "Who is refused is refused at once."
    assert {one.told for one in seen.pages} == {200}
    refused = Counter(one.told for one in seen.while_full(seen.refused))
    assert refused.keys() <= {503}, f"As many wait as may, and one more was answered {refused}."
    held = Counter(one.told for one in seen.while_full(seen.held))
    assert held.keys() <= {0}, f"Connections held while {MOST_WAITING} wait: {held}"
    assert_the_provider_agrees(shop, numbers_of(shop, [one.token for one in filled]))
    return seen


def test_nobody_but_the_buyer_waits_for_a_slow_provider(request: pytest.FixtureRequest, shop: Shop) -> None:
    times, buyers, seconds = load(1, 3), load(24, 64), load(3, 8)
    promise = "a slow provider: no connection is held, the catalog stays quick, too many are refused at once"
    proof = Proof(request, "T10", promise, f"{times} x {buyers} buyers of one process, {seconds} s each")
    pages, refused = list[Seen](), list[Seen]()
    for _ in range(times):
        seen = wait_for_a_slow_provider(shop, buyers=buyers, seconds=seconds)
        proof.sometimes("looks at the connections while all waited", len(seen.while_full(seen.held)))
        pages += seen.pages
        refused += seen.while_full(seen.refused)
    proof.sometimes("catalog pages meanwhile", len(pages))
    proof.count("99 of 100 within, ms", _slowest_ms(pages))
    proof.sometimes("refused meanwhile", len(refused))
    proof.count("9 of 10 within, ms", _slowest_ms(refused, 0.9))
    proof.count("99 of 100 refusals within, ms", _slowest_ms(refused))
    # Other tests take the same processors meanwhile, where few are asked for.
    assert _slowest_ms(pages, 0.9) < 1000, f"One page in ten took {_slowest_ms(pages, 0.9)} ms or more."
    if is_full():
        assert _slowest_ms(pages) < CATALOG_MS, f"One page in a hundred took {_slowest_ms(pages)} ms or more."
        # A refusal is two milliseconds' work: the slowest ones waited for a processor that another test had.
        assert _slowest_ms(refused, 0.9) < REFUSED_MS, f"One in ten was refused after {_slowest_ms(refused, 0.9)} ms."


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
