"""The hosted page: what a customer sees and does there, without a script, and once each."""

import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.sandbox.conftest import RETURN_URL, Receiver, charge
from tests.waiting import wait_until


def page_of(sandbox: httpx.Client, token: str | None = None, **more: object) -> str:
    """The path of the hosted page of a new charge called ``key-1``."""
    url: str = charge(sandbox, "key-1", token, **more)["url"]
    return url.removeprefix("http://127.0.0.1:8000")


def state(sandbox: httpx.Client) -> tuple[str, str]:
    told = sandbox.get("/charges/key-1").json()
    return told["state"], told["reason"]


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("de", ("Testmodus", "88,00\N{NO-BREAK SPACE}€", "Karte, die zahlt", "Abbrechen", 'lang="de"')),
        ("en", ("Test mode", "€88.00", "Card that pays", "Cancel", 'lang="en"')),
    ],
)
def test_it_says_in_the_customers_language_what_is_to_be_paid(
    sandbox: httpx.Client, locale: str, words: tuple[str, ...]
) -> None:
    html = sandbox.get(page_of(sandbox, locale=locale)).text
    for word in (*words, "S-1001"):
        assert word in html
    assert "<script" not in html
    assert "<input" not in html  # There is no field that a card number could be typed into.
    assert re.findall(r'name="card" value="(\w+)"', html) == ["ok", "3ds", "declined", "insufficient_funds", "cancel"]


def test_it_lets_nothing_in_and_leads_to_the_shop_alone(sandbox: httpx.Client) -> None:
    headers = sandbox.get(page_of(sandbox)).headers
    policy = headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; style-src 'self'; form-action 'self' http://127.0.0.1:5050; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"


def test_what_the_shop_sends_stands_on_the_page_as_text(sandbox: httpx.Client) -> None:
    html = sandbox.get(page_of(sandbox, order_number='"><script>alert(1)</script>')).text
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_paying_leads_back_to_the_shop_and_tells_it(sandbox: httpx.Client, receiver: Receiver) -> None:
    answer = sandbox.post(page_of(sandbox), data={"card": "ok", "fault": ""})
    assert (answer.status_code, answer.headers["location"]) == (303, RETURN_URL)
    assert state(sandbox) == ("succeeded", "")
    wait_until(lambda: set(receiver.types()) == {"charge.created", "charge.succeeded"}, 5, "the webhooks")


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("declined", "declined"),
        ("insufficient_funds", "insufficient_funds"),
        ("cancel", "cancelled_by_customer"),
    ],
)
def test_not_paying_leads_back_to_the_shop_and_tells_it_why(
    sandbox: httpx.Client, receiver: Receiver, card: str, reason: str
) -> None:
    answer = sandbox.post(page_of(sandbox), data={"card": card, "fault": ""})
    assert (answer.status_code, answer.headers["location"]) == (303, RETURN_URL)
    assert state(sandbox) == ("failed", reason)
    wait_until(lambda: "charge.failed" in receiver.types(), 5, "the webhook")


@pytest.mark.parametrize(
    ("answer", "ends"), [("approve", ("succeeded", "")), ("refuse", ("failed", "authentication_refused"))]
)
def test_strong_authentication_is_a_second_page(sandbox: httpx.Client, answer: str, ends: tuple[str, str]) -> None:
    page = page_of(sandbox)
    asked = sandbox.post(page, data={"card": "3ds"})
    assert (asked.status_code, asked.headers["location"]) == (303, f"{page}/confirm")
    assert state(sandbox) == ("confirming", "")
    assert "Zahlung freigeben" in sandbox.get(f"{page}/confirm").text
    answered = sandbox.post(f"{page}/confirm", data={"answer": answer})
    assert (answered.status_code, answered.headers["location"]) == (303, RETURN_URL)
    assert state(sandbox) == ends


def test_a_card_of_the_shop_may_ask_for_strong_authentication(sandbox: httpx.Client) -> None:
    page = page_of(sandbox, token="tok_3ds")
    assert sandbox.get(page).headers["location"] == f"{page}/confirm"
    assert sandbox.post(f"{page}/confirm", data={"answer": "approve"}).headers["location"] == RETURN_URL
    assert state(sandbox) == ("succeeded", "")


