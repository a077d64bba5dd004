"""A plug-in of pytest that collects the rows of all proofs, from whichever worker they come."""

import os
from typing import Final, cast

import pytest

from tests.proving.proof import PROPERTY, Row
from tests.proving.table import HELD, Proved

BESIDE: Final = "tests/properties/test_money.py"
"""Properties of money: each of its tests is a row too, named by itself."""

EXAMPLES: Final = "PROVE_EXAMPLES"
_WORDS: Final = 160


class Rows:
    """The rows of one run. What a test did not hold is said in the first line of its failure."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, int], Row] = {}
        self._wrong: dict[str, str] = {}
        self._s: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what one phase of a test came to: the audit of the books is the last."""
        self._s[report.nodeid] = self._s.get(report.nodeid, 0.0) + report.duration
        for place, (name, row) in enumerate(report.user_properties):
            if name == PROPERTY:
                self._rows[report.nodeid, place] = cast(Row, row)
        if BESIDE in report.nodeid:
            self._rows[report.nodeid, 0] = _of_money(report)
        if report.failed:
            self._wrong.setdefault(report.nodeid, _first_line(report))

    @property
    def proved(self) -> list[Proved]:
        """All rows; a test that failed before it said what it proves has one as well."""
        told = {node for node, _ in self._rows}
        silent = [
            Proved(Row(ids="?", promise=node, database="", load="", faults={}), wrong, self._s[node])
            for node, wrong in self._wrong.items()
            if node not in told
        ]
        return silent + [
            Proved(row, self._wrong.get(node, HELD), self._s[node]) for (node, _), row in self._rows.items()
        ]


def _of_money(report: pytest.TestReport) -> Row:
    promise = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
    return Row(ids="T38", promise=promise, database="", load=f"{os.environ.get(EXAMPLES)} examples", faults={})


def _first_line(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    told = str(getattr(crash, "message", "") or report.longrepr).strip() or "failed"
    return told.splitlines()[0][:_WORDS]
