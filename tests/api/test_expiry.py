"""Orders that nobody pays: their goods, codes and carts are free again, at the right time and never too early."""

from typing import Any

import pytest
from sqlalchemy import update

from shopapi.checkout.expire_order import SILENT_S, expire_order, expire_orders
from shopapi.db.types import clock
from shopapi.orders.tables import sales_order
from shopapi.payments.providers.interface import ChargeAnswer
from shopapi.settings import ApiSettings
from shopapi.worker import Reconciler
from tests import factories
from tests.api.bank import Bank, charge_event, tell, webhooks_overtake
from tests.api.selling import EMAIL, KRUG, Counter, a_key, done, euros, kinds


@pytest.fixture
def ask(counter: Counter, settings: ApiSettings) -> Any:
    """What the worker does about money that nobody knows of."""
    asking = Reconciler(settings)
    return lambda: asking(counter.database)


def test_an_order_that_is_not_paid_in_time_is_given_up_with_all_it_holds(counter: Counter) -> None:
    counter.database.write(lambda c: factories.promotion(c, "EINMAL", max_uses=1))
    cart = counter.cart(code="EINMAL")
    order = done(counter.check_out(cart), 201)
    counter.let_time_pass()
    assert expire_orders(counter.database) == 1
    seen = counter.read(order)
    assert (seen["state"], seen["payment"]["state"], seen["expires_at"]) == ("cancelled", "cancelled", None)
    assert seen["events"][-1]["data"]["reason"] == "expired"
    assert (counter.stock(), counter.rows("code_redemption")) == ((10, 0), 0)
    assert counter.read_cart(cart["token"])["state"] == "open"
    assert expire_orders(counter.database) == 0
    done(counter.check_out(counter.read_cart(cart["token"])), 201)


def test_an_order_waits_for_its_transfer_until_its_time_is_over(counter: Counter) -> None:
    order = counter.order()
    with counter.database.writing() as c:
        c.execute(update(sales_order).values(expires_at=clock(60)))
    assert expire_orders(counter.database) == 0
    assert counter.read(order)["state"] == "placed"


def test_an_order_that_got_more_time_after_it_was_found_to_be_due_is_kept(counter: Counter) -> None:
    order = counter.order()
    assert counter.database.write(lambda c: expire_order(c, order["number"])) is False
    assert (counter.read(order)["state"], counter.stock()) == ("placed", (10, 2))


def test_what_is_paid_or_cancelled_never_expires(counter: Counter) -> None:
    paid, cancelled, online = counter.order(KRUG=1), counter.order(KRUG=1), counter.order("sandbox", KRUG=1)
    counter.pay(paid)
    done(counter.cancel(cancelled))
    before = [counter.read(order) for order in (paid, cancelled, online)]
    with counter.database.writing() as c:
        c.execute(update(sales_order).values(expires_at=clock(-30 * 86_400)))
    assert expire_orders(counter.database) == 0
    after = [counter.read(order) for order in (paid, cancelled, online)]
    assert [kinds(order) for order in after] == [kinds(order) for order in before]
    assert counter.stock() == (10, 2)


def test_many_orders_expire_at_once(counter: Counter) -> None:
    orders = [counter.order(KRUG=1) for _ in range(5)]
    counter.let_time_pass()
    assert expire_orders(counter.database) == 5
    assert {counter.read(order)["state"] for order in orders} == {"cancelled"}
    assert counter.stock() == (10, 0)


# with a provider, whose word counts and not the clock


def test_an_order_on_a_provider_s_page_is_called_off_there_before_it_is_given_up(
    counter: Counter, bank: Bank, ask: Any
) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    counter.checks_are_due()
    ask()
    assert counter.read(order)["state"] == "placed"  # Its time is not over: it is only asked.
    counter.let_time_pass()
    assert expire_orders(counter.database) == 0
    ask()
    assert [what for what, _ in bank.asked] == ["charge", "ask", "ask", "cancel"]
    seen = counter.read(order)
    assert (seen["state"], seen["payment"]["state"]) == ("cancelled", "cancelled")
    assert seen["events"][-1]["data"]["reason"] == "expired"
    assert (counter.stock(), bank.taken()) == ((10, 0), 0)


