"""Where money is moved: the providers, and turns at the database for what waits for a provider in between.

A provider is awaited on the event loop, with no connection and no thread of the database held meanwhile.
"""

import asyncio
import functools
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Final, TypeVar

from shopapi.db.engine import Database
from shopapi.http.problems import Overloaded
from shopapi.payments.providers.interface import PaymentProvider

T = TypeVar("T")

_TURN_S: Final = 2.0

MOST_WAITING: Final = 16
"""So many requests of one process wait for providers at once; more are refused before anything is done for them."""


@dataclass
class Till:
    """The payment providers by name, and the database. ``turn`` is the queue of writers that SQLite needs."""

    db: Database
    providers: Mapping[str, PaymentProvider]
    turn: asyncio.Semaphore | None = None
    waiting: int = field(default=0, init=False)

    def enter(self) -> "_Place":
        """A place among those that wait for a provider; raises :class:`Overloaded` where there is none."""
        return _Place(self)

    async def run(self, work: Callable[[Database], T]) -> T:
        """Run ``work``, which may write, on a thread of the database; on SQLite in its turn among the writers."""
        call = functools.partial(work, self.db)
        if self.turn is None:
            return await _in_thread(call)
        try:
            await asyncio.wait_for(self.turn.acquire(), _TURN_S)
        except TimeoutError:
            raise Overloaded("Too many changes wait. Come back in a second.") from None
        try:
            return await _in_thread(call)
        finally:
            self.turn.release()


class _Place:
    def __init__(self, till: Till) -> None:
        self._till = till

    def __enter__(self) -> None:
        if self._till.waiting >= MOST_WAITING:
            raise Overloaded("Too many payments are under way. Nothing was done; come back in a second.")
        self._till.waiting += 1

    def __exit__(self, *_: object) -> None:
        self._till.waiting -= 1


async def _in_thread(call: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, functools.partial(copy_context().run, call))
