"""Signs of life of the workers: whoever waits for one can see whether there is any."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from shopapi.db.engine import Reader
from shopapi.db.types import clock
from shopapi.events.tables import worker_heartbeat

_FORGOTTEN_S: Final = 86_400


def beat(c: Connection, name: str) -> None:
    """The worker of this name is alive now. Those that were not for a day are forgotten."""
    kind = postgresql if c.dialect.name == "postgresql" else sqlite
    statement = kind.insert(worker_heartbeat).values(name=name, at=clock())
    c.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": clock()}))
    c.execute(delete(worker_heartbeat).where(worker_heartbeat.c.at < clock(-_FORGOTTEN_S)))


def youngest(c: Reader) -> datetime | None:
    """The last sign of life of any worker; nothing where there never was one."""
    at: datetime | None = c.execute(select(func.max(worker_heartbeat.c.at))).scalar_one()
    return at
