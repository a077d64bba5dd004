"""What a file has said already, without keeping it in memory."""

import sqlite3
from types import TracebackType


class Seen:
    """Names and the rows where they stood first, in a temporary file that ends with the process.

    SQLite keeps what it needs of it in 2 MB of memory, however long the file is.
    """

    def __init__(self) -> None:
        self._c = sqlite3.connect("", isolation_level=None)
        self._c.execute("CREATE TABLE seen (name TEXT PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID")
        self._c.execute("BEGIN")

    def __enter__(self) -> "Seen":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._c.close()

    def before(self, name: str, row: int) -> int | None:
        """The row where ``name`` stood before; ``None`` where it is new, and remembered from now on."""
        added = self._c.execute("INSERT INTO seen VALUES (?, ?) ON CONFLICT DO NOTHING", (name, row)).rowcount
        if added:
            return None
        return int(self._c.execute("SELECT row FROM seen WHERE name = ?", (name,)).fetchone()[0])
