"""Bring a database's schema up to date, once, however many processes try it at the same time."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from shopapi.db.engine import DatabaseUnavailable, make_sqlite_file, open_database, sqlite_file, sqlstate
from shopapi.db.file_lock import file_lock
from shopapi.db.schema import SchemaStatus, schema_status, steps

_LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended('shopctl:migrate', 0))"
_UNLOCK: Final = "SELECT pg_advisory_unlock(hashtextextended('shopctl:migrate', 0))"
_TRIES: Final = 10


class MigrationFailed(Exception):
    """The schema could not be brought up to date; what had been done of the failed step was taken back."""


def status(url: str) -> SchemaStatus:
    """What the database at ``url`` has seen of the schema's steps."""
    if url.startswith("sqlite") and not sqlite_file(url).exists():
        raise DatabaseUnavailable(f"There is no database at {sqlite_file(url)}.")
    db = open_database(url, threads=1, patient=True)
    try:
        return schema_status(db)
    finally:
        db.close()


def migrate(url: str, *, wait_s: float = 300) -> list[str]:
    """Run the steps that the database at ``url`` has not seen, oldest first, and answer their versions.

    Any number of processes may call it at once: one works, the others wait for it, ``wait_s`` at the most.

    Raises:
        MigrationFailed: a step failed, or a step that ran has another content than this program has.
        DatabaseUnavailable: the database cannot be reached.
    """
    if url.startswith("sqlite"):
        make_sqlite_file(url)
        with file_lock(Path(f"{sqlite_file(url)}.lock"), wait_s, _busy(wait_s)), _sqlite(url) as c:
            return _upgrade(url, c)
    with _postgresql(url) as c, _advisory_lock(c, wait_s):
        return _upgrade(url, c)


def _busy(wait_s: float) -> MigrationFailed:
    return MigrationFailed(f"Another process has been migrating for {wait_s:.0f} s.")


def _upgrade(url: str, c: Connection) -> list[str]:
    before = status(url)
    edited = [step.version for step in before.steps if not step.checksum_good]
    if edited:
        raise MigrationFailed(
            f"Step {', '.join(edited)} ran with another content than this program has. "
            "A released step is never edited; use the release that the database was made with, or one after it."
        )
    pending = [step.version for step in before.steps if not step.applied]
    if not pending:
        return []
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = c
    for tried in range(1, _TRIES + 1):
        try:
            command.upgrade(config, steps()[-1].version)
        except DBAPIError as error:
            if sqlstate(error) != "55P03" or tried == _TRIES:  # lock_not_available: DDL gives way to the running shop
                raise MigrationFailed(f"A step failed and was taken back: {str(error.orig).strip()}") from error
            time.sleep(random.uniform(0.1, 0.5) * tried)  # noqa: S311 - jitter is no secret
        except CommandError as error:
            raise MigrationFailed(str(error)) from error
        else:
            break
    return pending


@contextmanager
def _postgresql(url: str) -> Iterator[Connection]:
    engine = create_engine(
        url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"connect_timeout": 3, "application_name": "shopctl"},
    )
    try:
        try:
            c = engine.connect()
        except OperationalError as error:
            reason = str(error.orig).strip().partition("\n")[0]
            raise DatabaseUnavailable(f"The database cannot be reached: {reason}") from error
        with c:
            c.execute(text("SET lock_timeout = '3s'"))
            c.execute(text("SET statement_timeout = 0"))
            c.commit()
            yield c
    finally:
        engine.dispose()


@contextmanager
def _advisory_lock(c: Connection, wait_s: float) -> Iterator[None]:
    until = time.monotonic() + wait_s
    while not c.execute(text(_LOCK)).scalar_one():
        c.rollback()
        if time.monotonic() > until:
            raise _busy(wait_s)
        time.sleep(0.2)
    c.commit()
    try:
        yield
    finally:
        if not c.invalidated:
            c.rollback()
            c.execute(text(_UNLOCK))
            c.commit()


@contextmanager
def _sqlite(url: str) -> Iterator[Connection]:
    engine = create_engine(
        url, poolclass=NullPool, hide_parameters=True, connect_args={"isolation_level": None, "timeout": 30.0}
    )

    @event.listens_for(engine, "connect")
    def set_connection(connection: Any, _: ConnectionPoolEntry) -> None:
        # Foreign keys off before BEGIN: a table that is made anew would empty those that point to it.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF", "trusted_schema=OFF"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin_at_once(c: Connection) -> None:
        c.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine, "commit")
    def check_references(c: Connection) -> None:
        if broken := c.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
            raise MigrationFailed(f"The step would have left rows that point nowhere: {broken[:3]}")

    try:
        with engine.connect() as c:
            yield c
    except DBAPIError as error:
        raise DatabaseUnavailable(f"The database cannot be used: {error.orig}") from error
    finally:
        engine.dispose()
