"""Requests whose last byte is held back, so that all of them are complete at one moment."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

LIMIT_S = 60


@dataclass(frozen=True)
class Held:
    """A request that is to be sent."""

    url: str
    path: str
    headers: dict[str, str]
    body: object


async def release(requests: list[Held]) -> list[tuple[int, bytes]]:
    """Send all but the last byte of each, then those; answers status and body, in the order of the requests."""
    ready = asyncio.Barrier(len(requests))
    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as group:
        tasks = [group.create_task(_one(request, ready)) for request in requests]
    return [task.result() for task in tasks]


async def _one(request: Held, ready: asyncio.Barrier) -> tuple[int, bytes]:
    parts = urlsplit(request.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    body = msgspec.json.encode(request.body)
    head = [f"POST {request.path} HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: application/json"]
    head += [f"Content-Length: {len(body)}", "Connection: close"]
    head += [f"{name}: {value}" for name, value in request.headers.items()]
    sent = "\r\n".join(head).encode() + b"\r\n\r\n" + body
    writer.write(sent[:-1])
    await writer.drain()
    await ready.wait()
    writer.write(sent[-1:])
    try:
        answer = await reader.read()
    finally:
        writer.close()
    top, _, rest = answer.partition(b"\r\n\r\n")
    return int(top.split(b" ", 2)[1]), rest
