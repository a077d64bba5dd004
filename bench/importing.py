"""``shopctl import products`` in this process, watched: ``python -m bench.importing FILE``.

It tells how long the command took, its longest transaction, and the most memory that it ever held.
"""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

from bench.load import tell


class Import(msgspec.Struct, frozen=True):
    """What an import took. ``longest_s`` is from the request for a transaction to the end of its commit."""

    exit_code: int
    took_s: float
    longest_s: float
    transactions: int
    most_mib: float | None


def main() -> None:
    began = time.perf_counter()
    from shopapi.db.engine import Database
    from shopctl.main import answer

    transactions = []
    writing = Database.writing

    @contextmanager
    def timed(self: Database) -> Iterator[Any]:
        at = time.perf_counter()
        with writing(self) as c:
            yield c
        transactions.append(time.perf_counter() - at)

    with patch.object(Database, "writing", timed):
        code = answer(["import", "products", sys.argv[1]])
    took_s = time.perf_counter() - began
    tell(Import(code, took_s, max(transactions, default=0.0), len(transactions), most_mib()))


def most_mib() -> float | None:
    """The most memory that this process ever held; ``None`` where the system does not tell.

    Not what getrusage says: on Linux that begins with the memory of whoever started the process.
    """
    file = Path("/proc/self/status")
    found = re.search(r"^VmHWM:\s+(\d+) kB", file.read_text(), re.MULTILINE) if file.exists() else None
    return int(found[1]) / 1024 if found else None


if __name__ == "__main__":
    main()
