"""Signs of life of the workers, for the audit: where one lives, nothing may wait for long."""

from typing import Final

from sqlalchemy import Connection, delete
from sqlalchemy.dialects import postgresql, sqlite

from shopapi.db.types import clock
from shopapi.events.tables import worker_heartbeat

_FORGOTTEN_S: Final = 86_400


def beat(c: Connection, name: str) -> None:
    """The worker of this name is alive now. Those that were not for a day are forgotten."""
    kind = postgresql if c.dialect.name == "postgresql" else sqlite
    statement = kind.insert(worker_heartbeat).values(name=name, at=clock())
    c.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": clock()}))
    c.execute(delete(worker_heartbeat).where(worker_heartbeat.c.at < clock(-_FORGOTTEN_S)))
