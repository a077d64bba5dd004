"""Statements that PostgreSQL parses and plans once for each connection.

What prices a cart or places an order joins a dozen tables: to plan it takes longer than to run it. The driver prepares
nothing by itself, but ``PREPARE`` and ``EXECUTE`` are SQL. SQLite's driver keeps what it has compiled anyway.
"""

import re
from typing import Any, Final

from sqlalchemy import Connection, Engine, TextClause, event

_MARK: Final = "prepared"
_PARAMETER: Final = re.compile(r"(?<!%)%\((\w+)\)s")


def prepared(statement: TextClause) -> TextClause:
    """The same statement, to be planned once. Its text must be one of a few: each connection keeps it to its end."""
    return statement.execution_options(**{_MARK: True})


def prepare_once(engine: Engine) -> None:
    """Have the connections of a PostgreSQL engine do so."""

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def by_name(
        c: Connection, _cursor: Any, statement: str, parameters: Any, context: Any, _many: bool
    ) -> tuple[str, Any]:
        if not _is_marked(context):
            return statement, parameters
        known = _known(c)
        if (execute := known.get(statement)) is not None:
            return execute, parameters
        names = list(dict.fromkeys(_PARAMETER.findall(statement)))
        numbered = _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", statement)
        values = ", ".join(f"%({name})s" for name in names)
        # A name that failed is left: whether its PREPARE had worked is not told.
        tried = c.connection.info["tried"] = c.connection.info.get("tried", 0) + 1
        execute = f"EXECUTE shopctl_{tried}" + (f" ({values})" if names else "")
        context.prepared = statement, execute
        # Together in one trip.
        return f"PREPARE shopctl_{tried} AS {numbered};\n{execute}", parameters

    @event.listens_for(engine, "after_cursor_execute")
    def note(c: Connection, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        if _is_marked(context) and (fresh := getattr(context, "prepared", None)) is not None:
            known, (statement, execute) = _known(c), fresh
            known[statement] = execute


def _is_marked(context: Any) -> bool:
    return context is not None and _MARK in context.execution_options


def _known(c: Connection) -> dict[str, str]:
    known: dict[str, str] = c.connection.info.setdefault(_MARK, {})
    return known
