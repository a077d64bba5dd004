"""Connections: the only place that knows how SQLite and PostgreSQL differ in opening, locking and failing.

A connection is taken and given back inside the one thread call that uses it::

    with db.reading() as c:               # autocommit: every statement sees what is committed
        return store.list_items(c)
    return db.write(lambda c: store.add_item(c, item, actor="shopctl"))     # one transaction
"""

import logging
import os
import random
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeVar

from sqlalchemy import Connection, CursorResult, Dialect, Engine, Executable, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from shopapi.db.prepared import prepare_once

T = TypeVar("T")
_log = logging.getLogger(__name__)

_TRIES: Final = 8
_BUSY_MS: Final = 5000
_IDLE_TRUSTED_S: Final = 5.0
_AGAIN: Final = ("40001", "40P01")  # serialization_failure, deadlock_detected
_FORGOTTEN: Final = ("0A000", "26000")  # what a prepared statement answers has changed, or there is none of this name
_WAITED_TOO_LONG: Final = ("55P03", "57014")  # lock_not_available, query_canceled (statement_timeout)
_SESSION: Final = """
SELECT set_config('timezone', 'UTC', false), set_config('statement_timeout', %(statement_ms)s, false),
  set_config('lock_timeout', %(lock_ms)s, false), set_config('idle_in_transaction_session_timeout', '10s', false),
  CASE WHEN current_setting('server_version_num')::int >= 170000
    THEN set_config('transaction_timeout', %(transaction_ms)s, false) END
"""


class DatabaseUnavailable(Exception):
    """The database could not be asked in time, and nothing was changed: come back later."""


class OutcomeUnknown(Exception):
    """The connection broke while a change was being committed: it may or may not have happened."""


class TryAgain(Exception):
    """A change met another at the same moment and was taken back; :meth:`Database.write` runs it again,
    alone among those that name the same ``turn``."""

    def __init__(self, turn: str) -> None:
        super().__init__(turn)
        self.turn = turn


class Reader(Protocol):
    """What a read needs of a connection. A writing one can do it too."""

    @property
    def dialect(self) -> Dialect:
        """Which database it is."""
        ...

    def execute(self, statement: Executable, parameters: dict[str, Any] | None = None, /) -> CursorResult[Any]:
        """Run one statement."""
        ...


