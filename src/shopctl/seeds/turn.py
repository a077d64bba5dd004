"""One seed at a time: whoever comes second waits, and then finds all done."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import text

from shopapi.db.engine import Database, DatabaseUnavailable
from shopapi.db.file_lock import file_lock


@contextmanager
def taking_turns(db: Database, *, wait_s: float = 300) -> Iterator[None]:
    """Hold the only right to seed ``db``; it ends with the process, however that ends.

    On PostgreSQL it holds one of the connections for reading meanwhile. Raises :class:`DatabaseUnavailable` when
    another process has had it for ``wait_s``.
    """
    busy = DatabaseUnavailable(f"Another process has been seeding for {wait_s:.0f} s.")
    if db.dialect == "sqlite":
        with db.reading() as c:
            database = c.execute(text("PRAGMA database_list")).one().file
        # The file that migrations lock, too: nothing is seeded into a schema that is being changed.
        with file_lock(Path(f"{database}.lock"), wait_s, busy):
            yield
    else:
        with _advisory_lock(db, wait_s, busy):
            yield


@contextmanager
def _advisory_lock(db: Database, wait_s: float, busy: Exception) -> Iterator[None]:
    until = time.monotonic() + wait_s
    # In autocommit: a transaction that waits idly for ten seconds would be cut off by the server.
    with db.reading() as c:
        while not c.execute(_LOCK).scalar_one():
            if time.monotonic() > until:
                raise busy
            time.sleep(0.05)
        try:
            yield
        finally:
            c.execute(_UNLOCK)


_LOCK: Final = text("SELECT pg_try_advisory_lock(hashtextextended('shopctl:seed', 0))")
_UNLOCK: Final = text("SELECT pg_advisory_unlock(hashtextextended('shopctl:seed', 0))")
