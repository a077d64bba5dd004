"""Rows that belong to a product which stands elsewhere in the file, kept out of memory until it comes."""

from collections.abc import Iterator, Sequence

import msgspec

from shopctl.importers.reading import RawRow
from shopctl.importers.scratch import Scratch


class KeptRows(Scratch):
    """Rows by the name of what they belong to."""

    def __init__(self) -> None:
        super().__init__(
            "CREATE TABLE kept (owner TEXT, place INTEGER, row INTEGER PRIMARY KEY, raw BLOB)",
            "CREATE INDEX by_owner ON kept (owner)",
        )

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
