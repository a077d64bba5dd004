"""``python -m bench``: measure, print one table, and keep it in ``bench/results/latest.json``."""

import argparse
import re
import signal
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace

from rich.console import Console

from bench import docs, postgres, results, table
from bench.lanes import Bench
from bench.measures import EVERY
from bench.measures.measure import Measure
from bench.plan import CannotMeasureError, Plan
from bench.rows import Row, not_run
from bench.shops import BooksDisagreeError


def main(args: Sequence[str] | None = None) -> int:
    """The exit code: 1 where something could not be measured, or the books do not agree; a missed goal is no error."""
    asked = _parser().parse_args(args)
    # The table is wide; where it is not read on a terminal, nothing of it is to be broken.
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False)
    chosen = _chosen(asked.only)
    if asked.list:
        console.print("\n".join(name for _, wanted in chosen for name in wanted))
        return 0
    if asked.write_docs:
        try:
            docs.write(results.read())
        except CannotMeasureError as error:
            console.print(str(error))
            return 1
        return 0
    if not chosen:
        console.print(f'No row is called "{asked.only}": --list shows all.')
        return 2
    plan = replace(Plan.of_environment(), **{name: getattr(asked, name) for name in _given(asked)})
    return _run(plan, chosen, console)


def _run(plan: Plan, chosen: Sequence[tuple[Measure, Collection[str]]], console: Console) -> int:
    say = Console(stderr=True, highlight=False, markup=False)
    rows: list[Row] = []
    machine, at, good, postgresql = results.machine(), results.now(), True, ""
    with Bench(plan, lambda text: say.print(f"  {text}", style="dim", soft_wrap=True)) as bench:
        for measure, wanted in chosen:
            try:
                rows += measure.run(bench, wanted)
            except (CannotMeasureError, BooksDisagreeError) as error:
                good = False
                rows += [not_run(name, str(error)) for name in wanted]
        if any("PostgreSQL" in name for _, wanted in chosen for name in wanted):
            postgresql = _version(bench)
    done = results.Results(at, machine, results.versions(plan, postgresql), plan.seconds, plan.runs, rows, bench.audits)
    results.write(done)
    table.show(rows, console)
    for audit in bench.audits:
        console.print(f"✓ {audit}")
    if machine.load > 0.5:
        console.print(f"! The machine was busy before the run (load {machine.load:g}): measure again when it is quiet.")
    return 0 if good else 1


def _version(bench: Bench) -> str:
    try:
        return postgres.do(bench.postgres(), "SHOW server_version")
    except CannotMeasureError:
        return ""


def _chosen(pattern: str) -> list[tuple[Measure, Collection[str]]]:
    matches = re.compile(pattern, re.IGNORECASE).search
    chosen = [(measure, [name for name in measure.rows if matches(name)]) for measure in EVERY]
    return [(measure, wanted) for measure, wanted in chosen if wanted]


def _given(asked: argparse.Namespace) -> list[str]:
    return [name for name in ("seconds", "runs", "requests") if getattr(asked, name) is not None]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the shop beside its references.")
    parser.add_argument("--only", default="", metavar="PATTERN", help="rows whose name this regular expression finds")
    parser.add_argument("--seconds", type=float, help="of each measurement (BENCH_SECONDS, 10)")
    parser.add_argument("--runs", type=int, help="measurements of which the median counts (BENCH_RUNS, 3)")
    parser.add_argument("--requests", type=int, help="before memory is looked at (BENCH_REQUESTS, 10000)")
    parser.add_argument("--list", action="store_true", help="print the rows' names, and measure nothing")
    parser.add_argument("--write-docs", action="store_true", help="put the latest table into the documentation")
    return parser


if __name__ == "__main__":
    # So that whoever ends the bench ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
