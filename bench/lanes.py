"""Lanes: things whose throughput is measured in turn, so that a machine that slows down slows all of them."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import goods, pgbench, postgres
from bench.load import Load, Requests, put_load, told_by
from bench.plan import CannotMeasureError, Plan
from bench.rows import Goal, Row, load_row, not_run
from bench.servers import free_port, running
from bench.shops import Kind, Shop, empty, shop


@dataclass(frozen=True)
class Lane:
    """Something that can be put under load for some seconds."""

    name: str
    measure: Callable[[float], Load]


@dataclass(frozen=True)
class Subject:
    """A lane that makes a row for each of its references."""

    what: str
    lane: Lane
    references: Sequence[Lane]
    goal: Goal | None = None
    note: str = ""


@dataclass
class Bench:
    """What all measurements share, started when the first one needs it."""

    plan: Plan
    say: Callable[[str], None]
    audits: list[str] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)
    _lanes: dict[str, Lane] = field(default_factory=dict)
    _goods: dict[tuple[Kind, int], Shop] = field(default_factory=dict)
    _postgres: str | None = None

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def postgres(self) -> str:
        """The URL of the PostgreSQL server; raises :class:`CannotMeasureError`."""
        if self._postgres is None:
            self._postgres = self._stack.enter_context(postgres.server())
        return self._postgres

    @contextmanager
    def shop(self, kind: Kind, items: int | None = None) -> Iterator[Shop]:
        """A shop with so many items, or as many as the plan says."""
        server = self.postgres() if kind == "PostgreSQL" else None
        with shop(kind, items or self.plan.items, server) as made:
            yield made

    def goods(self, kind: Kind, products: int) -> Shop:
        """A shop with so many made-up products beside the demo's, one for the whole run: measures of it only read, or
        change stock."""
        made = self._goods.get((kind, products))
        if made is None:
            made = self._goods[kind, products] = self._stack.enter_context(self.own_goods(kind, products))
        return made

    @contextmanager
    def own_goods(self, kind: Kind, products: int) -> Iterator[Shop]:
        """The same for one measure alone, which may do with it what it likes; gone afterwards."""
        self.say(f"a shop with {products:,} products, {kind}")
        if kind == "SQLite":
            with TemporaryDirectory(prefix="shop-bench-") as folder:
                yield goods.sqlite_shop(Path(folder), products, self.say)
            return
        with postgres.database(self.postgres()) as url:
            yield goods.postgresql_shop(url, products, self.say)

    @contextmanager
    def demo(self, kind: Kind) -> Iterator[Shop]:
        """The demo shop by itself, gone afterwards."""
        with self.empty(kind) as made:
            goods.fill(made.url, 0, self.say)
            yield made

    def empty(self, kind: Kind) -> AbstractContextManager[Shop]:
        """A database without a schema, gone afterwards."""
        return empty(kind, self.postgres() if kind == "PostgreSQL" else None)

    def http(self, name: str, requests: Requests) -> Lane:
        """A lane of HTTP requests."""
        return Lane(name, partial(put_load, requests, self.plan))

    def reference(self, name: str) -> Lane:
        """``hello`` or ``asgi``, running."""
        if name not in self._lanes:
            port = free_port()
            command = [sys.executable, "-m", "bench.references", name, str(port)]
            self._stack.enter_context(running(command, dict(os.environ), port, "/"))
            self._lanes[name] = self.http(name, Requests.to(port, "GET", "/"))
        return self._lanes[name]

    def audit(self, made: Shop, after: str) -> None:
        """Recompute a shop's books after writes; raises :class:`bench.shops.BooksDisagreeError`."""
        told = f"the books agree after {after}: {made.audit()}"
        self.audits.append(told)
        self.say(told)


def argon2() -> Lane:
    """The bare password check."""
    return Lane(
        "argon2id", lambda seconds: told_by([sys.executable, "-m", "bench.references", "argon2", str(seconds)], {})
    )


def pgbench_lane(name: str, made: Shop, script: str) -> Lane:
    """pgbench on a shop's own database."""
    return Lane(name, lambda seconds: pgbench.run(made.url, script, seconds))


def compare(bench: Bench, subjects: Sequence[Subject]) -> list[Row]:
    """Measure all lanes of ``subjects`` in turn, round after round, and make the rows.

    A reference that cannot be measured leaves its rows without a ratio; a subject, without a figure.
    """
    lanes = {lane.name: lane for one in subjects for lane in (*one.references, one.lane)}
    measured = compared(bench, list(lanes.values()))
    rows = []
    for one in subjects:
        loads = measured[one.lane.name]
        if isinstance(loads, CannotMeasureError):
            rows.append(not_run(one.what, str(loads)))
            continue
        for reference in one.references:
            other = measured[reference.name]
            note = one.note
            if isinstance(other, CannotMeasureError):
                other, note = [], f"{reference.name} not run: {other}"
            rows.append(load_row(one.what, loads, reference.name, other, one.goal, note))
    return rows


def compared(bench: Bench, lanes: Sequence[Lane]) -> dict[str, list[Load] | CannotMeasureError]:
    """Measure all of them in turn, round after round: their loads, or why there are none."""
    measured: dict[str, list[Load] | CannotMeasureError] = {lane.name: [] for lane in lanes}
    for number in range(bench.plan.runs + 1):
        seconds = bench.plan.seconds if number else bench.plan.warm_up_s
        for lane in lanes:
            so_far = measured[lane.name]
            if isinstance(so_far, CannotMeasureError):
                continue
            bench.say(f"{lane.name}, {f'run {number} of {bench.plan.runs}' if number else 'warm-up'}")
            try:
                load = lane.measure(seconds)
            except CannotMeasureError as error:
                measured[lane.name] = error
                continue
            if number:
                so_far.append(load)
    return measured
