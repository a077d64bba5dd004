"""The body guard: what stands between a caller's bytes and the shop.

:class:`BodyLimit` stands before routing and bounds the size. :class:`ShopRequest` reads the rest when a handler asks
for its ``data``, after the caller was let in: content type, UTF-8, depth, duplicate keys, control characters, then the
contract type, strictly. None of it is Litestar's default, which answers 500 to 1,100 brackets.
"""

import asyncio
import json
import math
import re
from functools import cache
from typing import Any, Final, NoReturn

import msgspec
from litestar import Request
from litestar.datastructures import State

from shopapi.contract.fields import clean_text
from shopapi.contract.forms import in_words
from shopapi.http.access import Principal
from shopapi.http.problems import BodyTooLarge, BodyTooSlow, InvalidRequest, ShopError, UnsupportedMediaType, document
from shopapi.runtime.edge import App, Message, Receive, Scope, Send

MAX_JSON: Final = 256 * 1024
"""Bytes that a JSON body may have."""

BODY_TIME_S: Final = 10.0
"""Seconds that a body may take to arrive."""

MAX_DEPTH: Final = 32
"""How deep arrays and objects may nest."""

_MOST_SHOWN: Final = 60
"""Characters of a value that a problem shows."""

_VERBATIM: Final = ("password",)
_SECRET: Final = ("password", "token")
_UTF_8: Final = ("", "charset=utf-8", 'charset="utf-8"')
# Possessive, and a string ends with the body too: a search that went back cost 256 KiB of quotes two minutes.
_STRUCTURE: Final = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?|[\[\]{}]', re.DOTALL)
_PATH: Final = re.compile(r" - at `\$\.?(.*)`$")
_NAMED: Final = re.compile(r"Object (?:contains unknown|missing required) field `(.+?)`", re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class BodyLimit:
    """Reads a request's body before anything else does, up to ``limit`` bytes, else answers 413."""

    def __init__(self, app: App, limit: int = MAX_JSON) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its whole body, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = _announced(scope)
        if announced is None:
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(receive, announced)
        except (BodyTooLarge, BodyTooSlow) as error:
            await send_problem(error, scope, send, close=True)
            return
        if body is None:
            return  # The caller went away.
        whole: Message | None = {"type": "http.request", "body": body, "more_body": False}

        async def read_again() -> Message:
            nonlocal whole
            if whole is not None:
                message, whole = whole, None
                return message
            return await receive()

        await self._app(scope, read_again, send)

    async def _read(self, receive: Receive, announced: int) -> bytes | None:
        if announced > self._limit:
            raise self._too_large()
        loop = asyncio.get_running_loop()
        until = loop.time() + BODY_TIME_S
        parts, size, more = [], 0, True
        while more:
            try:
                message = await asyncio.wait_for(receive(), until - loop.time())
            except TimeoutError:
                raise BodyTooSlow from None
            if message["type"] != "http.request":
                return None
            part, more = message.get("body", b""), message.get("more_body", False)
            size += len(part)
            if size > self._limit:
                raise self._too_large()
            parts.append(part)
        return b"".join(parts)

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"A body may have {self._limit // 1024} KiB.")


def _announced(scope: Scope) -> int | None:
    # None where no body follows, 0 where one may follow of whose length nothing is said.
    length, chunked = b"", False
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = value
        elif name == b"transfer-encoding":
            chunked = True
    # HTTP/2 frames a body without either header.
    if not chunked and length in (b"", b"0") and scope["http_version"] in ("1.0", "1.1"):
        return None
    return int(length[:20]) if length.isdigit() else 0


async def send_problem(error: ShopError, scope: Scope, send: Send, *, close: bool = False) -> None:
    """Answer with a problem document from a layer in front of the router."""
    body = document(error, scope["state"]["request_id"])
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *((name.lower().encode(), value.encode()) for name, value in error.headers.items()),
    ]
    if close:
        # What is left of the body is never read, so the connection cannot be used again.
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


class ShopRequest(Request[Principal, None, State]):
    """A request whose JSON body is read strictly, as the contract type of its handler's ``data``."""

    __slots__ = ()

    async def json(self) -> Any:
        """The body as the handler's contract type; raises 400 or 415."""
        kind = self.headers.get("content-type", "")
        media, _, options = kind.partition(";")
        if media.strip().lower() != "application/json" or options.strip().lower() not in _UTF_8:
            raise UnsupportedMediaType("Send JSON in UTF-8, with Content-Type: application/json.")
        coding = self.headers.get("content-encoding", "identity")
        if coding.strip().lower() not in ("", "identity"):
            raise UnsupportedMediaType(
                f"Send the body as it is: Content-Encoding {shown(coding)} is not read here.",
                headers={"Accept-Encoding": "identity"},
            )
        return decode(await self.body(), self.route_handler.parsed_fn_signature.parameters["data"].annotation)


