"""The catalog's answers as bytes, in front of the router, and never older than one second.

An answer is served from memory only while the catalog has the version that it had before the answer was made, and while
that was read less than a second ago. Otherwise the request goes to the app, and so to the database.
"""

import asyncio
import re
import time
from typing import Final

from shopapi.http.catalog_answers import CatalogAnswer, takes_gzip
from shopapi.http.catalog_version import NOTHING, CatalogVersion, Known
from shopapi.http.kept_answers import KeptAnswers, Key
from shopapi.http.language import preferred
from shopapi.runtime.edge import App, Headers, Message, Ready, Receive, Scope, Send
from shopapi.runtime.metrics import Metrics

FILL_WAIT_S: Final = 0.5
"""Seconds that a request waits for another one that fetches the same answer; then it asks for itself."""

_BEGINS: Final = ("/v1/products", "/v1/categories", "/v1/shop")
_CATALOG: Final = re.compile(r"/v1/(?:products(?:/[a-z0-9-]{1,100})?|categories|shop(?:/texts/[a-z]{1,20})?)")
_MOST_VARIANTS: Final = 512
_LONGEST_VARIANT: Final = 200


class CatalogCache:
    """Serves the catalog's answers, up to ``limit`` bytes of them (0: none), and tags each that it passes on.

    ``headers`` are those that go with every answer, put on once here instead of each time at the edge.
    """

    def __init__(self, app: App, version: CatalogVersion, *, limit: int, metrics: Metrics, headers: Headers) -> None:
        self._app = app
        self._version = version
        self._headers = headers
        self._on = limit > 0
        self._kept = KeptAnswers(limit)
        self._fills: dict[Key, asyncio.Future[CatalogAnswer | None]] = {}
        self._variants: dict[tuple[bytes, bytes], str] = {}
        self._hits = self._misses = 0
        metrics.counter("shop_catalog_cache_hits", "Catalog answers served from memory.", lambda: self._hits)
        metrics.counter("shop_catalog_cache_misses", "Catalog requests that went to the app.", lambda: self._misses)
        metrics.gauge("shop_catalog_cache_bytes", "Bytes that the kept answers take.", lambda: self._kept.bytes)

    def ready(self, scope: Scope, named: dict[bytes, bytes]) -> Ready | None:
        """The edge's shortcut: an answer that lies in memory and may be served."""
        if (
            not scope["path"].startswith(_BEGINS)
            or scope["method"] not in ("GET", "HEAD")
            or len(named) != len(scope["headers"])  # One was sent twice: too rare to be quick about it.
        ):
            return None
        answer = self._kept.find(self._key(scope, named))
        if answer is None or not _is_right(answer, self._version.known) or not _has_no_body(named):
            return None
        self._hits += 1
        return answer.reply(named.get(b"if-none-match"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] != "http":
            await self._live(scope, receive, send)
            return
        if scope["method"] != "GET" or not _CATALOG.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        # Of a header that is sent twice the first counts, as it does for the app.
        named = dict(reversed(scope["headers"]))
        answer = await self._found(self._key(scope, named), named, scope, receive, send)
        if answer is None:
            return
        status, headers, body, scope["path_template"] = answer.reply(named.get(b"if-none-match"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _found(
        self, key: Key, named: dict[bytes, bytes], scope: Scope, receive: Receive, send: Send
    ) -> CatalogAnswer | None:
        """The 200, from wherever it comes; any other answer has been sent."""
        known, fetching = self._now_known(), False
        if known.number is not None and _has_no_body(named):
            answer, fetching = await self._waited_for(key, known)
            if answer is not None:
                self._hits += 1
                return answer
            known = self._now_known()
        self._misses += 1
        return await (self._fetch if fetching else self._ask)(key, known, scope, receive, send)

    async def _waited_for(self, key: Key, known: Known) -> tuple[CatalogAnswer | None, bool]:
        """The answer in memory, or the one that somebody else fetches; the flag says that nobody does."""
        deadline = time.monotonic() + FILL_WAIT_S
        while True:
            answer = self._kept.find(key)
            if answer is not None and _is_right(answer, known):
                return answer, False
            if (fill := self._fills.get(key)) is None:
                return None, True
            await asyncio.wait((fill,), timeout=deadline - time.monotonic())
            if not fill.done() or (answer := fill.result()) is None:
                return None, False
            # What is right by the reading from before the wait is within that reading's second, too.
            if _is_right(answer, known):
                return answer, False
            known = self._version.known

    async def _fetch(self, key: Key, known: Known, scope: Scope, receive: Receive, send: Send) -> CatalogAnswer | None:
        fill = self._fills[key] = asyncio.get_running_loop().create_future()
        answer = None
        try:
            answer = await self._ask(key, known, scope, receive, send)
            if answer is not None and answer.version is not None and answer.version == self._version.known.number:
                self._kept.keep(key, answer)
        finally:
            del self._fills[key]
            fill.set_result(answer)
        return answer

    async def _ask(self, key: Key, known: Known, scope: Scope, receive: Receive, send: Send) -> CatalogAnswer | None:
        """The app's 200; any other answer has been sent."""
        headers: Headers | None = None
        parts = []

        async def collect(message: Message) -> None:
            nonlocal headers
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = message.get("headers", [])
            elif headers is None:
                await send(message)
            else:
                parts.append(message.get("body", b""))

        await self._app(scope, receive, collect)
        if headers is None:
            return None
        route = scope.get("path_template", "")
        gzip = key[2].endswith("gzip")
        return CatalogAnswer(headers, b"".join(parts), route, known, gzip=gzip, defaults=self._headers)

    def _key(self, scope: Scope, named: dict[bytes, bytes]) -> Key:
        asked = (named.get(b"accept-language", b""), named.get(b"accept-encoding", b""))
        query = scope["query_string"]
        if b"&" in query:
            query = b"&".join(sorted(query.split(b"&")))
        return scope["path"], query, self._variants.get(asked) or self._variant(*asked)

    def _now_known(self) -> Known:
        if self._on:
            self._version.start()
        known = self._version.known
        return known if time.monotonic() < known.until else NOTHING

    def _variant(self, accept_language: bytes, accept_encoding: bytes) -> str:
        language = preferred(accept_language.decode("latin-1")) or "default"
        coding = "gzip" if takes_gzip(accept_encoding.decode("latin-1")) else "identity"
        variant = f"{language} {coding}"
        if len(self._variants) < _MOST_VARIANTS and len(accept_language) + len(accept_encoding) < _LONGEST_VARIANT:
            self._variants[accept_language, accept_encoding] = variant
        return variant

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._on:
            self._version.start()
        try:
            await self._app(scope, receive, send)
        finally:
            self._version.stop()


def _is_right(answer: CatalogAnswer, known: Known) -> bool:
    return answer.version == known.number and time.monotonic() < known.until


def _has_no_body(named: dict[bytes, bytes]) -> bool:
    return b"content-length" not in named and b"transfer-encoding" not in named
