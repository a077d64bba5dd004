"""Shops full of goods: the demo's, and as many made-up ones as are wanted.

To make 100,000 takes minutes, so a shop is kept in ``bench/results/goods`` until the code that made it changes. What is
measured is always a copy.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Select, select

from bench import postgres
from bench.load import ROOT
from bench.plan import CannotMeasureError
from bench.shops import Kind, Shop, add_owner
from shopapi.catalog.save_products import save_products
from shopapi.catalog.tables import listing, product
from shopapi.db.engine import Database, open_database, sqlite_file
from shopapi.db.migrate import migrate
from shopapi.settings import database_url
from shopctl.seeds import large
from shopctl.seeds.load import seed

KEPT: Final = ROOT / "bench" / "results" / "goods"
_MAKERS: Final = ("src/shopapi/catalog", "src/shopapi/db", "src/shopapi/inventory", "src/shopctl/seeds")
_BATCH: Final = 500


def sqlite_shop(folder: Path, products: int, say: Callable[[str], None]) -> Shop:
    """A copy in ``folder`` of a kept shop, which is made first where there is none."""
    kept = _kept("SQLite", products, "db")
    if not kept.exists():
        made = _room(kept)
        fill(f"sqlite:///{made}", products, say)
        # What lies in the log beside it is part of it no more.
        _forget(made, "-wal", "-shm", ".lock")
        made.rename(kept)
    file = folder / f"goods-{products}.db"
    shutil.copyfile(kept, file)
    os.chmod(file, 0o600)
    return Shop("SQLite", f"sqlite:///{file}", products)


def postgresql_shop(url: str, products: int, say: Callable[[str], None]) -> Shop:
    """A kept shop in the empty database at ``url``; it is made there, and then kept, where there is none."""
    kept = _kept("PostgreSQL", products, "dump")
    if kept.exists():
        _program("pg_restore", url, "--no-owner", f"--dbname={postgres.environment(url)['PGDATABASE']}", str(kept))
    else:
        fill(url, products, say)
        made = _room(kept)
        _program("pg_dump", url, "--format=custom", "--compress=1", f"--file={made}")
        made.rename(kept)
    # A plan that rests on an empty table would be measured for the first minute.
    postgres.do(url, "VACUUM (ANALYZE)")
    return Shop("PostgreSQL", url, products)


def slugs(made: Shop, count: int) -> list[str]:
    """``count`` products on sale, from all over the catalog."""
    found = ask(made, select(product.c.slug).join(listing, listing.c.product_id == product.c.id).order_by(product.c.id))
    every = [str(slug) for (slug,) in found]
    step = max(1, len(every) // count)
    return every[::step][:count]


def ask(made: Shop, statement: Select[Any]) -> list[tuple[Any, ...]]:
    """Rows of a shop's database."""
    db = open_database(database_url(made.url), threads=1, patient=True)
    try:
        with db.reading() as c:
            return [tuple(row) for row in c.execute(statement)]
    finally:
        db.close()


def fill(url: str, products: int, say: Callable[[str], None]) -> None:
    """Migrate an empty database, and bring in the demo's goods and so many made-up ones."""
    migrate(database_url(url))
    db = open_database(database_url(url), threads=2, patient=True)  # The seed holds one while it works.
    try:
        db.write(add_owner)
        refused = seed(db).refused or _add_made_up(db, products, say)
    finally:
        db.close()
    if refused:
        raise CannotMeasureError(f"the shop refuses {len(refused)} products: {refused[0]}")


def _add_made_up(db: Database, products: int, say: Callable[[str], None]) -> list[str]:
    refused, done, told = list[str](), 0, 0
    records = large.made_up(products)
    while batch := list(islice(records, _BATCH)):
        outcomes = save_products(db, batch, actor="shopctl bench")
        refused += [f"{one.slug}: {one.reason}" for one in outcomes if one.what != "new"]
        done += len(batch)
        if done - told >= 10_000 or done == products:
            say(f"made {done:,} of {products:,} products ({db.dialect}); they are kept for the next run")
            told = done
    return refused


def _kept(kind: Kind, products: int, ending: str) -> Path:
    made_by = hashlib.sha256()
    for folder in _MAKERS:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                made_by.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return KEPT / f"{kind}-{products}-{made_by.hexdigest()[:16]}.{ending}"


def _room(kept: Path) -> Path:
    """Where to make it. Those of the same kind and size that an older program made go."""
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / ".gitignore").write_text("*\n")
    old = kept.name.rpartition("-")[0]
    for file in KEPT.glob(f"{old}-*"):
        file.unlink()
    return kept.with_name(f"{old}-half-made")


def _forget(file: Path, *endings: str) -> None:
    for ending in endings:
        file.with_name(f"{file.name}{ending}").unlink(missing_ok=True)


def _program(name: str, url: str, *options: str) -> None:
    command = [postgres.program(name), *options]
    done = subprocess.run(command, env=postgres.environment(url), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotMeasureError(f"{name} fails: {done.stderr.strip()[-300:]}")


def file_of(made: Shop) -> Path:
    """An SQLite shop's file."""
    return sqlite_file(database_url(made.url))
