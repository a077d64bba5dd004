"""What happens to every request before the app sees it, and to every answer before it leaves.

In one ASGI layer, because each layer costs every request: a request id, the host check, ``HEAD`` as ``GET`` without a
body, one URL a resource, draining, security headers, the log line and the counters.
"""

import logging
import os
import random
import re
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final, Protocol

from shopapi.runtime.draining import Draining
from shopapi.runtime.hosts import HEALTH_PATHS, Hosts, is_private
from shopapi.runtime.logs import AccessLog, request_id
from shopapi.runtime.metrics import Metrics
from shopapi.runtime.part import PartSettings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

Ready = tuple[int, Headers, bytes, str]
"""An answer that lies ready: its status, all of its headers but the request's id, its body and its route's template."""

_SANE_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_TRACE: Final = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_BROKEN_OFF: Final = 499
_CLOSE: Final = ((b"connection", b"close"),)
_LASTS: Final = (96, 160)
"""After so many answers of a process one asks for its connection to be closed."""

_LASTS_S: Final = 0.1
"""And not sooner than this after the one before: to connect costs as much as some answers from memory."""

_Asked = tuple[float, float, str, str, str]  # Wall clock, counter, the request's id, method, trace.
_log = logging.getLogger(__name__)

SECURITY_HEADERS: Final[Headers] = [
    # One name under every HTTP server: granian would say its own.
    (b"server", b"shop"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), usb=(), payment=(self)"),
]
_STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


def strict_transport(settings: PartSettings) -> Headers:
    """The header that keeps browsers at https for a year (RFC 6797); none where that would shut customers out.

    A browser that was told once refuses plain http and every certificate that it does not trust, without a way round.
    """
    return [_STRICT_TRANSPORT] if settings.hsts and settings.public_url.scheme == "https" else []


class Refuse(Protocol):
    """Makes the answer to a request that the edge refuses: its status and code in, headers and body out."""

    def __call__(self, status: int, code: str, scope: Scope) -> tuple[Headers, bytes]:
        """Answer the headers (without a length) and the body."""
        ...


class Shortcut(Protocol):
    """Looks whether an answer lies ready. It must not wait for anything."""

    def __call__(self, scope: Scope, named: dict[bytes, bytes]) -> Ready | None:
        """Answer it, or ``None``: the app is asked then. ``named`` is the request's headers."""
        ...


class Edge:
    """The outermost layer of a part. ``headers`` go with every answer that does not set them itself.

    What ``shortcut`` has ready is sent at once: all that a request costs on its way through the layers would be several
    times what such an answer costs.
    """

    def __init__(
        self,
        app: App,
        *,
        hosts: Hosts,
        metrics: Metrics,
        access_log: AccessLog | None,
        draining: Draining,
        headers: Headers,
        refuse: Refuse,
        shortcut: Shortcut | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._metrics = metrics
        self._access_log = access_log
        self._draining = draining
        self._headers = headers
        self._refuse = refuse
        self._shortcut = shortcut
        self._left = _LASTS[1]
        self._clock = clock
        self._closed_at = clock() - _LASTS_S

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            if scope["type"] == "lifespan" and self._access_log is not None:
                self._access_log.close()
            return
        at, began = time.time(), time.perf_counter()
        named = dict(scope["headers"])
        found = named.get(b"x-request-id")
        request = found.decode() if found and _SANE_ID.fullmatch(found) else os.urandom(16).hex()
        trace = named.get(b"traceparent")
        traced = _TRACE.fullmatch(trace) if trace else None
        asked = (at, began, request, scope["method"], traced[1].decode() if traced else "")
        refusal = self._refusal(scope["path"], _host(scope["headers"], named))
        if refusal is None and self._shortcut is not None and (ready := self._shortcut(scope, named)) is not None:
            status, headers, body, route = ready
            headers = [*headers, (b"x-request-id", request.encode()), *self._last_words()]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
            self._note(asked, route, status)
            return
        scope = {**scope, "state": {**scope.get("state", {}), "request_id": request}}
        if traced:
            scope["state"]["traceparent"] = traced[0].decode()
        await self._pass_on(asked, refusal, scope, receive, send)

    async def _pass_on(
        self, asked: _Asked, refusal: tuple[int, str] | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        request, method = asked[2], asked[3]
        scope["method"] = "GET" if method == "HEAD" else method
        token = request_id.set(request)
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": self._dressed(message.get("headers", ()), request)}
            elif method == "HEAD":
                if message.get("more_body", False):
                    return
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        self._metrics.in_flight += 1
        try:
            if refusal is not None:
                await self._send_refusal(*refusal, scope, answer)
            else:
                await self._app(scope, receive, answer)
        except Exception:
            _log.exception("The request failed.")
            if status:
                raise  # The answer has begun: the server must break it off, or it would look complete.
            await self._send_refusal(500, "internal_error", scope, answer)
        finally:
            self._metrics.in_flight -= 1
            request_id.reset(token)
            # No status: the caller left before anything was answered.
            self._note(asked, scope.get("path_template") or "-", status or _BROKEN_OFF, scope["path"])

    def _note(self, asked: _Asked, route: str, status: int, path: str = "") -> None:
        at, began, request, method, trace_id = asked
        took = time.perf_counter() - began
        method = _known_method(method)
        self._metrics.answered(method, route, status, took)
        if self._access_log is not None and path not in HEALTH_PATHS:
            self._access_log.add(at, request, method, route, status, took, trace_id)

    def _refusal(self, path: str, host: str) -> tuple[int, str] | None:
        if path in HEALTH_PATHS:
            if not is_private(host):
                return 404, "not_found"
            return (503, "draining") if path == "/readyz" and self._draining else None
        if not self._hosts.allows(host):
            return 421, "misdirected_request"
        # One URL a resource: the router would answer to `/items/` and `//items` as well.
        if (path != "/" and path.endswith("/")) or "//" in path or "\x00" in path:
            return 404, "not_found"
        return None

    async def _send_refusal(self, status: int, code: str, scope: Scope, send: Send) -> None:
        headers, body = self._refuse(status, code, scope)
        headers = [*headers, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _dressed(self, headers: Iterable[tuple[bytes, bytes]], request: str) -> Headers:
        dressed = [*headers, (b"x-request-id", request.encode())]
        present = dict(dressed)
        dressed += [pair for pair in self._headers if pair[0] not in present]
        dressed += self._last_words()
        return dressed

    def _last_words(self) -> Iterable[tuple[bytes, bytes]]:
        """What asks the caller to connect anew: each time while this server drains, and now and then anyhow.

        A Service of Kubernetes and a name of Docker's DNS share out connections, not requests: a caller that keeps its
        own for ever would never meet a replica that came later.
        """
        self._left -= 1
        if not self._draining:
            if self._left > 0 or (now := self._clock()) - self._closed_at < _LASTS_S:
                return ()
            self._closed_at = now
        # Not always after as many: who takes connections in turn would have the same one closed each time.
        self._left = random.randint(*_LASTS)  # noqa: S311 - no secret
        return _CLOSE


def _host(headers: Headers, named: dict[bytes, bytes]) -> str:
    if len(named) == len(headers):
        return named.get(b"host", b"").decode("latin-1")
    # Two of them are one that no list allows: which one counts, servers and proxies do not agree upon.
    return b",".join(value for name, value in headers if name == b"host").decode("latin-1")


def _known_method(method: str) -> str:
    # A caller may invent methods; each would become a row of the metrics for ever.
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
