"""Limits on calls: token buckets in the memory of one process.

With several processes a caller has as many buckets. For a sign-in that is no hole worth a database write a try: each
try costs 32 ms of a hash, and the account's own bucket still bounds it.
"""

import time
from collections import OrderedDict
from typing import Final

from shopapi.http.problems import RateLimited

_MOST_KEYS: Final = 50_000


class Limiter:
    """Lets ``calls`` through per ``seconds`` for each key, in bursts of up to ``calls``."""

    def __init__(self, calls: int, seconds: float, *, on: bool = True) -> None:
        self._calls, self._refill = float(calls), calls / seconds
        self._on = on
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, now: float | None = None) -> None:
        """Count one call; raises :class:`RateLimited` where there are too many."""
        if not self._on:
            return
        now = time.monotonic() if now is None else now
        left, at = self._buckets.pop(key, (self._calls, now))
        left = min(self._calls, left + (now - at) * self._refill)
        self._buckets[key] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > _MOST_KEYS:
            # The one that was silent longest is the nearest to full.
            self._buckets.popitem(last=False)
        if left < 1:
            raise RateLimited((1 - left) / self._refill)

    def give_back(self, key: str) -> None:
        """Take back a call that should not have counted."""
        if key in self._buckets:
            left, at = self._buckets[key]
            self._buckets[key] = (min(self._calls, left + 1), at)
