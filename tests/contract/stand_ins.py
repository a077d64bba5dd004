"""Small servers in the place of a part, where a test asks what Traefik does to requests."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.small_servers import listening


@dataclass
class StandIn:
    """One server, and how often it was asked with each method."""

    url: str
    asked: Counter[str] = field(default_factory=Counter)


@contextmanager
def stand_in(*, hangs_up: bool = False) -> Iterator[StandIn]:
    """A server that answers with the path and the headers that it was sent, or hangs up without an answer."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):
                return self._asked
            raise AttributeError(name)

        def _asked(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.path == "/readyz":
                return self._answer({})
            told.asked[self.command] += 1
            if hangs_up:
                self.close_connection = True
                return None
            return self._answer({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})

        def _answer(self, said: dict[str, str]) -> None:
            body = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with listening(Answering) as port:
        told = StandIn(f"http://127.0.0.1:{port}")
        yield told
