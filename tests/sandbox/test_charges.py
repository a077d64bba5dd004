"""Charges and refunds: once for each key, never after a cancel, never more back than came in."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from shopctl.sandbox.signing import bearer
from tests.sandbox.conftest import OTHER_SECRET, charge, charge_of


def refund(sandbox: httpx.Client, charge_key: str, key: str, amount: int, currency: str = "EUR") -> dict[str, Any]:
    body = {"key": key, "amount": amount, "currency": currency}
    answer = sandbox.post(f"/charges/{charge_key}/refunds", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_card_that_pays_is_charged_in_the_call(sandbox: httpx.Client) -> None:
    told = charge(sandbox, "key-1", "tok_ok")
    assert (told["state"], told["amount"], told["currency"], told["url"]) == ("succeeded", 8800, "EUR", None)
    assert sandbox.get("/charges/key-1").json() == told


@pytest.mark.parametrize("reason", ["declined", "insufficient_funds"])
def test_a_declined_card_is_not_charged_and_says_why(sandbox: httpx.Client, reason: str) -> None:
    told = charge(sandbox, token=f"tok_{reason}")
    assert (told["state"], told["reason"]) == ("failed", reason)


def test_without_a_token_the_customer_has_to_go_to_a_page(sandbox: httpx.Client) -> None:
    told = charge(sandbox)
    assert told["state"] == "open"
    assert told["url"].startswith("http://127.0.0.1:8000/pay/")


def test_fifty_calls_with_one_key_make_one_charge(sandbox: httpx.Client) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: sandbox.post("/charges", json=charge_of("one", "tok_ok")), range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["reference"] for answer in answers}) == 1
    assert len(sandbox.get("/charges").json()["charges"]) == 1


def test_a_key_that_comes_again_for_something_else_is_refused(sandbox: httpx.Client) -> None:
    charge(sandbox, "key-1", "tok_ok")
    answer = sandbox.post("/charges", json=charge_of("key-1", "tok_ok", amount=100))
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")


def test_where_keys_are_ignored_on_purpose_each_call_charges(sandbox: httpx.Client) -> None:
    sandbox.post("/faults", json={"mode": "ignore_keys", "count": 2})
    references = {charge(sandbox, "key-1", "tok_ok")["reference"] for _ in range(4)}
    assert len(references) == 2  # The fault struck twice; after that the key means something again.
    assert len(sandbox.get("/charges").json()["charges"]) == 2


def test_a_cancelled_charge_can_never_succeed(sandbox: httpx.Client) -> None:
    opened = charge(sandbox, "key-1")
    assert sandbox.post("/charges/key-1/cancel").json()["state"] == "cancelled"
    page = opened["url"].removeprefix("http://127.0.0.1:8000")
    assert sandbox.post(page, data={"card": "ok"}).status_code == 303
    assert charge(sandbox, "key-1")["state"] == "cancelled"
    assert sandbox.get("/charges/key-1").json()["state"] == "cancelled"


def test_a_key_that_was_cancelled_before_it_was_heard_of_can_never_be_charged(sandbox: httpx.Client) -> None:
    assert sandbox.get("/charges/key-1").json()["code"] == "unheard"
    assert sandbox.post("/charges/key-1/cancel").json()["state"] == "cancelled"
    assert charge(sandbox, "key-1", "tok_ok")["state"] == "cancelled"
    sandbox.post("/faults", json={"mode": "ignore_keys"})
    assert charge(sandbox, "key-1", "tok_ok")["state"] == "cancelled"


def test_a_charge_that_succeeded_stays_so_when_it_is_cancelled(sandbox: httpx.Client) -> None:
    charge(sandbox, "key-1", "tok_ok")
    assert sandbox.post("/charges/key-1/cancel").json()["state"] == "succeeded"


def test_forty_refunds_at_once_never_give_back_more_than_was_charged(sandbox: httpx.Client) -> None:
    charge(sandbox, "key-1", "tok_ok")
    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(lambda n: refund(sandbox, "key-1", f"refund-{n}", 1000), range(40)))
    assert sum(one["state"] == "succeeded" for one in told) == 8
    assert {one["reason"] for one in told if one["state"] == "failed"} == {"more_than_charged"}
    assert sandbox.get("/charges/key-1").json()["refunded"] == 8000


def test_a_refund_with_the_same_key_is_made_once(sandbox: httpx.Client) -> None:
    charge(sandbox, "key-1", "tok_ok")
    told = refund(sandbox, "key-1", "refund-1", 500)
    assert refund(sandbox, "key-1", "refund-1", 500) == told
    assert sandbox.get("/refunds/refund-1").json() == told
    assert sandbox.get("/charges/key-1").json()["refunded"] == 500
    other = sandbox.post("/charges/key-1/refunds", json={"key": "refund-1", "amount": 600, "currency": "EUR"})
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


def test_what_was_not_charged_is_not_refunded(sandbox: httpx.Client) -> None:
    charge(sandbox, "key-1", "tok_declined")
    charge(sandbox, "key-2", "tok_ok")
    assert refund(sandbox, "key-1", "refund-1", 500)["reason"] == "not_charged"
    assert refund(sandbox, "nobody", "refund-2", 500)["reason"] == "not_charged"
    assert refund(sandbox, "key-2", "refund-3", 500, "USD")["reason"] == "other_currency"
    assert sandbox.get("/refunds/nobody").json()["code"] == "unheard"


def test_every_charge_and_refund_is_listed_a_page_at_a_time(sandbox: httpx.Client) -> None:
    keys = [charge(sandbox, f"key-{n}", "tok_ok")["key"] for n in range(5)]
    first = sandbox.get("/charges", params={"limit": 3}).json()
    second = sandbox.get("/charges", params={"limit": 3, "after": first["next"]}).json()
    assert [one["key"] for one in first["charges"]] == keys[:3]
    assert [one["key"] for one in second["charges"]] == keys[3:]
    assert second["next"] is None
    refund(sandbox, "key-3", "refund-1", 500)
    assert [one["key"] for one in sandbox.get("/refunds").json()["refunds"]] == ["refund-1"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"amount": 10**30}, "amount"),
        ({"currency": "eur"}, "currency"),
        ({"key": ""}, "key"),
        ({"key": "a/b"}, "key"),
        ({"return_url": "javascript:alert(1)"}, "return_url"),
        ({"locale": "fr"}, "locale"),
        ({"token": "tok_nope"}, "token"),
        ({"token": "4242424242424242"}, "token"),
        ({"order_number": ""}, "order_number"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_charge_that_makes_no_sense_is_refused_and_leaves_nothing(
    sandbox: httpx.Client, more: dict[str, object], words: str
) -> None:
    answer = sandbox.post("/charges", json={**charge_of(token="tok_ok"), **more})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert words in answer.json()["detail"]
    assert sandbox.get("/charges").json()["charges"] == []


@pytest.mark.parametrize("after", ["-1", "99999999999999999999999"])
def test_a_page_beyond_all_bounds_is_an_ordinary_one(sandbox: httpx.Client, after: str) -> None:
    charge(sandbox, "key-1", "tok_ok")
    answer = sandbox.get("/charges", params={"after": after, "limit": "-5"})
    assert answer.status_code == 200
    assert len(answer.json()["charges"]) == (1 if after == "-1" else 0)


@pytest.mark.parametrize("path", ["/charges/a%00b", "/charges/%F0%28", "/charges/" + "a" * 5000, "/refunds/%00"])
def test_an_odd_key_is_an_unheard_one(sandbox: httpx.Client, path: str) -> None:
    assert sandbox.get(path).status_code == 404


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{" * 5000, b'{"key": 1e999}', b"\xff", b"[" * 100_000])
def test_a_body_that_makes_no_sense_is_refused(sandbox: httpx.Client, body: bytes) -> None:
    for path in ("/charges", "/charges/key-1/refunds", "/faults", "/events/resend"):
        answer = sandbox.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 413), (path, answer.text)
    assert sandbox.get("/charges").json()["charges"] == []


@pytest.mark.parametrize(
    "fault",
    [
        {"mode": "nope"},
        {"mode": "ok"},
        {"mode": "429", "calls": ["webhook"]},
        {"mode": "webhook_lost", "calls": ["charge"]},
        {"mode": "declined", "calls": ["ask"]},
        {"mode": "429", "count": 0},
        {"mode": "429", "probability": 1.1},
        {"mode": "slow", "seconds": -1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox: httpx.Client, fault: dict[str, object]) -> None:
    answer = sandbox.post("/faults", json=fault)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert sandbox.get("/faults").json() == []


def test_a_fault_by_chance_is_the_same_for_the_same_seed_and_is_counted(sandbox: httpx.Client) -> None:
    def outcomes() -> list[int]:
        sandbox.delete("/faults")
        sandbox.post("/faults", json={"mode": "429", "probability": 0.5, "seed": 7})
        return [sandbox.post("/charges", json=charge_of(token="tok_ok")).status_code for _ in range(20)]

    first = outcomes()
    assert set(first) == {200, 429}
    assert outcomes() == first
    assert sandbox.get("/faults").json()[0]["struck"] == first.count(429)
    sandbox.delete("/faults")
    assert charge(sandbox, token="tok_ok")["state"] == "succeeded"


@pytest.mark.parametrize("headers", [{"Authorization": ""}, {"Authorization": f"Bearer {bearer(OTHER_SECRET)}"}])
@pytest.mark.parametrize("path", ["/charges", "/charges/key-1", "/refunds", "/refunds/x", "/events", "/faults"])
def test_nobody_without_the_secret_learns_anything(sandbox: httpx.Client, path: str, headers: dict[str, str]) -> None:
    answer = sandbox.get(path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("path", ["/charges", "/charges/key-1/cancel", "/faults", "/events/resend"])
def test_nobody_without_the_secret_changes_anything(sandbox: httpx.Client, path: str) -> None:
    answer = sandbox.post(path, json=charge_of("key-1", "tok_ok"), headers={"Authorization": "Bearer nope"})
    assert answer.status_code == 401
    assert sandbox.get("/charges").json()["charges"] == []
