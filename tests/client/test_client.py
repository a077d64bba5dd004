import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import httpx
import pytest

from shopapi.client import (
    ApiUnavailable,
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    ProblemError,
    ShopClient,
    Stale,
    TooManyRequests,
    Unauthenticated,
    Unprocessable,
)
from shopapi.contract.accounts import SessionInput, StaffPatch
from shopapi.contract.items import Item, ItemInput
from shopapi.contract.stock import LevelQuery

T = TypeVar("T")
MUG = ItemInput(name="Mug", quantity=12)
MUG_SENT = b'{"name":"Mug","quantity":12}'
MADE = {"id": 7, "name": "Mug", "quantity": 12}
Step = httpx.Response | Exception


class Api:
    """Answers one step after the other, and keeps what it was asked. A call beyond the last step is an error."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def call(self, use: Callable[[ShopClient], Awaitable[T]], **options: Any) -> T:
        async def calling() -> T:
            async with ShopClient("http://api", transport=httpx.MockTransport(self), **options) as shop:
                return await use(shop)

        return asyncio.run(calling())


def ok(content: object = MADE, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=content, headers=headers)


def problem(status: int, code: str = "some_code", **headers: str) -> httpx.Response:
    content = {"type": f"urn:{code}", "title": "No", "status": status, "detail": "It is so.", "code": code}
    more = {"request_id": "r1", "errors": [{"field": "name", "message": "is blank"}]}
    return httpx.Response(
        status, json=content | more, headers={name.replace("_", "-"): v for name, v in headers.items()}
    )


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the client waited between tries; nobody really waits."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return found


Use = Callable[[ShopClient], Awaitable[object]]
READ: Use = lambda shop: shop.list_items()  # noqa: E731
POST: Use = lambda shop: shop.add_item(MUG)  # noqa: E731
PUT: Use = lambda shop: shop.set_item(7, MUG)  # noqa: E731
PATCH: Use = lambda shop: shop.change_staff("stf_1", StaffPatch(name="A"), if_match='"v1"')  # noqa: E731
DELETE: Use = lambda shop: shop.delete_item(7)  # noqa: E731
SIGN_IN: Use = lambda shop: shop.sign_in(SessionInput(email="a@b", password="x", realm="staff"))  # noqa: E731
REPEATABLE = pytest.mark.parametrize("use", [READ, POST], ids=["read", "post"])
OTHER = pytest.mark.parametrize("use", [PUT, PATCH, DELETE, SIGN_IN], ids=["put", "patch", "delete", "sign-in"])
EVERY = pytest.mark.parametrize(
    "use", [READ, POST, PUT, PATCH, DELETE, SIGN_IN], ids=["read", "post", "put", "patch", "delete", "sign-in"]
)
LOST = [httpx.ReadTimeout("late"), httpx.ReadError("gone"), httpx.RemoteProtocolError("cut"), httpx.DecodingError("gz")]


# what is sent and answered


def test_contract_types_go_in_and_come_out() -> None:
    api = Api(ok(status=201), ok())
    assert api.call(lambda shop: shop.add_item(MUG), token="t0ken", headers={"X-Shop": "1"}) == (
        Item(7, "Mug", 12),
        True,
    )
    assert api.call(lambda shop: shop.add_item(MUG)) == (Item(7, "Mug", 12), False)
    sent = api.asked[0]
    assert (sent.method, str(sent.url), sent.content) == ("POST", "http://api/items", MUG_SENT)
    assert sent.headers["authorization"] == "Bearer t0ken"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["x-shop"] == "1"
    assert "authorization" not in api.asked[1].headers


def test_an_etag_comes_back_and_goes_in_as_if_match() -> None:
    api = Api(ok(etag='"v3"'), ok(etag='"v4"'), httpx.Response(204))
    tagged = api.call(lambda shop: shop.get_item(7))
    assert tagged.etag == '"v3"'
    assert api.call(lambda shop: shop.set_item(7, MUG, if_match=tagged.etag)).etag == '"v4"'
    api.call(lambda shop: shop.delete_item(7))
    assert [request.headers.get("if-match") for request in api.asked] == [None, '"v3"', None]


def test_a_query_holds_what_was_asked_and_nothing_else() -> None:
    views = {"all": 0, "low": 0, "out": 0, "draft": 0}
    api = Api(ok({"data": [], "next_cursor": None, "total": 0, "views": views}))
    api.call(lambda shop: shop.list_levels(LevelQuery(limit=5)))
    query = dict(api.asked[0].url.params)
    assert query["limit"] == "5"
    assert "cursor" not in query
    assert "None" not in query.values()


def test_what_stands_in_a_path_is_quoted() -> None:
    api = Api(problem(404))
    with pytest.raises(NotFound):
        api.call(lambda shop: shop.get_level("a/../b?c"))
    assert api.asked[0].url.raw_path == b"/v1/admin/stock/a%2F..%2Fb%3Fc"


def test_a_client_may_call_as_another_over_the_same_connections() -> None:
    async def both(shop: ShopClient) -> None:
        await shop.calling_as(token="theirs", headers={"X-Request-ID": "r1"}).list_items()
        await shop.list_items()

    api = Api(ok([]), ok([]))
    api.call(both, token="ours")
    assert [request.headers["authorization"] for request in api.asked] == ["Bearer theirs", "Bearer ours"]
    assert [request.headers.get("x-request-id") for request in api.asked] == ["r1", None]


# errors


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (401, Unauthenticated),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (412, Stale),
        (415, ProblemError),
        (422, Unprocessable),
        (428, ProblemError),
        (500, ProblemError),
    ],
)
def test_an_error_carries_the_problem_and_is_not_tried_again(status: int, kind: type[ProblemError]) -> None:
    api = Api(problem(status, "name_taken"))
    with pytest.raises(ProblemError) as raised:
        api.call(POST)
    assert type(raised.value) is kind
    assert raised.value.problem.code == "name_taken"
    assert raised.value.problem.errors[0].field == "name"
    assert str(raised.value) == f"{status} name_taken: It is so."


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"id": "7", "name": "Mug", "quantity": 12}),
        httpx.Response(302, headers={"location": "http://elsewhere"}),
        httpx.Response(404, text="<html>"),
        httpx.Response(500, text=""),
    ],
)
def test_an_answer_that_is_none_of_ours_is_no_answer(answer: httpx.Response) -> None:
    with pytest.raises(ApiUnavailable) as raised:
        Api(answer).call(lambda shop: shop.get_item(7))
    assert raised.value.reached


# tries


@EVERY
@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("refused"), httpx.ConnectTimeout("late"), httpx.PoolTimeout("")]
)
def test_what_never_arrived_is_tried_again_whatever_it_is(use: Use, failure: Exception, waits: list[float]) -> None:
    api = Api(failure, failure, failure)
    with pytest.raises(ApiUnavailable) as raised:
        api.call(use)
    assert not raised.value.reached
    assert len(api.asked) == 3
    assert len(waits) == 2
    assert waits[0] < waits[1] < 1


@REPEATABLE
@pytest.mark.parametrize("failure", [*LOST, *(problem(status) for status in (429, 502, 503, 504))], ids=repr)
def test_a_read_and_a_keyed_post_are_tried_again_after_what_may_pass(use: Use, failure: Step) -> None:
    api = Api(failure, ok([MADE] if use is READ else MADE))
    api.call(use)
    assert len(api.asked) == 2


@OTHER
@pytest.mark.parametrize("failure", [*LOST, *(problem(status) for status in (429, 502, 504))], ids=repr)
def test_nothing_else_is_tried_again_when_it_may_have_happened(use: Use, failure: Step) -> None:
    api = Api(failure)
    with pytest.raises((ApiUnavailable, TooManyRequests)):
        api.call(use)
    assert len(api.asked) == 1


@EVERY
def test_a_503_says_that_nothing_happened_so_all_is_tried_again(use: Use) -> None:
    api = Api(problem(503), problem(503), problem(503))
    with pytest.raises(ApiUnavailable) as raised:
        api.call(use)
    assert raised.value.reached
    assert len(api.asked) == 3


@pytest.mark.parametrize("failure", LOST, ids=repr)
def test_a_read_that_stays_lost_says_that_it_arrived(failure: Exception) -> None:
    with pytest.raises(ApiUnavailable) as raised:
        Api(failure).call(READ, retries=0)
    assert raised.value.reached


def test_every_try_carries_the_same_key_and_every_call_another() -> None:
    api = Api(httpx.ReadTimeout("late"), problem(503), ok(), ok())
    api.call(POST)
    api.call(POST)
    keys = [request.headers["idempotency-key"] for request in api.asked]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert all(16 <= len(key) <= 255 for key in keys)
    assert [request.content for request in api.asked] == [MUG_SENT] * 4


def test_a_callers_own_key_is_sent() -> None:
    api = Api(httpx.ReadTimeout("late"), ok())
    api.call(lambda shop: shop.add_item(MUG, key="the-form-of-this-page"))
    assert [request.headers["idempotency-key"] for request in api.asked] == ["the-form-of-this-page"] * 2


def test_only_a_post_carries_a_key_and_signing_in_carries_none() -> None:
    api = Api(ok([]), problem(401), ok(), httpx.Response(204))
    for use in (READ, SIGN_IN, PUT, DELETE):
        with suppress(Unauthenticated):
            api.call(use)
    assert [("idempotency-key" in request.headers) for request in api.asked] == [False] * 4


def test_retry_after_is_obeyed(waits: list[float]) -> None:
    api = Api(problem(503, retry_after="2"), problem(429, retry_after="0"), ok())
    api.call(POST)
    assert waits == [2.0, 0.0]


def test_a_long_retry_after_is_told_not_waited_for(waits: list[float]) -> None:
    api = Api(problem(429, "rate_limited", retry_after="60"))
    with pytest.raises(TooManyRequests) as raised:
        api.call(POST)
    assert raised.value.retry_after_s == 60
    assert waits == []


@pytest.mark.parametrize("odd", ["Wed, 25 Nov 2026 00:00:00 GMT", "-1", "1.5", "²"])
def test_an_odd_retry_after_counts_as_none(odd: str, waits: list[float]) -> None:
    answer = httpx.Response(503, headers=[(b"retry-after", odd.encode())])
    Api(answer, ok()).call(POST)
    assert 0 < waits[0] < 1


def test_a_post_whose_twin_still_runs_waits_for_its_answer(waits: list[float]) -> None:
    api = Api(problem(409, "idempotency_in_progress", retry_after="1"), ok())
    assert api.call(lambda shop: shop.add_item(MUG)) == (Item(7, "Mug", 12), False)
    assert waits == [1.0]
    assert len({request.headers["idempotency-key"] for request in api.asked}) == 1


def test_no_proxy_of_the_environment_sees_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    shop = ShopClient("http://api")
    assert shop._http._mounts == {}
    asyncio.run(shop.aclose())


def test_a_call_that_is_called_off_stops_at_once() -> None:
    async def calling() -> None:
        stuck = asyncio.Event()

        async def hang(request: httpx.Request) -> httpx.Response:
            stuck.set()
            return await asyncio.Future()

        async with ShopClient("http://api", transport=httpx.MockTransport(hang)) as shop:
            task = asyncio.create_task(shop.list_items())
            await stuck.wait()
            task.cancel()
            await asyncio.wait([task], timeout=5)
            assert task.cancelled()

    asyncio.run(calling())


def test_the_body_is_plain_json() -> None:
    api = Api(ok())
    api.call(PUT)
    assert json.loads(api.asked[0].content) == {"name": "Mug", "quantity": 12}
