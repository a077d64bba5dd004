"""Early refusals: how many requests a process takes on, and on SQLite one writer at a time.

Both stand before the threads: a request that would only wait there costs the others their turn.
"""

import asyncio
import re
from typing import Final

from shopapi.http.body import send_problem
from shopapi.http.problems import Overloaded
from shopapi.runtime.edge import App, Receive, Scope, Send
from shopapi.runtime.hosts import HEALTH_PATHS

_TURN_S: Final = 2.0
_MOST_WEBHOOKS: Final = 32
_WEBHOOK: Final = re.compile(r"/v1/payments/[^/]+/webhook")
_READS: Final = ("GET", "HEAD", "OPTIONS")
_OWN_TURN: Final = re.compile(
    r"/v1/(sessions|carts/[^/]+/checkout|orders/[^/]+/cancel|payments/[^/]+/webhook"
    r"|admin/orders/[^/]+/cancel|admin/payments/[^/]+/refunds)"
)
"""These wait for something else between their writes, and take a turn for each of them by themselves."""


class InFlight:
    """Answers 503 to a request above ``most`` at once; what probes ask and payment providers tell has its own lane."""

    def __init__(self, app: App, most: int) -> None:
        self._app = app
        self._most = {False: most, True: _MOST_WEBHOOKS}
        self._now = {False: 0, True: 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] in HEALTH_PATHS:
            await self._app(scope, receive, send)
            return
        lane = _WEBHOOK.fullmatch(scope["path"]) is not None
        if self._now[lane] >= self._most[lane]:
            await send_problem(Overloaded(), scope, send, close=True)
            return
        self._now[lane] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._now[lane] -= 1


class OneWriter:
    """A fair queue for the requests that change something: SQLite has one writer, and waiting threads starve readers.

    A request waits two seconds for its turn, then gets 503. ``turn`` is that queue: some take it by themselves.
    """

    def __init__(self, app: App, turn: asyncio.Semaphore) -> None:
        self._app = app
        self._turn = turn

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        # A sign-in hashes for 32 ms before it writes, a payment provider takes seconds: others can write meanwhile.
        if scope["type"] != "http" or scope["method"] in _READS or _OWN_TURN.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            await asyncio.wait_for(self._turn.acquire(), _TURN_S)
        except TimeoutError:
            await send_problem(
                Overloaded("Too many changes wait. Nothing was done; come back in a second."), scope, send
            )
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._turn.release()
