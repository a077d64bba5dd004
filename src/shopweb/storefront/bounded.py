"""A store of what was used last, bounded in bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

# What an entry costs beside its content, roughly: so that small ones count too.
_LEAST_BYTES: Final = 512


class Bounded(Generic[T]):
    """Forgets what nobody asked for the longest when it holds more than ``max_bytes``."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def find(self, key: Hashable) -> T | None:
        """What was kept under ``key``, if it still is."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def keep(self, key: Hashable, value: T, size: int) -> None:
        """Keep ``value``, which weighs ``size`` bytes with its key, instead of what was there."""
        self._bytes -= self._kept.pop(key, (value, 0))[1]
        if size > self._max_bytes:
            return
        weight = size + _LEAST_BYTES
        self._kept[key] = (value, weight)
        self._bytes += weight
        while self._bytes > self._max_bytes:
            _, (_, freed) = self._kept.popitem(last=False)
            self._bytes -= freed
