"""Money that nobody knows about settles by itself: the provider is asked until it knows, and never twice for one."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from shopapi.checkout.expire_order import SILENT_S, expire_orders
from shopapi.db.types import clock
from shopapi.orders.tables import sales_order
from shopapi.payments.providers.interface import ChargeAnswer
from shopapi.payments.record_charge import GIVEN_UP_S
from shopapi.payments.tables import payment_attempt
from shopapi.settings import ApiSettings
from shopapi.worker import Reconciler
from tests import factories
from tests.api.bank import Bank, charge_event, tell, webhooks_overtake
from tests.api.problems import problem
from tests.api.selling import Counter, done, euros, kinds


@pytest.fixture
def ask(counter: Counter, settings: ApiSettings) -> Any:
    """What the worker does when everything that waits is due; answers how much that was."""
    asking = Reconciler(settings)

    def asked() -> int:
        counter.checks_are_due()
        return asking(counter.database)

    return asked


def unknown(counter: Counter, bank: Bank, way: str = "silent") -> dict[str, Any]:
    """An order whose charge got no answer: ``silent``, it was charged; ``away``, it was not."""
    setattr(bank, way, True)
    order = counter.order("sandbox")
    setattr(bank, way, False)
    assert order["payment"]["state"] == "unknown"
    return order


def test_a_charge_that_happened_without_an_answer_is_found(counter: Counter, bank: Bank, ask: Any) -> None:
    order = unknown(counter, bank)
    assert ask() == 1
    seen = counter.read(order)
    assert (seen["state"], seen["payment"]["captured"]) == ("confirmed", order["total"])
    assert kinds(seen) == ["placed", "payment_unknown", "paid"]
    assert bank.taken() == order["total"]["amount"]
    assert ask() == 0


def test_a_charge_that_never_arrived_is_called_off_before_the_order_is(counter: Counter, bank: Bank, ask: Any) -> None:
    order = unknown(counter, bank, "away")
    assert ask() == 1
    assert [what for what, _ in bank.asked] == ["charge", "ask", "cancel"]
    assert bank.charges[bank.asked[0][1]].state == "failed"
    seen = counter.read(order)
    assert (seen["state"], bank.taken(), counter.stock()) == ("cancelled", 0, (10, 0))
    assert kinds(seen) == ["placed", "payment_unknown", "payment_failed", "cancelled"]


def test_a_charge_that_was_declined_without_an_answer_opens_the_cart(counter: Counter, bank: Bank, ask: Any) -> None:
    bank.says = "declined"
    order = unknown(counter, bank)
    ask()
    assert counter.read(order)["state"] == "cancelled"
    assert counter.stock() == (10, 0)


def test_while_the_provider_is_silent_it_is_asked_less_and_less_often(counter: Counter, bank: Bank, ask: Any) -> None:
    order = unknown(counter, bank)
    bank.silent = True
    waits = []
    for _ in range(3):
        ask()
        (attempt,) = counter.payment(order)["attempts"]
        due = datetime.fromisoformat(attempt["next_check_at"])
        waits.append((due - datetime.now(UTC)).total_seconds())
    assert attempt["asked"] == 4
    assert [round(wait, -1) for wait in waits] == [60, 120, 120]
    assert counter.read(order)["state"] == "placed"
    bank.silent = False
    ask()
    assert counter.read(order)["state"] == "confirmed"


def test_after_a_day_of_silence_a_person_is_told_once_and_the_asking_goes_on(
    counter: Counter, bank: Bank, ask: Any
) -> None:
    order = unknown(counter, bank)
    with counter.database.writing() as c:
        c.execute(update(payment_attempt).values(created_at=clock(-GIVEN_UP_S - 60)))
    bank.silent = True
    for _ in range(2):
        ask()
    payment = counter.payment(order)
    assert [one["kind"] for one in payment["issues"]] == ["no_answer"]
    assert done(counter.staff("GET", "orders?view=unclear"))["total"] == 1
    bank.silent = False
    ask()
    payment = counter.payment(order)
    assert (payment["state"], payment["issues"][0]["resolved_at"] is not None) == ("captured", True)
    assert done(counter.staff("GET", "orders?view=unclear"))["total"] == 0


def test_sixteen_are_asked_at_once_and_no_more(counter: Counter, bank: Bank, ask: Any) -> None:
    factories.save(counter.database, factories.goods("Perle", on_hand=100, sku="PERLE"))
    bank.silent = True
    orders = [counter.order("sandbox", PERLE=1) for _ in range(18)]
    bank.silent = False
    known, running, most = bank.ask, 0, 0

    async def slow(key: str) -> ChargeAnswer:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(200):  # Turns of the loop: who may begin, begins meanwhile.
            await asyncio.sleep(0)
        running -= 1
        return await known(key)

    bank.ask = slow  # type: ignore[method-assign]
    assert (ask(), most) == (18, 16)
    assert {counter.read(order)["state"] for order in orders} == {"confirmed"}


def test_what_one_worker_asks_about_no_other_does(
    counter: Counter, bank: Bank, ask: Any, settings: ApiSettings
) -> None:
    order = unknown(counter, bank)
    known, others = bank.ask, []

    async def asked(key: str) -> ChargeAnswer:
        others.append(await asyncio.to_thread(Reconciler(settings), counter.database))
        return await known(key)

    bank.ask = asked  # type: ignore[method-assign]
    assert (ask(), others) == (1, [0])
    assert counter.read(order)["state"] == "confirmed"


def test_one_payment_s_defect_does_not_keep_others_waiting(
    counter: Counter, bank: Bank, ask: Any, caplog: pytest.LogCaptureFixture
) -> None:
    bank.silent = True
    first, second = counter.order("sandbox", KRUG=1), counter.order("sandbox", KRUG=1)
    bank.silent = False
    known = bank.ask

    async def broken(key: str) -> ChargeAnswer:
        if key == bank.charged[0].key:
            raise ZeroDivisionError
        return await known(key)

    bank.ask = broken  # type: ignore[method-assign]
    assert ask() == 2
    assert "reconciliation of one payment failed" in caplog.text
    assert (counter.read(first)["state"], counter.read(second)["state"]) == ("placed", "confirmed")
    bank.ask = known  # type: ignore[method-assign]
    ask()
    assert counter.read(first)["state"] == "confirmed"


def test_a_charge_of_another_amount_keeps_a_person_in_the_loop(counter: Counter, bank: Bank, ask: Any) -> None:
    bank.takes = 1
    order = counter.order("sandbox")
    for _ in range(2):
        ask()
    payment = counter.payment(order)
    assert (counter.read(order)["state"], payment["captured"]) == ("placed", euros(0))
    assert [one["kind"] for one in payment["issues"]] == ["amount_mismatch"]
    assert counter.stock() == (10, 2)
    # Its customer learns that somebody looks at it, and no more.
    assert [one["data"] for one in counter.read(order)["events"] if one["kind"] == "payment_issue"] == [
        {"issue": "amount_mismatch"}
    ]


def cancelled_by_staff(counter: Counter, order: dict[str, Any], reason: str = "wrong amount") -> httpx.Response:
    return counter.staff("POST", f"orders/{order['number']}/cancel", {"reason": reason})


@pytest.mark.parametrize("taken", [1, 4189, 4191, 99_999])
def test_what_was_charged_wrongly_goes_back_to_the_cent_when_staff_cancel(
    counter: Counter, bank: Bank, taken: int
) -> None:
    bank.takes = taken
    order = counter.order("sandbox")
    assert bank.taken() == taken
    cancelled = done(cancelled_by_staff(counter, order))
    assert (cancelled["order"]["state"], cancelled["payments"][0]["captured"]) == ("cancelled", euros(0))
    assert [one.amount for one in bank.returned.values()] == [taken]
    assert (bank.taken(), counter.stock()) == (0, (10, 0))
    (issue,) = cancelled["payments"][0]["issues"]
    assert issue["resolved_at"] is not None
    assert issue["data"]["given_back"] == "yes"
    # All are told, once, what went back: it is in no sum.
    back = {"issue": "amount_mismatch", "given_back": "yes", "amount": str(taken), "currency": "EUR"}
    for told in (cancelled["order"], counter.read(order)):
        assert [one["data"] for one in told["events"]][-2] == back
    problem(cancelled_by_staff(counter, order), 409, "invalid_transition")


@pytest.mark.parametrize("says", ["failed", "busy"])
def test_an_order_is_not_cancelled_before_the_wrong_amount_has_gone_back(
    counter: Counter, bank: Bank, says: str
) -> None:
    bank.takes = 1
    order = counter.order("sandbox")
    bank.refunds_say = says
    before = counter.seen(order)
    problem(cancelled_by_staff(counter, order), 409, "payment_unclear")
    assert (counter.seen(order), counter.stock()) == (before, (10, 2))
    assert bank.taken() == 1


def test_what_was_charged_wrongly_for_an_order_that_was_given_up_goes_back_as_well(
    counter: Counter, bank: Bank, ask: Any
) -> None:
    bank.takes = 1
    order = unknown(counter, bank)
    counter.let_time_pass(SILENT_S)
    assert expire_orders(counter.database) == 1
    ask()
    assert [one["kind"] for one in counter.payment(order)["issues"]] == ["amount_mismatch"]
    problem(counter.cancel(order), 409, "invalid_transition")
    assert bank.taken() == 1
    done(cancelled_by_staff(counter, order))
    assert (counter.read(order)["state"], bank.taken(), counter.stock()) == ("cancelled", 0, (10, 0))
    assert counter.payment(order)["issues"][0]["resolved_at"] is not None


@pytest.mark.parametrize("way", ["silent", "away"])
def test_a_refund_without_an_answer_is_settled_and_made_once(counter: Counter, bank: Bank, ask: Any, way: str) -> None:
    order = counter.order("sandbox")
    setattr(bank, way, True)
    done(counter.refund(order, 1000), 201)
    setattr(bank, way, False)
    assert ask() == 1
    payment = counter.payment(order)
    assert (payment["state"], payment["refunded"], payment["refund_pending"]) == (
        "partly_refunded",
        euros(1000),
        euros(0),
    )
    assert bank.taken() == order["total"]["amount"] - 1000
    assert ask() == 0


def test_a_refund_that_the_provider_was_too_busy_for_is_made_later(counter: Counter, bank: Bank, ask: Any) -> None:
    order = counter.order("sandbox")
    bank.refunds_say = "busy"
    assert done(counter.refund(order), 201)["refund_pending"] == order["total"]
    bank.refunds_say = "succeeded"
    ask()
    assert counter.payment(order)["state"] == "refunded"


def test_what_a_provider_that_was_taken_out_owes_is_not_forgotten(
    counter: Counter, bank: Bank, settings: ApiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = unknown(counter, bank)
    counter.checks_are_due()
    with monkeypatch.context() as patched:
        patched.setattr("shopapi.worker.find_providers", lambda _: {})
        assert Reconciler(settings)(counter.database) == 1
    assert counter.read(order)["state"] == "placed"
    counter.checks_are_due()
    Reconciler(settings)(counter.database)
    assert counter.read(order)["state"] == "confirmed"


def test_nothing_is_asked_before_it_is_due_and_transfers_never(
    counter: Counter, bank: Bank, ask: Any, settings: ApiSettings
) -> None:
    counter.order(KRUG=1)
    assert ask() == 0
    unknown(counter, bank)
    asked = len(bank.asked)
    assert Reconciler(settings)(counter.database) == 0
    assert len(bank.asked) == asked


# a cancellation whose answer gets lost


@pytest.fixture
def asked_to_cancel(counter: Counter, bank: Bank) -> dict[str, Any]:
    """An order whose customer cancelled it on the provider's page; the provider did so, and its answer was lost."""
    bank.says = "open"
    order = counter.order("sandbox")
    bank.silent = True
    problem(counter.cancel(order), 409, "payment_unclear")
    bank.silent = False
    assert counter.read(order)["state"] == "placed"
    return order


