"""The rows of one shop, put into the tables of another by the driver alone: nothing checks, counts or shows."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import psycopg2

from bench.goods import file_of
from bench.shops import Shop
from shopapi.db.types import metadata

_INDEX: Final = {"SQLite": ("search_document", ["rowid", "terms"]), "PostgreSQL": ("search_document", None)}
"""The table of the search index, which is one of the database's own kind."""

Rows = list[tuple[str, list[str], list[tuple[Any, ...]]]]


def executemany(source: Shop, target: Shop) -> tuple[float, int]:
    """Seconds for one ``executemany`` a table, all in one transaction, and how many rows that were.

    What a migration left in the tables goes first, and is not timed.
    """
    connect, mark = _dialect(source)
    reading, writing = connect(source), connect(target)
    try:
        cursor = writing.cursor()
        tables = _tables(source)
        rows = [(table, columns, _rows(source, reading, table, columns)) for table, columns in tables]
        for table, _ in reversed(tables):
            if _is_filled(cursor, table):  # A ledger refuses to be emptied, even where it is empty.
                cursor.execute(f"DELETE FROM {table}")
        writing.commit()
        began = time.perf_counter()
        for table, columns, found in rows:
            if not found:
                continue
            marks = ", ".join([mark] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", found)
        writing.commit()
        return time.perf_counter() - began, sum(len(found) for *_, found in rows)
    finally:
        reading.close()
        writing.close()


def _dialect(made: Shop) -> tuple[Callable[[Shop], Any], str]:
    if made.kind == "PostgreSQL":
        return lambda shop: psycopg2.connect(shop.url), "%s"

    def connect(shop: Shop) -> sqlite3.Connection:
        connection = sqlite3.connect(file_of(shop))
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.create_function("lower", 1, lambda value: value and value.lower(), deterministic=True)
        return connection

    return connect, "?"


def _tables(made: Shop) -> list[tuple[str, list[str]]]:
    """All of the shop's tables, those first to which others refer."""
    own = [(table.name, [column.name for column in table.columns]) for table in metadata.sorted_tables]
    name, columns = _INDEX[made.kind]
    return [*own, (name, columns or ["product_id", "terms"])]


def _is_filled(cursor: Any, table: str) -> bool:
    cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")
    return cursor.fetchone() is not None


def _rows(made: Shop, connection: Any, table: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    # As text, as PostgreSQL reads it back: the driver would turn JSON into dicts, which it cannot send.
    plain = [f"{column}::text" if made.kind == "PostgreSQL" else column for column in columns]
    cursor = connection.cursor()
    cursor.execute(f"SELECT {', '.join(plain)} FROM {table}")
    return list(cursor.fetchall())
