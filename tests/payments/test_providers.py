"""The plug-ins: found by name, and the sandbox's never says more than it knows, whatever the sandbox does."""

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, TypeVar

import httpx
import pytest

import shopapi.payments.providers as plug_ins
from shopapi.payments.providers import find_providers
from shopapi.payments.providers.interface import (
    BadSignature,
    Charge,
    ChargeAnswer,
    NoAnswer,
    NotTaken,
    PaymentProvider,
    RefundAnswer,
    TooBusy,
)
from shopapi.payments.providers.sandbox import Sandbox
from shopapi.runtime.settings import SettingsError, read
from shopapi.settings import ApiSettings
from tests.processes import ShopProcess
from tests.sandbox.conftest import (
    OTHER_SECRET,
    RETURN_URL,
    SECRET,
    Receiver,
    client_at,
    standing_receiver,
    standing_sandbox,
)
from tests.waiting import free_port, wait_until

__all__ = ["standing_receiver", "standing_sandbox"]
T = TypeVar("T")


def a_charge(token: str | None = "tok_ok", key: str = "") -> Charge:
    return Charge(key or secrets.token_hex(12), 8800, "EUR", "S-1001", token, RETURN_URL, "de")


def answer_of(url: str, call: Callable[[Sandbox], Awaitable[T]], read_s: float = 10, secret: str = SECRET) -> T:
    """What the plug-in answers to one call, in a loop of its own."""

    async def run() -> T:
        provider = Sandbox(url, (secret,), read_s=read_s, whole_s=read_s + 0.5)
        try:
            return await call(provider)
        finally:
            await provider.close()

    return asyncio.run(run())


@pytest.fixture
def process(standing_sandbox: ShopProcess) -> ShopProcess:
    return standing_sandbox


@pytest.fixture
def operator(process: ShopProcess) -> Iterator[httpx.Client]:
    with client_at(process) as client:
        yield client
        client.delete("/faults")


@pytest.fixture
def key() -> str:
    """A key that no test had before."""
    return secrets.token_hex(12)


# --- finding


def test_every_shop_takes_bank_transfers_and_the_sandbox_where_it_is_asked_for() -> None:
    assert list(find_providers(read(ApiSettings, {}))) == ["manual"]
    asked = {"SHOP_SANDBOX_URL": "http://127.0.0.1:8002", "SHOP_SANDBOX_SECRET": SECRET}
    found = find_providers(read(ApiSettings, asked))
    assert {name: provider.offline for name, provider in found.items()} == {"manual": True, "sandbox": False}


@pytest.mark.parametrize("secret", ["", f"{SECRET},short"])
def test_a_sandbox_without_a_good_secret_stops_the_start(secret: str) -> None:
    asked = {"SHOP_SANDBOX_URL": "http://127.0.0.1:8002", "SHOP_SANDBOX_SECRET": secret}
    with pytest.raises(SettingsError, match="SHOP_SANDBOX_SECRET"):
        find_providers(read(ApiSettings, asked))


class Entry:
    """An entry point of somebody else's package."""

    def __init__(self, name: str, factory: Callable[[ApiSettings], PaymentProvider | None] | None) -> None:
        self.name = name
        self._factory = factory

    def load(self) -> Callable[[ApiSettings], PaymentProvider | None]:
        if self._factory is None:
            raise ImportError("No module named 'gone'")
        return self._factory


class Coins(Sandbox):
    name = "coins"


def installed(monkeypatch: pytest.MonkeyPatch, *entries: Entry) -> None:
    def entry_points(*, group: str) -> list[Entry]:
        assert group == "shopctl.payment_providers"
        return list(entries)

    monkeypatch.setattr(plug_ins, "entry_points", entry_points)


def test_a_package_may_bring_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    coins = Coins("http://127.0.0.1:1", (SECRET,))
    installed(monkeypatch, Entry("coins", lambda _: coins), Entry("unwanted", lambda _: None))
    assert find_providers(read(ApiSettings, {}))["coins"] is coins
    assert "unwanted" not in find_providers(read(ApiSettings, {}))


def test_a_package_cannot_take_the_place_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, Entry("manual", lambda _: Coins("http://127.0.0.1:1", (SECRET,))))
    assert find_providers(read(ApiSettings, {}))["manual"].offline


