"""Small HTTP servers in the place of somebody else's, each in a thread of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class _Server(ThreadingHTTPServer):
    # A Traefik opens twenty connections at once; whom a short queue turns away comes back a second later.
    request_queue_size = 128


@contextmanager
def listening(answers: type[BaseHTTPRequestHandler], address: str = "127.0.0.1") -> Iterator[int]:
    """A server with these answers, which logs nothing; its port."""
    quiet = type("Quiet", (answers,), {"log_message": lambda *_: None})
    server = _Server((address, 0), quiet)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
