"""Two of each part: both work, one of them may go at any time, and each may be replaced while customers shop."""

import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from shopctl.manifests.topology import DRAIN_S, GRACE_S, STOP_S
from tests.contract.conftest import Caller
from tests.contract.front import SEEN_WITHIN_S
from tests.contract.load import ITEM, load
from tests.contract.parts import until_ready
from tests.contract.shop import Shop, drain
from tests.processes import ShopProcess

pytestmark = pytest.mark.concurrency

CALLERS = 16
PAIRS = ("shopapi", "frontend")


@pytest.mark.parametrize("part", PAIRS)
def test_requests_reach_both(shop: Shop, caller: Caller, part: str) -> None:
    both = [shop.parts.running[part, number] for number in (0, 1)]
    shop.front.until_up(part, *shop.urls(part))
    before = [answered(process) for process in both]
    client = caller(shop.api_url if part == "shopapi" else shop.url)
    for _ in range(40):
        assert client.get("/v1/shop" if part == "shopapi" else "/").status_code == 200
    for process, number in zip(both, before, strict=True):
        assert answered(process) - number >= 15, "Each gets its share."


@pytest.mark.thorough
def test_a_rolling_restart_of_every_part_fails_no_request(shop: Shop, caller: Caller) -> None:
    stock = caller(shop.api_url, headers={"Authorization": f"Bearer {shop.token}"})
    before = quantity(stock)
    with load(shop, CALLERS) as seen:
        with ThreadPoolExecutor() as pool:
            for number in (0, 1):  # Both parts at once: the pages are replaced while the API is.
                list(pool.map(replace, [shop] * 2, PAIRS, [number] * 2))
                seen.so_many_more(CALLERS)
        worker = shop.parts.running["worker", 0]
        assert stop(worker) < GRACE_S
        until_ready(shop.parts.start("worker", worker.port))
        seen.so_many_more(CALLERS)
    assert seen.failed() == []
    assert len(seen.calls) > 20 * CALLERS, "The callers hardly called, so the test saw nothing."
    assert quantity(stock) == before + seen.added(), "What was added once is there once."


@pytest.mark.parametrize("part", ["frontend", pytest.param("shopapi", marks=pytest.mark.thorough)])
def test_when_one_of_a_pair_is_killed_readers_go_on_with_the_other(shop: Shop, part: str) -> None:
    """Traefik notices within interval and timeout. Until then a reader may meet the dead one in each of its tries, and
    so most reads succeed, but not all; from then on every one does."""
    with load(shop, CALLERS, reading_only=True) as seen:
        shop.parts.running[part, 1].kill()
        killed = time.monotonic()
        shop.front.until_up(part, shop.urls(part)[0])
        noticed = time.monotonic()
        seen.so_many_more(4 * CALLERS)
        shop.start(part, 1, **drain(part, 1))
        shop.front.until_up(part, *shop.urls(part))
        seen.so_many_more(CALLERS)
    assert noticed - killed < SEEN_WITHIN_S + 1
    assert seen.failed(since=noticed) == []
    meanwhile = [call for call in seen.calls if killed <= call.began < noticed]
    failed = [call for call in meanwhile if call.failed]
    assert {call.status for call in failed} <= {502}
    assert len(failed) <= len(meanwhile) / 3, "Without a second try every other one would fail."


def replace(shop: Shop, part: str, number: int) -> None:
    """Stop one, start another in its place, and wait until Traefik gives it requests."""
    old, drain_s = shop.parts.running[part, number], int(drain(part, number).get("SHOP_DRAIN_S", DRAIN_S))
    asked = time.monotonic()
    old.popen.send_signal(signal.SIGTERM)
    shop.front.until_up(part, shop.urls(part)[1 - number])
    assert old.popen.poll() is None, "It works on until Traefik looks elsewhere."
    assert old.popen.wait(STOP_S) == 0, old.said()
    assert drain_s <= time.monotonic() - asked < drain_s + GRACE_S
    shop.start(part, number, **drain(part, number))
    shop.front.until_up(part, *shop.urls(part))


def stop(process: ShopProcess) -> float:
    """Ask it to stop, as an engine of containers does, and want a clean end; how many seconds that took."""
    asked = time.monotonic()
    process.popen.send_signal(signal.SIGTERM)
    assert process.popen.wait(STOP_S) == 0, process.said()
    return time.monotonic() - asked


def answered(process: ShopProcess) -> int:
    """How many requests a process has answered, by its own count."""
    told = httpx.get(f"{process.url}/metrics", trust_env=False).text
    return sum(int(float(count)) for count in re.findall(r"^shop_requests_total\{.*\} ([\d.e+]+)$", told, re.MULTILINE))


def quantity(stock: httpx.Client) -> int:
    """How many of the callers' item there are."""
    items = stock.get("/items").raise_for_status().json()
    return next((item["quantity"] for item in items if item["name"] == ITEM), 0)