@pytest.mark.parametrize("factory", [None, lambda _: Coins("http://127.0.0.1:1", (SECRET,))])
def test_a_provider_that_cannot_be_used_stops_the_start(monkeypatch: pytest.MonkeyPatch, factory: Any) -> None:
    installed(monkeypatch, Entry("broken", factory))
    with pytest.raises(SettingsError, match='The payment provider "broken"'):
        find_providers(read(ApiSettings, {}))


def test_our_own_are_registered_as_any_other() -> None:
    from importlib.metadata import entry_points

    assert {entry.name for entry in entry_points(group="shopctl.payment_providers")} >= {"manual", "sandbox"}


# --- bank transfer


def test_a_bank_transfer_waits_and_leads_nowhere() -> None:
    manual = find_providers(read(ApiSettings, {}))["manual"]
    assert asyncio.run(manual.charge(a_charge(None))) == ChargeAnswer("open", amount=8800, currency="EUR")
    with pytest.raises(BadSignature):
        manual.event({}, b"{}")


# --- the sandbox, behaving

processes = pytest.mark.processes


@processes
def test_a_charge_is_made_asked_for_and_given_back(process: ShopProcess, key: str) -> None:
    charge = a_charge()
    charged = answer_of(process.url, lambda p: p.charge(charge))
    assert (charged.state, charged.amount, charged.currency, charged.url) == ("succeeded", 8800, "EUR", None)
    assert answer_of(process.url, lambda p: p.charge(charge)) == charged
    assert answer_of(process.url, lambda p: p.ask(charge.key)) == charged
    assert answer_of(process.url, lambda p: p.cancel(charge.key)).state == "succeeded"
    given = answer_of(process.url, lambda p: p.refund(f"{key}-refund", charge.key, 500, "EUR"))
    assert (given.state, given.amount) == ("succeeded", 500)
    assert answer_of(process.url, lambda p: p.ask_refund(f"{key}-refund")) == given
    assert answer_of(process.url, lambda p: p.refund(f"{key}-other", charge.key, 8301, "EUR")).state == "failed"


@processes
def test_a_charge_without_a_token_leads_to_the_hosted_page(process: ShopProcess) -> None:
    for token in (None, "tok_3ds"):
        charge = a_charge(token)
        told = answer_of(process.url, lambda p, charge=charge: p.charge(charge))  # type: ignore[misc]
        assert told.state == "open"
        assert told.url is not None
        assert httpx.get(told.url, follow_redirects=True, trust_env=False).status_code == 200
        assert answer_of(process.url, lambda p, charge=charge: p.cancel(charge.key)).state == "failed"  # type: ignore[misc]


@processes
def test_a_key_that_nobody_heard_of_is_told_and_can_be_cancelled_for_good(process: ShopProcess, key: str) -> None:
    charge = a_charge(key="odd key/with?signs")
    assert answer_of(process.url, lambda p: p.ask(key)) == ChargeAnswer("unheard")
    assert answer_of(process.url, lambda p: p.ask_refund(f"{key}-refund")) == RefundAnswer("unheard")
    assert answer_of(process.url, lambda p: p.cancel(key)).state == "failed"
    assert answer_of(process.url, lambda p: p.charge(a_charge(key=key))).state == "failed"
    with pytest.raises(TooBusy):  # A key that the sandbox does not take: nothing was done with it.
        answer_of(process.url, lambda p: p.charge(charge))


@processes
def test_its_webhooks_are_read(process: ShopProcess, standing_receiver: Receiver) -> None:
    charge = a_charge()
    charged = answer_of(process.url, lambda p: p.charge(charge))

    def webhook() -> tuple[dict[str, str], bytes] | None:
        return next((one for one in standing_receiver.taken if charge.key.encode() in one[1]), None)

    told = wait_until(webhook, 5, "the webhook")
    assert told is not None
    event = Sandbox(process.url, (OTHER_SECRET, SECRET)).event(*told)
    assert (event.subject, event.key, event.charge) == ("charge", charge.key, charged)


# --- the sandbox, misbehaving


def patience(mode: str) -> float:
    """How long to wait for an answer: not long where none comes."""
    return 1 if mode == "slow" or mode.endswith("no_answer") else 10


