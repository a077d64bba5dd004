"""Connections: what dies, waits or locks, and what becomes of it."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, select, text, update

from shopapi.db.engine import Database, DatabaseUnavailable, OutcomeUnknown, TryAgain, open_database, sqlite_file
from shopapi.inventory.tables import location, stock_level
from tests import factories
from tests.waiting import wait_until


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[Database]:
    database = open_database(postgresql_url, threads=2)
    yield database
    database.close()


@pytest.fixture
def other(postgresql_url: str) -> Iterator[Database]:
    """The same database through connections of its own."""
    database = open_database(postgresql_url, threads=2)
    yield database
    database.close()


def pid(c: Any) -> int:
    return int(c.execute(text("SELECT pg_backend_pid()")).scalar_one())


def kill(other: Database, victim: int) -> None:
    with other.reading() as c:
        c.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": victim})
        gone = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
        wait_until(lambda: c.execute(gone, {"pid": victim}).scalar_one() == 0, 10)


def name_of(database: Database) -> str:
    with database.reading() as c:
        return str(c.execute(select(location.c.name)).scalar_one())


# --- dead connections


def test_a_read_that_meets_a_dead_connection_runs_once_more(postgresql: Database, other: Database) -> None:
    with postgresql.reading() as c:
        victim = pid(c)
    kill(other, victim)
    with postgresql.reading() as c:
        assert pid(c) != victim
        kill(other, pid(c))
        assert c.execute(text("SELECT 1")).scalar_one() == 1


def test_a_write_that_meets_a_dead_connection_changes_nothing_and_says_so(
    postgresql: Database, other: Database
) -> None:
    def rename(c: Any) -> None:
        kill(other, pid(c))
        c.execute(update(location).values(name="changed"))

    with pytest.raises(DatabaseUnavailable):
        postgresql.write(rename)
    assert name_of(other) == "Main"


def test_the_outcome_of_a_commit_that_broke_off_is_unknown(postgresql: Database, other: Database) -> None:
    def rename(c: Any) -> None:
        c.execute(update(location).values(name="changed"))
        kill(other, pid(c))

    with pytest.raises(OutcomeUnknown):
        postgresql.write(rename)
    postgresql.write(lambda c: c.execute(update(location).values(name="later")))
    assert name_of(other) == "later"


def test_the_outcome_of_a_statement_in_autocommit_that_broke_off_is_unknown(
    postgresql: Database, other: Database
) -> None:
    killer: list[threading.Timer] = []

    def rename(c: Any) -> None:
        victim = pid(c)
        killer.append(threading.Timer(0.2, lambda: kill(other, victim)))
        killer[0].start()
        c.execute(text("UPDATE location SET name = 'changed' FROM pg_sleep(5)"))

    with pytest.raises(OutcomeUnknown):
        postgresql.write(rename, one_statement=True)
    killer[0].join(10)
    assert name_of(other) == "Main"


# --- waiting


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_caller_who_finds_every_connection_taken_learns_it_within_a_second(database_url: str) -> None:
    database = open_database(database_url, threads=1)
    with database.reading() as c:
        c.execute(text("SELECT 1"))
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable), database.reading() as d:
            d.execute(text("SELECT 1"))
        assert time.monotonic() - began < 1
    database.close()


def test_a_connection_is_given_back_after_whatever_went_wrong(database_url: str) -> None:
    database = open_database(database_url, threads=1)

    def fail(c: Any) -> None:
        c.execute(update(location).values(name="changed"))
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError), database.reading():
            raise ZeroDivisionError
        with pytest.raises(ZeroDivisionError):
            database.write(fail)
    assert database.pool_in_use() == 0
    assert name_of(database) == "Main"
    database.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="readonly"), database.reading() as c:
        c.execute(update(location).values(name="changed"))
    assert name_of(database) == "Main"


def test_a_lock_that_is_held_too_long_is_given_up(postgresql: Database, other: Database) -> None:
    with other.writing() as c:
        c.execute(update(location).values(name="held"))
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="waited too long"):
            postgresql.write(lambda d: d.execute(update(location).values(name="mine")))
        assert 1 < time.monotonic() - began < 4
    assert name_of(postgresql) == "held"


HOLDER = """
import sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_writer_lock_that_another_process_holds_stops_writers_and_no_readers(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(sqlite_file(sqlite_url))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    assert name_of(database) == "Main"
    # As one who does not have five seconds.
    event.listen(database._writer, "checkout", lambda c, *_: c.execute("PRAGMA busy_timeout = 100"))
    with pytest.raises(DatabaseUnavailable, match="locked by another process"):
        database.write(lambda c: c.execute(update(location).values(name="changed")))
    holder.communicate(b"\n", timeout=10)
    database.write(lambda c: c.execute(update(location).values(name="changed")))
    assert name_of(database) == "changed"
    database.close()


def test_writers_of_one_process_queue_for_two_seconds(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with database.writing():
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="wait"):
            threading_write(database)
        assert 1.5 < time.monotonic() - began < 4
    database.close()


def threading_write(database: Database) -> None:
    """Write in another thread, and raise here what it raised there."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            database.write(lambda c: c.execute(update(location).values(name="changed")))
        except DatabaseUnavailable as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    for error in raised:
        raise error


SQLITE = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0, "busy_timeout": 5000}
POSTGRESQL = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
    "TimeZone": "UTC",
    "transaction_isolation": "read committed",
}


def test_the_settings_of_a_connection_are_those_that_were_chosen(database: Database) -> None:
    say, wanted = ("PRAGMA", SQLITE) if database.dialect == "sqlite" else ("SHOW", POSTGRESQL)
    with database.writing() as c:
        assert {name: c.execute(text(f"{say} {name}")).scalar_one() for name in wanted} == wanted


# --- deadlocks and others that pass


@pytest.mark.concurrency
def test_two_changes_that_lock_rows_in_other_order_both_happen(postgresql: Database, other: Database) -> None:
    with postgresql.writing() as c:
        ids = [factories.item(c).id for _ in range(2)]
    both_hold, tries = threading.Barrier(2), []

    def change(database: Database, order: list[int]) -> None:
        def raise_both(c: Any) -> None:
            tries.append(order)
            for n, item_id in enumerate(order):
                version = stock_level.c.version + 1
                c.execute(update(stock_level).where(stock_level.c.variant_id == item_id).values(version=version))
                if n == 0 and len(tries) <= 2:
                    both_hold.wait(5)

        database.write(raise_both)

    threads = [
        threading.Thread(target=change, args=(postgresql, ids)),
        threading.Thread(target=change, args=(other, ids[::-1])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(tries) == 3, "One of the two met the deadlock and ran again."
    with postgresql.reading() as after:
        assert after.execute(select(stock_level.c.version)).scalars().all() == [3, 3]


def test_a_change_that_asks_for_another_turn_gets_it_a_bounded_number_of_times(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopapi.db.engine.time.sleep", lambda _: None)
    tries: list[int] = []

    def twice(c: Any) -> str:
        tries.append(1)
        c.execute(update(location).values(name=f"try {len(tries)}"))
        if len(tries) < 3:
            raise TryAgain("turn")
        return "done"

    assert database.write(twice, one_statement=True) == "done"
    assert name_of(database) == "try 3"

    def never(_: Any) -> None:
        tries.append(1)
        raise TryAgain("turn")

    tries.clear()
    with pytest.raises(DatabaseUnavailable):
        database.write(never)
    assert 2 <= len(tries) <= 20


def test_umlauts_fold_on_both_databases(database: Database) -> None:
    with database.reading() as c:
        assert c.execute(text("SELECT lower('ÄÖÜÉ')")).scalar_one() == "äöüé"


def test_sqlite_s_driver_is_new_enough_for_what_the_migrations_use() -> None:
    assert sqlite3.sqlite_version_info >= (3, 37)
