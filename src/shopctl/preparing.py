"""Makes the database ready before the parts of the shop start: the schema, the demo's goods, an owner."""

from pathlib import Path

import msgspec
from sqlalchemy.engine import make_url

from shopapi.db.engine import make_sqlite_file, open_database
from shopapi.db.schema import schema_status
from shopctl.commands.database import database_url
from shopctl.commands.staff import first_owner
from shopctl.seeds.load import seed


def prepare() -> bytes:
    """Migrate and seed; JSON with ``database`` (in words), ``owner`` and, where it was just made, ``password``."""
    url = database_url()
    if url.startswith("sqlite"):
        make_sqlite_file(url)
    db = open_database(url, threads=2, patient=True)  # The seed holds one of the two while it works.
    try:
        status = schema_status(db)
        if not status.is_current:
            # Only now: the migrations' library takes longer to load than all else that is done here.
            from shopapi.db.migrate import migrate

            migrate(url)
            status = schema_status(db)
        report = seed(db)
        with db.reading() as c:
            owner = report.owner_email or first_owner(c)
    finally:
        db.close()
    words = f"{_where(url)}, schema {status.current}, {report.products:,} product" + "s" * (report.products != 1)
    return msgspec.json.encode({"database": words, "owner": owner, "password": report.owner_password})


def _where(url: str) -> str:
    parts = make_url(url)
    if parts.drivername == "sqlite":
        file = Path(parts.database or "").absolute()
        return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)
    return f"{parts.database} at {parts.host or 'localhost'}"
