"""Migrations: each step once, whole or not at all, and the schema that the tables describe."""

import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Table, inspect, text

from shopapi.db import migrate as migrating
from shopapi.db import schema
from shopapi.db.engine import Database, DatabaseUnavailable, open_database, sqlite_file
from shopapi.db.file_lock import file_lock
from shopapi.db.metadata import metadata
from shopapi.db.migrate import MigrationFailed, migrate, status
from shopapi.db.schema import schema_status

ROOT = Path(__file__).parents[2]
RACER = """
import sys
from shopapi.db.migrate import migrate
print("ready", flush=True)
sys.stdin.readline()
print("ran", *migrate(sys.argv[1]), flush=True)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table; on SQLite not even a file."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/shop.db"
    else:
        yield request.getfixturevalue("empty_postgresql_url")


@pytest.fixture
def another_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the migrations to which a test may add: the folder of the steps."""
    folder = Path(migrating.__file__).parent
    shutil.copytree(folder / "migrations", tmp_path / "migrations")
    monkeypatch.setattr(migrating, "__file__", str(tmp_path / "migrate.py"))
    monkeypatch.setattr(schema, "VERSIONS", tmp_path / "migrations" / "versions")
    schema.steps.cache_clear()
    yield schema.VERSIONS
    schema.steps.cache_clear()


def add_step(versions: Path, body: str) -> None:
    known = max(file.stem.partition("_")[0] for file in versions.glob("0*.py"))
    lines = ["from alembic import op", "revision = '9999'", f"down_revision = {known!r}", "branch_labels = None"]
    lines += ["depends_on = None", "def upgrade():", f"    {body}"]
    (versions / "9999_test.py").write_text("\n".join(lines))
    schema.steps.cache_clear()


def steps_in(url: str) -> list[str]:
    database = open_database(url, threads=1)
    try:
        with database.reading() as c:
            return list(c.execute(text("SELECT version FROM schema_step ORDER BY version")).scalars())
    finally:
        database.close()


def test_eight_processes_at_once_run_each_step_once(empty_url: str) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(ROOT / "src")},
        )
        for _ in range(8)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    said = [racer.communicate(timeout=60) for racer in racers]
    assert all(racer.returncode == 0 for racer in racers), said
    ran = [out.split()[1:] for out, _ in said]
    known = [step.version for step in schema.steps()]
    assert sorted(ran, key=len) == [[]] * 7 + [known]
    assert steps_in(empty_url) == known


def test_migrating_again_runs_nothing(empty_url: str) -> None:
    assert migrate(empty_url) == [step.version for step in schema.steps()]
    assert migrate(empty_url) == []
    assert status(empty_url).is_current


def test_the_tables_and_the_migrations_say_the_same(database: Database) -> None:
    with database.writing() as c:
        context = MigrationContext.configure(c, opts={"compare_type": True, "compare_server_default": True})
        found = compare_metadata(context, metadata)
    # Alembic's own note of where it stands is no table of the shop's; the index of words is each database's own.
    differences = [one for one in found if not re.search("alembic_version|search_document", str(one))]
    if database.dialect == "sqlite":
        # It takes SQLite's '' for another default than "".
        differences = [one for one in differences if not _is_empty_default(one)]
    assert differences == []


def test_what_the_tables_refuse_the_migrated_ones_refuse(database: Database) -> None:
    # Alembic compares no checks: one that a step forgets would be in the tables alone.
    with database.writing() as c:
        there = {table.name: inspect(c).get_check_constraints(table.name) for table in metadata.sorted_tables}
    found = {table: {check["name"] for check in checks} for table, checks in there.items()}
    assert found == {table.name: set(_checks(table)) for table in metadata.sorted_tables}


def _checks(table: Table) -> Iterator[str]:
    of_columns = [one for column in table.columns for one in column.constraints]
    for one in [*table.constraints, *of_columns]:
        if isinstance(one, CheckConstraint):
            yield str(one.name) if str(one.name).startswith("ck_") else f"ck_{table.name}_{one.name}"


