"""The layer that serves the catalog from memory, over a little app and a version that the test holds in its hand."""

import asyncio
import gzip
import io
import json
import logging
import threading
import time
import tracemalloc
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from shopapi.http import catalog_cache
from shopapi.http.catalog_answers import is_among, takes_gzip
from shopapi.http.catalog_cache import CatalogCache
from shopapi.http.catalog_version import NOTHING, CatalogVersion, Known
from shopapi.http.failures import refuse
from shopapi.http.language import preferred
from shopapi.runtime.draining import Draining
from shopapi.runtime.edge import SECURITY_HEADERS, Edge, Headers, Message, Receive, Scope, Send
from shopapi.runtime.hosts import Hosts
from shopapi.runtime.logs import AccessLog
from shopapi.runtime.metrics import Metrics
from tests.waiting import wait_until

LIST = "/v1/products"
CATALOG = [LIST, f"{LIST}/krug-rot", "/v1/categories", "/v1/shop", "/v1/shop/texts/imprint"]
NOT_CATALOG = ["/items", f"{LIST}/a/b", f"{LIST}/A", "/v1/shop/texts", "/v1/shopping", "/v1/media/x.svg"]
MIB = 1024 * 1024


class HeldVersion(CatalogVersion):
    """A version that no thread reads: the test says what was read, and how long ago."""

    def __init__(self, number: int | None = 1) -> None:
        super().__init__(lambda: 0)
        if number is not None:
            self.was_read(number)

    def start(self) -> None:
        pass

    def was_read(self, number: int, seconds_ago: float = 0.0) -> None:
        same = self.known.number == number
        header = self.known.header if same else (b"shop-catalog-version", b"%d" % number)
        self.known = Known(number, time.monotonic() + 1 - seconds_ago, header)


@dataclass
class Shelf:
    """The app behind: it notes what it was asked, and answers what ``say`` says, when ``gate`` lets it."""

    asked: list[str] = field(default_factory=list)
    status: int = 200
    length: int = 5000
    gate: asyncio.Event | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        scope["path_template"] = "/v1/products/{slug}"
        language = dict(reversed(scope["headers"])).get(b"accept-language", b"").decode()
        body = json.dumps({"n": len(self.asked), "language": language, "fill": "x" * self.length}).encode()
        if self.gate is not None:
            await self.gate.wait()
        headers = [(b"content-type", b"application/json"), (b"content-language", b"de")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body[:100], "more_body": True})
        await send({"type": "http.response.body", "body": body[100:]})


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    complete: bool = False

    @property
    def tag(self) -> str:
        return self.headers["etag"]

    @property
    def said(self) -> dict[str, Any]:
        coded = self.headers.get("content-encoding") == "gzip"
        said: dict[str, Any] = json.loads(gzip.decompress(self.body) if coded else self.body)
        return said


class Part:
    """The cache between an edge and the shelf."""

    def __init__(self, *, limit: int = MIB, number: int | None = 1) -> None:
        self.shelf, self.version, self.metrics = Shelf(), HeldVersion(number), Metrics("api")
        self.log, self.draining = io.StringIO(), Draining()
        self.access_log = AccessLog("api", "json", self.log)
        self.access_log.close()  # its thread would go on for as long as the tests do; flush() still writes
        headers = [*SECURITY_HEADERS, (b"cache-control", b"no-store")]
        self.cache = CatalogCache(self.shelf, self.version, limit=limit, metrics=self.metrics, headers=headers)
        self.edge = Edge(
            self.cache,
            hosts=Hosts(urlsplit("http://127.0.0.1:8000"), frozenset()),
            metrics=self.metrics,
            access_log=self.access_log,
            draining=self.draining,
            headers=headers,
            refuse=refuse,
            shortcut=self.cache.ready,
        )

    async def get(self, target: str = LIST, *more: tuple[str, str], method: str = "GET", **headers: str) -> Answer:
        answer = Answer()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                assert len(dict(message["headers"])) == len(message["headers"]), "A header is there twice."
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                answer.body += message.get("body", b"")
                answer.complete = not message.get("more_body", False)

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        path, _, query = target.partition("?")
        named = [("host", "127.0.0.1:8000"), *more, *((k.replace("_", "-"), v) for k, v in headers.items())]
        raw: Headers = [(name.encode(), value.encode()) for name, value in named]
        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": raw}
        await self.edge(scope, receive, send)
        return answer

    def ask(self, target: str = LIST, *more: tuple[str, str], method: str = "GET", **headers: str) -> Answer:
        answer: Answer = run(self.get(target, *more, method=method, **headers))
        return answer

    def count(self, name: str) -> float:
        row = next(line for line in self.metrics.text().decode().splitlines() if line.startswith(name + "{"))
        return float(row.rpartition(" ")[2])


