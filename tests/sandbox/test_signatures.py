"""Whose webhooks the shop believes: only the sandbox's own, fresh, and unchanged by a single byte."""

import hashlib
import hmac
import time

import msgspec
import pytest

from shopapi.payments.providers.interface import BadSignature, ChargeAnswer, RefundAnswer
from shopapi.payments.providers.sandbox import Sandbox
from shopctl.sandbox.signing import HEADER, signature
from tests.sandbox.conftest import OTHER_SECRET, SECRET

CHARGE = {
    "reference": "ch_1",
    "key": "key-1",
    "amount": 8800,
    "currency": "EUR",
    "state": "succeeded",
    "reason": "",
    "url": None,
    "version": 2,
}
BODY = msgspec.json.encode({"id": "evt_1", "type": "charge.succeeded", "created_at": 1.5, "charge": CHARGE})
PLUG_IN = Sandbox("http://127.0.0.1:1", (SECRET,))


def now(shift: int = 0) -> int:
    return int(time.time()) + shift


def test_the_sandboxs_own_is_believed() -> None:
    event = PLUG_IN.event({HEADER: signature(BODY, [SECRET], now())}, BODY)
    assert (event.id, event.kind, event.subject, event.key) == ("evt_1", "charge.succeeded", "charge", "key-1")
    assert event.charge == ChargeAnswer("succeeded", "ch_1", 8800, "EUR")


def test_the_signature_is_what_the_documentation_says() -> None:
    told = hmac.new(SECRET.encode(), b"1700000000." + BODY, hashlib.sha256).hexdigest()
    assert signature(BODY, [SECRET], 1_700_000_000) == f"t=1700000000,v1={told}"


@pytest.mark.parametrize("shift", [-299, 299])
def test_a_clock_may_be_a_little_off(shift: int) -> None:
    PLUG_IN.event({HEADER: signature(BODY, [SECRET], now(shift))}, BODY)


@pytest.mark.parametrize("shift", [-302, 302, -86_400 * 365])
def test_an_old_one_and_one_from_the_future_are_not(shift: int) -> None:
    with pytest.raises(BadSignature, match="300 s"):
        PLUG_IN.event({HEADER: signature(BODY, [SECRET], now(shift))}, BODY)


def test_another_secrets_is_not() -> None:
    with pytest.raises(BadSignature):
        PLUG_IN.event({HEADER: signature(BODY, [OTHER_SECRET], now())}, BODY)


@pytest.mark.parametrize("place", range(0, len(BODY), 7))
def test_one_byte_that_changed_makes_it_worthless(place: int) -> None:
    changed = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
    with pytest.raises(BadSignature):
        PLUG_IN.event({HEADER: signature(BODY, [SECRET], now())}, changed)


def test_a_timestamp_that_was_moved_makes_it_worthless() -> None:
    old = signature(BODY, [SECRET], now(-1000))
    moved = f"t={now()},{old.partition(',')[2]}"
    with pytest.raises(BadSignature):
        PLUG_IN.event({HEADER: moved}, BODY)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t=1",
        "v1=00",
        "t=,v1=00",
        "t=x,v1=00",
        "t=-1,v1=00",
        "t=1,t=2,v1=00",
        "t=99999999999999999999,v1=00",
        "nonsense",
        "t=1,v1=" + "0" * 100_000,
        "t=1," + "v1=00," * 1000,
        "t=1,v1=é",
        "t=\N{ARABIC-INDIC DIGIT ONE},v1=00",
    ],
)
def test_a_header_that_is_missing_or_makes_no_sense_is_refused(header: str | None) -> None:
    with pytest.raises(BadSignature):
        PLUG_IN.event({} if header is None else {HEADER: header}, BODY)


@pytest.mark.parametrize("known", [(SECRET,), (OTHER_SECRET,), (SECRET, OTHER_SECRET), (OTHER_SECRET, SECRET)])
def test_while_the_secret_changes_the_old_and_the_new_one_are_good(known: tuple[str, ...]) -> None:
    plug_in = Sandbox("http://127.0.0.1:1", known)
    both = signature(BODY, [OTHER_SECRET, SECRET], now())
    assert plug_in.event({HEADER: both}, BODY).id == "evt_1"
    only_one = signature(BODY, [known[-1]], now())
    assert plug_in.event({HEADER: only_one}, BODY).id == "evt_1"


def test_the_names_case_does_not_matter() -> None:
    PLUG_IN.event({HEADER.lower(): signature(BODY, [SECRET], now())}, BODY)
    PLUG_IN.event({HEADER.upper(): signature(BODY, [SECRET], now())}, BODY)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff", b'{"id": "evt_1"}', BODY.replace(b'"succeeded"', b'"exploded"')]
)
def test_one_that_is_signed_but_makes_no_sense_is_told_from_a_forgery(body: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        PLUG_IN.event({HEADER: signature(body, [SECRET], now())}, body)


def test_one_of_an_unknown_kind_is_read_and_tells_nothing() -> None:
    body = b'{"id": "evt_2", "type": "dispute.opened", "dispute": {}}'
    event = PLUG_IN.event({HEADER: signature(body, [SECRET], now())}, body)
    assert (event.id, event.kind, event.subject, event.charge, event.refund) == (
        *("evt_2", "dispute.opened", "other"),
        *(None, None),
    )


def test_a_refunds_event_tells_of_the_refund() -> None:
    refund = {"reference": "re_1", "key": "refund-1", "amount": 500, "state": "succeeded", "reason": ""}
    body = msgspec.json.encode({"id": "evt_3", "type": "refund.succeeded", "refund": refund})
    event = PLUG_IN.event({HEADER: signature(body, [SECRET], now())}, body)
    assert (event.subject, event.key, event.refund) == ("refund", "refund-1", RefundAnswer("succeeded", "re_1", 500))
