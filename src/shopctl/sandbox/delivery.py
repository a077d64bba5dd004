"""Delivers webhooks: each event until its receiver answers 2xx, with growing pauses, also after a restart."""

import asyncio
import logging
import random
import sqlite3
import time
from contextlib import suppress
from typing import Final

import httpx

from shopctl.sandbox import events
from shopctl.sandbox.faults import COPIES, USUAL_S, Faults
from shopctl.sandbox.journal import Journal
from shopctl.sandbox.signing import HEADER, signature

_AT_ONCE: Final = 32
_TIMEOUT_S: Final = 10.0
_LOOK_EVERY_S: Final = 30.0
_log = logging.getLogger(__name__)


class Delivery:
    """Sends what the journal holds to ``url``; nothing where that is empty, and then events wait for one."""

    def __init__(self, journal: Journal, url: str, secrets: tuple[str, ...], faults: Faults) -> None:
        self._journal = journal
        self._url = url
        self._secrets = secrets
        self._faults = faults
        self._woken = asyncio.Event()
        self._underway: dict[int, asyncio.Task[None]] = {}
        self._judged: set[int] = set()

    def wake(self) -> None:
        """Look again: there may be something to send."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        if not self._url:
            return
        limits = httpx.Limits(max_connections=_AT_ONCE * COPIES)
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, limits=limits, trust_env=False) as client:
            try:
                while True:
                    await self._round(client)
            finally:
                left = list(self._underway.values())
                for task in left:
                    task.cancel()
                await asyncio.gather(*left, return_exceptions=True)

    async def _round(self, client: httpx.AsyncClient) -> None:
        self._woken.clear()
        due, later = await self._journal.run(lambda c: events.due(c, 2 * _AT_ONCE))
        for event in due:
            if event["id"] not in self._underway and len(self._underway) < _AT_ONCE:
                task = asyncio.create_task(self._deliver(client, event))
                self._underway[event["id"]] = task
        pause = _LOOK_EVERY_S if later is None else min(_LOOK_EVERY_S, max(0.01, later - time.time()))
        # Not wait_for: where it ends just then, it swallows that this task was cancelled.
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._woken.wait()

    async def _deliver(self, client: httpx.AsyncClient, event: sqlite3.Row) -> None:
        number = event["id"]
        try:
            copies = await self._spoilt(event)
            if copies:
                answers = await asyncio.gather(*(self._send(client, event) for _ in range(copies)))
                done = events.taken if any(answers) else events.refused
                await self._journal.run(lambda c: done(c, number))
                self._judged.discard(number)
        except Exception:
            _log.exception("A webhook could not be delivered.")
        finally:
            del self._underway[number]
            self.wake()

    async def _spoilt(self, event: sqlite3.Row) -> int:
        """How many copies of the event go out now, after the fault that strikes its first delivery, if one does."""
        number, copies = event["id"], int(event["copies"])
        if event["attempts"] or number in self._judged:
            return copies
        self._judged.add(number)
        fault = self._faults.striking("webhook")
        if fault is None:
            return copies
        if fault.mode == "webhook_duplicate":
            return max(copies, COPIES)
        if fault.mode == "webhook_lost":
            await self._journal.run(lambda c: events.postpone(c, number, None))
            return 0
        usual = USUAL_S[fault.mode] if fault.seconds is None else fault.seconds
        # In a random order: what comes later may overtake it.
        pause = usual if fault.mode == "webhook_delayed" else usual * random.random()  # noqa: S311 - no secret
        await self._journal.run(lambda c: events.postpone(c, number, time.time() + pause))
        return 0

    async def _send(self, client: httpx.AsyncClient, event: sqlite3.Row) -> bool:
        body = event["body"].encode()
        headers = {
            "Content-Type": "application/json",
            HEADER: signature(body, self._secrets, int(time.time())),
        }
        try:
            answer = await client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            _log.info("A webhook was not taken: %s.", type(error).__name__)
            return False
        if not answer.is_success:
            _log.info("A webhook was not taken: %d.", answer.status_code)
        return answer.is_success
