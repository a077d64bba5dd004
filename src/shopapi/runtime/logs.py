"""Logs: one JSON object a line on a pipe, a readable line on a terminal, always on stderr.

A line says what happened, when, and under which request id. It never holds a path, a query, a body, a header or a
token. Requests are logged by :class:`AccessLog`, which costs the request no more than putting a tuple into a list.
"""

import logging
import re
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final, Literal, TextIO

import msgspec

Format = Literal["auto", "json", "text"]

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request at hand, so that whatever is logged meanwhile can be found by it."""

_SECRETS: Final = re.compile(
    r"shk_live_\w+|shs_[\w-]+|(?i:bearer)\s+\S+|://[^\s@:]*:\S*@|\b(?:\d[ -]?){13,19}\b|[\w.+-]+@[\w-]+\.[\w.]+"
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_TRACE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MOST_WAITING: Final = 65_536
_encode = msgspec.json.Encoder().encode


def start(part: str, level: str, shape: Format, stream: TextIO | None = None) -> None:
    """Send everything that this process logs to stderr, in the one shape that was asked for."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Lines(part, as_json(shape, stream)))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "alembic", "sqlalchemy"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for handed_on in ("uvicorn", "uvicorn.error", "granian", "_granian"):
        logger = logging.getLogger(handed_on)
        logger.handlers, logger.propagate = [], True
        # What they say at start we say ourselves; what goes wrong in them must be seen.
        logger.setLevel(logging.WARNING)


def as_json(shape: Format, stream: TextIO) -> bool:
    """Whether ``shape`` means JSON lines for ``stream``: ``auto`` does unless it is a terminal."""
    return shape == "json" or (shape == "auto" and not stream.isatty())


def redacted(text: str) -> str:
    """``text`` without what looks like a token, a password, a card number or an e-mail address."""
    # A lone surrogate (a strange file name) can be written nowhere; a log line must not fail over it.
    return _SECRETS.sub("[removed]", text.encode("utf-8", "replace").decode())


class _Lines(logging.Formatter):
    def __init__(self, part: str, json_lines: bool) -> None:
        super().__init__()
        self._part, self._json = part, json_lines

    def format(self, record: logging.LogRecord) -> str:
        message = redacted(record.getMessage())
        trace = redacted(self.formatException(record.exc_info)) if record.exc_info else ""
        if not self._json:
            stamp = time.strftime("%H:%M:%S", time.localtime(record.created))
            line = f"{stamp}  {self._part:<6}  {record.levelname.lower():<7}  {_CONTROL.sub('?', message)}"
            return f"{line}\n{_CONTROL_IN_TRACE.sub('?', trace)}" if trace else line
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": self._part,
            "logger": record.name,
            "message": message,
        }
        if known := request_id.get():
            fields["request_id"] = known
        if trace:
            fields["exception"] = trace
        return _encode(fields).decode()


class AccessLog:
    """A line for each request, written by a thread of its own ten times a second."""

    def __init__(self, part: str, shape: Format, stream: TextIO | None = None) -> None:
        self._part = part
        self._stream = stream or sys.stderr
        self._json = as_json(shape, self._stream)
        # Bounded: where nobody reads the pipe, the oldest lines go, and the process keeps its memory.
        self._waiting: deque[tuple[float, str, str, str, int, float, str]] = deque(maxlen=_MOST_WAITING)
        self._stop = threading.Event()
        self._writer: threading.Thread | None = None

    def add(self, at: float, request: str, method: str, route: str, status: int, duration_s: float, trace: str) -> None:
        """Note an answered request; ``route`` is the route's template, never the path."""
        self._waiting.append((at, request, method, route, status, duration_s, trace))
        if self._writer is None:
            # Started with the first request: a server may fork its workers after the app was made.
            self._writer = threading.Thread(target=self._write_on, name="access-log", daemon=True)
            self._writer.start()

    def close(self) -> None:
        """Write what is left and stop the thread."""
        self._stop.set()
        if self._writer is not None:
            self._writer.join(2)
        self.flush()

    def flush(self) -> None:
        """Write the lines that wait."""
        # One by one from the left: a list that is swapped for a new one loses what is put into it meanwhile.
        lines = []
        with suppress(IndexError):
            while True:
                lines.append(self._waiting.popleft())
        if lines:
            try:
                self._stream.write("".join(map(self._line, lines)))
                self._stream.flush()
            except (OSError, ValueError):  # The reader of the pipe is gone: nobody is left to tell.
                pass

    def _write_on(self) -> None:
        while not self._stop.wait(0.1):
            self.flush()

    def _line(self, line: tuple[float, str, str, str, int, float, str]) -> str:
        at, request, method, route, status, duration_s, trace = line
        if not self._json:
            stamp = time.strftime("%H:%M:%S", time.localtime(at))
            return f"{stamp}  {self._part:<6}  {status}  {duration_s * 1000:>7.1f} ms  {method} {route}\n"
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
            "level": "info",
            "part": self._part,
            "request_id": request,
            "method": method,
            "route": route,
            "status": status,
            "duration_ms": round(duration_s * 1000, 2),
        }
        if trace:
            fields["trace_id"] = trace
        return _encode(fields).decode() + "\n"
