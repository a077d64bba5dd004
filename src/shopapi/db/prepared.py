"""Statements that PostgreSQL parses and plans once for each connection.

What prices a cart or places an order joins a dozen tables: to plan it takes longer than to run it. The driver prepares
nothing by itself, but ``PREPARE`` and ``EXECUTE`` are SQL. SQLite's driver keeps what it has compiled anyway.
"""

import re
from typing import Any, Final

from psycopg2.errors import FeatureNotSupported, InvalidSqlStatementName
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sqlalchemy import Engine, TextClause, event

_MARK: Final = "prepared"
_PARAMETER: Final = re.compile(r"(?<!%)%\((\w+)\)s")


def prepared(statement: TextClause) -> TextClause:
    """The same statement, to be planned once. Its text must be one of a few: each connection keeps it to its end."""
    return statement.execution_options(**{_MARK: True})


def prepare_once(engine: Engine) -> None:
    """Have the connections of a PostgreSQL engine do so."""

    @event.listens_for(engine, "do_execute")
    def run(cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
        if _MARK not in context.execution_options:
            return None
        # It lives as long as the driver's connection.
        of_connection: dict[str, Any] = context.root_connection.connection.info
        known: dict[str, str] = of_connection.setdefault(_MARK, {})
        if (execute := known.get(statement)) is not None:
            try:
                cursor.execute(execute, parameters)
                return True
            except (FeatureNotSupported, InvalidSqlStatementName):
                # A migration has changed the type of what it answers, or somebody else has discarded it.
                del known[statement]
                if cursor.connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
                    raise  # The transaction has ended with it; Database.write begins another.
        of_connection["names"] = number = of_connection.get("names", 0) + 1
        prepare, execute = _in_sql(f"shopctl_{number}", statement)
        cursor.execute(prepare)
        known[statement] = execute
        cursor.execute(execute, parameters)
        return True


def _in_sql(name: str, statement: str) -> tuple[str, str]:
    names = list(dict.fromkeys(_PARAMETER.findall(statement)))
    numbered = _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", statement).replace("%%", "%")
    values = ", ".join(f"%({one})s" for one in names)
    return f"PREPARE {name} AS {numbered}", f"EXECUTE {name}" + (f" ({values})" if names else "")
