"""What can be learnt of a database by asking it, each thing once and for a few seconds at the most."""

import logging
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from shopapi.runtime.logs import redacted

if TYPE_CHECKING:
    from shopapi.db.schema import SchemaStatus


class Database:
    """The database at an SQLAlchemy ``url``. ``clock`` tells this machine's time in seconds since the epoch."""

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        from shopapi.db.engine import open_database

        logging.getLogger("shopapi").addHandler(logging.NullHandler())  # What goes wrong is what the checks tell.
        self._clock = clock
        self._db = open_database(url, threads=1)

    @cached_property
    def trouble(self) -> str:
        """Why it cannot be asked, in words; empty where it can."""
        try:
            # Of a file that is no database SQLite notices it only where it has to read it.
            self._first("SELECT count(*) FROM sqlite_master" if self._db.dialect == "sqlite" else "SELECT 1")
        except Exception as error:
            words = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
            return redacted(words.removeprefix("The database cannot be reached: ").rstrip("."))
        return ""

    @cached_property
    def schema(self) -> "SchemaStatus":
        """Its schema beside the one that this program wants."""
        from shopapi.db.schema import schema_status

        return schema_status(self._db)

    @property
    def version(self) -> int:
        """PostgreSQL's major version."""
        return int(str(self._first("SHOW server_version_num"))) // 10_000

    @property
    def free_for_us(self) -> int:
        """How many connections PostgreSQL takes from those who are no superuser."""
        most, kept = self._first("SHOW max_connections"), self._first("SHOW superuser_reserved_connections")
        return int(str(most)) - int(str(kept))

    @property
    def has_staff(self) -> bool:
        """Whether anybody can sign in."""
        return bool(self._first("SELECT count(*) FROM staff WHERE disabled_at IS NULL"))

    @property
    def has_bank_account(self) -> bool:
        """Whether there is one that customers can transfer to."""
        return bool(self._first("SELECT count(*) FROM shop WHERE bank_holder <> '' AND bank_iban <> ''"))

    def seconds_ahead(self) -> float:
        """How far PostgreSQL's clock is ahead of this machine's, as far as the time that asking took lets one say."""
        self._first("SELECT 1")  # Not the first question: that one would wait for the connection.
        began = self._clock()
        theirs = float(str(self._first("SELECT extract(epoch FROM clock_timestamp())")))
        ended = self._clock()
        ahead, unsure = theirs - (began + ended) / 2, (ended - began) / 2
        return max(0.0, abs(ahead) - unsure) * (1 if ahead > 0 else -1)

    def close(self) -> None:
        """Give back its connections."""
        self._db.close()

    def _first(self, question: str) -> object:
        from sqlalchemy import text

        with self._db.reading() as c:
            return c.execute(text(question)).scalar_one()
