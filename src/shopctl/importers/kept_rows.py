"""Rows that belong to a product which stands elsewhere in the file, kept out of memory until it comes."""

import sqlite3
from collections.abc import Iterator, Sequence
from types import TracebackType

import msgspec

from shopctl.importers.reading import RawRow


class KeptRows:
    """Rows by the name of what they belong to, in a temporary file that ends with the process.

    However many there are, SQLite keeps 2 MB of them in memory.
    """

    def __init__(self) -> None:
        self._c = sqlite3.connect("", isolation_level=None)
        self._c.execute("CREATE TABLE kept (owner TEXT, place INTEGER, row INTEGER PRIMARY KEY, raw BLOB)")
        self._c.execute("CREATE INDEX by_owner ON kept (owner)")
        self._c.execute("BEGIN")

    def __enter__(self) -> "KeptRows":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._c.close()

    def put(self, owner: str, place: int, row: RawRow) -> None:
        """Keep a row for ``owner``; it comes out by ``place``, then by its number."""
        self._c.execute("INSERT INTO kept VALUES (?, ?, ?, ?)", (owner, place, row.number, msgspec.msgpack.encode(row)))

    def take(self, owners: Sequence[str], most: int) -> list[RawRow]:
        """Every row of these owners, ``most`` at the most; they are not kept any longer."""
        marks = ", ".join("?" * len(owners))
        found = self._c.execute(
            f"SELECT raw FROM kept WHERE owner IN ({marks}) ORDER BY place, row LIMIT ?",  # noqa: S608 - marks alone
            (*owners, most),
        ).fetchall()
        self._c.execute(f"DELETE FROM kept WHERE owner IN ({marks})", tuple(owners))  # noqa: S608 - marks alone
        return [msgspec.msgpack.decode(raw, type=RawRow) for (raw,) in found]

    def left(self) -> Iterator[RawRow]:
        """What nobody took, in the file's order."""
        for (raw,) in self._c.execute("SELECT raw FROM kept ORDER BY row"):
            yield msgspec.msgpack.decode(raw, type=RawRow)