@processes
@pytest.mark.parametrize(
    ("mode", "charged"),
    [
        ("charged_no_answer", True),
        ("not_charged_no_answer", False),
        ("charged_500", True),
        ("not_charged_500", False),
        ("reset", True),
        ("not_charged_reset", False),
        ("slow", True),
        ("503", False),
    ],
)
def test_a_charge_without_a_good_answer_is_unknown_until_it_is_asked_for(
    process: ShopProcess, mode: str, charged: bool
) -> None:
    charge = a_charge(f"tok_{mode}")
    with pytest.raises(NoAnswer):
        answer_of(process.url, lambda p: p.charge(charge), patience(mode))
    state = "succeeded" if charged else "unheard"
    wait_until(lambda: answer_of(process.url, lambda p: p.ask(charge.key)).state == state, 10, f"it to be {state}")


@processes
@pytest.mark.parametrize("mode", ["charged_no_answer", "not_charged_no_answer", "charged_500", "reset", "503"])
def test_a_refund_without_a_good_answer_is_unknown_until_it_is_asked_for(
    process: ShopProcess, operator: httpx.Client, mode: str, key: str
) -> None:
    charge = a_charge()
    answer_of(process.url, lambda p: p.charge(charge))
    operator.post("/faults", json={"mode": mode, "calls": ["refund"], "count": 1})
    with pytest.raises(NoAnswer):
        answer_of(process.url, lambda p: p.refund(f"{key}-refund", charge.key, 500, "EUR"), patience(mode))
    state = "unheard" if mode in ("not_charged_no_answer", "503") else "succeeded"
    assert answer_of(process.url, lambda p: p.ask_refund(f"{key}-refund")).state == state
    assert answer_of(process.url, lambda p: p.refund(f"{key}-refund", charge.key, 500, "EUR")).state == "succeeded"
    assert operator.get(f"/charges/{charge.key}").json()["refunded"] == 500


@processes
def test_a_429_says_that_nothing_has_moved(process: ShopProcess, operator: httpx.Client, key: str) -> None:
    charge = a_charge("tok_429")
    with pytest.raises(TooBusy):
        answer_of(process.url, lambda p: p.charge(charge))
    assert answer_of(process.url, lambda p: p.ask(charge.key)).state == "unheard"
    operator.post("/faults", json={"mode": "429", "calls": ["refund", "ask", "cancel", "ask_refund"]})
    with pytest.raises(TooBusy):
        answer_of(process.url, lambda p: p.refund(f"{key}-refund", charge.key, 500, "EUR"))
    for call in (lambda p: p.ask(key), lambda p: p.cancel(key), lambda p: p.ask_refund(f"{key}-refund")):
        with pytest.raises(NoAnswer):
            answer_of(process.url, call)
    assert operator.get("/faults").json()[0]["struck"] == 4


@processes
@pytest.mark.parametrize("mode", ["charged_no_answer", "charged_500", "reset", "503"])
def test_what_is_asked_without_an_answer_stays_unknown(
    process: ShopProcess, operator: httpx.Client, mode: str, key: str
) -> None:
    operator.post("/faults", json={"mode": mode, "calls": ["ask", "cancel", "ask_refund"]})
    for call in (lambda p: p.ask(key), lambda p: p.cancel(key), lambda p: p.ask_refund(f"{key}-refund")):
        with pytest.raises(NoAnswer):
            answer_of(process.url, call, patience(mode))
    assert operator.get("/faults").json()[0]["struck"] == 3


@processes
def test_another_sum_than_was_asked_for_is_passed_on_as_it_is(process: ShopProcess) -> None:
    told = answer_of(process.url, lambda p: p.charge(a_charge("tok_wrong_amount")))
    assert (told.state, told.amount, told.currency) == ("succeeded", 8799, "EUR")
    told = answer_of(process.url, lambda p: p.charge(a_charge("tok_wrong_currency")))
    assert (told.state, told.amount, told.currency) == ("succeeded", 8800, "USD")


@processes
def test_a_declined_card_says_why(process: ShopProcess) -> None:
    told = answer_of(process.url, lambda p: p.charge(a_charge("tok_insufficient_funds")))
    assert (told.state, told.reason) == ("failed", "insufficient_funds")


@processes
def test_a_token_that_the_sandbox_does_not_know_is_refused_and_not_too_busy(process: ShopProcess) -> None:
    charge = a_charge("tok_nope")
    with pytest.raises(NotTaken) as refused:
        answer_of(process.url, lambda p: p.charge(charge))
    assert "tok_nope" not in str(refused.value)
    assert answer_of(process.url, lambda p: p.ask(charge.key)).state == "unheard"


