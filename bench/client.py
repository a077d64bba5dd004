"""A load generator for machines without wrk, and for loads that end with a number of requests.

``python -m bench.client PORT FILE --seconds 10`` keeps its connections busy: each sends its next request when the
answer to the last one is whole.
"""

import argparse
import asyncio
import secrets
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Final, cast

import httptools

from bench.load import BETWEEN, KEY, Load, tell

_PATIENCE_S: Final = 30.0


class Run:
    """What all connections share: the requests that are left, and what came back."""

    def __init__(self, raw: list[bytes], count: int | None) -> None:
        self.left = _keyed(islice(cycle(raw), count), secrets.token_hex(8))
        self.over = asyncio.Event()
        self.refused = self.broken = 0
        self.times: list[float] = []

    def next(self) -> bytes | None:
        """The next request; none when the run is over."""
        if self.over.is_set():
            return None
        request = next(self.left, None)
        if request is None:
            self.over.set()
        return request

    def load(self, duration_s: float) -> Load:
        """All that came back."""
        times = sorted(self.times) or [0.0]
        at = [times[min(len(times) - 1, int(len(times) * part))] * 1e3 for part in (0.5, 0.99)]
        return Load(len(self.times), duration_s, self.refused, self.broken, *at)


class Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._parser = httptools.HttpResponseParser(self)
        self._sent: float | None = None
        self._transport: asyncio.WriteTransport | None = None
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        request = self._run.next()
        if request is None:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        assert self._transport is not None
        assert self._sent is not None
        self._run.times.append(time.perf_counter() - self._sent)
        self._sent = None
        # As wrk counts. A redirect is noticed before and after, see Requests.try_one.
        if self._parser.get_status_code() >= 400:
            self._run.refused += 1
        if self._parser.should_keep_alive():
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._sent is not None and not self._run.over.is_set():
            self._run.broken += 1
        self.closed.set()


async def keep_busy(run: Run, port: int) -> None:
    """One connection after the other, until the run is over."""
    loop = asyncio.get_running_loop()
    while not run.over.is_set():
        try:
            transport, caller = await loop.create_connection(lambda: Caller(run), "127.0.0.1", port)
        except OSError:
            run.broken += 1
            await asyncio.sleep(0.01)
            continue
        await caller.closed.wait()
        transport.close()


async def put_load(port: int, raw: list[bytes], connections: int, seconds: float | None, count: int | None) -> Load:
    """Load for ``seconds``, or of ``count`` requests; an answer that comes after the end counts as none.

    On a machine that is very busy, ``seconds`` last until there is an answer at all.
    """
    run = Run(raw, count)
    began = time.perf_counter()
    callers = [asyncio.create_task(keep_busy(run, port)) for _ in range(connections)]
    if seconds is None:
        await asyncio.gather(*callers)
    else:
        await asyncio.wait(callers, timeout=seconds)
        while not run.times and not run.broken and time.perf_counter() - began < _PATIENCE_S:
            await asyncio.sleep(0.01)
        run.over.set()
    load = run.load(time.perf_counter() - began)
    for caller in callers:
        caller.cancel()
    return load


def _keyed(requests: Iterator[bytes], salt: str) -> Iterator[bytes]:
    for number, request in enumerate(requests):
        yield request.replace(KEY, f"{salt}{number:016d}".encode()) if KEY in request else request


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.client")
    parser.add_argument("port", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--connections", type=int, default=32)
    until = parser.add_mutually_exclusive_group(required=True)
    until.add_argument("--seconds", type=float)
    until.add_argument("--requests", type=int)
    args = parser.parse_args()
    raw = args.file.read_bytes().split(BETWEEN)
    try:
        from uvloop import run
    except ImportError:
        from asyncio import run  # type: ignore[assignment]
    tell(run(put_load(args.port, raw, args.connections, args.seconds, args.requests)))


if __name__ == "__main__":
    main()