class _ReadConnection:
    """A connection in autocommit. A statement that meets a dead connection runs once more on a new one:
    it is a read, so that is safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._c = engine.connect()

    @property
    def dialect(self) -> Dialect:
        return self._engine.dialect

    def execute(self, statement: Executable, parameters: dict[str, Any] | None = None, /) -> CursorResult[Any]:
        try:
            return self._c.execute(statement, parameters)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        self._c.close()
        self._c = self._engine.connect()
        return self._c.execute(statement, parameters)

    def close(self) -> None:
        self._c.close()


class Database:
    """A shop's database. ``threads`` is how many connections it may have open for each purpose."""

    def __init__(self, url: str, *, threads: int, patient: bool) -> None:
        self.dialect: Literal["sqlite", "postgresql"] = "sqlite" if url.startswith("sqlite") else "postgresql"
        if self.dialect == "sqlite":
            self._reader, self._writer = _sqlite_engines(url, threads)
            # A fair queue in front of the file lock, for threads that share this object.
            self._one_writer: threading.Lock | None = threading.Lock()
        else:
            self._reader = self._writer = _postgresql_engine(url, threads, patient)
            self._one_writer = None

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """A connection for reading, in autocommit; raises :class:`DatabaseUnavailable`."""
        with _named_failures(writing=False):
            c = _ReadConnection(self._reader)
            try:
                yield c
            finally:
                c.close()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block. What may meet a deadlock goes by :meth:`write`.

        Raises :class:`DatabaseUnavailable` (nothing was changed) or :class:`OutcomeUnknown`.
        """
        with _named_failures(writing=True), self._turn(), self._writer.connect() as c:
            begin, commit, rollback = self._words(c)
            begin()
            try:
                yield c
            except BaseException:
                if not c.invalidated:
                    rollback()
                raise
            try:
                commit()
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise OutcomeUnknown("The connection broke at COMMIT.") from error
                raise

    def _words(self, c: Connection) -> tuple[Callable[[], object], Callable[[], object], Callable[[], object]]:
        if self.dialect == "sqlite":
            transaction = c.begin()  # The engine's hook says BEGIN IMMEDIATE.
            return (lambda: None), transaction.commit, transaction.rollback
        # The engine is in autocommit for good. To switch a connection over and back at each use would also have to work
        # on one that just died, and where it does not, SQLAlchemy loses the connection's place in the pool.
        return (
            lambda: c.exec_driver_sql("BEGIN"),
            lambda: c.exec_driver_sql("COMMIT"),
            lambda: c.exec_driver_sql("ROLLBACK"),
        )

    def write_if_free(self, change: Callable[[Connection], object]) -> bool:
        """Run ``change`` unless somebody else is writing (SQLite); the flag says whether it ran. It never waits for
        the writer, so a read may use it for what can as well be written another time."""
        if self._one_writer is None:
            self.write(change)
            return True
        if not self._one_writer.acquire(blocking=False):
            return False
        try:
            with self._writer.connect() as c:
                driver: Any = c.connection.dbapi_connection
                driver.execute("PRAGMA busy_timeout=0")
                try:
                    with c.begin():
                        change(c)
                finally:
                    driver.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        except OperationalError:
            return False
        finally:
            self._one_writer.release()
        return True

    def write(self, change: Callable[[Connection], T], *, one_statement: bool = False) -> T:
        """Run ``change`` in one transaction; once more, a bounded number of times, after a deadlock.

        ``one_statement`` says that ``change`` is a single statement on PostgreSQL: it then runs in autocommit, which
        saves two round trips and, on a hot row, the time for which it stays locked.
        """
        turn: str | None = None
        for tried in range(1, _TRIES + 1):
            try:
                if one_statement and turn is None and self.dialect == "postgresql":
                    return self._write_in_autocommit(change)
                with self.writing() as c:
                    if turn is not None and self.dialect == "postgresql":
                        c.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:turn, 0))"), {"turn": turn})
                    return change(c)
            except TryAgain as error:
                if tried == _TRIES:
                    raise DatabaseUnavailable("Too many changes met at the same moment.") from error
                turn = error.turn
            except DBAPIError as error:
                if tried == _TRIES or sqlstate(error) not in _AGAIN + _FORGOTTEN:
                    raise
                _log.warning("A change met another, or a migration, and is tried again: %s", sqlstate(error))
            time.sleep(random.uniform(0, 0.01) * 2**tried)  # noqa: S311 - jitter is no secret
        raise AssertionError("unreachable")

    def _write_in_autocommit(self, change: Callable[[Connection], T]) -> T:
        with _named_failures(writing=True), self._reader.connect() as c:
            try:
                return change(c)
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise OutcomeUnknown("The connection broke while the statement ran.") from error
                raise

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._one_writer is None:
            yield
            return
        if not self._one_writer.acquire(timeout=2):
            raise DatabaseUnavailable("Too many changes wait for the database.")
        try:
            yield
        finally:
            self._one_writer.release()

    def pool_in_use(self) -> int:
        """How many connections are taken just now."""
        pools = {engine.pool for engine in (self._reader, self._writer)}
        return sum(pool.checkedout() for pool in pools)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Give back every connection to the system."""
        self._reader.dispose()
        self._writer.dispose()


def open_database(url: str, *, threads: int = 4, patient: bool = False) -> Database:
    """Open the database at an SQLAlchemy URL as :class:`shopapi.settings.ApiSettings` gives it.

    ``patient`` is for work that nobody waits for (the worker, the command line): statements may take 30 s, not 5.
    """
    return Database(url, threads=threads, patient=patient)


def sqlite_file(url: str) -> Path:
    """The file of a ``sqlite:///`` URL."""
    return Path(make_url(url).database or "")


