"""The worker's answers to probes and monitoring. It serves nobody else, so the standard library's server is enough."""

import math
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from shopapi.db.engine import Database, DatabaseUnavailable
from shopapi.db.schema import schema_status
from shopapi.runtime.hosts import is_private
from shopapi.runtime.metrics import CONTENT_TYPE, Metrics

if TYPE_CHECKING:
    from shopapi.worker import Worker

_LONGEST_CHORE_S: Final = 300.0


def serve_health(worker: "Worker", db: Database, host: str, port: int) -> ThreadingHTTPServer:
    """Answer on ``port`` from a thread of its own; raises ``OSError`` where the port is taken."""
    metrics = _metrics(worker)

    class Probes(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            if self.path == "/metrics" and self._is_asked_privately():
                self._send(200, metrics.text(), CONTENT_TYPE)
                return
            status, said = self._answer()
            self._send(status, f"{said}\n".encode(), "text/plain")

        def _is_asked_privately(self) -> bool:
            return is_private(self.headers.get("Host", ""))

        def _send(self, status: int, body: bytes, media_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{media_type}; charset=utf-8")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _answer(self) -> tuple[int, str]:
            if not self._is_asked_privately():
                return 404, "not found"
            if self.path == "/healthz":
                stuck = time.monotonic() - worker.last_round > _LONGEST_CHORE_S
                return (503, "a chore has been running for five minutes") if stuck else (200, "ok")
            if self.path == "/readyz":
                try:
                    status = schema_status(db)
                except DatabaseUnavailable as error:
                    return 503, f"database: {error}"
                return (200, "ready") if status.is_current else (503, f"schema: {'; '.join(status.problems)}")
            return 404, "not found"

        def log_message(self, *_: object) -> None:
            """Say nothing: probes are not worth a line."""

    server = ThreadingHTTPServer((host, port), Probes)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server


def _metrics(worker: "Worker") -> Metrics:
    metrics = Metrics("worker")
    metrics.counter("shop_worker_rounds", "Times that it looked for what is due.", lambda: worker.rounds)
    metrics.counter("shop_worker_failures", "Chores that failed and came round again.", lambda: worker.failures)
    metrics.gauge(
        "shop_worker_last_round_timestamp_seconds",
        "When it last looked for what is due, in seconds since 1970.",
        lambda: time.time() - (time.monotonic() - worker.last_round),
    )

    def findings() -> float:
        counted = worker.counted("audit")
        return math.nan if counted is None else counted

    metrics.gauge("shop_audit_findings", "Findings of this worker's last audit; NaN before the first.", findings)
    return metrics
