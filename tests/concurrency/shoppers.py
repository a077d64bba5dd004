"""Shoppers who read one address over and over, and note what they were told and when they asked."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.processes import ShopProcess


@dataclass
class Shopper:
    """Reads one address over and over; notes when it asked and what it was answered: a price, or 0 for no 200."""

    url: str
    path: str
    seen: list[tuple[float, int]] = field(default_factory=list)
    problems: list[httpx.Response] = field(default_factory=list)

    def look(self, client: httpx.Client) -> None:
        asked = time.monotonic()
        try:
            answer = client.get(self.path)
        except httpx.TimeoutException:
            self.seen.append((asked, 0))
            return
        if answer.status_code != 200:
            self.problems.append(answer)
            self.seen.append((asked, 0))
            return
        told = answer.json()
        one = told["data"][0] if "data" in told else told["variants"][0]
        self.seen.append((asked, one["price"]["amount"]))

    def last_saw(self, price: int) -> int:
        """How often in the end it saw ``price`` and nothing else."""
        times = 0
        for _, seen in reversed(self.seen):
            if seen != price:
                break
            times += 1
        return times


@contextmanager
def looking(shoppers: list[Shopper], timeout_s: float = 10) -> Iterator[None]:
    """Every shopper looks, over and over, until the block ends."""
    over = threading.Event()
    failed: list[BaseException] = []

    def look_on(shopper: Shopper) -> None:
        try:
            with httpx.Client(base_url=shopper.url, timeout=timeout_s, trust_env=False) as client:
                while not over.is_set():
                    shopper.look(client)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=look_on, args=(shopper,)) for shopper in shoppers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
    assert not failed, failed


def hits(process: ShopProcess) -> float:
    """How many catalog answers a process has served from memory."""
    text = httpx.get(f"{process.url}/metrics", trust_env=False).text
    row = next(line for line in text.splitlines() if line.startswith("shop_catalog_cache_hits_total{"))
    return float(row.split()[-1])
