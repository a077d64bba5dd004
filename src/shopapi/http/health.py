"""What probes ask: does the process live, can it serve, and what does it count."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from litestar import MediaType, Response, get
from litestar.datastructures import State

from shopapi.db.engine import Database, DatabaseUnavailable
from shopapi.db.schema import SchemaStatus, schema_status
from shopapi.http.problems import NotReady
from shopapi.http.told import PUBLIC, Route
from shopapi.runtime.metrics import CONTENT_TYPE


class Readiness:
    """Whether the database can be reached and has the schema that this program wants.

    It has a thread of its own and should have a connection of its own, so that it answers while all others are busy.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ready")

    async def check(self) -> None:
        """Raise :class:`NotReady`, which names what is missing."""
        try:
            status: SchemaStatus = await asyncio.wait_for(
                asyncio.get_running_loop().run_in_executor(self._thread, schema_status, self._db), 4
            )
        except DatabaseUnavailable as error:
            raise NotReady(f"database: {error}") from error
        except TimeoutError as error:
            raise NotReady("database: it did not answer in 4 s.") from error
        if not status.is_current:
            raise NotReady(f"schema: {'; '.join(status.problems)}. Run: shopctl migrate")


@get("/healthz", media_type=MediaType.TEXT, opt={"told": Route(PUBLIC, "Does the process live?", answers={200: str})})
async def lives() -> Response[str]:
    """No I/O: it answers as long as the process can."""
    return Response("ok\n", headers={"Cache-Control": "no-store"})


@get(
    "/readyz",
    media_type=MediaType.TEXT,
    opt={"told": Route(PUBLIC, "Can it serve?", answers={200: str}, problems=(NotReady,))},
)
async def ready(state: State) -> Response[str]:
    """200 while the database can be reached and its schema is current; 503 names what is missing."""
    await state.readiness.check()
    return Response("ready\n", headers={"Cache-Control": "no-store"})


@get("/metrics", opt={"told": Route(PUBLIC, "Counters in Prometheus' text format", answers={200: str})})
async def metrics(state: State) -> Response[bytes]:
    """Requests, their durations, those in flight, and connections in use, of this process alone."""
    return Response(state.metrics.text(), media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


HANDLERS: Final = [lives, ready, metrics]
