"""What a run leaves behind: a JSON file, and the machine that it was measured on."""

import os
import platform
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from bench.load import ROOT, generator
from bench.plan import CannotMeasureError, Plan
from bench.postgres import program
from bench.rows import Row

FILE: Final = ROOT / "bench" / "results" / "latest.json"
_PACKAGES: Final = ("shopctl", "litestar", "uvicorn", "uvloop", "httptools", "sqlalchemy", "psycopg2-binary", "msgspec")


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured. ``load`` is the system's load of the minute before."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    load: float


class Results(msgspec.Struct, frozen=True):
    """One run."""

    at: datetime
    machine: Machine
    versions: dict[str, str]
    seconds: float
    runs: int
    rows: list[Row]
    audits: list[str]


def machine() -> Machine:
    """This machine, as far as it tells."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Machine(
        _processor(), os.cpu_count() or 1, round(memory, 1), f"{platform.system()} {platform.release()}", _load()
    )


def versions(plan: Plan, postgresql: str) -> dict[str, str]:
    """What took part."""
    found = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
    if postgresql:
        found["PostgreSQL"] = postgresql
        found["pgbench"] = _pgbench()
    return {**found, "load by": generator(plan), **{name: version(name) for name in _PACKAGES}}


def now() -> datetime:
    """The date of a run."""
    return datetime.now(UTC).replace(microsecond=0)


def write(results: Results) -> None:
    """Keep them as the latest."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def read() -> Results:
    """The latest; raises :class:`CannotMeasureError` where there are none."""
    if not FILE.exists():
        raise CannotMeasureError("nothing was measured yet: python -m bench")
    return msgspec.json.decode(FILE.read_bytes(), type=Results)


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    for line in known.read_text().splitlines() if known.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _load() -> float:
    return round(os.getloadavg()[0], 2)


def _pgbench() -> str:
    try:
        said = subprocess.run([program("pgbench"), "--version"], capture_output=True, text=True, check=False).stdout
    except CannotMeasureError:
        return "none"
    return said.strip().rpartition("(PostgreSQL) ")[2]