def run(call: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(call, 10))


# --- served from memory


@pytest.mark.parametrize("path", CATALOG)
def test_the_second_answer_comes_from_memory_and_is_the_first(path: str) -> None:
    part = Part()
    first, second = part.ask(path), part.ask(path)
    assert part.shelf.asked == [path]
    assert (second.status, second.body, second.complete) == (200, first.body, True)
    assert first.headers.pop("x-request-id") != second.headers.pop("x-request-id")
    assert first.headers == second.headers
    assert (part.count("shop_catalog_cache_hits_total"), part.count("shop_catalog_cache_misses_total")) == (1, 1)


@pytest.mark.parametrize("path", NOT_CATALOG)
def test_nothing_else_is_kept_or_tagged(path: str) -> None:
    part = Part()
    part.ask(path)
    answer = part.ask(path)
    assert len(part.shelf.asked) == 2
    assert not answer.headers.keys() & {"etag", "vary", "shop-catalog-version"}


def test_a_change_of_the_catalog_ends_every_answer() -> None:
    part = Part()
    part.ask(LIST)
    part.ask("/v1/shop")
    part.version.was_read(2)
    assert [part.ask(path).said["n"] for path in (LIST, "/v1/shop", LIST, "/v1/shop")] == [3, 4, 3, 4]
    assert part.ask().headers["shop-catalog-version"] == "2"


def test_an_answer_of_a_version_that_comes_back_is_not_served() -> None:
    # As after a backup that was played in.
    part = Part()
    part.ask(LIST)
    part.version.was_read(2)
    part.ask("/v1/shop")
    part.version.was_read(1)
    assert part.ask(LIST).said["n"] == 3


def test_no_answer_is_served_a_second_after_the_version_was_read() -> None:
    part = Part()
    part.ask()
    part.version.was_read(1, seconds_ago=0.9)
    assert part.ask().said["n"] == 1
    part.version.was_read(1, seconds_ago=1.0)
    answers = [part.ask(), part.ask()]
    assert [answer.said["n"] for answer in answers] == [2, 3]
    assert all("shop-catalog-version" not in answer.headers for answer in answers)
    part.version.was_read(1)
    assert part.ask().said["n"] == 1


def test_before_the_version_was_ever_read_nothing_is_kept() -> None:
    part = Part(number=None)
    assert [part.ask().said["n"] for _ in range(2)] == [1, 2]
    part.version.was_read(1)
    assert part.ask().said["n"] == 3


@pytest.mark.parametrize("status", [201, 301, 400, 404, 503])
def test_only_what_was_found_is_kept(status: int) -> None:
    part = Part()
    part.shelf.status = status
    for _ in range(2):
        answer = part.ask()
        assert (answer.status, answer.complete) == (status, True)
        assert not answer.headers.keys() & {"etag", "content-encoding", "vary"}
    assert len(part.shelf.asked) == 2
    assert part.count("shop_catalog_cache_bytes") == 0


def test_a_request_with_a_body_goes_to_the_app() -> None:
    part = Part()
    part.ask()
    assert part.ask(content_length="2").said["n"] == 2
    assert part.ask(transfer_encoding="chunked").said["n"] == 3
    assert part.ask().said["n"] == 1


def test_whoever_calls_gets_the_same_answer() -> None:
    part = Part()
    assert part.ask().body == part.ask(authorization="Bearer nonsense").body


def test_head_comes_from_memory_too_without_a_body() -> None:
    part = Part()
    got, head = part.ask(), part.ask(method="HEAD")
    assert (head.status, head.body, head.complete) == (200, b"", True)
    assert head.headers["content-length"] == str(len(got.body))
    assert len(part.shelf.asked) == 1


