"""Changes stock as shoppers see it, fifty times a second, and watches how old what they are told becomes.

``python -m bench.changes PORT`` reads what to change from its first line of input, and goes on until its input ends.
All clocks are in this process. A value that was seen is taken for the youngest that it can have been, and its age for
the highest that it can have had: from the moment when the change that put an end to it was sent, to the answer's
arrival.
"""

import http.client
import json
import sys
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any, Final

import msgspec

from bench.catalog import HEADERS, LIST
from bench.load import tell

A_SECOND: Final = 50
_SHOWN: Final = 7
"""0 to 5 units show as such, 6 and more look alike: so many different things a shopper can see."""

_WATCHED_EVERY_S: Final = 0.5  # All of them take 3.5 s, so that an older value could not be taken for a younger one.
_LOOKS_EVERY_S: Final = 0.05
_WORKERS: Final = 4
_BESIDE: Final = (A_SECOND - 1 / _WATCHED_EVERY_S) / _WORKERS


class Item(msgspec.Struct, frozen=True):
    """A variant on sale, as the classic interface knows it."""

    id: int
    name: str


class Task(msgspec.Struct, frozen=True):
    """What to change: ``watched`` is the only variant of the product ``slug`` that the list shows."""

    watched: Item
    slug: str
    others: list[Item]


class Told(msgspec.Struct, frozen=True):
    """What came of it. ``oldest_s`` is the highest age of what was seen; ``never_true`` counts values out of turn."""

    changes: int
    refused: int
    duration_s: float
    looks: int
    oldest_s: float
    never_true: int


class Change(msgspec.Struct, frozen=True):
    """A value, and when it was sent and known to stand, by the monotonic clock."""

    value: int
    sent: float
    stood: float


class Look(msgspec.Struct, frozen=True):
    """A value as a shopper saw it."""

    value: int
    asked: float
    seen: float


def ages(changes: list[Change], looks: list[Look]) -> tuple[float, int]:
    """The highest age of what was seen, in seconds, and how many values were seen that cannot have been there."""
    oldest, never_true = 0.0, 0
    for look in looks:
        can_be = [at for at, one in enumerate(changes) if one.value == look.value and one.sent <= look.seen]
        if not can_be:
            never_true += 1
        elif (following := can_be[-1] + 1) < len(changes):
            oldest = max(oldest, look.seen - changes[following].sent)
    return oldest, never_true


class Caller:
    """One kept-alive connection to the API."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def get(self, path: str) -> Any:
        """The JSON of an answer; ``None`` where it is no 200."""
        self._connection.request("GET", path, headers=HEADERS)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            return None
        if answer.getheader("content-encoding") == "gzip":
            body = zlib.decompress(body, 16 + zlib.MAX_WBITS)
        return json.loads(body)

    def set(self, item: Item, quantity: int) -> bool:
        """Set what is on hand."""
        body = msgspec.json.encode({"name": item.name, "quantity": quantity})
        self._connection.request("PUT", f"/items/{item.id}", body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        answer.read()
        return answer.status == 200


class Shoppers:
    """Everything that happens at once, until ``over``."""

    def __init__(self, port: int, task: Task) -> None:
        self.task = task
        self.over = threading.Event()
        self.changes: list[Change] = []
        self.looks: list[Look] = []
        self.done = [0] * _WORKERS
        self.refused = 0
        self._port = port

    def change_watched(self) -> None:
        """Put the watched product through everything that can be seen of its stock, over and over."""
        caller = Caller(self._port)

        def one(turn: int) -> None:
            value, sent = turn % _SHOWN, time.monotonic()
            if caller.set(self.task.watched, value):
                self.changes.append(Change(value, sent, time.monotonic()))
            else:
                self.refused += 1

        self._every(_WATCHED_EVERY_S, one)

    def change_others(self, worker: int) -> None:
        """Two units are left of each, then three, then two."""
        caller, own = Caller(self._port), self.task.others[worker::_WORKERS]

        def one(turn: int) -> None:
            round_, at = divmod(turn, len(own))
            if caller.set(own[at], 2 + round_ % 2):
                self.done[worker] += 1
            else:
                self.refused += 1

        self._every(1 / _BESIDE, one)

    def watch(self) -> None:
        """Look at the list and at the product's own page in turn."""
        caller, slug = Caller(self._port), self.task.slug

        def one(turn: int) -> None:
            asked = time.monotonic()
            told = caller.get(LIST if turn % 2 else f"{LIST}/{slug}")
            if told is None:
                return
            card = next(one for one in told["data"] if one["slug"] == slug) if turn % 2 else told["variants"][0]
            value = 0 if not card["available"] else card["low_stock"] or _SHOWN - 1
            self.looks.append(Look(value, asked, time.monotonic()))

        self._every(_LOOKS_EVERY_S, one)

    def _every(self, seconds: float, one: Callable[[int], None]) -> None:
        began, turn = time.monotonic(), 0
        while not self.over.wait(max(0.0, began + turn * seconds - time.monotonic())):
            one(turn)
            turn += 1


def main() -> None:
    port = int(sys.argv[1])
    shoppers = Shoppers(port, msgspec.json.decode(sys.stdin.readline(), type=Task))
    # What stands at first must be known, or the first look could not be judged.
    at = time.monotonic()
    Caller(port).set(shoppers.task.watched, _SHOWN - 1)
    shoppers.changes.append(Change(_SHOWN - 1, at, time.monotonic()))
    time.sleep(1.5)
    threads = [threading.Thread(target=shoppers.change_others, args=(worker,)) for worker in range(_WORKERS)]
    threads += [threading.Thread(target=shoppers.change_watched), threading.Thread(target=shoppers.watch)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    print("changing", flush=True)
    sys.stdin.read()
    shoppers.over.set()
    for thread in threads:
        thread.join()
    took, made = time.monotonic() - began, sum(shoppers.done) + len(shoppers.changes) - 1
    tell(Told(made, shoppers.refused, took, len(shoppers.looks), *ages(shoppers.changes, shoppers.looks)))


if __name__ == "__main__":
    main()