@processes
def test_a_key_that_comes_again_for_something_else_is_no_answer(process: ShopProcess) -> None:
    charge = a_charge()
    answer_of(process.url, lambda p: p.charge(charge))
    other = Charge(charge.key, 1, "EUR", "S-1001", "tok_ok", RETURN_URL, "de")
    with pytest.raises(NoAnswer):  # What was charged under this key was charged: it must not pass for nothing.
        answer_of(process.url, lambda p: p.charge(other))


@processes
def test_a_wrong_secret_moves_nothing_and_does_not_pass_for_an_unheard_key(process: ShopProcess, key: str) -> None:
    with pytest.raises(TooBusy):
        answer_of(process.url, lambda p: p.charge(a_charge()), secret=OTHER_SECRET)
    with pytest.raises(NoAnswer):
        answer_of(process.url, lambda p: p.ask(key), secret=OTHER_SECRET)


def test_where_nobody_listens_nothing_was_sent(key: str) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(TooBusy):
        answer_of(url, lambda p: p.charge(a_charge()))
    with pytest.raises(TooBusy):
        answer_of(url, lambda p: p.refund(f"{key}-refund", key, 500, "EUR"))
    for call in (lambda p: p.ask(key), lambda p: p.cancel(key), lambda p: p.ask_refund(f"{key}-refund")):
        with pytest.raises(NoAnswer):
            answer_of(url, call)


@contextmanager
def saying(said: bytes, *, byte_by_byte: bool = False) -> Iterator[str]:
    """The URL of a server that says always the same, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    c, _ = server.accept()
                except OSError:
                    return
                with c:
                    c.settimeout(5)
                    try:
                        c.recv(65_536)
                        for n in range(len(said)) if byte_by_byte else ():
                            c.sendall(said[n : n + 1])
                            closing.wait(0.2)
                        if not byte_by_byte:
                            c.sendall(said)
                    except OSError:
                        continue

        closing = Event()
        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            closing.set()
            server.shutdown(socket.SHUT_RDWR)


def http(status: str, body: bytes, *more: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status}".encode(), b"Content-Length: %d" % len(body), b"Connection: close", *more]
    return b"\r\n".join([*lines, b"", body])


GOOD = b'{"reference": "ch_1", "key": "k", "amount": 1, "currency": "EUR", "state": "succeeded"}'


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"nonsense\r\n\r\n",
        http("200 OK", b""),
        http("200 OK", b"<html>"),
        http("200 OK", b"\xff\xfe"),
        http("200 OK", b"{}"),
        http("200 OK", GOOD.replace(b"succeeded", b"exploded")),
        http("200 OK", GOOD.replace(b'"amount": 1', b'"amount": 1.5')),
        http("200 OK", GOOD.replace(b'"amount": 1', b'"amount": -1')),
        http("200 OK", GOOD, b"Content-Encoding: gzip"),
        http("200 OK", GOOD)[:-10],
        http("204 No Content", b""),
        http("301 Moved", b"", b"Location: http://127.0.0.1:1/"),
        http("404 Not Found", b"no such page"),
        http("401 Unauthorized", b"a proxy's own words"),
        http("502 Bad Gateway", b""),
        http("503 Service Unavailable", b"", b"Retry-After: 1"),
        http("504 Gateway Timeout", b""),
    ],
)
def test_an_answer_that_cannot_be_relied_on_is_none(said: bytes, key: str) -> None:
    with saying(said) as url:
        for call in (
            lambda p: p.charge(a_charge()),
            lambda p: p.refund(f"{key}-refund", key, 500, "EUR"),
            lambda p: p.ask(key),
            lambda p: p.cancel(key),
            lambda p: p.ask_refund(f"{key}-refund"),
        ):
            with pytest.raises(NoAnswer):
                answer_of(url, call)


def test_an_answer_that_comes_byte_by_byte_has_an_end() -> None:
    with saying(http("200 OK", GOOD), byte_by_byte=True) as url, pytest.raises(NoAnswer):
        answer_of(url, lambda p: p.charge(a_charge()), 1)


def test_it_goes_on_working_in_another_event_loop() -> None:
    with saying(http("200 OK", GOOD)) as url:
        provider = Sandbox(url, (SECRET,))
        for _ in range(2):
            assert asyncio.run(provider.ask("k")).state == "succeeded"
