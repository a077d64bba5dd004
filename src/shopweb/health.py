"""What probes ask. The web part is ready when it runs: if it waited for the API, that one's restart would stop both."""

from litestar import MediaType, Response, get
from litestar.datastructures import State

from shopapi.runtime.metrics import CONTENT_TYPE


@get("/healthz", media_type=MediaType.TEXT, sync_to_thread=False)
def healthz() -> str:
    """The process lives."""
    return "ok"


@get("/readyz", media_type=MediaType.TEXT, sync_to_thread=False)
def readyz() -> str:
    """It may be sent requests; the edge answers 503 while it drains."""
    return "ok"


@get("/metrics", sync_to_thread=False)
def metrics(state: State) -> Response[bytes]:
    """Counters for Prometheus."""
    return Response(state.metrics.text(), media_type=CONTENT_TYPE)
