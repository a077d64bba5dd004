"""The worker's answers to probes. It serves nobody else, so the standard library's server is enough."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from shopapi.db.engine import Database, DatabaseUnavailable
from shopapi.db.schema import schema_status

if TYPE_CHECKING:
    from shopapi.worker import Worker

_LONGEST_CHORE_S: Final = 300.0


def serve_health(worker: "Worker", db: Database, host: str, port: int) -> ThreadingHTTPServer:
    """Answer on ``port`` from a thread of its own; raises ``OSError`` where the port is taken."""

    class Probes(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            status, said = self._answer()
            body = f"{said}\n".encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _answer(self) -> tuple[int, str]:
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
