"""Many callers at once who never come twice for one thing: what fails for them has failed."""

import asyncio
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx

from tests.contract.front import HereAsync, trusting
from tests.contract.shop import Shop
from tests.waiting import wait_until

ITEM: Final = "Krug"
_PAUSE_S: Final = 0.3
_LIMIT_S: Final = 20


@dataclass(frozen=True)
class Call:
    """One request, and what came of it: ``status`` is 0 where no answer came."""

    method: str
    url: str
    began: float
    status: int
    told: str = ""

    @property
    def failed(self) -> bool:
        """Whether a caller would say so."""
        return not 200 <= self.status < 300


@dataclass
class Seen:
    """What the callers saw so far."""

    calls: list[Call] = field(default_factory=list)
    stop: bool = False

    def failed(self, since: float = 0.0) -> list[Call]:
        """The requests that began after ``since`` and failed."""
        return [call for call in self.calls if call.failed and call.began >= since]

    def added(self) -> int:
        """How many units callers were told that they added."""
        return sum(call.method == "POST" and not call.failed for call in self.calls)

    def so_many_more(self, number: int) -> None:
        """Wait until callers had so many more answers, so that what has just changed is in use."""
        before = len(self.calls)
        wait_until(lambda: len(self.calls) >= before + number, 30, f"{number} more answers")

    def by_kind(self) -> Counter[str]:
        """How many of each kind there were."""
        return Counter(f"{call.method} {httpx.URL(call.url).host}" for call in self.calls)


@contextmanager
def load(shop: Shop, callers: int, *, reading_only: bool = False) -> Iterator[Seen]:
    """Have so many callers call on, each over one connection that it keeps; every fourth opens a new one each time."""
    seen = Seen()
    trust = trusting(shop.certificate)  # One for all: to read the file again for each takes a while.
    work = threading.Thread(target=lambda: asyncio.run(_all(shop, seen, trust, callers, reading_only)))
    work.start()
    try:
        seen.so_many_more(callers)
        yield seen
        seen.so_many_more(callers)
    finally:
        seen.stop = True
        work.join(_LIMIT_S + 5)
    assert not work.is_alive(), "A caller waits for ever."


async def _all(shop: Shop, seen: Seen, trust: ssl.SSLContext, callers: int, reading_only: bool) -> None:
    await asyncio.gather(*(_one(shop, seen, trust, number, reading_only) for number in range(callers)))


async def _one(shop: Shop, seen: Seen, trust: ssl.SSLContext, number: int, reading_only: bool) -> None:
    method, url = _errand(shop, number, reading_only)
    keeping = httpx.Limits(max_keepalive_connections=0 if number % 4 == 3 else 1, keepalive_expiry=60)
    headers = {"Authorization": f"Bearer {shop.token}"} if url.endswith("/items") else {}
    body = {"name": ITEM, "quantity": 1} if method == "POST" else None
    async with httpx.AsyncClient(
        transport=HereAsync(verify=trust, limits=keeping), headers=headers, timeout=_LIMIT_S
    ) as client:
        while not seen.stop:
            began = time.monotonic()
            try:
                answer = await client.request(method, url, json=body)
                seen.calls.append(Call(method, url, began, answer.status_code, answer.text[:100]))
            except httpx.HTTPError as error:
                seen.calls.append(Call(method, url, began, 0, repr(error)))
            await asyncio.sleep(_PAUSE_S)


def _errand(shop: Shop, number: int, reading_only: bool) -> tuple[str, str]:
    errands = [
        ("GET", f"{shop.url}/"),
        ("GET", f"{shop.api_url}/v1/products"),
        ("POST", f"{shop.api_url}/items"),
        ("GET", f"{shop.url}/products/becher-westerwald"),
        ("GET", f"{shop.api_url}/items"),
    ]
    if reading_only:
        errands = [errand for errand in errands if errand[0] == "GET"]
    return errands[number % len(errands)]
