"""Load on an HTTP server, by a process of its own: wrk where there is one, else the client in this package."""

import http.client
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from bench.plan import CannotMeasureError, Plan

T = TypeVar("T")

ROOT: Final = Path(__file__).resolve().parents[1]
KEY: Final = b"@KEY@"
"""Stands in a raw request for an idempotency key; each time it is sent it is another one."""

BETWEEN: Final = b"\x01"
"""Parts the raw requests in the file that a load generator reads."""

_SCRIPT: Final = Path(__file__).with_name("requests.lua")
_TOLD: Final = "TOLD "
_PATIENCE_S: Final = 900.0
_QUEUE_S: Final = 15.0


class Load(msgspec.Struct, frozen=True):
    """What came back: ``refused`` are answers that were no success, ``broken`` are requests without an answer."""

    answers: int
    duration_s: float
    refused: int = 0
    broken: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0

    @property
    def per_second(self) -> float:
        """Good answers a second."""
        return (self.answers - self.refused) / self.duration_s

    @property
    def errors(self) -> int:
        """Everything that was no good answer."""
        return self.refused + self.broken


@dataclass(frozen=True)
class Requests:
    """Raw requests, sent to a port of this machine in turn, over and over."""

    port: int
    raw: tuple[bytes, ...]
    answered: range = range(200, 300)
    """The status that is meant, tried before and after each measurement."""

    @classmethod
    def to(
        cls, port: int, method: str, path: str, *, headers: dict[str, str] | None = None, bodies: Sequence[bytes] = ()
    ) -> "Requests":
        """The same method and path with each of ``bodies``, or with none."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        head = "\r\n".join(lines).encode()
        if not bodies:
            return cls(port, (head + b"\r\n\r\n",))
        kind = b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        return cls(port, tuple(head + kind % len(body) + body for body in bodies))

    @classmethod
    def gets(
        cls, port: int, paths: Iterable[str], headers: dict[str, str], *, answered: range = range(200, 300)
    ) -> "Requests":
        """Each of ``paths`` in turn."""
        raw = tuple(one for path in paths for one in cls.to(port, "GET", path, headers=headers).raw)
        return cls(port, raw, answered)

    def try_one(self) -> None:
        """Send the first once, and refuse to measure where its status is not meant: wrk takes a redirect for a success.

        A 503 is asked again for a while: what a load generator left behind in a queue is worked off first, and so it
        is not there any more when the next lane is measured.
        """
        until = time.monotonic() + _QUEUE_S
        while (status := self._answer()) == 503 and time.monotonic() < until:
            time.sleep(0.05)
        if status not in self.answered:
            raise CannotMeasureError(f"{self.raw[0].partition(b' HTTP')[0].decode()} answers {status}")

    def _answer(self) -> int:
        head, _, body = self.raw[0].replace(KEY, secrets.token_hex(16).encode()).partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, path, _version = first.split(" ")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body or None, dict(line.split(": ", 1) for line in lines))
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except OSError as error:
            raise CannotMeasureError(f"{method} {path} gets no answer: {error}") from None
        finally:
            connection.close()


def generator(plan: Plan) -> str:
    """What makes the load: ``wrk``, or ``bench.client`` where there is none or the time is shorter than it can."""
    return "wrk" if shutil.which("wrk") and plan.seconds >= 1 else "bench.client"


def put_load(requests: Requests, plan: Plan, seconds: float) -> Load:
    """Keep ``plan.connections`` busy for ``seconds``. Raises :class:`CannotMeasureError`."""
    requests.try_one()
    with tempfile.NamedTemporaryFile(prefix="shop-bench-") as file:
        file.write(BETWEEN.join(requests.raw))
        file.flush()
        if generator(plan) == "wrk":
            load = _wrk(requests.port, file.name, plan.connections, seconds)
        else:
            load = call(requests.port, file.name, plan.connections, "--seconds", str(seconds))
    requests.try_one()
    return load


def send(requests: Requests, plan: Plan, count: int) -> Load:
    """Send ``count`` requests over ``plan.connections``, however long that takes."""
    requests.try_one()
    with tempfile.NamedTemporaryFile(prefix="shop-bench-") as file:
        file.write(BETWEEN.join(requests.raw))
        file.flush()
        return call(requests.port, file.name, plan.connections, "--requests", str(count))


def call(port: int, file: str, connections: int, *how_long: str) -> Load:
    """Run :mod:`bench.client`."""
    command = [sys.executable, "-m", "bench.client", str(port), file, "--connections", str(connections), *how_long]
    return told_by(command, {})


def _wrk(port: int, file: str, connections: int, seconds: float) -> Load:
    whole = max(1, round(seconds))
    options = ["-t1", f"-c{connections}", f"-d{whole}s", "--timeout", "10s", "-s", str(_SCRIPT)]
    salt = {"BENCH_FILE": file, "BENCH_SALT": secrets.token_hex(8)}
    return told_by(["wrk", *options, f"http://127.0.0.1:{port}/"], salt)


def told_by(command: list[str], environment: dict[str, str], said: str = "") -> Load:
    """What a load generator says at its end, on the line that begins with ``TOLD``; ``said`` is what it is told."""
    whole = {**os.environ, **environment}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=whole, input=said, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        raise CannotMeasureError(f"{command[0]} is not done after {_PATIENCE_S:g} s") from None
    load = heard(done.stdout, Load)
    if load is None or not load.answers:
        raise CannotMeasureError(f"{command[0]} told nothing: {(done.stderr or done.stdout).strip()[-300:]}")
    return load


def heard(output: str, kind: type[T]) -> T | None:
    """What a process said by :func:`tell`."""
    for line in output.splitlines():
        if line.startswith(_TOLD):
            return msgspec.json.decode(line.removeprefix(_TOLD), type=kind)
    return None


def tell(found: msgspec.Struct) -> None:
    """Say a load, or another finding, the way :func:`heard` reads it."""
    print(_TOLD + msgspec.json.encode(found).decode(), flush=True)
