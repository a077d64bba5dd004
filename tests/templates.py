"""Databases that tests begin with: migrated and filled once, copied for each test, and never used themselves."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

from shopapi.db.engine import Database, open_database
from tests.postgres import Postgres

Filling = Callable[[Database], None]
"""Brings into an empty shop what a test begins with. Tests that begin with the same name the same function."""

T = TypeVar("T")

# What is filled in is as old as its template, and a worker that was last heard a minute ago counts as gone.
_FRESH_S: Final = 20


class _Filled(Generic[T]):
    def __init__(self, fill: Callable[[Filling], T], drop: Callable[[T], None]) -> None:
        self._fill, self._drop = fill, drop
        self._made: dict[Filling, tuple[T, float]] = {}

    def of(self, filling: Filling) -> T:
        if filling in self._made:
            made, at = self._made[filling]
            if time.monotonic() - at < _FRESH_S:
                return made
            self._drop(made)
        made = self._fill(filling)
        self._made[filling] = made, time.monotonic()
        return made

    def close(self) -> None:
        for made, _ in self._made.values():
            self._drop(made)


class SqliteTemplates:
    """SQLite files; ``empty`` is a migrated one."""

    def __init__(self, empty: Path) -> None:
        self._empty = empty
        self._filled = _Filled(self._fill, Path.unlink)

    def copy(self, filling: Filling | None, to: Path) -> None:
        """Make the file ``to``, of a shop with ``filling`` in it."""
        shutil.copy(self._empty if filling is None else self._filled.of(filling), to)

    def _fill(self, filling: Filling) -> Path:
        file = self._empty.with_name(f"{filling.__module__}.{filling.__qualname__}.db")
        shutil.copy(self._empty, file)
        _fill(f"sqlite:///{file}", filling)
        return file


class PostgresTemplates:
    """Databases of one PostgreSQL server; ``empty`` is the name of a migrated one."""

    def __init__(self, postgres: Postgres, empty: str) -> None:
        self._postgres, self._empty = postgres, empty
        self._filled = _Filled(self._fill, postgres.drop)

    def copy(self, filling: Filling | None) -> str:
        """The name of a new database, of a shop with ``filling`` in it."""
        return self._postgres.create(self._empty if filling is None else self._filled.of(filling))

    def close(self) -> None:
        """Drop what was filled."""
        self._filled.close()

    def _fill(self, filling: Filling) -> str:
        name = self._postgres.create(self._empty)
        _fill(self._postgres.url_of(name).replace("postgresql:", "postgresql+psycopg2:"), filling)
        return name


def _fill(url: str, filling: Filling) -> None:
    database = open_database(url, threads=1)
    try:
        filling(database)
    finally:
        database.close()
