"""Many callers at once, over real connections."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx

Call = Callable[[httpx.AsyncClient, int], Awaitable[None]]
_LIMIT_S = 60
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nobody here speaks TLS, and a client that reads all certificates for itself takes 30 ms to make."""


@dataclass
class Tally:
    """What a crowd was answered: how often each status came, and how often a caller had to come back on a 503."""

    statuses: Counter[int] = field(default_factory=Counter)
    repeats: int = 0
    broken: list[str] = field(default_factory=list)


def crowd(callers: int, call: Call, *, base_urls: list[str], limit_s: float = _LIMIT_S) -> None:
    """Let so many callers run ``call`` at once, each with a client of its own, spread over the servers."""

    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(callers):
                group.create_task(_one(number, call, base_urls[number % len(base_urls)]))

    asyncio.run(asyncio.wait_for(all_of_them(), limit_s))


async def _one(number: int, call: Call, base_url: str) -> None:
    async with httpx.AsyncClient(base_url=base_url, timeout=_LIMIT_S, trust_env=False, verify=_NO_TLS) as client:
        await call(client, number)


async def until_answered(
    client: httpx.AsyncClient, tally: Tally, method: str, path: str, **more: object
) -> httpx.Response:
    """One request, sent again after a 503, as a caller should."""
    while True:
        answer = await client.request(method, path, **more)  # type: ignore[arg-type]
        if answer.status_code != 503:
            tally.statuses[answer.status_code] += 1
            return answer
        assert "Retry-After" in answer.headers
        tally.repeats += 1
        await asyncio.sleep(0.05)