def is_their_own(counter: Counter, order: dict[str, Any]) -> None:
    seen = counter.read(order)
    assert (seen["state"], seen["payment"]["state"], kinds(seen)) == ("cancelled", "cancelled", ["placed", "cancelled"])
    assert seen["events"][-1]["data"]["reason"] == "customer"
    told = counter.seen(order)["order"]["events"]
    assert [(one["kind"], one["actor"]) for one in told[1:]] == [
        ("cancel_asked", "customer"),
        ("cancelled", "customer"),
    ]
    assert counter.stock() == (10, 0)


def test_a_cancellation_whose_answer_was_lost_is_the_customer_s_all_the_same(
    counter: Counter, asked_to_cancel: dict[str, Any], ask: Any
) -> None:
    assert ask() == 1
    is_their_own(counter, asked_to_cancel)


def test_a_webhook_that_overtakes_the_answer_to_a_cancellation_makes_no_failed_payment(
    counter: Counter, bank: Bank
) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    webhooks_overtake(bank, counter.api)
    done(counter.cancel(order))
    is_their_own(counter, order)


def test_who_calls_it_off_on_the_provider_s_page_as_well_has_cancelled(counter: Counter, bank: Bank) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    bank.away = True
    problem(counter.cancel(order), 409, "payment_unclear")
    done(tell(counter.api, charge_event(bank.charged[0].key, "failed", 0, reason="cancelled_by_customer")))
    is_their_own(counter, order)