def test_log_and_metrics_know_the_route_of_an_answer_from_memory() -> None:
    part = Part()
    part.ask()
    part.ask(if_none_match=part.ask(x_request_id="mine").tag)
    part.access_log.flush()
    lines = [json.loads(line) for line in part.log.getvalue().splitlines()]
    assert [(line["route"], line["status"]) for line in lines] == [
        ("/v1/products/{slug}", 200),
        ("/v1/products/{slug}", 200),
        ("/v1/products/{slug}", 304),
    ]
    assert lines[1]["request_id"] == "mine"
    row = 'shop_requests_total{method="GET",part="api",route="/v1/products/{slug}",status="200"} 2.0'
    assert row in part.metrics.text().decode()


def test_an_answer_from_memory_carries_the_headers_of_every_answer() -> None:
    part = Part()
    for answer in (part.ask(), part.ask()):
        assert all(answer.headers[name.decode()] == value.decode() for name, value in SECURITY_HEADERS)
        assert answer.headers["content-language"] == "de"
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["vary"] == "Accept-Encoding, Accept-Language"
        assert answer.headers["content-length"] == str(len(answer.body))


def test_a_draining_server_says_so_with_answers_from_memory_too() -> None:
    part = Part()
    part.ask()
    assert "connection" not in part.ask().headers
    part.draining.begin()
    answer = part.ask()
    assert (answer.said["n"], answer.headers["connection"]) == (1, "close")


def test_another_host_is_misdirected_whatever_lies_in_memory() -> None:
    part = Part()
    part.ask()
    assert part.ask(LIST, ("host", "evil.example")).status == 421


# --- what shares an answer


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("?sort=price&q=a", {}), ("?q=a&sort=price", {})),
        (("", {"accept_language": "de-AT, en;q=0.5"}), ("", {"accept_language": "en;q=0.3,DE"})),
        (("", {"accept_language": "fr"}), ("", {})),
        (("", {"accept_encoding": "gzip, br"}), ("", {"accept_encoding": "deflate, gzip;q=0.8"})),
        (("", {"accept_encoding": "gzip;q=0"}), ("", {})),
    ],
)
def test_requests_that_mean_the_same_share_an_answer(
    one: tuple[str, dict[str, str]], other: tuple[str, dict[str, str]]
) -> None:
    part = Part()
    assert part.ask(LIST + one[0], **one[1]).body == part.ask(LIST + other[0], **other[1]).body
    assert len(part.shelf.asked) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("?q=a", {}), ("?q=b", {})),
        (("?q=a&sort=b", {}), ("?q=b&sort=a", {})),
        (("", {"accept_language": "de"}), ("", {"accept_language": "en"})),
        (("", {"accept_language": "de"}), ("", {})),
        (("", {"accept_encoding": "gzip"}), ("", {})),
    ],
)
def test_requests_that_mean_something_else_do_not(
    one: tuple[str, dict[str, str]], other: tuple[str, dict[str, str]]
) -> None:
    part = Part()
    assert part.ask(LIST + one[0], **one[1]).said["n"] == 1
    assert part.ask(LIST + other[0], **other[1]).said["n"] == 2


def test_of_a_language_that_is_sent_twice_the_first_counts_as_for_the_app() -> None:
    part = Part()
    both = [("accept-language", "de"), ("accept-language", "en")]
    assert part.ask(LIST, *both).said["language"] == "de"
    assert part.ask(accept_language="de").said["n"] == 1
    assert part.ask(LIST, *both[::-1]).said == part.ask(accept_language="en").said


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("en-GB, de;q=0.9", "en"),
        ("DE-de", "de"),
        ("de;q=0.2, en;q=0.3", "en"),
        ("de, en", "de"),
        ("fr, it;q=0.9, en;q=0.1", "en"),
        ("de ; q=0.5 , en; Q=0.6", "en"),
        ("de;q=0", None),
        ("", None),
        ("*", None),
        ("*, de;q=0.5", None),
        ("de, *;q=0.5", "de"),
        ("fr-CH", None),
        ("deutsch", None),
        ("de;q=2, en;q=x", None),
        ("de;q=-1", None),
        ("de;q=nan", None),
        ("de;level=1", None),
        ("\x00\xff;;;,,,=", None),
        ("xx," * 10_000 + "de", None),
    ],
)
def test_a_caller_gets_the_language_it_likes_best_among_ours(header: str, language: str | None) -> None:
    assert preferred(header) == language


