"""How long starting takes, beside Python loading the libraries that it needs anyway."""

import subprocess
import sys
import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from functools import partial
from typing import Final

from bench.lanes import Bench
from bench.load import ROOT
from bench.measures.measure import Measure
from bench.plan import CannotMeasureError
from bench.rows import Goal, Row, plain_row
from bench.servers import Server, api_server, shop_environment, web_server

_SERVERS: Final = "import litestar, sqlalchemy, psycopg2, msgspec, uvicorn"
_COMMANDS: Final = "import typer, rich.console"
_ROUNDS: Final = 3
"""Starts a run: they are short, and the machine's noise is large beside them."""

API: Final = "start of serve-api to its first answer"
WEB: Final = "start of serve-web to its first answer"
HELP: Final = "shopctl --help"
VERSION: Final = "shopctl version"
RENDERED: Final = {f"shopctl {command}": [command] for command in ("render-compose", "render-traefik", "render-k8s")}
"""What renders manifests, checks included."""


def serving(bench: Bench, wanted: Collection[str]) -> list[Row]:
    """The servers, to the first 200 of ``/healthz``."""
    rows = []
    with bench.shop("SQLite", 24) as made:
        if API in wanted:
            rows.append(_row(bench, API, lambda: _started(api_server(made.url)), _SERVERS, 1.6))
        if WEB in wanted:
            # It starts without its API, which it does not ask before somebody asks for a page.
            away = Server(port=9, pid=0, started_s=0)
            rows.append(_row(bench, WEB, lambda: _started(web_server(away)), _SERVERS, 1.6))
    return rows


def commands(bench: Bench, wanted: Collection[str]) -> list[Row]:
    """The commands that one waits for."""
    asked = {HELP: (["--help"], 1.5), VERSION: (["version"], 1.3)}
    return [
        _row(bench, what, partial(_command, ["-m", "shopctl", *args]), _COMMANDS, bound)
        for what, (args, bound) in asked.items()
        if what in wanted
    ]


def renderings(bench: Bench, wanted: Collection[str]) -> list[Row]:
    """Manifests, beside what the command line takes to say what it can."""
    return [
        _beside(
            bench, what, partial(_command, ["-m", "shopctl", *args]), ["-m", "shopctl", "--help"], HELP, Goal("<=", 2.0)
        )
        for what, args in RENDERED.items()
        if what in wanted
    ]


def _row(bench: Bench, what: str, start: Callable[[], float], imports: str, bound: float) -> Row:
    note = f"bare imports are python -c '{imports}'"
    return _beside(bench, what, start, ["-c", imports], "bare imports", Goal("<=", bound), note)


def _beside(
    bench: Bench, what: str, start: Callable[[], float], other: list[str], reference: str, goal: Goal, note: str = ""
) -> Row:
    bench.say(what)
    ours, others = [], []
    # The first start fills the caches of the file system and is not counted.
    for number in range(_ROUNDS * bench.plan.runs + 1):
        took = start(), _command(other)
        if number:
            ours.append(took[0] * 1e3)
            others.append(took[1] * 1e3)
    return plain_row(what, "ms", ours, reference=reference, reference_runs=others, goal=goal, note=note)


def _started(server: AbstractContextManager[Server]) -> float:
    with server as one:
        return one.started_s


def _command(args: list[str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *args], cwd=ROOT, env=shop_environment(), capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - began
    if done.returncode != 0:
        raise CannotMeasureError(f"python {' '.join(args)} exits with {done.returncode}: {done.stderr[-300:]}")
    return took


MEASURES: Final = (
    Measure((API, WEB), serving),
    Measure((HELP, VERSION), commands),
    Measure(tuple(RENDERED), renderings),
)
