"""One seed at a time: whoever comes second waits, and then finds all done."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import text

from shopapi.db.engine import Database, DatabaseUnavailable


@contextmanager
def taking_turns(db: Database, *, wait_s: float = 300) -> Iterator[None]:
    """Hold the only right to seed ``db``; it ends with the process, however that ends.

    On PostgreSQL it holds one of the connections for reading meanwhile. Raises :class:`DatabaseUnavailable` when
    another process has had it for ``wait_s``.
    """
    with (_file_lock if db.dialect == "sqlite" else _advisory_lock)(db, wait_s):
        yield


@contextmanager
def _file_lock(db: Database, wait_s: float) -> Iterator[None]:
    with db.reading() as c:
        database = c.execute(text("PRAGMA database_list")).one().file
    # The file that migrations lock, too: nothing is seeded into a schema that is being changed.
    file = os.open(f"{database}.lock", os.O_CREAT | os.O_RDWR, 0o600)

    def lock() -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    try:
        _wait_for(lock, wait_s)
        yield
    finally:
        os.close(file)


@contextmanager
def _advisory_lock(db: Database, wait_s: float) -> Iterator[None]:
    # In autocommit: a transaction that waits idly for ten seconds would be cut off by the server.
    with db.reading() as c:
        _wait_for(
            lambda: bool(
                c.execute(text("SELECT pg_try_advisory_lock(hashtextextended('shopctl:seed', 0))")).scalar_one()
            ),
            wait_s,
        )
        try:
            yield
        finally:
            c.execute(text("SELECT pg_advisory_unlock(hashtextextended('shopctl:seed', 0))"))


def _wait_for(lock: Callable[[], bool], wait_s: float) -> None:
    until = time.monotonic() + wait_s
    while not lock():
        if time.monotonic() > until:
            raise DatabaseUnavailable(f"Another process has been seeding for {wait_s:.0f} s.")
        time.sleep(0.05)
