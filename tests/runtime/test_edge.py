import asyncio
import io
import itertools
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from shopapi.runtime.draining import Draining
from shopapi.runtime.edge import SECURITY_HEADERS, App, Edge, Headers, Message, Receive, Scope, Send
from shopapi.runtime.hosts import Hosts
from shopapi.runtime.logs import AccessLog, request_id
from shopapi.runtime.metrics import Metrics

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass
class Answer:
    """What came out of the edge: ``complete`` says that the answer's end was sent."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = False

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key == name]
        assert len(values) <= 1, f"{name} is there {len(values)} times"
        return values[0] if values else None


def refuse(status: int, code: str, scope: Scope) -> tuple[Headers, bytes]:
    return [(b"content-type", b"text/plain")], f"{status} {code} {scope['state']['request_id']}".encode()


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers in two parts, as a streaming app does, and notes what it was asked."""
    scope["path_template"] = "/items/{item_id}"
    body = json.dumps({"method": scope["method"], "state": scope["state"], "logged_as": request_id.get()}).encode()
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body[:5], "more_body": True})
    await send({"type": "http.response.body", "body": body[5:]})


class Part:
    """An edge around ``app``, with all that it writes at hand."""

    def __init__(
        self,
        app: App = hello,
        public_url: str = "http://127.0.0.1:8000",
        headers: Headers | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.metrics = Metrics("api")
        self.draining = Draining()
        self.log = io.StringIO()
        self.access_log = AccessLog("api", "json", self.log)
        self.edge = Edge(
            app,
            hosts=Hosts(urlsplit(public_url), frozenset()),
            metrics=self.metrics,
            access_log=self.access_log,
            draining=self.draining,
            headers=SECURITY_HEADERS + (headers or []),
            refuse=refuse,
            clock=clock,
        )

    def ask(
        self, path: str = "/items/1", method: str = "GET", headers: dict[str, str] | Headers | None = None, **scope: Any
    ) -> Answer:
        answer = Answer()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = [(name.decode(), value.decode()) for name, value in message["headers"]]
            else:
                answer.body += message.get("body", b"")
                answer.complete = not message.get("more_body", False)

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        if not isinstance(headers, list):
            named = {"host": "127.0.0.1:8000", **(headers or {})}
            headers = [(name.encode(), value.encode()) for name, value in named.items()]
        asked = {"type": "http", "method": method, "path": path, "headers": headers, **scope}
        try:
            asyncio.run(self.edge(asked, receive, send))
        finally:
            self.access_log.close()  # its thread would go on for as long as the tests do
        return answer

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def test_head_answers_as_get_without_a_body() -> None:
    part = Part()
    got, head = part.ask(method="GET"), part.ask(method="HEAD")
    assert json.loads(got.body)["method"] == "GET"
    assert (head.status, head.body, head.complete) == (200, b"", True)
    assert head.header("content-length") == got.header("content-length")
    assert [line["method"] for line in part.lines()] == ["GET", "HEAD"]


def test_head_of_what_is_refused_has_no_body_either() -> None:
    answer = Part().ask("/items/", method="HEAD")
    assert (answer.status, answer.body, answer.complete) == (404, b"", True)


def test_a_sane_request_id_is_kept_everywhere() -> None:
    part = Part()
    answer = part.ask(headers={"x-request-id": "from-the-edge_1.2"})
    said = json.loads(answer.body)
    assert answer.header("x-request-id") == "from-the-edge_1.2"
    assert said["state"]["request_id"] == said["logged_as"] == "from-the-edge_1.2"
    assert part.lines()[0]["request_id"] == "from-the-edge_1.2"
    assert request_id.get() == ""


@pytest.mark.parametrize("insane", ["", "a b", "x" * 129, "a\nb", "café", "<script>", "a,b"])
def test_an_insane_request_id_is_replaced(insane: str) -> None:
    found = Part().ask(headers={"x-request-id": insane}).header("x-request-id")
    assert found is not None
    assert len(found) == 32
    assert int(found, 16) >= 0


def test_a_trace_is_taken_up() -> None:
    part = Part()
    assert json.loads(part.ask(headers={"traceparent": TRACE}).body)["state"]["traceparent"] == TRACE
    assert part.lines()[0]["trace_id"] == TRACE.split("-")[1]


@pytest.mark.parametrize(
    "broken", ["", "junk", TRACE.upper(), TRACE + "-x", "ff" + TRACE[2:], f"00-{'0' * 32}-b7ad6b7169203331-01"]
)
def test_a_broken_trace_is_left_out(broken: str) -> None:
    part = Part()
    assert "traceparent" not in json.loads(part.ask(headers={"traceparent": broken}).body)["state"]
    assert "trace_id" not in part.lines()[0]


def test_what_the_lifespan_put_into_the_state_stays_and_requests_share_nothing() -> None:
    part, state = Part(), {"started": True}
    assert json.loads(part.ask(state=state).body)["state"]["started"] is True
    assert state == {"started": True}


@pytest.mark.parametrize("host", ["evil.example", "", "127.0.0.1.evil.example"])
def test_another_host_is_misdirected(host: str) -> None:
    answer = Part().ask(headers={"host": host})
    assert answer.status == 421
    assert answer.body.startswith(b"421 misdirected_request ")


def test_two_host_headers_are_none() -> None:
    both = [(b"host", b"127.0.0.1:8000"), (b"host", b"evil.example")]
    assert Part().ask(headers=both).status == 421
    assert Part().ask(headers=both[::-1]).status == 421
    assert Part().ask(headers=[]).status == 421


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_answered_by_a_private_name_alone(path: str) -> None:
    part = Part(public_url="https://shop.example")
    for private in ("10.0.0.7:8000", "localhost:8000", "shopapi:8000"):
        assert part.ask(path, headers={"host": private}).status == 200
    public = part.ask(path, headers={"host": "shop.example"})
    assert (public.status, public.body[:13]) == (404, b"404 not_found")
    assert part.lines() == [], "Probes would drown the log."


@pytest.mark.parametrize("path", ["/items/", "//items", "/v1//sessions", "/items/a\x00b"])
def test_a_resource_has_one_url(path: str) -> None:
    assert Part().ask(path).status == 404


def test_the_root_ends_in_a_slash() -> None:
    assert Part().ask("/").status == 200


def test_a_draining_server_answers_asks_to_be_called_no_more_and_is_not_ready() -> None:
    part = Part()
    assert part.ask().header("connection") is None
    assert part.ask("/readyz").status == 200
    part.draining.begin()
    answer = part.ask()
    assert (answer.status, answer.header("connection")) == (200, "close")
    assert part.ask("/healthz").status == 200
    ready = part.ask("/readyz")
    assert (ready.status, ready.header("connection"), ready.body[:12]) == (503, "close", b"503 draining")


def test_now_and_then_a_caller_is_asked_to_connect_anew() -> None:
    seconds = itertools.count()
    part = Part(clock=lambda: next(seconds))
    closed = [number for number in range(1, 801) if part.ask().header("connection") == "close"]
    between = [after - before for before, after in zip([0, *closed], closed, strict=False)]
    assert all(96 <= answers <= 160 for answers in between)
    assert len(set(between)) > 1, "Always after as many, one connection of those in turn would be closed each time."


def test_a_busy_server_asks_no_more_often_than_ten_times_a_second() -> None:
    moments = itertools.count(0, 0.0001)
    part = Part(clock=lambda: next(moments))
    closed = sum(part.ask().header("connection") == "close" for _ in range(1500))
    assert closed <= 2, "The clock is looked at once an answer at the most, so a tenth of a second is 1,000 of them."


def test_every_answer_carries_the_security_headers_and_the_apps_own_come_first() -> None:
    async def embedding(scope: Scope, receive: Receive, send: Send) -> None:
        own = [(b"cross-origin-resource-policy", b"cross-origin")]
        await send({"type": "http.response.start", "status": 200, "headers": own})
        await send({"type": "http.response.body"})

    for answer in (Part().ask(), Part().ask("/items/"), Part().ask(headers={"host": "evil.example"})):
        for name, value in SECURITY_HEADERS:
            assert answer.header(name.decode()) == value.decode()
    assert Part(embedding).ask().header("cross-origin-resource-policy") == "cross-origin"


def test_what_goes_wrong_is_a_500_that_names_its_request_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("the table is on fire")

    part = Part(broken)
    with caplog.at_level(logging.ERROR):
        answer = part.ask(headers={"x-request-id": "abc"})
    assert (answer.status, answer.body, answer.header("x-request-id")) == (500, b"500 internal_error abc", "abc")
    assert "the table is on fire" in caplog.text
    assert part.lines()[0]["status"] == 500
    assert part.metrics.in_flight == 0


def test_an_answer_that_breaks_off_never_looks_complete() -> None:
    async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("the rest is gone")

    part = Part(breaking)
    with pytest.raises(RuntimeError, match="the rest is gone"):
        part.ask()
    assert part.lines()[0]["status"] == 200
    assert part.metrics.in_flight == 0
    assert request_id.get() == ""


def test_a_caller_that_leaves_before_the_answer_is_counted_as_such() -> None:
    async def left(scope: Scope, receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError

    part = Part(left)
    with pytest.raises(asyncio.CancelledError):
        part.ask()
    assert part.lines()[0]["status"] == 499
    assert part.metrics.in_flight == 0


def test_metrics_and_log_go_by_the_routes_template_never_by_the_path() -> None:
    part = Part()
    part.ask("/items/4711", headers={"x-request-id": "r"})
    part.ask("/nowhere/4711/")
    part.ask(method="BREW")
    text = part.metrics.text().decode()
    row = 'shop_requests_total{method="%s",part="api",route="%s",status="%s"} 1.0'
    assert row % ("GET", "/items/{item_id}", 200) in text
    assert row % ("GET", "-", 404) in text
    assert row % ("other", "/items/{item_id}", 200) in text
    assert "4711" not in text + part.log.getvalue()
    assert 'shop_request_duration_seconds_count{part="api",route="/items/{item_id}"} 2.0' in text


def test_a_request_counts_as_in_flight_while_it_is() -> None:
    seen = []

    async def looking(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append('shop_requests_in_flight{part="api"} 1.0' in part.metrics.text().decode())
        await hello(scope, receive, send)

    part = Part(looking)
    part.ask()
    assert seen == [True]
    assert 'shop_requests_in_flight{part="api"} 0.0' in part.metrics.text().decode()


def test_the_lifespan_goes_through_and_its_end_closes_the_log() -> None:
    async def living(scope: Scope, receive: Receive, send: Send) -> None:
        part.access_log.add(0.0, "last", "GET", "/items", 200, 0.1, "")

    part = Part(living)

    async def unused(*message: Message) -> Any:
        raise AssertionError

    asyncio.run(part.edge({"type": "lifespan"}, unused, unused))
    assert [line["request_id"] for line in part.lines()] == ["last"]
