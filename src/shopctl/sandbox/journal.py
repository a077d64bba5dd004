"""The sandbox's memory: one SQLite file, one connection, one thread, so that calls happen one after the other."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

T = TypeVar("T")

_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE charge (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL,
    page TEXT NOT NULL UNIQUE,
    order_number TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    charged_amount INTEGER NOT NULL,
    charged_currency TEXT NOT NULL,
    return_url TEXT NOT NULL,
    locale TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'confirming', 'succeeded', 'failed', 'cancelled')),
    reason TEXT NOT NULL DEFAULT '',
    fault TEXT NOT NULL DEFAULT '',
    webhooks TEXT NOT NULL DEFAULT '',
    version INTEGER NOT NULL DEFAULT 1,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX charge_key ON charge (key);
CREATE TABLE charge_state (
    charge_id INTEGER NOT NULL REFERENCES charge,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (charge_id, version)
) STRICT;
CREATE TABLE refund (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL,
    charge_id INTEGER REFERENCES charge,
    charge_key TEXT NOT NULL,
    amount INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('succeeded', 'failed')),
    reason TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX refund_key ON refund (key);
CREATE INDEX refund_charge ON refund (charge_id);
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    copies INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL,
    delivered_at REAL,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX event_due ON event (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX event_key ON event (key);
"""


class JournalError(Exception):
    """The file cannot be the journal; the message says why."""


class Journal:
    """The journal in ``file``, which is made where there is none; raises :class:`JournalError`."""

    def __init__(self, file: str) -> None:
        try:
            # Its owner's alone; SQLite gives the two files that it puts beside it the same mode.
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
            self._c = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=10)
            self._c.row_factory = sqlite3.Row
            # FULL: what was answered stays true even when the machine loses its power.
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._c.execute(f"PRAGMA {pragma}")
            self._prepare(file)
            # Earlier versions made it readable by everybody.
            for part in (file, f"{file}-wal", f"{file}-shm"):
                with suppress(FileNotFoundError, PermissionError):
                    os.chmod(part, 0o600)
        except OSError as error:
            raise JournalError(f"{file} cannot be the sandbox's journal: {error.strerror}.") from None
        except sqlite3.Error as error:
            raise JournalError(f"{file} cannot be the sandbox's journal: {error}.") from None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    def _prepare(self, file: str) -> None:
        self._c.execute("BEGIN IMMEDIATE")
        version = self._c.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not self._c.execute("SELECT 1 FROM sqlite_master").fetchone():
            for statement in filter(str.strip, _SCHEMA.split(";")):
                self._c.execute(statement)
            self._c.execute(f"PRAGMA user_version = {_VERSION}")
        self._c.execute("COMMIT")
        if version not in (0, _VERSION) or not self._c.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise JournalError(f"{file} is no journal of this version of the sandbox.")
        if not self._c.execute("SELECT 1 FROM sqlite_master WHERE name = 'charge_state'").fetchone():
            raise JournalError(f"{file} holds other data; it is no journal of the sandbox.")

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do ``work`` in a transaction of its own, after all that were asked for before."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, work)

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._c.execute("BEGIN IMMEDIATE")
        try:
            done = work(self._c)
            self._c.execute("COMMIT")
        except BaseException:
            self._c.execute("ROLLBACK")
            raise
        return done

    def close(self) -> None:
        """Finish what runs, and close the file."""
        self._thread.shutdown()
        self._c.close()