# --- codings


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("*", True),
        ("GZIP;Q=0.5", True),
        ("identity;q=0.5, gzip", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("*, gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("identity, gzip;q=0.5", False),
        ("gzip;q=1.5", False),
        ("notgzip", False),
    ],
)
def test_gzip_is_given_to_who_asks_for_it(header: str, wanted: bool) -> None:
    assert takes_gzip(header) == wanted


def test_each_coding_has_its_own_bytes_length_and_tag() -> None:
    part = Part()
    plain, packed = part.ask(), part.ask(accept_encoding="gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-length"] == str(len(packed.body))
    assert len(packed.body) < len(plain.body)
    assert packed.tag != plain.tag
    assert len(packed.said["fill"]) == part.shelf.length


def test_what_is_short_is_not_worth_packing() -> None:
    part = Part()
    part.shelf.length = 900
    packed = part.ask(accept_encoding="gzip")
    assert "content-encoding" not in packed.headers
    assert packed.said["n"] == 1


def test_two_processes_give_one_tag() -> None:
    one, other = Part(), Part(number=7)
    for coding in ("identity", "gzip"):
        assert one.ask("/v1/shop", accept_encoding=coding).tag == other.ask("/v1/shop", accept_encoding=coding).tag


# --- 304


@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"x", {tag}', ' W/"y" ,{tag} , "z"', "*", " * ", '"a,b", {tag}'])
def test_whoever_has_it_is_told_so(form: str) -> None:
    part = Part()
    tag = part.ask().tag
    for answer in (part.ask(if_none_match=form.format(tag=tag)), part.ask("/v1/shop", if_none_match="*")):
        assert (answer.status, answer.body, answer.complete) == (304, b"", True)
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["vary"] == "Accept-Encoding, Accept-Language"
        assert answer.headers["shop-catalog-version"] == "1"
        assert not answer.headers.keys() & {"content-length", "content-type", "content-encoding"}
    assert part.ask(if_none_match=tag).tag == tag


@pytest.mark.parametrize(
    "header", ["", '"x"', 'W/"x"', "x", "{bare}", "{tag}x", '{tag} "x"', "x, {tag}", '"*"', "*, *"]
)
def test_any_other_tag_gets_the_whole_answer(header: str) -> None:
    part = Part()
    tag = part.ask().tag
    assert part.ask(if_none_match=header.format(tag=tag, bare=tag.strip('"'))).status == 200


def test_the_tag_of_another_coding_or_of_an_older_answer_gets_the_whole_answer() -> None:
    part = Part()
    plain = part.ask().tag
    assert part.ask(accept_encoding="gzip", if_none_match=plain).status == 200
    part.version.was_read(2)
    assert part.ask(if_none_match=plain).status == 200


def test_a_list_of_a_hundred_thousand_tags_takes_no_time() -> None:
    began = time.perf_counter()
    assert is_among(b'"x"', b'"y",' * 100_000 + b'"x"')
    assert not is_among(b'"x"', b'"' * 100_000)
    assert not is_among(b'"x"', b" " * 100_000)
    assert time.perf_counter() - began < 2


def test_a_304_is_no_success_of_the_app_that_went_wrong() -> None:
    part = Part()
    part.shelf.status = 404
    assert part.ask(if_none_match="*").status == 404


# --- without memory


def test_with_the_cache_off_every_request_goes_to_the_app_and_every_answer_is_tagged() -> None:
    part = Part(limit=0, number=None)
    answers = [part.ask(accept_encoding="gzip") for _ in range(2)]
    assert [answer.said["n"] for answer in answers] == [1, 2]
    assert all(answer.headers["content-encoding"] == "gzip" for answer in answers)
    assert all("shop-catalog-version" not in answer.headers for answer in answers)
    assert part.ask(if_none_match="*").status == 304
    assert part.ask().headers["cache-control"] == "no-cache"