def _is_empty_default(difference: Any) -> bool:
    if not isinstance(difference, list):
        return False
    kind, *_, before, after = difference[0]
    return kind == "modify_default" and (str(before.arg), str(after.arg)) == ("('')", "")


def test_every_table_of_sqlite_is_strict(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with database.reading() as c:
        loose = c.execute(text("SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0")).scalars()
        # Those of the full-text index are made by SQLite itself.
        assert {name for name in loose if not name.startswith("search_document")} <= {
            "alembic_version",
            "sqlite_schema",
            "sqlite_sequence",
        }
    database.close()


def test_a_step_that_was_edited_is_refused_and_not_ready(database: Database, database_url: str) -> None:
    with database.writing() as c:
        c.execute(text("UPDATE schema_step SET checksum = 'edited' WHERE version = '0001'"))
    found = status(database_url)
    assert not found.is_current
    assert "0001" in found.problems[0]
    with pytest.raises(MigrationFailed, match="0001"):
        migrate(database_url)


def test_a_step_that_fails_is_taken_back_whole(database_url: str, another_step: Path) -> None:
    add_step(another_step, "op.execute('CREATE TABLE half_done (id bigint)'); op.execute('SELECT no_such_column')")
    if database_url.startswith("sqlite"):
        (another_step / "9999_test.py").write_text((another_step / "9999_test.py").read_text().replace("bigint", "int"))
    with pytest.raises((MigrationFailed, DatabaseUnavailable)):
        migrate(database_url)
    database = open_database(database_url, threads=1)
    try:
        with database.reading() as c, pytest.raises(Exception, match="half_done"):
            c.execute(text("SELECT * FROM half_done"))
        found = schema_status(database)
    finally:
        database.close()
    assert found.problems == ["step 9999 (test) has not run"]


def test_a_step_that_failed_can_be_mended_and_run(database_url: str, another_step: Path) -> None:
    add_step(another_step, "op.execute('SELECT no_such_column')")
    with pytest.raises((MigrationFailed, DatabaseUnavailable)):
        migrate(database_url)
    add_step(another_step, "op.execute('CREATE TABLE done_now (id int)')")
    assert migrate(database_url) == ["9999"]
    assert "9999" in steps_in(database_url)


def test_a_step_that_leaves_rows_that_point_nowhere_is_taken_back(sqlite_url: str, another_step: Path) -> None:
    orphan = "INSERT INTO product_slug (slug, product_id, created_at) VALUES ('x', 99, 'now')"
    add_step(another_step, f'op.execute("{orphan}")')
    with pytest.raises(MigrationFailed, match="point nowhere"):
        migrate(sqlite_url)
    assert "9999" not in steps_in(sqlite_url)


def test_an_sqlite_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    migrate(url)
    database = open_database(url)
    with database.writing() as c:
        c.execute(text("UPDATE location SET name = 'x'"))
        for file in tmp_path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    database.close()
    assert sqlite_file(url).exists()


def test_opening_makes_no_file(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/shop.db")
    with pytest.raises(DatabaseUnavailable), database.reading() as c:
        c.execute(text("SELECT 1"))
    with pytest.raises(DatabaseUnavailable), database.writing() as w:
        w.execute(text("SELECT 1"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/shop.db", "postgresql+psycopg2://x:y@127.0.0.1:1/shop"])
def test_a_database_that_cannot_be_reached_is_said_to_be(url: str) -> None:
    with pytest.raises(DatabaseUnavailable) as found:
        migrate(url)
    assert "x:y" not in str(found.value)
    with pytest.raises(DatabaseUnavailable):
        status(url)


def test_whoever_waits_for_the_lock_gives_up_in_the_end(database_url: str) -> None:
    url = database_url
    if url.startswith("sqlite"):
        held = file_lock(Path(f"{sqlite_file(url)}.lock"), 5, AssertionError("It was taken."))
        with held, pytest.raises(MigrationFailed, match="Another process"):
            migrate(url, wait_s=0.01)
    else:
        with (
            migrating._postgresql(url) as c,
            migrating._advisory_lock(c, 5),
            pytest.raises(MigrationFailed, match="Another process"),
        ):
            migrate(url, wait_s=0.01)
