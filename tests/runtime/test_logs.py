import io
import json
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest

from shopapi.runtime import logs


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before[0], before[1]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def logged(shape: logs.Format, message: str, *args: object, stream: io.StringIO | None = None, **more: Any) -> str:
    stream = stream or io.StringIO()
    logs.start("api", "info", shape, stream)
    logging.getLogger("shop").info(message, *args, **more)
    return stream.getvalue()


@pytest.mark.parametrize(
    "secret",
    [
        "shk_live_0123456789ABCDEF",
        "shs_a-b_c0123456789",
        "Bearer abc.def",
        "bearer abc",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111111111111111",
        "anna.weber+shop@mail.example",
        "postgresql://shop:p@ss/word@db/shop",
    ],
)
def test_no_secret_reaches_a_log(secret: str) -> None:
    for shape in ("json", "text"):
        line = logged(shape, "before %s after", secret)
        assert "[removed]" in line
        assert "before" in line
        assert line.rstrip('}"\n').endswith("after")
        for part in ("0123456789", "abc", "4111", "1111", "weber", "word"):
            assert part not in line


@pytest.mark.parametrize(
    "harmless", ["http://127.0.0.1:8000/docs", "order 4711", "2026-11-24T16:05:00Z", "1,000 items in 12 ms", "200 OK"]
)
def test_what_is_no_secret_stays(harmless: str) -> None:
    assert harmless in logged("text", harmless)


def test_a_json_line_holds_what_a_collector_needs() -> None:
    token = logs.request_id.set("abc-1")
    try:
        line = logged("json", "It\nhappened.")
    finally:
        logs.request_id.reset(token)
    assert line.count("\n") == 1
    fields = json.loads(line)
    assert fields.pop("time").endswith("+00:00")
    assert fields == {
        "level": "info",
        "part": "api",
        "logger": "shop",
        "message": "It\nhappened.",
        "request_id": "abc-1",
    }


def test_an_exception_is_logged_without_its_secrets() -> None:
    try:
        raise RuntimeError("shk_live_0123456789 of anna@mail.example \x1b[2J")
    except RuntimeError:
        shown = {shape: logged(shape, "It failed.", exc_info=True) for shape in ("json", "text")}
    assert json.loads(shown["json"])["exception"].startswith("Traceback")
    for line in shown.values():
        assert "RuntimeError" in line
        assert "0123456789" not in line
        assert "anna" not in line
        assert "\x1b" not in line


def test_a_terminal_gets_a_readable_line_that_cannot_steer_it() -> None:
    stream = Terminal()
    line = logged("auto", "\x1b[2Jhello\nworld", stream=stream)
    assert line.count("\n") == 1
    assert "api     info     ?[2Jhello?world" in line


def test_a_pipe_gets_json_lines_by_itself() -> None:
    assert json.loads(logged("auto", "hello"))["message"] == "hello"


def test_text_that_no_encoding_can_hold_is_logged_all_the_same() -> None:
    assert json.loads(logged("json", "file %s", os.fsdecode(b"caf\xe9")))["message"] == "file caf?"


def test_what_libraries_chatter_is_not_logged() -> None:
    stream = io.StringIO()
    logs.start("api", "info", "json", stream)
    for name in ("httpx", "sqlalchemy.engine", "uvicorn.error", "granian"):
        logging.getLogger(name).info("chatter")
    assert stream.getvalue() == ""
    logging.getLogger("uvicorn.error").error("something broke")
    assert json.loads(stream.getvalue())["message"] == "something broke"


def test_each_request_has_a_line_when_the_log_is_closed() -> None:
    stream = io.StringIO()
    log = logs.AccessLog("api", "json", stream)
    for n in range(100):
        log.add(0.0, f"r{n}", "GET", "/items/{item_id}", 200, 0.0123, "a" * 32 if n else "")
    log.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["request_id"] for line in lines] == [f"r{n}" for n in range(100)]
    assert lines[0] == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "level": "info",
        "part": "api",
        "request_id": "r0",
        "method": "GET",
        "route": "/items/{item_id}",
        "status": 200,
        "duration_ms": 12.3,
    }
    assert lines[1]["trace_id"] == "a" * 32


def test_a_terminal_gets_a_readable_line_for_each_request() -> None:
    stream = Terminal()
    log = logs.AccessLog("api", "auto", stream)
    log.add(0.0, "r1", "GET", "/items", 200, 0.0123, "")
    log.close()
    assert stream.getvalue().endswith("  api     200     12.3 ms  GET /items\n")


def test_a_log_that_nobody_reads_any_more_is_no_error() -> None:
    stream = io.StringIO()
    log = logs.AccessLog("api", "json", stream)
    stream.close()
    log.add(0.0, "r1", "GET", "/items", 200, 0.1, "")
    log.close()


def test_lines_that_wait_for_a_stuck_reader_are_bounded() -> None:
    log = logs.AccessLog("api", "json", io.StringIO())
    log._writer = _NoThread()  # type: ignore[assignment]
    for _ in range(70_000):
        log.add(0.0, "r", "GET", "/items", 200, 0.1, "")
    assert len(log._waiting) == 65_536


class _NoThread:
    """In place of a thread that hangs in ``write``."""
