"""What one more process brings, and what the access log costs."""

import os
from collections.abc import Collection
from typing import Final

from bench.lanes import Bench, Lane, Subject, compare
from bench.measures.measure import Measure
from bench.rows import Goal, Row
from bench.servers import Server, api_server
from bench.shops import get_items

TWO: Final = "GET /items, 24 items, 2 processes"
LOG: Final = "GET /items, 24 items, access log on"

_CORES: Final = os.cpu_count() or 1
_OWN_CORE: Final = _CORES >= 3


def two_processes(bench: Bench, _: Collection[str]) -> list[Row]:
    """On SQLite, so that no database server takes a core of its own."""
    note = "" if _OWN_CORE else f"not judged: with {_CORES} cores the load generator has none of its own"
    with (
        bench.shop("SQLite", 24) as made,
        api_server(made.url) as one,
        api_server(made.url, "--no-access-log", "--workers", "2") as two,
    ):
        goal = Goal(">=", 1.7, judged=_OWN_CORE)
        return compare(bench, [Subject(TWO, _items(bench, TWO, two), [_items(bench, "1 process", one)], goal, note)])


def access_log(bench: Bench, _: Collection[str]) -> list[Row]:
    """Into a file, as JSON lines."""
    with bench.shop("SQLite", 24) as made, api_server(made.url) as off, api_server(made.url, "--access-log") as on:
        reference = _items(bench, "access log off", off)
        return compare(bench, [Subject(LOG, _items(bench, LOG, on), [reference], Goal(">=", 0.95))])


def _items(bench: Bench, name: str, api: Server) -> Lane:
    return bench.http(name, get_items(api.port))


MEASURES: Final = (Measure((TWO,), two_processes), Measure((LOG,), access_log))