@pytest.mark.parametrize(("reason", "state"), [("cancelled_by_customer", "cancelled"), ("declined", "failed")])
def test_a_payment_that_its_customer_called_off_has_not_failed(
    counter: Counter, bank: Bank, reason: str, state: str
) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    done(tell(counter.api, charge_event(bank.charged[0].key, "failed", 0, reason=reason)))
    assert counter.payment(order)["state"] == state


@pytest.mark.parametrize("told_by", ["webhook", "the answer to the customer", "the answer to staff"])
def test_a_card_that_is_declined_before_a_cancellation_is_heard_is_told_as_declined(
    counter: Counter, bank: Bank, ask: Any, told_by: str
) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    bank.away = True
    problem(counter.cancel(order), 409, "payment_unclear")
    bank.away = False
    key = bank.charged[0].key
    bank.charges[key] = ChargeAnswer("failed", reason="insufficient_funds")
    match told_by:
        case "webhook":
            done(tell(counter.api, charge_event(key, "failed", 0, reason="insufficient_funds")))
        case "the answer to staff":
            done(cancelled_by_staff(counter, order))
        case _:
            done(counter.cancel(order))
    seen = counter.read(order)
    assert (seen["payment"]["state"], kinds(seen)) == ("failed", ["placed", "payment_failed", "cancelled"])
    assert [one["data"].get("reason") for one in seen["events"][1:]] == ["insufficient_funds", "payment_failed"]
    bank.pay()  # Another card is taken after all; but what somebody asked to cancel stays so.
    done(tell(counter.api, charge_event(key, "succeeded", order["total"]["amount"])))
    counter.checks_are_due()
    ask()
    assert (counter.read(order)["state"], counter.stock(), bank.taken()) == ("cancelled", (10, 0), 0)