def test_a_webhook_that_overtakes_the_end_of_an_order_makes_no_failed_payment_of_it(
    counter: Counter, bank: Bank, ask: Any
) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    webhooks_overtake(bank, counter.api)
    counter.let_time_pass()
    ask()
    seen = counter.read(order)
    assert (seen["state"], seen["payment"]["state"], kinds(seen)) == ("cancelled", "cancelled", ["placed", "cancelled"])
    assert seen["events"][-1]["data"]["reason"] == "expired"


def test_a_card_that_was_declined_before_the_time_was_over_is_told_as_declined(
    counter: Counter, bank: Bank, ask: Any
) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    bank.charges[bank.charged[0].key] = ChargeAnswer("failed", reason="declined")  # Its webhook gets lost.
    counter.let_time_pass()
    ask()
    seen = counter.read(order)
    assert kinds(seen) == ["placed", "payment_failed", "cancelled"]
    assert [one["data"].get("reason") for one in seen["events"][1:]] == ["declined", "payment_failed"]


def test_who_pays_in_the_last_moment_has_paid(counter: Counter, bank: Bank, ask: Any) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    bank.pay()
    counter.let_time_pass()
    ask()
    assert counter.read(order)["state"] == "confirmed"
    assert counter.stock() == (10, 2)


def test_the_goods_of_a_doubtful_payment_stay_reserved(counter: Counter, bank: Bank, ask: Any) -> None:
    bank.away = True
    order = counter.order("sandbox")
    counter.let_time_pass(2 * 3600 - 60)
    assert expire_orders(counter.database) == 0
    ask()
    seen = counter.read(order)
    assert (seen["state"], seen["payment"]["state"]) == ("placed", "unknown")
    assert counter.stock() == (10, 2)


def silent_for_hours(counter: Counter, bank: Bank, **lines: int) -> dict[str, Any]:
    """An order that was charged by a provider who has not answered since, and that was given up at last."""
    bank.silent = True
    order = counter.order("sandbox", **lines)
    counter.let_time_pass(SILENT_S)
    assert expire_orders(counter.database) == 1
    assert counter.read(order)["state"] == "cancelled"
    assert counter.payment(order)["state"] == "unknown"
    bank.silent = False
    return order


def test_money_that_comes_after_all_brings_the_order_back_where_its_goods_are_there(
    counter: Counter, bank: Bank, ask: Any
) -> None:
    order = silent_for_hours(counter, bank)
    assert counter.stock() == (10, 0)
    counter.checks_are_due()
    ask()
    seen = counter.read(order)
    assert (seen["state"], seen["payment"]["captured"]) == ("confirmed", order["total"])
    assert kinds(seen) == ["placed", "payment_unknown", "cancelled", "revived", "paid"]
    assert (counter.stock(), bank.taken()) == ((10, 2), order["total"]["amount"])
    done(counter.ship(order), 201)


@pytest.mark.parametrize("who", ["customer", "staff"])
def test_money_for_an_order_that_somebody_cancelled_goes_back(counter: Counter, bank: Bank, ask: Any, who: str) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    if who == "customer":
        done(counter.cancel(order))
    else:
        done(counter.staff("POST", f"orders/{order['number']}/cancel", {"reason": "on the phone"}))
    key = bank.pay()  # The provider takes it all the same.
    done(tell(counter.api, charge_event(key, "succeeded", order["total"]["amount"])))
    assert (counter.read(order)["state"], counter.stock()) == ("cancelled", (10, 0))
    assert counter.payment(order)["refund_pending"] == order["total"]
    counter.checks_are_due()
    ask()
    seen, payment = counter.seen(order)["order"], counter.payment(order)
    assert (seen["state"], payment["state"], payment["refunded"]) == ("cancelled", "refunded", order["total"])
    assert kinds(seen) == ["placed", "cancel_asked", "cancelled", "payment_issue", "refunded"]
    assert [(one["kind"], one["resolved_at"] is not None) for one in payment["issues"]] == [("late_success", True)]
    assert (counter.stock(), bank.taken()) == ((10, 0), 0)


