"""Webhooks: signed, repeated until they are taken, and spoilt on demand."""

import time

import httpx
import pytest

from shopapi.payments.providers.sandbox_events import verify
from tests.sandbox.conftest import OTHER_SECRET, SECRET, Receiver, SandboxProcess, charge, client_at
from tests.waiting import wait_until


def test_each_is_signed_fresh_and_has_its_own_id(sandbox: httpx.Client, receiver: Receiver) -> None:
    for n in range(5):
        charge(sandbox, f"key-{n}", "tok_ok")
    wait_until(lambda: len(receiver.taken) == 5, 5, "five webhooks")
    for headers, body in receiver.taken:
        verify(headers, body, [SECRET], time.time())
    assert len(set(receiver.ids())) == 5


def test_one_that_is_refused_comes_again_until_it_is_taken(sandbox: httpx.Client, receiver: Receiver) -> None:
    receiver.refusing = 3
    charge(sandbox, "key-1", "tok_ok")
    wait_until(lambda: receiver.types() == ["charge.succeeded"], 10, "the webhook to be taken")
    assert receiver.refused == 3
    wait_until(lambda: sandbox.get("/events").json()[0]["delivered"], 5, "the journal to know")
    assert sandbox.get("/events").json()[0]["attempts"] == 4


def test_a_duplicate_comes_five_times_with_one_id(sandbox: httpx.Client, receiver: Receiver) -> None:
    charge(sandbox, "key-1", "tok_webhook_duplicate")
    wait_until(lambda: len(receiver.taken) == 5, 5, "five copies")
    assert len(set(receiver.ids())) == 1


def test_a_lost_one_never_comes_until_it_is_asked_for(sandbox: httpx.Client, receiver: Receiver) -> None:
    charge(sandbox, "key-1", "tok_webhook_lost")
    charge(sandbox, "key-2", "tok_ok")
    wait_until(lambda: len(receiver.taken) == 1, 5, "the other charge's webhook")
    lost, _ = sandbox.get("/events").json()
    assert (lost["lost"], lost["attempts"]) == (True, 0)
    assert sandbox.post("/events/resend", json={"key": "key-1"}).json() == {"events": 1}
    wait_until(lambda: lost["id"] in receiver.ids(), 5, "the lost webhook")


def test_one_that_was_delivered_is_sent_again_with_its_own_id(sandbox: httpx.Client, receiver: Receiver) -> None:
    charge(sandbox, "key-1", "tok_ok")
    wait_until(lambda: len(receiver.taken) == 1, 5, "the webhook")
    event = receiver.ids()[0]
    wait_until(lambda: sandbox.get("/events").json()[0]["delivered"], 5, "the journal to know")
    assert sandbox.post("/events/resend", json={"id": event}).json() == {"events": 1}
    wait_until(lambda: receiver.ids() == [event, event], 5, "the same webhook again")
    assert sandbox.post("/events/resend", json={"id": "evt_nope"}).json() == {"events": 0}


def test_reordered_ones_tell_the_end_before_the_beginning(sandbox: httpx.Client, receiver: Receiver) -> None:
    charge(sandbox, "key-1", "tok_webhook_reordered")
    wait_until(lambda: len(receiver.taken) == 2, 5, "both webhooks")
    assert receiver.types() == ["charge.succeeded", "charge.processing"]


@pytest.mark.parametrize("mode", ["webhook_lost", "webhook_duplicate"])
def test_a_fault_for_webhooks_to_come_strikes_so_many(sandbox: httpx.Client, receiver: Receiver, mode: str) -> None:
    sandbox.post("/faults", json={"mode": mode, "count": 2})
    keys = [charge(sandbox, f"key-{n}", "tok_ok")["key"] for n in range(4)]
    expected = 2 if mode == "webhook_lost" else 2 * 5 + 2
    wait_until(lambda: len(receiver.taken) == expected, 5, f"{expected} webhooks")
    wait_until(lambda: sandbox.get("/faults").json()[0]["struck"] == 2, 5, "the fault to have struck")
    events = sandbox.get("/events").json()
    assert [event["key"] for event in events] == keys
    assert sum(event["lost"] for event in events) == (2 if mode == "webhook_lost" else 0)


def test_delayed_ones_come_later(sandbox: httpx.Client, receiver: Receiver) -> None:
    sandbox.post("/faults", json={"mode": "webhook_delayed", "seconds": 1, "count": 1})
    began = time.monotonic()
    charge(sandbox, "key-1", "tok_ok")
    wait_until(lambda: receiver.types() == ["charge.succeeded"], 10, "the webhook")
    assert time.monotonic() - began >= 1


@pytest.mark.processes
def test_while_the_secret_changes_both_sign(sandbox_process: SandboxProcess, receiver: Receiver) -> None:
    process = sandbox_process(SHOP_SANDBOX_SECRET=f"{OTHER_SECRET},{SECRET}")
    with client_at(process) as client:  # It still calls with the old secret.
        charge(client, "key-1", "tok_ok")
    wait_until(lambda: len(receiver.taken) == 1, 10, "the webhook")
    headers, body = receiver.taken[0]
    verify(headers, body, [SECRET], time.time())
    verify(headers, body, [OTHER_SECRET], time.time())
