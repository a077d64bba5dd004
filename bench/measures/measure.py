"""What a measure is: it names its rows before it runs, so that some of them can be chosen."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from bench.lanes import Bench
from bench.rows import Row


@dataclass(frozen=True)
class Measure:
    """``run`` gives the rows whose names it is asked for; ``rows`` are all that it has."""

    rows: tuple[str, ...]
    run: Callable[[Bench, Collection[str]], list[Row]]
