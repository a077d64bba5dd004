"""The table that ``make prove`` prints: what was proved, under which load, with which faults, and whether it held."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.proving.proof import Row

HELD = "held"


@dataclass(frozen=True)
class Proved:
    """A row and its result: :data:`HELD`, or in a few words what went wrong."""

    row: Row
    result: str
    s: float

    @property
    def held(self) -> bool:
        """Whether the promise held, and the fault really happened."""
        return self.result == HELD


def print_table(proved: Iterable[Proved], console: Console) -> bool:
    """Print all rows, by the names of their promises; answers whether all held. None at all is a failure."""
    rows = sorted(proved, key=lambda one: (one.row["ids"], one.row["promise"], one.row["database"]))
    table = Table(title="What was proved", title_justify="left")
    for column in ("test", "promise", "database", "load", "faults that really happened"):
        table.add_column(column, overflow="fold")
    table.add_column("s", justify="right")
    table.add_column("result", overflow="fold")
    for one in rows:
        faults = ", ".join(f"{name}: {times}" for name, times in one.row["faults"].items()) or "none"
        colour = "green" if one.held else "red"
        cells = (one.row["ids"], one.row["promise"], one.row["database"], one.row["load"], faults)
        table.add_row(*map(Text, cells), f"{one.s:.0f}", Text(one.result, style=colour))
    console.print(table)
    red = [one for one in rows if not one.held]
    if not rows:
        console.print("[red]Nothing was proved.[/red]")
    elif red:
        console.print(f"[red]{len(red)} of {len(rows)} rows are red.[/red]")
    else:
        console.print(f"[green]All {len(rows)} rows held.[/green]")
    return bool(rows) and not red
