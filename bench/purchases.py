"""Customers who buy: each fills a cart, says where it goes and how, orders, and begins anew.

``python -m bench.purchases PORT --customers 16 --seconds 10`` reads what is bought from its input, as :class:`Task`.
"""

import argparse
import asyncio
import secrets
import sys
import time
from collections.abc import Generator, Iterator
from itertools import count
from typing import Any, Final

import msgspec

from bench.carts import BUYER
from bench.load import Load, tell

CALLS: Final = 4
"""So many requests are a purchase."""

_PATIENCE_S: Final = 30.0


class Task(msgspec.Struct, frozen=True):
    """What customers buy, one basket of skus after the other, and how it is delivered."""

    baskets: list[list[str]]
    method: str


class RefusedError(Exception):
    """An answer that was no success."""


Call = tuple[str, str, Any, int]
"""Method, path, body and the status that is meant."""


def purchase(basket: list[str], method: str) -> Generator[Call, dict[str, Any], None]:
    """One purchase, call by call; each is answered what the shop said to it."""
    lines = [{"sku": sku, "quantity": 1} for sku in basket]
    cart = yield "POST", "/v1/carts", {"lines": lines}, 201
    path = f"/v1/carts/{cart['token']}"
    who = {"email": BUYER.email, "shipping_address": msgspec.to_builtins(BUYER.shipping_address)}
    yield "PUT", f"{path}/contact", who, 200
    cart = yield "PUT", f"{path}/shipping", {"method": method}, 200
    order = {"payment": {"provider": "manual"}, "expected_total": cart["total"]}
    yield "POST", f"{path}/checkout", order, 201


class Connection:
    """One kept-alive connection to the shop."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, call: Call) -> dict[str, Any]:
        """What a call is answered; raises :class:`RefusedError`, or ``OSError`` and the like without an answer."""
        method, path, body, meant = call
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(self._raw(method, path, msgspec.json.encode(body)))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        told = await reader.readexactly(length)
        if b"\r\nconnection: close\r\n" in head:
            self.close()
        if int(head[9:12]) != meant:
            raise RefusedError(f"{method} {path} answers {told[:300]!r}")
        return dict(msgspec.json.decode(told))

    def _raw(self, method: str, path: str, body: bytes) -> bytes:
        key = f"Idempotency-Key: {secrets.token_hex(16)}\r\n" if method == "POST" else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nAccept-Language: de\r\n{key}"
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    def close(self) -> None:
        """Give it up; the next call opens another."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


class Run:
    """What all customers share: what is bought next, and what came of it."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.turn: Iterator[int] = count()
        self.times: list[float] = []
        self.refused = self.broken = 0

    async def buy_on(self, port: int) -> None:
        """One purchase after the other, for good."""
        connection = Connection(port)
        try:
            while True:
                await self._buy(connection)
        finally:
            connection.close()

    async def _buy(self, connection: Connection) -> None:
        baskets = self.task.baskets
        calls = purchase(baskets[next(self.turn) % len(baskets)], self.task.method)
        began = time.perf_counter()
        try:
            call = next(calls)
            while True:
                call = calls.send(await connection.ask(call))
        except StopIteration:
            self.times.append(time.perf_counter() - began)
        except RefusedError as error:
            if not self.refused:
                print(error, file=sys.stderr)
            self.refused += 1
            self.times.append(time.perf_counter() - began)
        except (OSError, EOFError, ValueError) as error:
            print(f"no answer: {error!r}", file=sys.stderr)
            self.broken += 1
            connection.close()
            await asyncio.sleep(0.01)

    def load(self, duration_s: float) -> Load:
        """All purchases that came to an end."""
        times = sorted(self.times) or [0.0]
        at = [times[min(len(times) - 1, int(len(times) * part))] * 1e3 for part in (0.5, 0.99)]
        return Load(len(self.times), duration_s, self.refused, self.broken, *at)


async def shop_on(port: int, task: Task, customers: int, seconds: float) -> Load:
    """So many customers at once, for ``seconds``, and longer until one has bought something: that counts, what is under
    way then does not."""
    run = Run(task)
    began = time.perf_counter()
    busy = [asyncio.create_task(run.buy_on(port)) for _ in range(customers)]
    await asyncio.wait(busy, timeout=seconds)
    while not run.times and not run.broken and time.perf_counter() - began < _PATIENCE_S:
        await asyncio.sleep(0.05)
    load = run.load(time.perf_counter() - began)
    for one in busy:
        if one.done():
            one.result()  # Nobody stops by themselves but by a mistake of this program.
        one.cancel()
    await asyncio.wait(busy)
    return load


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.purchases")
    parser.add_argument("port", type=int)
    parser.add_argument("--customers", type=int, default=16)
    parser.add_argument("--seconds", type=float, required=True)
    args = parser.parse_args()
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    try:
        from uvloop import run
    except ImportError:
        from asyncio import run  # type: ignore[assignment]
    tell(run(shop_on(args.port, task, args.customers, args.seconds)))


if __name__ == "__main__":
    main()
