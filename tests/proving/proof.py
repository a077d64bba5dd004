"""What a proof put the shop through: its load, and the faults that really happened.

A test makes a :class:`Proof` of itself. The faults that it is about are counted, and one that never happened fails the
test: it saw nothing, so it proves nothing. ``make prove`` runs all of them with the whole loads and prints the rows.
"""

import os
from typing import Final, TypedDict

import pytest

SIZE: Final = "SHOPCTL_PROVE"
"""The environment variable that picks the loads: ``full``, or small ones where it is not set."""

PROPERTY: Final = "proof"
"""The name under which a test's report carries its row."""


class Row(TypedDict):
    """A line of the table. ``ids`` are the names of the promise in the plan of tests, such as ``T01``."""

    ids: str
    promise: str
    database: str
    load: str
    faults: dict[str, int]


def is_full() -> bool:
    """Whether the whole loads are asked for."""
    return os.environ.get(SIZE) == "full"


def load(quick: int, full: int) -> int:
    """How many: few, or as many as the promise names."""
    return full if is_full() else quick


class Proof:
    """One test's row. ``promise`` says in a few words what holds."""

    def __init__(self, request: pytest.FixtureRequest, ids: str, promise: str, load: str) -> None:
        self._row = Row(ids=ids, promise=promise, database=_database(request), load=load, faults={})
        # The report is made of these when the test is over, whatever became of it.
        request.node.user_properties.append((PROPERTY, self._row))

    def sometimes(self, fault: str, times: int) -> None:
        """So often did this fault really happen; never is a failure."""
        self.count(fault, times)
        assert self._row["faults"][fault] > 0, f'"{fault}" never happened, so the test saw nothing.'

    def count(self, fault: str, times: int) -> None:
        """The same for what need not happen."""
        self._row["faults"][fault] = self._row["faults"].get(fault, 0) + times


def _database(request: pytest.FixtureRequest) -> str:
    callspec = getattr(request.node, "callspec", None)
    params = {} if callspec is None else callspec.params
    kind = str(params.get("shop") or params.get("database_url") or "")
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(kind, "")