def test_money_for_an_order_that_its_customer_withdrew_from_goes_back(counter: Counter, bank: Bank, ask: Any) -> None:
    order = silent_for_hours(counter, bank)
    body = {"name": "Anna Weber", "order_number": order["number"], "email": EMAIL}
    done(counter.api.post("/v1/withdrawals", json=body, headers=a_key()), 201)
    for _ in range(2):
        counter.checks_are_due()
        ask()
    assert (counter.read(order)["state"], counter.payment(order)["state"]) == ("cancelled", "refunded")
    assert (counter.stock(), bank.taken()) == ((10, 0), 0)


def test_an_order_that_was_charged_another_amount_waits_for_a_person_and_not_for_the_clock(
    counter: Counter, bank: Bank
) -> None:
    bank.takes = 1
    order = counter.order("sandbox")
    counter.let_time_pass(SILENT_S)
    assert expire_orders(counter.database) == 0
    assert (counter.read(order)["state"], counter.stock()) == ("placed", (10, 2))


def test_nobody_is_led_to_pay_for_an_order_that_is_given_up(counter: Counter, bank: Bank) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    assert order["payment"]["next_action"] is not None
    counter.let_time_pass(SILENT_S)
    assert expire_orders(counter.database) == 1
    seen = counter.read(order)
    assert (seen["state"], seen["payment"]["next_action"]) == ("cancelled", None)


def test_money_that_comes_after_the_goods_were_sold_goes_back_by_itself(counter: Counter, bank: Bank, ask: Any) -> None:
    order = silent_for_hours(counter, bank, KRUG=6)
    other = counter.order("sandbox", KRUG=5)
    counter.checks_are_due()
    ask()
    counter.checks_are_due()
    ask()
    seen, payment = counter.read(order), counter.payment(order)
    assert (seen["state"], payment["state"]) == ("cancelled", "refunded")
    assert payment["refunded"] == order["total"]
    assert [one["kind"] for one in payment["issues"]] == ["late_success"]
    assert payment["refunds"][0]["reason"] == "late_payment"
    assert (counter.stock(), bank.taken()) == ((10, 5), other["total"]["amount"])


def test_a_late_webhook_does_what_a_late_answer_does(counter: Counter, bank: Bank) -> None:
    order = silent_for_hours(counter, bank)
    key = bank.charged[0].key
    for _ in range(2):
        done(tell(counter.api, charge_event(key, "succeeded", order["total"]["amount"])))
    assert counter.read(order)["state"] == "confirmed"
    assert counter.rows("ledger_transaction") == 1


def test_a_late_failure_leaves_a_given_up_order_as_it_is(counter: Counter, bank: Bank) -> None:
    order = silent_for_hours(counter, bank)
    key = bank.charged[0].key
    done(tell(counter.api, charge_event(key, "failed", 0)))
    seen = counter.read(order)
    assert (seen["state"], seen["payment"]["state"]) == ("cancelled", "failed")
    assert kinds(seen).count("cancelled") == 1


def test_goods_that_are_free_again_can_be_had_by_others_at_once(counter: Counter) -> None:
    counter.order(KRUG=10)
    counter.let_time_pass()
    expire_orders(counter.database)
    assert counter.order(KRUG=10)["lines"][0]["sku"] == KRUG
    assert counter.payment(counter.order(TELLER=1))["captured"] == euros(0)
