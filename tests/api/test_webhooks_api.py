"""What a payment provider tells: kept once when it is signed, and changing nothing that is settled already."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shopapi.db.engine import DatabaseUnavailable
from shopapi.payments import take_webhook
from shopapi.payments.record_charge import record_charge
from tests.api.bank import Bank, charge_event, refund_event, signature, tell
from tests.api.problems import problem
from tests.api.selling import Counter, done, euros, kinds

PATH = "/v1/payments/sandbox/webhook"


@pytest.fixture
def waiting(counter: Counter, bank: Bank) -> dict[str, Any]:
    """An order whose customer is on the provider's page; ``key`` is its charge's."""
    bank.says = "open"
    order = counter.order("sandbox")
    return order | {"key": bank.charged[0].key}


def test_a_charge_that_succeeded_confirms_its_order(counter: Counter, waiting: dict[str, Any]) -> None:
    event = charge_event(waiting["key"], "succeeded", waiting["total"]["amount"])
    assert done(tell(counter.api, event)) == {"received": event["id"]}
    order = counter.read(waiting)
    assert (order["state"], order["payment"]["state"]) == ("confirmed", "captured")
    assert order["payment"]["next_action"] is None
    payment = counter.payment(waiting)
    assert [(one["id"], one["kind"]) for one in payment["events"]] == [(event["id"], "charge.succeeded")]


def test_a_charge_that_failed_opens_the_cart_again(counter: Counter, waiting: dict[str, Any]) -> None:
    done(tell(counter.api, charge_event(waiting["key"], "failed", 0)))
    order = counter.read(waiting)
    assert (order["state"], order["payment"]["state"]) == ("cancelled", "failed")
    assert counter.stock() == (10, 0)


def test_the_same_event_twice_is_heard_once(counter: Counter, waiting: dict[str, Any]) -> None:
    event = charge_event(waiting["key"], "succeeded", waiting["total"]["amount"])
    for _ in range(3):
        done(tell(counter.api, event))
    assert kinds(counter.read(waiting)) == ["placed", "paid"]
    assert counter.payment(waiting)["captured"] == waiting["total"]
    assert counter.rows("payment_event") == counter.rows("ledger_transaction") == 1


def test_two_events_that_say_the_same_change_the_books_once(counter: Counter, waiting: dict[str, Any]) -> None:
    for _ in range(2):
        done(tell(counter.api, charge_event(waiting["key"], "succeeded", waiting["total"]["amount"])))
    assert counter.payment(waiting)["captured"] == waiting["total"]
    assert (counter.rows("payment_event"), counter.rows("ledger_transaction")) == (2, 1)


@pytest.mark.parametrize("late", ["open", "confirming", "failed", "cancelled"])
def test_a_late_event_takes_nothing_back(counter: Counter, waiting: dict[str, Any], late: str) -> None:
    done(tell(counter.api, charge_event(waiting["key"], "succeeded", waiting["total"]["amount"])))
    before = counter.read(waiting)
    done(tell(counter.api, charge_event(waiting["key"], late, waiting["total"]["amount"])))
    assert counter.read(waiting) == before
    assert counter.stock() == (10, 2)


def test_what_is_not_decided_yet_leaves_the_customer_on_the_page(counter: Counter, waiting: dict[str, Any]) -> None:
    for state in ("open", "confirming"):
        done(tell(counter.api, charge_event(waiting["key"], state, waiting["total"]["amount"])))
    order = counter.read(waiting)
    assert (order["state"], order["payment"]) == ("placed", waiting["payment"])
    assert order["payment"]["next_action"] is not None
    assert counter.rows("payment_event") == 2


def test_a_charge_that_failed_first_and_succeeded_after_all_is_paid(counter: Counter, waiting: dict[str, Any]) -> None:
    done(tell(counter.api, charge_event(waiting["key"], "failed", 0)))
    done(tell(counter.api, charge_event(waiting["key"], "succeeded", waiting["total"]["amount"])))
    order = counter.read(waiting)
    assert (order["state"], order["payment"]["captured"]) == ("confirmed", waiting["total"])
    assert counter.stock() == (10, 2)


@pytest.mark.parametrize(
    "signed", [{"secret": "x" * 32}, {"age_s": 301}, {"age_s": -301}], ids=["forged", "old", "from the future"]
)
def test_what_is_not_signed_by_the_provider_just_now_is_401_and_not_kept(
    counter: Counter, waiting: dict[str, Any], signed: dict[str, Any]
) -> None:
    event = charge_event(waiting["key"], "succeeded", waiting["total"]["amount"])
    problem(tell(counter.api, event, **signed), 401, "bad_signature")
    assert counter.read(waiting)["state"] == "placed"
    assert counter.rows("payment_event") == 0


@pytest.mark.parametrize("header", ["", "t=1", "v1=abc", "t=x,v1=abc", "nonsense", "t=1,t=2,v1=abc"])
def test_a_signature_that_cannot_be_read_is_401(counter: Counter, waiting: dict[str, Any], header: str) -> None:
    event = charge_event(waiting["key"], "succeeded", waiting["total"]["amount"])
    headers = {"Content-Type": "application/json"} | ({"Sandbox-Signature": header} if header else {})
    told = problem(counter.api.post(PATH, json=event, headers=headers), 401, "bad_signature")
    assert told["detail"].endswith("no signature that can be read. Nothing was changed.")
    assert counter.rows("payment_event") == 0


def test_a_signature_is_of_these_very_bytes(counter: Counter, waiting: dict[str, Any]) -> None:
    body = json.dumps(charge_event(waiting["key"], "succeeded", 1)).encode()
    more = body.replace(b'"amount": 1', b'"amount": %d' % waiting["total"]["amount"])
    assert more != body
    answer = counter.api.post(PATH, content=more, headers={"Sandbox-Signature": signature(body)})
    problem(answer, 401, "bad_signature")
    assert counter.read(waiting)["state"] == "placed"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{", b'{"id": 7}', b"\xff", b'{"id":"e","type":"charge.x","charge":{"key":"k"}}'),
        *(b'{"id":"a\\u0000","type":"t"}', b'{"id":"a","type":"t\\u0000"}', b'{"id":"a\\ud800","type":"t"}'),
    ],
)
def test_what_is_signed_and_makes_no_sense_is_400(counter: Counter, body: bytes) -> None:
    headers = {"Sandbox-Signature": signature(body), "Content-Type": "application/json"}
    problem(counter.api.post(PATH, content=body, headers=headers), 400, "invalid_request")
    assert counter.rows("payment_event") == 0


@pytest.mark.parametrize(
    ("state", "field"), [("failed", "reason"), ("succeeded", "currency"), ("succeeded", "reference")]
)
def test_text_that_no_database_takes_is_400_and_leaves_the_order_as_it_is(
    counter: Counter, waiting: dict[str, Any], state: str, field: str
) -> None:
    event = charge_event(waiting["key"], state, waiting["total"]["amount"])
    event["charge"][field] = "a\0"
    refused = problem(tell(counter.api, event), 400, "invalid_request")
    assert refused["detail"].endswith(f"The webhook cannot be read: charge.{field} holds what is no character.")
    assert counter.read(waiting)["state"] == "placed"
    assert counter.rows("payment_event") == 0


@pytest.mark.parametrize("provider", ["manual", "paypal", "x", "SANDBOX"])
def test_who_sends_no_webhooks_is_404(counter: Counter, provider: str) -> None:
    body = json.dumps(charge_event("k", "succeeded", 1)).encode()
    headers = {"Sandbox-Signature": signature(body), "Content-Type": "application/json"}
    problem(counter.api.post(f"/v1/payments/{provider}/webhook", content=body, headers=headers), 404, "not_found")


def test_news_of_a_charge_that_is_not_ours_are_kept_and_change_nothing(
    counter: Counter, waiting: dict[str, Any]
) -> None:
    done(tell(counter.api, charge_event("a-key-of-another-shop", "succeeded", 100)))
    done(tell(counter.api, {"id": "evt-other", "type": "payout.made"}))
    assert counter.read(waiting)["state"] == "placed"
    assert counter.rows("payment_event") == 2


def test_another_amount_than_was_asked_for_waits_for_a_person(counter: Counter, waiting: dict[str, Any]) -> None:
    total = waiting["total"]["amount"]
    done(tell(counter.api, charge_event(waiting["key"], "succeeded", total - 1)))
    order, payment = counter.read(waiting), counter.payment(waiting)
    assert (order["state"], payment["state"], payment["captured"]) == ("placed", "unknown", euros(0))
    (issue,) = payment["issues"]
    assert (issue["kind"], issue["resolved_at"]) == ("amount_mismatch", None)
    assert issue["data"] == {"charged": str(total - 1), "currency": "EUR", "expected": str(total)}
    assert counter.stock() == (10, 2)
    (card,) = done(counter.staff("GET", "orders?view=unclear"))["data"]
    assert (card["number"], card["attention"]) == (waiting["number"], True)


def test_a_wrong_amount_that_is_settled_stays_settled_however_often_it_is_told(counter: Counter, bank: Bank) -> None:
    bank.takes = 1
    order = counter.order("sandbox")
    event = charge_event(bank.charged[0].key, "succeeded", 1)
    done(tell(counter.api, event))
    done(counter.staff("POST", f"orders/{order['number']}/cancel", {"reason": "wrong amount"}))
    before = counter.seen(order)
    assert [issue["resolved_at"] is None for issue in before["payments"][0]["issues"]] == [False]
    assert done(tell(counter.api, event)) == {"received": event["id"]}
    assert counter.seen(order) == before
    done(tell(counter.api, charge_event(bank.charged[0].key, "succeeded", 1)))
    assert counter.seen(order)["order"] == before["order"]
    assert done(counter.staff("GET", "orders?view=unclear"))["total"] == 0


def test_twenty_copies_of_an_event_at_once_are_recorded_once(
    counter: Counter, waiting: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    event = charge_event(waiting["key"], "succeeded", waiting["total"]["amount"])
    recorded: list[str] = []

    def counted(c: Any, number: str, answer: Any) -> Any:
        came_to = record_charge(c, number, answer)
        recorded.append(came_to)
        return came_to

    monkeypatch.setattr(take_webhook, "record_charge", counted)
    with ThreadPoolExecutor(20) as senders:
        answers = list(senders.map(lambda _: tell(counter.api, event), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert recorded == ["confirmed"]
    assert kinds(counter.read(waiting)) == ["placed", "paid"]
    assert counter.rows("payment_event") == 1


def test_an_event_that_could_not_be_recorded_is_taken_when_it_comes_again(
    counter: Counter, waiting: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    event = charge_event(waiting["key"], "succeeded", waiting["total"]["amount"])

    def cut_off(*_: Any) -> None:
        raise DatabaseUnavailable("The database went away.")

    with monkeypatch.context() as patched:
        patched.setattr(take_webhook, "record_charge", cut_off)
        assert tell(counter.api, event).status_code == 503
    assert (counter.read(waiting)["state"], counter.rows("payment_event")) == ("placed", 0)
    done(tell(counter.api, event))
    assert counter.read(waiting)["state"] == "confirmed"


def test_another_currency_than_was_asked_for_waits_for_a_person(counter: Counter, waiting: dict[str, Any]) -> None:
    event = charge_event(waiting["key"], "succeeded", waiting["total"]["amount"], currency="USD")
    done(tell(counter.api, event))
    assert counter.payment(waiting)["issues"][0]["kind"] == "amount_mismatch"
    assert counter.read(waiting)["state"] == "placed"


def test_a_refund_that_is_told_of_is_settled_once(counter: Counter, bank: Bank) -> None:
    order = counter.order("sandbox")
    bank.silent = True
    done(counter.refund(order, 1000), 201)
    (key,) = bank.returned
    for _ in range(2):
        done(tell(counter.api, refund_event(key, "succeeded", 1000)))
    done(tell(counter.api, refund_event(key, "failed", 1000)))
    payment = counter.payment(order)
    assert (payment["refunded"], payment["refund_pending"]) == (euros(1000), euros(0))
    assert kinds(counter.read(order)) == ["placed", "paid", "refunded"]


def test_a_webhook_that_comes_before_the_answer_of_the_charge_counts_once(
    counter: Counter, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart = counter.cart()
    answering = bank._answer

    def told_first(charge: Any) -> Any:
        # What the webhook's request does, by the same function: the loop of this API is busy with the charge.
        answer = answering(charge)
        counter.database.write(lambda c: record_charge(c, charge.order_number, answer))
        return answer

    monkeypatch.setattr(bank, "_answer", told_first)
    order = done(counter.check_out(cart, "sandbox"), 201)
    assert (order["state"], kinds(order)) == ("confirmed", ["placed", "paid"])
    assert counter.rows("ledger_transaction") == 1