def make_sqlite_file(url: str) -> None:
    """Make the file of an SQLite database, readable by its owner alone, where there is none yet."""
    try:
        os.close(os.open(sqlite_file(url), os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise DatabaseUnavailable(f"{sqlite_file(url)} cannot be opened: {error.strerror}") from None


def sqlstate(error: DBAPIError) -> str:
    """PostgreSQL's five characters for an error; ``""`` on SQLite."""
    return getattr(error.orig, "pgcode", None) or ""


def constraint(error: DBAPIError) -> str:
    """What a broken constraint is called: its name, or on SQLite ``table.column`` for a unique one."""
    diagnostics = getattr(error.orig, "diag", None)
    if diagnostics is not None:
        return diagnostics.constraint_name or ""
    found = re.search(r"constraint failed: ([\w.]+)", str(error.orig))
    return found[1] if found else ""


# The second is what SQLite says where it could not so much as look who holds the lock.
_LOCKED: Final = ("locked", "locking protocol")


@contextmanager
def _named_failures(*, writing: bool) -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable("Every database connection is busy.") from error
    except DBAPIError as error:
        # SQLite's words alone: PostgreSQL tells of a deadlock that a process is "blocked by" another.
        words = str(error.orig)
        locked = isinstance(error, OperationalError) and not sqlstate(error) and any(one in words for one in _LOCKED)
        if locked or error.connection_invalidated or sqlstate(error) in _WAITED_TOO_LONG or _cannot_connect(error):
            _log.warning("The database did not answer: %s", str(error.orig).strip().partition("\n")[0])
            raise DatabaseUnavailable(_in_words(error, writing)) from error
        raise


def _cannot_connect(error: DBAPIError) -> bool:
    words = str(error.orig)
    return isinstance(error, OperationalError) and (
        (sqlstate(error) == "" and getattr(error.orig, "diag", None) is not None)
        or sqlstate(error)[:2] in ("08", "53", "57")
        or "unable to open database file" in words
        or "disk I/O error" in words
        or "readonly database" in words
    )


def _in_words(error: DBAPIError, writing: bool) -> str:
    words = str(error.orig)
    if any(one in words for one in _LOCKED):
        return "The database is locked by another process."
    if sqlstate(error) in _WAITED_TOO_LONG:
        return "The change waited too long for another one." if writing else "The database took too long."
    # The driver's first line names host and reason; the password is in none of its messages.
    return f"The database cannot be reached: {words.strip().partition(chr(10))[0]}"


def _postgresql_engine(url: str, threads: int, patient: bool) -> Engine:
    engine = create_engine(
        url,
        pool_size=threads,
        max_overflow=0,
        pool_timeout=0.5,
        pool_recycle=900,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        hide_parameters=True,
        use_native_hstore=False,  # No column is one; each new engine would look for it.
        # A dead server is noticed in 20 s at the most.
        connect_args={
            "connect_timeout": 3,
            "application_name": "shopctl",
            "keepalives_idle": 5,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        },
    )
    prepare_once(engine)
    limits = {
        "statement_ms": "30s" if patient else "5s",
        "lock_ms": "2s",
        "transaction_ms": "60s" if patient else "15s",
    }

    @event.listens_for(engine, "connect")
    def set_session(connection: Any, _: ConnectionPoolEntry) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(_SESSION, limits)

    @event.listens_for(engine, "checkin")
    def note_time(_: Any, entry: ConnectionPoolEntry) -> None:
        entry.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def try_idle(connection: Any, entry: ConnectionPoolEntry, _: Any) -> None:
        # A ping for every read costs 30 % of it; one that just worked is trusted.
        if time.monotonic() - entry.info.get("idle_since", time.monotonic()) > _IDLE_TRUSTED_S:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
            except Exception as error:
                raise DisconnectionError from error

    return engine


def _sqlite_engines(url: str, threads: int) -> tuple[Engine, Engine]:
    # One engine for both was tried: its begin hook locks its own readers out.
    args = {"check_same_thread": False, "isolation_level": None, "timeout": 5.0}
    reader = create_engine(
        url,
        pool_size=threads,
        max_overflow=0,
        pool_timeout=0.5,
        connect_args=args,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        hide_parameters=True,
    )
    writer = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=2, connect_args=args, hide_parameters=True)

    def set_connection(connection: Any, *more: str) -> None:
        for pragma in (
            f"busy_timeout={_BUSY_MS}",
            "foreign_keys=ON",
            "trusted_schema=OFF",
            "cell_size_check=ON",
            *more,
        ):
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own knows ASCII alone, and would not find "Öl" by "öl".
        connection.create_function("lower", 1, lambda value: value and value.lower(), deterministic=True)

    @event.listens_for(reader, "do_connect")
    @event.listens_for(writer, "do_connect")
    def only_what_is_there(*_: Any) -> None:
        # The driver would make the file, readable by everybody; migrations make it, for its owner alone.
        if not sqlite_file(url).exists():
            raise sqlite3.OperationalError("unable to open database file")

    @event.listens_for(reader, "connect")
    def set_reader(connection: Any, _: ConnectionPoolEntry) -> None:
        set_connection(connection, "query_only=ON")

    @event.listens_for(writer, "connect")
    def set_writer(connection: Any, _: ConnectionPoolEntry) -> None:
        # FULL: NORMAL may lose the last commits when the power fails.
        set_connection(connection, "journal_mode=WAL", "synchronous=FULL")

    @event.listens_for(writer, "begin")
    def begin_at_once(c: Connection) -> None:
        # A deferred BEGIN that turns into a write fails at once under load.
        c.exec_driver_sql("BEGIN IMMEDIATE")

    return reader, writer
