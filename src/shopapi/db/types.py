"""The column types of the shop, and the database's clock.

SQLite's STRICT tables refuse the names that SQLAlchemy's own types give, so each type says both databases' names.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    literal,
    literal_column,
)
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of the shop; every constraint gets a name, so that an error can be told by it."""

Id = BigInteger().with_variant(Integer(), "sqlite")
"""A key: 64 bits in both databases (SQLite's INTEGER is one)."""

Int = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number: a count or minor units of money."""

Text = SqlText()

Sorted = SqlText().with_variant(SqlText(collation="C"), "postgresql")
"""Text that sorts by its bytes in both databases, whatever the server's language."""

Bytes = LargeBinary().with_variant(LargeBinary(), "sqlite")


class Flag(TypeDecorator[bool]):
    """Yes or no: boolean, and on SQLite 0 or 1."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type as the database at hand has it."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else Boolean())

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> Any:
        """Write yes or no."""
        return int(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:
        """Read yes or no."""
        return None if value is None else bool(value)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC: timestamptz, and on SQLite RFC 3339 text of one width, so that it sorts."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type as the database at hand has it."""
        return dialect.type_descriptor(SqlText() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write a moment; one without a zone is a mistake."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read a moment, always in UTC."""
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return None if value is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """Free data, which no index knows: jsonb, and text on SQLite."""

    impl = SqlText
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type as the database at hand has it."""
        return dialect.type_descriptor(SqlText() if dialect.name == "sqlite" else JSONB(none_as_null=True))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Write plain data."""
        return msgspec.json.encode(value).decode() if dialect.name == "sqlite" and value is not None else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Read plain data."""
        return msgspec.json.decode(value) if isinstance(value, str) and dialect.name == "sqlite" else value


class clock(FunctionElement[datetime]):  # noqa: N801 - it is written like an SQL function
    """The database's time now, plus ``seconds``: the only clock that SQL uses."""

    type = Instant()
    inherit_cache = True

    def __init__(self, seconds: int = 0) -> None:
        super().__init__(literal(seconds))


@compiles(clock, "postgresql")
def _clock_postgresql(element: clock, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(now() + make_interval(secs => {compiler.process(element.clauses, **kw)}))"


@compiles(clock, "sqlite")
def _clock_sqlite(element: clock, compiler: SQLCompiler, **kw: Any) -> str:
    return f"strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ({compiler.process(element.clauses, **kw)}) || ' seconds')"


class text_under(FunctionElement[str]):  # noqa: N801 - it is written like an SQL function
    """The text under a name in :class:`Json` data, or null."""

    type = SqlText()
    inherit_cache = True

    def __init__(self, data: ColumnElement[Any], name: str) -> None:
        super().__init__(data, literal_column(f"'{name}'"))


@compiles(text_under, "postgresql")
def _text_under_postgresql(element: text_under, compiler: SQLCompiler, **kw: Any) -> str:
    data, name = (compiler.process(part, **kw) for part in element.clauses)
    return f"({data} ->> {name})"


@compiles(text_under, "sqlite")
def _text_under_sqlite(element: text_under, compiler: SQLCompiler, **kw: Any) -> str:
    # ->> came with SQLite 3.38.
    data, name = (compiler.process(part, **kw) for part in element.clauses)
    return f"json_extract({data}, '$.' || {name})"