def test_a_double_click_charges_once(sandbox: httpx.Client, receiver: Receiver) -> None:
    page = page_of(sandbox)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: sandbox.post(page, data={"card": "ok"}), range(8)))
    assert {(one.status_code, one.headers["location"]) for one in answers} == {(303, RETURN_URL)}
    assert sandbox.get("/charges/key-1").json()["version"] == 2
    wait_until(lambda: len(receiver.types()) == 2, 5, "the webhooks")
    assert sorted(receiver.types()) == ["charge.created", "charge.succeeded"]


def test_a_double_click_on_the_card_that_asks_first_asks_once(sandbox: httpx.Client) -> None:
    page = page_of(sandbox)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: sandbox.post(page, data={"card": "3ds"}), range(8)))
    assert {(one.status_code, one.headers["location"]) for one in answers} == {(303, f"{page}/confirm")}
    assert sandbox.get("/charges/key-1").json()["version"] == 2


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"card=ok"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("application/json", b'{"card": "ok"}'),
        ("application/x-www-form-urlencoded", b"card=%ff%fe&%00=&fault=%zz"),
        ("application/x-www-form-urlencoded", b"card=ok" + b"&a=b" * 20_000),
    ],
)
def test_a_form_that_cannot_be_read_pays_nothing(sandbox: httpx.Client, kind: str, body: bytes) -> None:
    answer = sandbox.post(page_of(sandbox), content=body, headers={"Content-Type": kind})
    assert 400 <= answer.status_code < 500
    assert state(sandbox) == ("open", "")


def test_the_back_button_leads_to_the_shop_again_and_changes_nothing(sandbox: httpx.Client) -> None:
    page = page_of(sandbox)
    sandbox.post(page, data={"card": "declined"})
    for answer in (
        sandbox.get(page),
        sandbox.get(f"{page}/confirm"),
        sandbox.post(page, data={"card": "ok"}),
        sandbox.post(f"{page}/confirm", data={"answer": "approve"}),
    ):
        assert (answer.status_code, answer.headers["location"]) == (303, RETURN_URL)
    assert state(sandbox) == ("failed", "declined")


def test_nobody_skips_the_first_page(sandbox: httpx.Client) -> None:
    page = page_of(sandbox)
    assert sandbox.get(f"{page}/confirm").headers["location"] == page
    assert sandbox.post(f"{page}/confirm", data={"answer": "approve"}).headers["location"] == page
    assert state(sandbox) == ("open", "")


@pytest.mark.parametrize("typed", [{}, {"card": "nope"}, {"card": "ok\x00"}, {"card": ""}, {"answer": "approve"}])
def test_a_form_that_names_no_card_shows_the_cards_again(sandbox: httpx.Client, typed: dict[str, str]) -> None:
    answer = sandbox.post(page_of(sandbox), data=typed)
    assert answer.status_code == 400
    assert "Testkarte" in answer.text
    assert state(sandbox) == ("open", "")


@pytest.mark.parametrize("path", ["/pay/nope", "/pay/nope/confirm", "/pay/" + "a" * 1000])
def test_an_address_without_a_payment_says_so(sandbox: httpx.Client, path: str) -> None:
    for answer in (sandbox.get(path), sandbox.post(path, data={"card": "ok"})):
        assert answer.status_code == 404
        assert "There is no payment here." in answer.text


def test_a_fault_of_the_select_goes_for_the_card(sandbox: httpx.Client) -> None:
    assert sandbox.post(page_of(sandbox), data={"card": "ok", "fault": "charged_500"}).status_code == 500
    assert state(sandbox) == ("succeeded", "")


def test_a_fault_before_the_charge_leaves_the_page_open_for_another_try(sandbox: httpx.Client) -> None:
    page = page_of(sandbox)
    sandbox.post(page, data={"card": "3ds", "fault": "not_charged_500"})
    assert state(sandbox) == ("confirming", "")
    assert sandbox.post(f"{page}/confirm", data={"answer": "approve"}).status_code == 500
    assert state(sandbox) == ("confirming", "")
    assert sandbox.post(f"{page}/confirm", data={"answer": "approve"}).status_code == 303
    assert state(sandbox) == ("succeeded", "")


def test_a_wrong_amount_is_charged_as_the_select_says(sandbox: httpx.Client) -> None:
    sandbox.post(page_of(sandbox), data={"card": "ok", "fault": "wrong_amount"})
    assert sandbox.get("/charges/key-1").json()["amount"] == 8799
