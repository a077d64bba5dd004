"""A table in a temporary file that ends with the process, for what is too much to keep in memory."""

import sqlite3
from types import TracebackType
from typing import Self


class Scratch:
    """An SQLite database of its own, made by ``ddl``; however much lies in it, it keeps 2 MB of it in memory."""

    def __init__(self, *ddl: str) -> None:
        self._c = sqlite3.connect("", isolation_level=None)
        for statement in ddl:
            self._c.execute(statement)
        self._c.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._c.close()
