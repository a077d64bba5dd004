"""Calls that go wrong on purpose: late, refused, carried out without an answer, or broken off in the middle of one."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import msgspec
from litestar import Response

from shopctl.sandbox.faults import HANGS_S, USUAL_S
from shopctl.sandbox.refusals import Refused
from shopctl.sandbox.wire import Refusal

_SILENT: Final = ("charged_no_answer", "not_charged_no_answer")
_BROKEN_OFF: Final = ("reset", "not_charged_reset")
_FAILED: Final = ("charged_500", "not_charged_500")


async def misbehave(mode: str, seconds: float | None, work: Callable[[], Awaitable[Response[Any]]]) -> Response[Any]:
    """Carry out ``work`` and answer, as ``mode`` has it; ``seconds`` is for modes that take time."""
    if mode == "429":
        raise Refused(429, "too_many_requests", "Too many calls. Nothing was done.")
    if mode == "503":
        raise Refused(503, "unavailable", "The sandbox is away. Nothing was done.")
    if mode == "slow":
        await asyncio.sleep(USUAL_S["slow"] if seconds is None else seconds)
    if mode not in (*_SILENT, *_BROKEN_OFF, *_FAILED):
        return await work()
    if not mode.startswith("not_"):
        with suppress(Refused):  # That answer gets lost as well.
            await work()
    if mode in _SILENT:
        return _Silence(HANGS_S if seconds is None else seconds)
    if mode in _BROKEN_OFF:
        return _BrokenOff()
    return Response(Refusal("internal_error", "Something went wrong."), status_code=500)


class _Silence(Response[None]):
    """No answer at all: the connection is held until the caller leaves, and closed in the end."""

    def __init__(self, seconds: float) -> None:
        super().__init__(None)
        self._seconds = seconds

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        async def hold(scope: Any, receive: Any, send: Any) -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    while (await receive())["type"] != "http.disconnect":
                        pass
                return
            await _break_off(send)

        return hold


class _BrokenOff(Response[None]):
    """The beginning of an answer, and then the end of the connection."""

    def __init__(self) -> None:
        super().__init__(None)

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            await _break_off(send)

        return answer


async def _break_off(send: Any) -> None:
    # A server closes the connection where an app ends before its announced length is reached.
    headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"reference": "ch_', "more_body": True})


def refusal(status: int, code: str, detail: str) -> Response[bytes]:
    """The answer to a call that was not carried out."""
    headers = {"Retry-After": "1"} if status in (429, 503) else {}
    body = msgspec.json.encode(Refusal(code, detail))
    return Response(body, status_code=status, headers=headers, media_type="application/json")
