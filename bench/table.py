"""The rows as people read them: a table on the terminal, and the same in Markdown."""

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from bench.rows import Row

HEADS: Final = ("what", "figure", "reference", "ratio", "goal", "met")
_NUMBERS: Final = ("figure", "ratio")


def cells(row: Row) -> tuple[str, ...]:
    """One row's texts, in the order of :data:`HEADS`."""
    return (row.what, _figure(row), _reference(row), _ratio(row), _goal(row), _met(row))


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table, and under it what the rows have to add."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="")
    for head in HEADS:
        table.add_column(head, justify="right" if head in _NUMBERS else "left", no_wrap=head in _NUMBERS)
    for row in rows:
        table.add_row(*cells(row))
    console.print(table)
    for note in notes(rows):
        console.print(f"! {note}", soft_wrap=True)


def markdown(rows: Sequence[Row]) -> str:
    """The table and its notes in Markdown."""
    lines = [f"| {' | '.join(HEADS)} |", "| --- | ---: | --- | ---: | --- | --- |"]
    lines += [f"| {' | '.join(text.replace('|', '/') for text in cells(row))} |" for row in rows]
    return "\n".join([*lines, *([""] if notes(rows) else []), *(f"- {note}" for note in notes(rows))])


def notes(rows: Sequence[Row]) -> list[str]:
    """What rows say besides figures, each once, behind the rows that say it."""
    said: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.note:
            said.setdefault(" ".join(row.note.split()), {})[row.what] = None
    return [f"{'; '.join(whats)}: {note}" for note, whats in said.items()]


def _figure(row: Row) -> str:
    if row.figure is None:
        return "not run"
    return _number(row.figure, row.unit) + (f", {row.errors:,} ERRORS" if row.errors else "")


def _reference(row: Row) -> str:
    if row.reference_figure is None:
        return "not run" if row.figure is not None and row.reference else "-"
    errors = f", {row.reference_errors:,} ERRORS" if row.reference_errors else ""
    return f"{row.reference}: {_number(row.reference_figure, row.unit)}{errors}"


def _number(figure: float, unit: str) -> str:
    text = f"{figure:,.0f}" if figure >= 100 or figure == int(figure) else f"{figure:.{1 if figure >= 10 else 2}f}"
    return f"{text}/s" if unit == "/s" else f"{text} {unit}"


def _ratio(row: Row) -> str:
    return "-" if row.ratio is None else f"{row.ratio:.2f}" if row.ratio >= 0.1 else f"{row.ratio:.3f}"


def _goal(row: Row) -> str:
    if row.goal is None:
        return "-"
    sign = "≤" if row.goal.sign == "<=" else "≥"
    return f"{sign} {row.goal.bound:g} {'x' if row.goal.of == 'ratio' else row.unit}"


def _met(row: Row) -> str:
    return "-" if row.met is None else "✓ yes" if row.met else "✗ no"
