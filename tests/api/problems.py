"""What every problem document must be, whatever went wrong."""

from typing import Any

import httpx

MEMBERS = {
    *("type", "title", "status", "detail", "code", "request_id", "errors"),
    *("reserved", "left", "total", "missing", "why", "goods"),
}


def problem(answer: httpx.Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """Check that ``answer`` is the problem document ``code``, which names ``field`` first, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "no-store" in answer.headers["cache-control"]
    told: dict[str, Any] = answer.json()
    assert told["code"] == code, told
    assert (told["status"], told["type"]) == (status, f"urn:shopctl:problem:{code}")
    assert told["request_id"] == answer.headers["x-request-id"]
    assert told["title"]
    assert told["detail"]
    assert told.keys() <= MEMBERS
    if status == 400:
        assert told["errors"], "Bad input names at least its first fault."
    if field is not None:
        assert told["errors"][0]["field"] == field, told
        assert told["errors"][0]["message"]
    return told
