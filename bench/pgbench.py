"""PostgreSQL's own limit for what the shop asks of it: pgbench, with the very statement that the shop runs."""

import re
import subprocess
import tempfile
from collections.abc import Mapping
from typing import Final

from sqlalchemy import TextClause
from sqlalchemy.dialects import postgresql

from bench import postgres
from bench.load import Load
from bench.plan import CannotMeasureError
from shopapi.inventory.item_store import ADD_ITEM
from shopapi.inventory.tables import MAIN_LOCATION

CLIENTS: Final = 4
"""As many as an API process has connections (SHOP_DB_THREADS)."""

READ: Final = """\
\\set id random(1, {items})
SELECT id, item_name, version FROM variant WHERE id = :id;
"""

_FIXED: Final = {"quantity": "1", "location": str(MAIN_LOCATION), "actor": "anyone"}
_DRAWN: Final = {
    # pgbench draws numbers alone: 63 random bits are as good as an id of the shop's own.
    "movement": "random(1, 9223372036854775806)",
}


def script(statement: TextClause, *, names: int) -> str:
    """The statement of ``POST /items`` as a pgbench script that adds a unit to one of ``names`` items.

    It is rendered from the shop's own text, and raises :class:`CannotMeasureError` where that has a parameter for which
    nobody here has a value: the two cannot drift apart.
    """
    compiled = statement.compile(dialect=postgresql.dialect(paramstyle="named"))  # type: ignore[no-untyped-call]
    drawn = {**_DRAWN, "name": f"random(1, {names})", "slug": ":name"}
    unknown = set(compiled.params) - set(_FIXED) - set(drawn)
    if unknown:
        raise CannotMeasureError(f"pgbench has no value for {', '.join(sorted(unknown))} of the statement")
    # In this order: the slug is that of the name that was drawn.
    lines = [f"\\set {name} {drawn[name]}" for name in ("movement", "name", "slug") if name in compiled.params]
    return "\n".join([*lines, f"{str(compiled).strip()};", ""])


def add_item_script(*, names: int) -> str:
    """See :func:`script`."""
    return script(ADD_ITEM, names=names)


def run(url: str, text: str, seconds: float, *, clients: int = CLIENTS, fixed: Mapping[str, str] = _FIXED) -> Load:
    """Run a script over prepared statements for ``seconds``, whole ones, at least one.

    ``fixed`` are the values that no run of it changes.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(text)
        file.flush()
        values = [f"--define={name}={value}" for name, value in fixed.items()]
        time = ["--time", str(max(1, round(seconds)))]
        how = ["--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=1"]
        done = subprocess.run(
            [postgres.program("pgbench"), *how, *time, *values, "--file", file.name],
            env=postgres.environment(url),
            capture_output=True,
            text=True,
            check=False,
        )
    tps = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    count = re.search(r"actually processed: (\d+)", done.stdout)
    if done.returncode != 0 or not tps or not count:
        raise CannotMeasureError(f"pgbench failed: {(done.stderr or done.stdout).strip()[-300:]}")
    failed = re.search(r"failed transactions: (\d+)", done.stdout)
    latency = re.search(r"latency average = ([\d.]+) ms", done.stdout)
    return Load(
        int(count[1]),
        int(count[1]) / float(tps[1]),
        broken=int(failed[1]) if failed else 0,
        p50_ms=float(latency[1]) if latency else 0.0,
    )
