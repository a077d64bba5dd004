"""Which steps the schema has and which of them a database has seen. Needs no migration library, so it starts fast."""

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct
from sqlalchemy import Column, Table, select, text
from sqlalchemy.exc import DBAPIError

from shopapi.db.engine import Database
from shopapi.db.types import Instant, Text, metadata

VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"

schema_step = Table(
    "schema_step",
    metadata,
    Column("version", Text, primary_key=True),
    Column("checksum", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant, nullable=False),
    sqlite_strict=True,
)


class Step(Struct, frozen=True):
    """A step that this program knows: ``0001_stock.py`` has version ``0001`` and title ``stock``."""

    version: str
    title: str
    checksum: str


class StepStatus(Struct, frozen=True):
    """A step, and whether the database has seen it as it stands in this program."""

    version: str
    title: str
    applied: bool
    checksum_good: bool
    started_at: datetime | None
    finished_at: datetime | None


class SchemaStatus(Struct, frozen=True):
    """A database's schema beside the one that this program wants.

    A step that only the database knows is no problem: during a rolling update the old program runs on the new schema,
    which is why a step must never take away what the release before it needs.
    """

    current: str | None
    wanted: str
    is_current: bool
    problems: list[str]
    steps: list[StepStatus]


@cache
def steps() -> tuple[Step, ...]:
    """Every step that this program knows, oldest first."""
    files = sorted(VERSIONS.glob("[0-9]*_*.py"))
    return tuple(
        Step(
            version=file.stem.partition("_")[0],
            title=file.stem.partition("_")[2].replace("_", " "),
            checksum=hashlib.sha256(file.read_bytes()).hexdigest(),
        )
        for file in files
    )


def schema_status(db: Database) -> SchemaStatus:
    """Compare the steps that ``db`` has seen with those that this program knows."""
    with db.reading() as c:
        is_there = (
            text("SELECT 1 FROM sqlite_master WHERE name = 'schema_step'")
            if db.dialect == "sqlite"
            else text("SELECT 1 WHERE to_regclass('schema_step') IS NOT NULL")
        )
        try:
            applied = list(c.execute(select(schema_step)).all()) if c.execute(is_there).first() else []
        except DBAPIError as error:  # No database at all, or one that this user may not read.
            return _status({}, [f"the database cannot be read: {error.orig}"])
    return _status({row.version: row for row in applied}, [])


def _status(applied: dict[str, object], problems: list[str]) -> SchemaStatus:
    told = []
    for step in steps():
        row = applied.get(step.version)
        good = row is None or getattr(row, "checksum", "") == step.checksum
        told.append(
            StepStatus(
                version=step.version,
                title=step.title,
                applied=row is not None,
                checksum_good=good,
                started_at=getattr(row, "started_at", None),
                finished_at=getattr(row, "finished_at", None),
            )
        )
        if row is None:
            problems.append(f"step {step.version} ({step.title}) has not run")
        elif not good:
            problems.append(f"step {step.version} ({step.title}) ran with another content than this program has")
    return SchemaStatus(
        current=max(applied, default=None),
        wanted=steps()[-1].version,
        is_current=not problems,
        problems=problems,
        steps=told,
    )