def decode(body: bytes, kind: Any) -> Any:
    """The JSON ``body`` as a value of the contract type ``kind``; raises :class:`InvalidRequest`."""
    _check_depth(body)
    try:
        plain = json.loads(
            body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_number, parse_int=_bounded
        )
    except UnicodeDecodeError as error:
        raise InvalidRequest.of("", f"The body is not UTF-8: byte {error.start} is wrong.") from None
    except json.JSONDecodeError as error:
        raise InvalidRequest.of("", f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    return _fitted(_cleaned(plain, ""), kind)


def fit_query(plain: dict[str, Any], kind: Any) -> Any:
    """Query parameters as a value of the contract type ``kind``; raises :class:`InvalidRequest`.

    Only what is a number is one already: read leniently, the word "null" would be nothing.
    """
    return _fitted(_cleaned(plain, ""), kind)


def _check_depth(body: bytes) -> None:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for found in _STRUCTURE.finditer(body):
        token = found[0]
        if token in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise InvalidRequest.of("", f"The body nests deeper than {MAX_DEPTH}.")
        elif token in b"]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # The value that counts would be a matter of the parser's taste.
        raise InvalidRequest.of(shown(_first_twice(pairs)), "is given twice")
    return found


def _first_twice(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    raise AssertionError("unreachable")


def _bounded(digits: str) -> int:
    # Python itself refuses 4,300 digits and more. What is left is beyond every bound of the contract, which then names
    # the field, and longer than what is shown of a value: so nobody is told another number than was sent.
    return int(digits[: 2 * _MOST_SHOWN])


def _no_number(name: str) -> NoReturn:
    raise InvalidRequest.of("", f"The body is not JSON: {name} is no number.")


def _cleaned(value: Any, path: str) -> Any:
    if isinstance(value, str):
        if "\x00" in value:
            raise InvalidRequest.of(path, "may not contain NUL")
        if not value.isascii() and _SURROGATE.search(value):
            raise InvalidRequest.of(path, "has half of a surrogate pair, which is no character")
        return value if path in _VERBATIM else clean_text(value)
    if isinstance(value, dict):
        return {_cleaned_key(k): _cleaned(v, f"{path}.{k}" if path else k) for k, v in value.items()}
    if isinstance(value, list):
        return [_cleaned(part, f"{path}[{index}]") for index, part in enumerate(value)]
    if isinstance(value, float) and math.isinf(value):
        # Of 1e400 Python keeps nothing but that, and would tell it by a word that nobody sent.
        raise InvalidRequest.of(shown(path), "is a number that is too large")
    return value


def _cleaned_key(key: str) -> str:
    if "\x00" in key or (not key.isascii() and _SURROGATE.search(key)):
        raise InvalidRequest.of(shown(key), "is no field's name")
    return key


def _fitted(plain: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise _told(str(error), plain) from None


def _told(message: str, plain: Any) -> InvalidRequest:
    found = _PATH.search(message)
    path, message = (found[1], message[: found.start()]) if found else ("", message)
    if named := _NAMED.match(message):
        field = f"{path}.{named[1]}" if path else named[1]
        return InvalidRequest.of(shown(field), "is not known" if "unknown" in message else "is missing")
    message = in_words(message) or message.replace("`", "")
    if path and path.rpartition(".")[2] not in _SECRET:
        message = (
            f"{_lower_first(message)}; it is {shown(json.dumps(_at(plain, path), ensure_ascii=False), _MOST_SHOWN)}"
        )
    return InvalidRequest.of(shown(path), message)


def _at(plain: Any, path: str) -> Any:
    for step in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        try:
            plain = plain[int(step[1:-1])] if step.startswith("[") else plain[step]
        except (KeyError, IndexError, TypeError, ValueError):  # A field's name may look like a path.
            return None
    return plain


def _lower_first(message: str) -> str:
    return message[:1].lower() + message[1:]


def shown(text: str, most: int = 100) -> str:
    """A caller's own ``text`` as a problem repeats it: on one line, and with dots where it was cut."""
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= most else text[: most - 1] + "…"


@cache
def integer_fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The fields of a query type that hold whole numbers: JSON's forms of 3, such as ``3.0``, are none here."""
    names = set()
    for field in msgspec.structs.fields(kind):
        schema = msgspec.json.schema(field.type)
        if "integer" in json.dumps(schema.get("type", schema.get("anyOf", ""))):
            names.add(field.encode_name)
    return frozenset(names)


@cache
def list_fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The fields of a query type that may be given several times."""
    return frozenset(
        field.encode_name
        for field in msgspec.structs.fields(kind)
        if msgspec.json.schema(field.type).get("type") == "array"
    )
