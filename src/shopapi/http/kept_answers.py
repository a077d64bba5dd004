"""The catalog's answers in memory: those of one version, bounded in bytes, the least recently used out first."""

from collections import OrderedDict
from typing import Final

from shopapi.http.catalog_answers import CatalogAnswer

Key = tuple[str, bytes, str]
"""Path, sorted query, and in one word the language and the coding."""

_BESIDE: Final = 1100  # Bytes that an answer takes beside its body and key, measured.


class KeptAnswers:
    """Up to ``limit`` bytes of answers; 0 keeps none."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._answers: OrderedDict[Key, CatalogAnswer] = OrderedDict()
        self._version: int | None = None
        self.bytes = 0
        """What they take, their keys and all else counted."""

    def find(self, key: Key) -> CatalogAnswer | None:
        """The answer, whatever its version, which counts as used."""
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def keep(self, key: Key, answer: CatalogAnswer) -> None:
        """Keep an answer of the version that holds now; those of another one go."""
        if answer.version != self._version:
            self._version = answer.version
            self._answers.clear()
            self.bytes = 0
        if (old := self._answers.pop(key, None)) is not None:
            self.bytes -= _size(key, old)
        if (size := _size(key, answer)) > self._limit:
            return
        self._answers[key] = answer
        self.bytes += size
        while self.bytes > self._limit:
            self.bytes -= _size(*self._answers.popitem(last=False))


def _size(key: Key, answer: CatalogAnswer) -> int:
    return answer.size + len(key[0]) + len(key[1]) + _BESIDE