def cancelled_because(counter: Counter, order: dict[str, Any], reason: str) -> httpx.Response:
    path = f"/v1/orders/{order['number']}/cancel?token={order['access_token']}"
    return counter.api.post(path, json={"reason": reason})


def asks(counter: Counter, order: dict[str, Any]) -> list[tuple[bool, str | None]]:
    """Whether it was the customer who asked, and why."""
    told = counter.seen(order)["order"]["events"]
    return [(one["actor"] == "customer", one["data"].get("why")) for one in told if one["kind"] == "cancel_asked"]


def test_an_ask_is_written_down_where_it_is_not_the_last_one_again_and_the_last_one_counts(
    counter: Counter, bank: Bank, asked_to_cancel: dict[str, Any], ask: Any
) -> None:
    bank.silent = True
    for reason in ("wrong amount", "wrong amount", "a fraud"):
        problem(cancelled_by_staff(counter, asked_to_cancel, reason), 409, "payment_unclear")
    for _ in range(2):
        problem(counter.cancel(asked_to_cancel), 409, "payment_unclear")
    bank.silent = False
    ask()
    assert asks(counter, asked_to_cancel) == [(True, None), (False, "wrong amount"), (False, "a fraud"), (True, None)]
    assert counter.read(asked_to_cancel)["events"][-1]["data"] == {"reason": "customer"}


