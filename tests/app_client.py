"""An ordinary httpx client over an ASGI app in this process, with the app's lifespan around it."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import httpx

BASE_URL = "http://127.0.0.1:8000"
_LIMIT_S = 30


@contextmanager
def client_of(app: Any, *, base_url: str = BASE_URL, headers: dict[str, str] | None = None) -> Iterator[httpx.Client]:
    """A client whose requests ``app`` answers, in an event loop and a thread of their own."""
    with _running(app) as loop:
        transport = _InLoop(app, loop)
        with httpx.Client(transport=transport, base_url=base_url, headers=headers, timeout=_LIMIT_S) as client:
            yield client


class _InLoop(httpx.BaseTransport):
    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._asgi = httpx.ASGITransport(app, raise_app_exceptions=True)
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run_coroutine_threadsafe(self._answer(request), self._loop).result(_LIMIT_S)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        request.stream = httpx.ByteStream(request.read())
        answer = await self._asgi.handle_async_request(request)
        # As it came over the wire: the client undoes its coding.
        content = b"".join([part async for part in answer.aiter_raw()])
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(content))


@contextmanager
def _running(app: Any) -> Iterator[asyncio.AbstractEventLoop]:
    started: Future[asyncio.AbstractEventLoop] = Future()
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_live(app, started, stop)), name="app", daemon=True)
    thread.start()
    loop = started.result(_LIMIT_S)
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_LIMIT_S)
        assert not thread.is_alive(), "The app did not shut down."


async def _live(app: Any, started: "Future[asyncio.AbstractEventLoop]", stop: asyncio.Event) -> None:
    to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def told(kind: str) -> None:
        await to_app.put({"type": f"lifespan.{kind}"})
        said = asyncio.ensure_future(from_app.get())
        await asyncio.wait((said, lifespan), return_when=asyncio.FIRST_COMPLETED)
        if not said.done():
            lifespan.result()
        if (message := await said)["type"] != f"lifespan.{kind}.complete":
            raise RuntimeError(message.get("message") or message["type"])

    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
    lifespan = asyncio.ensure_future(app(scope, to_app.get, from_app.put))
    try:
        await told("startup")
    except Exception as error:
        started.set_exception(error)
        return
    started.set_result(asyncio.get_running_loop())
    await stop.wait()
    await told("shutdown")
    await lifespan