def test_with_the_cache_off_the_version_is_not_read() -> None:
    def never() -> int:
        raise AssertionError

    version = CatalogVersion(never)
    cache = CatalogCache(Shelf(), version, limit=0, metrics=Metrics("api"), headers=[])

    async def unused(*_: Message) -> Any:
        raise AssertionError

    async def answered(message: Message) -> None:
        pass

    scope = {"type": "http", "method": "GET", "path": LIST, "query_string": b"", "headers": []}
    run(cache(scope, unused, answered))
    assert version.known is NOTHING
    assert not any(thread.name == "catalog-version" for thread in threading.enumerate())


# --- the bound


def test_what_was_used_least_recently_goes_first_and_the_bytes_stay_within_the_bound() -> None:
    part = Part(limit=64 * 1024)
    slugs = [f"{LIST}/p{n}" for n in range(8)]
    for slug in slugs:
        part.ask(slug)
    assert part.ask(slugs[0]).said["n"] == 1
    for n in range(3):
        part.ask(f"{LIST}/more{n}")
        assert 0 < part.count("shop_catalog_cache_bytes") <= 64 * 1024
    asked = len(part.shelf.asked)
    part.ask(slugs[0])
    assert len(part.shelf.asked) == asked, "What was just used is still there."
    part.ask(slugs[1])
    assert len(part.shelf.asked) == asked + 1, "What was used long ago has gone."


def test_an_answer_larger_than_the_bound_drives_nothing_out() -> None:
    part = Part(limit=20_000)
    part.ask("/v1/shop")
    part.shelf.length = 30_000
    part.ask(LIST)
    assert part.ask("/v1/shop").said["n"] == 1


def test_the_bytes_that_are_counted_are_those_that_are_taken() -> None:
    part = Part(limit=64 * MIB)
    part.shelf.length = 0

    async def many() -> None:
        for n in range(2000):
            part.version.was_read(1)
            await part.get(f"{LIST}?q=word{n}&limit=24", accept_language="de")

    run(part.get())
    tracemalloc.start()
    before, counted = tracemalloc.get_traced_memory()[0], part.count("shop_catalog_cache_bytes")
    part.shelf.asked.clear()
    run(many())
    part.shelf.asked.clear()
    # The log's lines are no answers: they are written, and what is written is thrown away.
    part.access_log.flush()
    part.log.seek(0)
    part.log.truncate()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    counted = part.count("shop_catalog_cache_bytes") - counted
    assert taken <= counted <= 2 * taken, (taken / 2000, counted / 2000)


# --- one fetch at a time


def test_fifty_callers_of_one_answer_make_one_request() -> None:
    async def crowd() -> list[Answer]:
        part.shelf.gate = asyncio.Event()
        callers = [asyncio.ensure_future(part.get()) for _ in range(50)]
        await until(lambda: len(part.shelf.asked) == 1)
        part.shelf.gate.set()
        return await asyncio.gather(*callers)

    part = Part()
    answers = run(crowd())
    assert len({answer.body for answer in answers}) == 1
    assert part.shelf.asked == [LIST]
    assert part.count("shop_catalog_cache_hits_total") == 49


def test_a_change_that_many_see_at_once_makes_one_request() -> None:
    async def crowd() -> list[Answer]:
        part.shelf.gate = asyncio.Event()
        early = [asyncio.ensure_future(part.get()) for _ in range(5)]
        await until(lambda: len(part.shelf.asked) == 1)
        part.version.was_read(2)
        late = [asyncio.ensure_future(part.get()) for _ in range(50)]
        await asyncio.sleep(0)
        part.shelf.gate.set()
        return [answer for caller in (*early, *late) for answer in [await caller]]

    part = Part()
    said = [answer.said["n"] for answer in run(crowd())]
    assert said == [1] * 5 + [2] * 50
    assert part.ask().said["n"] == 2


def test_who_waited_half_a_second_asks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert catalog_cache.FILL_WAIT_S == 0.5
    monkeypatch.setattr(catalog_cache, "FILL_WAIT_S", 0.05)

    async def crowd() -> list[Answer]:
        part.shelf.gate = asyncio.Event()
        callers = [asyncio.ensure_future(part.get()) for _ in range(3)]
        await until(lambda: len(part.shelf.asked) == 3)
        part.shelf.gate.set()
        return await asyncio.gather(*callers)

    part = Part()
    assert sorted(answer.said["n"] for answer in run(crowd())) == [1, 2, 3]


