"""Pages by key: where a page ended is a row's id, so that a page costs the same however far back it lies."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select

from shopapi.db.engine import Reader

COUNTED: Final = 1_000
"""A filtered list is counted up to here; beyond, its total is ``None``."""


def newest_first(
    c: Reader, statement: Select[Any], key: ColumnElement[Any], *, before: int | None, limit: int
) -> tuple[list[Row[Any]], int | None]:
    """At most ``limit`` rows of ``statement``, by falling ``key``, from behind row ``before`` on.

    ``key`` is the row's ``id``. The number is the row behind which more follow, ``None`` at the end.
    """
    if before is not None:
        statement = statement.where(key < before)
    # One row more than is shown tells whether there is a next page, without counting.
    rows = list(c.execute(statement.order_by(key.desc()).limit(limit + 1)).all())
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None
