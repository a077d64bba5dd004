"""What the handlers work with: the journal, the faults, and whoever delivers webhooks."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from litestar import Request

from shopctl.sandbox.delivery import Delivery
from shopctl.sandbox.faults import Faults
from shopctl.sandbox.journal import Journal

T = TypeVar("T")


@dataclass
class Desk:
    """One for the process. ``url`` is where customers find the hosted page, empty where that is the caller's Host."""

    journal: Journal
    delivery: Delivery
    secrets: tuple[str, ...]
    url: str
    faults: Faults = field(default_factory=Faults)

    def base(self, request: "Request[object, object, object]") -> str:  # type: ignore[type-var]
        """Where the hosted pages are."""
        return self.url or str(request.base_url).rstrip("/")

    async def change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do ``work`` in the journal, and have the events that it wrote delivered."""
        done = await self.journal.run(work)
        self.delivery.wake()
        return done
