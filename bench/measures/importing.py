"""``shopctl import products`` of our own CSV, beside the same rows put in by the driver alone."""

import subprocess
import sys
import tempfile
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Final

from bench import bare
from bench.importing import Import
from bench.lanes import Bench
from bench.load import ROOT, heard
from bench.measures.measure import Measure
from bench.plan import CannotMeasureError
from bench.rows import Goal, Row, not_run, plain_row
from bench.servers import shop_environment
from bench.shops import KINDS, Kind, Shop
from shopapi.db.migrate import migrate
from shopapi.settings import database_url

FEW: Final = 1_000
MANY: Final = 10_000
_CONSTANT: Final = Goal("<=", 1.1)


def names(kind: Kind) -> tuple[str, str, str]:
    """The rows' names: how fast, how much memory, how long others wait."""
    what = f"import of {MANY:,} products from CSV"
    return f"{what}, {kind}", f"{what}: memory, {kind}", f"{what}: longest transaction, {kind}"


def importing(kind: Kind, bench: Bench, wanted: Collection[str]) -> list[Row]:
    """Once each, since it takes long: into the demo shop, which has the pictures and categories."""
    speed, memory, longest = names(kind)
    with tempfile.TemporaryDirectory(prefix="shop-bench-") as folder:
        with bench.demo(kind) as made:
            took = _import(bench, _csv(bench, kind, MANY, Path(folder)), made)
            bench.audit(made, f"the import on {kind}")
            bare_s, rows = _bare(bench, kind, made) if speed in wanted else (0.0, 0)
        found = [plain_row(longest, "ms", [took.longest_s * 1e3], goal=Goal("<=", 50, of="figure"), note=_told(took))]
        if speed in wanted:
            note = f"{rows:,} rows in all tables by one executemany each, in one transaction"
            bare_runs = [MANY / bare_s]
            figure, goal = [MANY / took.took_s], Goal(">=", 0.2)
            ratio = plain_row(
                speed, "/s", figure, reference="executemany", reference_runs=bare_runs, goal=goal, note=note
            )
            found.append(ratio)
        if memory in wanted:
            with bench.demo(kind) as made:
                small = _import(bench, _csv(bench, kind, FEW, Path(folder)), made)
            found.append(_memory(memory, took, small))
    return sorted((row for row in found if row.what in wanted), key=lambda row: names(kind).index(row.what))


def _memory(what: str, took: Import, small: Import) -> Row:
    if took.most_mib is None or small.most_mib is None:
        return not_run(what, "this system does not tell")
    reference = f"of {FEW:,}"
    return plain_row(what, "MiB", [took.most_mib], reference=reference, reference_runs=[small.most_mib], goal=_CONSTANT)


def _csv(bench: Bench, kind: Kind, products: int, folder: Path) -> Path:
    """What a shop of so many products exports."""
    file = folder / f"{products}.csv"
    made = bench.goods(kind, products)
    bench.say(f"export of {products:,} products, {kind}")
    _shopctl(["-m", "shopctl", "export", "products", str(file)], made)
    return file


def _import(bench: Bench, file: Path, made: Shop) -> Import:
    bench.say(f"import of {file.name}, {made.kind}")
    took = heard(_shopctl(["-m", "bench.importing", str(file)], made), Import)
    if took is None or took.exit_code:
        raise CannotMeasureError(f"the import exits with {took.exit_code if took else 'nothing told'}")
    return took


def _bare(bench: Bench, kind: Kind, made: Shop) -> tuple[float, int]:
    bench.say(f"the same rows by executemany, {kind}")
    with bench.empty(kind) as target:
        migrate(database_url(target.url))
        return bare.executemany(made, target)


def _shopctl(args: list[str], made: Shop) -> str:
    command = [sys.executable, *args]
    environment = shop_environment(DATABASE_URL=made.url)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotMeasureError(f"{' '.join(args[1:4])} exits with {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


def _told(took: Import) -> str:
    return f"{took.transactions:,} transactions in {took.took_s:.1f} s"


MEASURES: Final = tuple(Measure(names(kind), partial(importing, kind)) for kind in KINDS)
