"""What happens to every request before the app sees it, and to every answer before it leaves.

In one ASGI layer, because each layer costs every request: a request id, the host check, ``HEAD`` as ``GET`` without a
body, one URL a resource, draining, security headers, the log line and the counters.
"""

import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Protocol

from shopapi.runtime.draining import Draining
from shopapi.runtime.hosts import HEALTH_PATHS, Hosts, is_private
from shopapi.runtime.logs import AccessLog, request_id
from shopapi.runtime.metrics import Metrics

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_SANE_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_TRACE: Final = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_BROKEN_OFF: Final = 499
_log = logging.getLogger(__name__)

SECURITY_HEADERS: Final[Headers] = [
    # One name under every HTTP server: granian would say its own.
    (b"server", b"shop"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), usb=(), payment=(self)"),
]
STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class Refuse(Protocol):
    """Makes the answer to a request that the edge refuses: its status and code in, headers and body out."""

    def __call__(self, status: int, code: str, scope: Scope) -> tuple[Headers, bytes]:
        """Answer the headers (without a length) and the body."""
        ...


class Edge:
    """The outermost layer of a part. ``headers`` go with every answer that does not set them itself."""

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
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._metrics = metrics
        self._access_log = access_log
        self._draining = draining
        self._headers = headers
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            if scope["type"] == "lifespan" and self._access_log is not None:
                self._access_log.close()
            return
        at, began = time.time(), time.perf_counter()
        method = scope["method"]
        host, found, trace = _read(scope["headers"])
        request = found.decode() if _SANE_ID.fullmatch(found) else os.urandom(16).hex()
        scope = {**scope, "method": "GET" if method == "HEAD" else method}
        state = scope["state"] = {**scope.get("state", {}), "request_id": request}
        traced = _TRACE.fullmatch(trace)
        if traced:
            state["traceparent"] = trace.decode()
        token = request_id.set(request)
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._dressed(list(message.get("headers", ())), request)
            elif method == "HEAD":
                if message.get("more_body", False):
                    return
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        self._metrics.in_flight += 1
        try:
            refusal = self._refusal(scope, host)
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
            status = status or _BROKEN_OFF  # The caller left before anything was answered.
            request_id.reset(token)
            took = time.perf_counter() - began
            route = scope.get("path_template") or "-"
            self._metrics.answered(_known_method(method), route, status, took)
            if self._access_log is not None and scope["path"] not in HEALTH_PATHS:
                trace_id = traced[1].decode() if traced else ""
                self._access_log.add(at, request, _known_method(method), route, status, took, trace_id)

    def _refusal(self, scope: Scope, host: str) -> tuple[int, str] | None:
        path: str = scope["path"]
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

    def _dressed(self, headers: Headers, request: str) -> Headers:
        present = {name.lower() for name, _ in headers}
        headers += [pair for pair in self._headers if pair[0] not in present]
        headers.append((b"x-request-id", request.encode()))
        if self._draining:
            headers.append((b"connection", b"close"))
        return headers


def _read(headers: Headers) -> tuple[str, bytes, bytes]:
    # The host, the request's id and its trace, in one pass.
    host, found, trace = "", b"", b""
    for name, value in headers:
        if name == b"host":
            # Two of them are one that no list allows: which one counts, servers and proxies do not agree upon.
            host = f"{host},{value.decode('latin-1')}" if host else value.decode("latin-1")
        elif name == b"x-request-id":
            found = value
        elif name == b"traceparent":
            trace = value
    return host, found, trace


def _known_method(method: str) -> str:
    # A caller may invent methods; each would become a row of the metrics for ever.
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