def test_who_asks_again_and_again_fills_no_timeline_silences_nobody_and_gets_the_money_back(
    counter: Counter, bank: Bank, asked_to_cancel: dict[str, Any], ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopapi.orders.cancel_order._MOST_ASKS", 3)
    bank.silent = True
    for reason in ("too dear", "too late", "too blue", "too red"):
        problem(cancelled_because(counter, asked_to_cancel, reason), 409, "payment_unclear")
    problem(cancelled_by_staff(counter, asked_to_cancel), 409, "payment_unclear")
    for _ in range(2):
        problem(cancelled_because(counter, asked_to_cancel, "too sad"), 409, "payment_unclear")
    assert asks(counter, asked_to_cancel) == [
        (True, None),
        (True, "too dear"),
        (True, "too late"),
        (False, "wrong amount"),
        (True, "too sad"),
    ]
    bank.pay()  # The provider takes it all the same, and is silent for hours.
    counter.let_time_pass(SILENT_S)
    assert expire_orders(counter.database) == 1
    bank.silent = False
    for _ in range(2):
        ask()
    seen = counter.read(asked_to_cancel)
    assert seen["events"][-2]["data"].get("reason") == "customer", seen["events"]
    assert (seen["state"], seen["payment"]["state"], bank.taken()) == ("cancelled", "refunded", 0)


# a page that waits for its customer


def next_check(counter: Counter, order: dict[str, Any]) -> float:
    (attempt,) = counter.payment(order)["attempts"]
    return (datetime.fromisoformat(attempt["next_check_at"]) - datetime.now(UTC)).total_seconds()


@pytest.mark.parametrize(("left_s", "wait_s"), [(600, 30), (20, 20)])
def test_a_page_that_stays_open_is_asked_about_every_half_minute_and_at_once_when_its_time_is_over(
    counter: Counter, bank: Bank, ask: Any, left_s: int, wait_s: int
) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    with counter.database.writing() as c:
        c.execute(update(payment_attempt).values(created_at=clock(-600)))
        c.execute(update(sales_order).values(expires_at=clock(left_s)))
    assert ask() == 1
    assert abs(next_check(counter, order) - wait_s) < 5


def test_a_full_batch_is_followed_by_another(
    counter: Counter, bank: Bank, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopapi.payments.reconcile._BATCH", 2)
    orders = [unknown(counter, bank) for _ in range(5)]
    assert ask() == 5
    assert {counter.read(order)["state"] for order in orders} == {"confirmed"}


def test_a_stop_is_heard_between_two_questions(
    counter: Counter, bank: Bank, settings: ApiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopapi.payments.reconcile._BATCH", 2)
    monkeypatch.setattr("shopapi.payments.reconcile._AT_ONCE", 1)
    orders = [unknown(counter, bank) for _ in range(3)]
    asked_before = len(bank.asked)
    asking = Reconciler(settings, lambda: len(bank.asked) > asked_before)
    counter.checks_are_due()
    asking(counter.database)
    assert len(bank.asked) == asked_before + 1
    assert [counter.read(order)["state"] for order in orders] == ["confirmed", "placed", "placed"]
    # Whose turn had not come is due at once, for whoever starts next.
    assert Reconciler(settings)(counter.database) == 2
