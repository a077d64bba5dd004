"""A row of the table: a figure, what it is compared to, and whether that is good enough."""

from collections.abc import Sequence
from statistics import median
from typing import Literal

import msgspec

from bench.load import Load


class Goal(msgspec.Struct, frozen=True):
    """A bound. ``of`` says what is bounded; one that is not ``judged`` is shown, but cannot be said on this machine."""

    sign: Literal["<=", ">="]
    bound: float
    of: Literal["ratio", "figure"] = "ratio"
    judged: bool = True

    def holds(self, value: float) -> bool:
        """Whether ``value`` is within the bound."""
        return value <= self.bound if self.sign == "<=" else value >= self.bound


Unit = Literal["/s", "ms", "MiB", "KiB", "requests"]


class Row(msgspec.Struct, frozen=True):
    """One line of the table. ``figure`` is the median of ``runs``; ``None`` where it could not be measured."""

    what: str
    unit: Unit
    figure: float | None = None
    runs: list[float] = []
    p50_ms: float | None = None
    p99_ms: float | None = None
    errors: int = 0
    reference: str = ""
    reference_figure: float | None = None
    reference_runs: list[float] = []
    reference_errors: int = 0
    ratio: float | None = None
    goal: Goal | None = None
    met: bool | None = None
    note: str = ""


def not_run(what: str, why: str) -> Row:
    """A row without a figure."""
    return Row(what, "/s", note=f"not run: {why}")


def plain_row(
    what: str,
    unit: Unit,
    runs: Sequence[float],
    *,
    reference: str = "",
    reference_runs: Sequence[float] = (),
    goal: Goal | None = None,
    note: str = "",
) -> Row:
    """A row out of figures; with a reference, the ratio is that of the two medians."""
    figure, other = median(runs), median(reference_runs) if reference_runs else None
    row = Row(
        what,
        unit,
        figure,
        list(runs),
        reference=reference,
        reference_figure=other,
        reference_runs=list(reference_runs),
        ratio=figure / other if other else None,
        goal=goal,
        note=note,
    )
    return msgspec.structs.replace(row, met=_met(row))


def load_row(
    what: str, loads: Sequence[Load], reference: str, reference_loads: Sequence[Load], goal: Goal | None, note: str
) -> Row:
    """A row out of loads. One with errors never meets its goal, and shows them."""
    row = plain_row(
        what,
        "/s",
        [load.per_second for load in loads],
        reference=reference,
        reference_runs=[load.per_second for load in reference_loads],
        goal=goal,
        note=note,
    )
    row = msgspec.structs.replace(
        row,
        p50_ms=median(load.p50_ms for load in loads),
        p99_ms=median(load.p99_ms for load in loads),
        errors=sum(load.errors for load in loads),
        reference_errors=sum(load.errors for load in reference_loads),
    )
    return msgspec.structs.replace(row, met=_met(row))


def _met(row: Row) -> bool | None:
    value = row.ratio if row.goal and row.goal.of == "ratio" else row.figure
    if row.goal is None or not row.goal.judged or value is None:
        return None
    return row.goal.holds(value) and not row.errors and not row.reference_errors
