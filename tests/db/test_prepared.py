"""Statements that PostgreSQL plans once for each connection: how often, and that nothing else changes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError

from shopapi.db.engine import Database, open_database
from shopapi.db.prepared import prepared

ECHO = prepared(
    text(
        """SELECT CAST(:words AS text) AS words, CAST(:ids AS bigint[]) AS ids, CAST(:body AS bytea) AS body,
        CAST(:at AS timestamptz) AS at, CAST(:yes AS boolean) AS yes, CAST(:none AS bigint) AS none, 7 % 4 AS rest,
        CAST(:words AS text) LIKE '%d' AS ends_with_d"""
    )
)
DIVIDE = prepared(text("SELECT 100 / CAST(:by AS bigint)"))


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[Database]:
    database = open_database(postgresql_url, threads=1)
    yield database
    database.close()


def planned(c: Any) -> int:
    return int(c.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one())


@pytest.mark.parametrize("words", ["and", "it's 100 %(words)s; -- $1 :ids", "", "Öl\n\\"])
def test_values_come_through_whatever_they_are(postgresql: Database, words: str) -> None:
    given = {
        "words": words,
        "ids": [1, 2**40],
        "body": b"\x00'\xff",
        "at": datetime.now(UTC),
        "yes": True,
        "none": None,
    }
    for ids in ([1, 2**40], []):
        with postgresql.reading() as c:
            found = c.execute(ECHO, {**given, "ids": ids}).mappings().one()
        assert {**found, "body": bytes(found["body"])} == {
            **given, "ids": ids, "rest": 3, "ends_with_d": words.endswith("d")
        }  # fmt: skip


def test_a_connection_plans_it_once(postgresql: Database) -> None:
    for by in (1, 2, 4):
        with postgresql.reading() as c:
            assert c.execute(DIVIDE, {"by": by}).scalar_one() == 100 // by
            assert planned(c) == 1
    postgresql.write(lambda c: c.execute(DIVIDE, {"by": 5}))
    with postgresql.reading() as c:
        assert planned(c) == 1


def test_one_that_failed_at_its_first_use_can_be_used_again(postgresql: Database) -> None:
    def divide(c: Connection) -> int:
        return int(c.execute(DIVIDE, {"by": 0}).scalar_one())

    with pytest.raises(DataError):
        postgresql.write(divide)
    with postgresql.reading() as c:
        with pytest.raises(DataError):
            c.execute(DIVIDE, {"by": 0})
        assert [c.execute(DIVIDE, {"by": by}).scalar_one() for by in (1, 2)] == [100, 50]
        assert planned(c) == 1


def test_it_outlives_a_transaction_that_is_taken_back(postgresql: Database) -> None:
    def change(c: Connection) -> None:
        c.execute(DIVIDE, {"by": 1})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        postgresql.write(change)
    with postgresql.reading() as c:
        assert c.execute(DIVIDE, {"by": 2}).scalar_one() == 50
        assert planned(c) == 1


@pytest.mark.parametrize("change", ["ALTER TABLE location ALTER COLUMN name TYPE varchar(300)", "DEALLOCATE ALL"])
def test_what_a_migration_or_somebody_else_makes_of_it_is_mended_at_the_next_use(
    postgresql: Database, change: str
) -> None:
    names = prepared(text("SELECT name FROM location WHERE id = CAST(:id AS bigint)"))
    read = postgresql.write(lambda c: c.execute(names, {"id": 1}).scalar_one())
    postgresql.write(lambda c: c.execute(text(change)))
    with postgresql.reading() as c:
        assert c.execute(names, {"id": 1}).scalar_one() == read
    postgresql.write(lambda c: c.execute(text(change.replace("300", "400"))))
    assert postgresql.write(lambda c: c.execute(names, {"id": 1}).scalar_one()) == read, "In a transaction as well."


def test_a_table_that_changes_meanwhile_is_planned_for_anew(postgresql: Database) -> None:
    names = prepared(text("SELECT name FROM location WHERE id = CAST(:id AS bigint)"))
    for _ in range(7):  # From the sixth time on PostgreSQL may keep one plan for all values.
        with postgresql.reading() as c:
            assert c.execute(names, {"id": 1}).scalar_one()
    postgresql.write(lambda c: c.execute(text("ALTER TABLE location ADD COLUMN remark text")))
    with postgresql.reading() as c:
        assert c.execute(names, {"id": 1}).scalar_one()
        assert planned(c) == 1