@pytest.mark.parametrize("status", [301, 404, 503])
def test_where_the_fetch_finds_nothing_those_who_waited_ask_for_themselves(status: int) -> None:
    async def crowd() -> list[Answer]:
        part.shelf.gate = asyncio.Event()
        callers = [asyncio.ensure_future(part.get()) for _ in range(5)]
        await until(lambda: len(part.shelf.asked) == 1)
        part.shelf.gate.set()
        return await asyncio.gather(*callers)

    part = Part()
    part.shelf.status = status
    assert [answer.status for answer in run(crowd())] == [status] * 5
    assert len(part.shelf.asked) == 5


def test_a_caller_that_leaves_during_its_fetch_leaves_nobody_waiting() -> None:
    async def crowd() -> Answer:
        part.shelf.gate = asyncio.Event()
        gone = asyncio.ensure_future(part.get())
        await until(lambda: len(part.shelf.asked) == 1)
        waiting = asyncio.ensure_future(part.get())
        await asyncio.sleep(0)
        part.shelf.gate.set()
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await asyncio.wait_for(waiting, 0.4)

    part = Part()
    assert run(crowd()).said["n"] == 2


def test_what_was_fetched_across_a_change_is_not_kept() -> None:
    async def across() -> Answer:
        part.shelf.gate = asyncio.Event()
        caller = asyncio.ensure_future(part.get())
        await until(lambda: len(part.shelf.asked) == 1)
        part.version.was_read(2)
        part.shelf.gate.set()
        return await caller

    part = Part()
    answer = run(across())
    assert (answer.said["n"], answer.headers["shop-catalog-version"]) == (1, "1")
    assert part.ask().said["n"] == 2


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)


# --- the version


def test_the_version_is_read_again_and_again_until_it_is_stopped() -> None:
    numbers, closed = iter(range(1, 1000)), threading.Event()
    version = CatalogVersion(lambda: next(numbers), closed.set)
    version.start()
    version.start()
    wait_until(lambda: version.known.number == 3, 5, "the third reading")
    assert version.known.header == (b"shop-catalog-version", b"3")
    version.stop()
    assert closed.is_set()
    assert next(numbers) <= 5


def test_a_reading_is_believed_for_a_second_from_before_it_was_asked_for() -> None:
    asked, answer = threading.Event(), threading.Event()

    def slow() -> int:
        asked.set()
        answer.wait(5)
        return 1

    version = CatalogVersion(slow)
    version.start()
    assert asked.wait(5)
    later = time.monotonic()
    answer.set()
    known = wait_until(lambda: version.known.number and version.known, 5, "the reading")
    version.stop()
    assert isinstance(known, Known)
    assert known.until <= later + 1


def test_readings_that_fail_let_the_last_one_age_and_are_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    failed = 0
    broken = threading.Event()

    def read() -> int:
        nonlocal failed
        if broken.is_set():
            failed += 1
            raise RuntimeError("the cable is cut")
        return 1

    version = CatalogVersion(read)
    with caplog.at_level(logging.INFO):
        version.start()
        wait_until(lambda: version.known.number, 5, "the first reading")
        broken.set()
        wait_until(lambda: failed == 2, 5, "two failures")
        aged = version.known
        assert (aged.number, aged.until < time.monotonic()) == (1, True)
        broken.clear()
        wait_until(lambda: version.known.until > time.monotonic(), 5, "a reading that succeeds again")
        version.stop()
    assert caplog.text.count("the cable is cut") == 1
    assert "can be read again" in caplog.text


def test_the_lifespan_begins_and_ends_the_reading() -> None:
    closed = threading.Event()
    version = CatalogVersion(lambda: 5, closed.set)
    known: list[int | None] = []

    async def living(scope: Scope, receive: Receive, send: Send) -> None:
        known.append(await asyncio.to_thread(wait_until, lambda: version.known.number, 5))

    async def unused(*_: Message) -> Any:
        raise AssertionError

    cache = CatalogCache(living, version, limit=MIB, metrics=Metrics("api"), headers=[])
    run(cache({"type": "lifespan"}, unused, unused))
    assert known == [5]
    assert closed.is_set()
