"""Payments as staff move them: transfers that come in, money that goes back, and never more than there is."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from shopapi.checkout.expire_order import expire_orders
from shopapi.contract.orders import Order
from shopapi.contract.standing import may_be_revived
from tests.api.bank import Bank, refund_event, tell
from tests.api.problems import problem
from tests.api.selling import EMAIL, Counter, a_key, done, euros, kinds

TOTAL = 3700 + 490


# transfers


def test_a_transfer_that_came_in_confirms_its_order(counter: Counter) -> None:
    order = counter.order()
    paid = counter.pay(order)
    assert (paid["state"], paid["captured"], paid["refunded"]) == ("captured", euros(TOTAL), euros(0))
    assert paid["attempts"][0]["reference"].endswith("Kontoauszug 12")
    seen = counter.read(order)
    assert (seen["state"], seen["expires_at"], kinds(seen)) == ("confirmed", None, ["placed", "paid"])
    assert counter.stock() == (10, 2)
    assert counter.seen(order)["order"]["events"][1]["actor"] == "Anna Weber"


def test_a_transfer_is_noted_once(counter: Counter) -> None:
    order = counter.order()
    path, key = f"payments/{counter.payment(order)['id']}/capture", a_key()
    first = counter.staff("POST", path, {"reference": "a"}, **key)
    again = counter.staff("POST", path, {"reference": "a"}, **key)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    problem(counter.staff("POST", path, {"reference": "b"}, **key), 422, "idempotency_key_reused")
    problem(counter.staff("POST", path, {"reference": "a"}), 409, "invalid_transition")
    assert counter.payment(order)["captured"] == euros(TOTAL)
    assert counter.rows("ledger_transaction") == 1


def withdrawn(counter: Counter, order: dict[str, Any]) -> None:
    body = {"name": "Anna Weber", "order_number": order["number"], "email": EMAIL}
    done(counter.api.post("/v1/withdrawals", json=body, headers=a_key()), 201)


def settled(counter: Counter, order: dict[str, Any], outcome: str) -> None:
    """Staff settle the last withdrawal from an order."""
    declared = counter.seen(order)["withdrawals"][-1]
    said = {"withdrawal": declared["id"], "outcome": outcome, "now_certain": declared["certain"]}
    done(counter.staff("POST", f"orders/{order['number']}/withdrawals/settle", said))


def given_up(counter: Counter, by: str, **lines: Any) -> dict[str, Any]:
    """An order by transfer that is cancelled, by whom or what."""
    order = counter.order(**lines)
    if by == "customer":
        done(counter.cancel(order))
    elif by == "staff":
        done(counter.staff("POST", f"orders/{order['number']}/cancel", {"reason": "on the phone"}))
    else:
        counter.let_time_pass()
        assert expire_orders(counter.database) == 1
    if by in ("withdrawal", "one that is done"):
        withdrawn(counter, order)
    if by == "one that is done":
        settled(counter, order, "done")
        withdrawn(counter, order)
        settled(counter, order, "not_meant")
    assert counter.read(order)["state"] == "cancelled"
    return order


def may_hold(counter: Counter, order: dict[str, Any]) -> bool:
    """What its customer is told of money that comes after all."""
    return may_be_revived(msgspec.convert(counter.read(order), Order))


def test_a_transfer_for_an_order_that_ran_out_takes_it_up_again_where_its_goods_are_there(counter: Counter) -> None:
    order = given_up(counter, "expiry")
    assert may_hold(counter, order)
    assert counter.pay(order)["state"] == "captured"
    assert not may_hold(counter, order), "It does."
    assert kinds(counter.read(order)) == ["placed", "cancelled", "revived", "paid"]
    assert (counter.read(order)["state"], counter.stock()) == ("confirmed", (10, 2))


def test_a_strangers_withdrawal_keeps_no_money_from_reviving_an_order(counter: Counter) -> None:
    order = given_up(counter, "expiry")
    body = {"name": "Eve", "order_number": order["number"], "email": "eve@elsewhere.example"}
    done(counter.api.post("/v1/withdrawals", json=body, headers=a_key()), 201)
    assert may_hold(counter, order)
    assert counter.pay(order)["state"] == "captured"
    assert counter.read(order)["state"] == "confirmed"


def test_a_withdrawal_that_was_not_meant_keeps_no_money_from_reviving_an_order(counter: Counter) -> None:
    order = given_up(counter, "withdrawal")
    settled(counter, order, "not_meant")
    assert may_hold(counter, order)
    assert counter.pay(order)["state"] == "captured"
    assert (counter.read(order)["state"], counter.stock()) == ("confirmed", (10, 2))


@pytest.mark.parametrize("by", ["one that is done", "customer", "staff", "withdrawal"])
def test_a_transfer_for_an_order_that_somebody_gave_up_is_refused_and_changes_nothing(
    counter: Counter, by: str
) -> None:
    order = given_up(counter, by)
    assert not may_hold(counter, order)
    before = counter.seen(order)
    answer = counter.staff("POST", f"payments/{counter.payment(order)['id']}/capture", {})
    refused = problem(answer, 409, "invalid_transition")
    assert "Transfer the money back" in refused["detail"]
    assert (counter.seen(order), counter.stock()) == (before, (10, 0))
    assert counter.rows("ledger_transaction") == 0


def test_a_transfer_for_goods_that_are_gone_is_refused_and_changes_nothing(counter: Counter) -> None:
    order = given_up(counter, "expiry", KRUG=4)
    counter.order(KRUG=8)
    path = f"payments/{counter.payment(order)['id']}/capture"
    refused = problem(counter.staff("POST", path, {}), 409, "invalid_transition")
    assert "Transfer the money back" in refused["detail"]
    assert counter.payment(order)["captured"] == euros(0)
    assert counter.stock() == (10, 8)


def test_a_transfer_whose_cart_was_ordered_again_is_refused(counter: Counter) -> None:
    cart = counter.cart()
    order = done(counter.check_out(cart), 201)
    counter.let_time_pass()
    assert expire_orders(counter.database) == 1
    done(counter.check_out(counter.read_cart(cart["token"])), 201)
    answer = counter.staff("POST", f"payments/{counter.payment(order)['id']}/capture", {})
    problem(answer, 409, "invalid_transition")
    assert (counter.read(order)["state"], counter.stock()) == ("cancelled", (10, 2))


def test_nobody_says_by_hand_what_a_provider_says_itself(counter: Counter, bank: Bank) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    path = f"payments/{counter.payment(order)['id']}/capture"
    problem(counter.staff("POST", path, {}), 409, "invalid_transition")
    assert counter.read(order)["state"] == "placed"


@pytest.mark.parametrize("call", ["capture", "refunds"])
def test_what_moves_money_needs_a_key(counter: Counter, call: str) -> None:
    order = counter.order()
    path = f"/v1/admin/payments/{counter.payment(order)['id']}/{call}"
    answer = counter.api.post(path, json={}, headers=counter.staff_headers)
    problem(answer, 400, "idempotency_key_required", "Idempotency-Key")
    assert counter.payment(order)["state"] == "pending"


@pytest.mark.parametrize("payment_id", ["x", "pay_" + "0" * 20, "1", "%00"])
def test_an_id_of_no_payment_is_404(counter: Counter, payment_id: str) -> None:
    counter.order()
    problem(counter.staff("GET", f"payments/{payment_id}"), 404, "not_found")
    for call in ("capture", "refunds"):
        problem(counter.staff("POST", f"payments/{payment_id}/{call}", {}), 404, "not_found")


# money that goes back


def test_a_part_goes_back_and_then_the_rest(counter: Counter, bank: Bank) -> None:
    order = counter.order("sandbox")
    part = done(counter.refund(order, 1000), 201)
    assert (part["state"], part["refunded"], part["refund_pending"]) == ("partly_refunded", euros(1000), euros(0))
    (first,) = part["refunds"]
    assert (first["amount"], first["state"], first["reason"]) == (euros(1000), "succeeded", "broken")
    assert first["actor"] == "Anna Weber"
    whole = done(counter.refund(order), 201)
    assert (whole["state"], whole["refunded"]) == ("refunded", euros(TOTAL))
    assert [one["amount"]["amount"] for one in whole["refunds"]] == [1000, TOTAL - 1000]
    assert bank.taken() == 0
    assert kinds(counter.read(order)) == ["placed", "paid", "refunded", "refunded"]
    assert counter.read(order)["state"] == "confirmed"  # Money back is no cancellation: that is asked for.


@pytest.mark.parametrize("amount", [TOTAL + 1, 10**13])
def test_no_more_goes_back_than_came_in(counter: Counter, bank: Bank, amount: int) -> None:
    order = counter.order("sandbox")
    refused = problem(counter.refund(order, amount), 422, "refund_too_large", "amount")
    assert refused["detail"] == f"€{TOTAL / 100:.2f} can still be refunded, no more."
    assert (bank.taken(), counter.payment(order)["refunds"]) == (TOTAL, [])


def test_what_has_gone_back_does_not_go_back_again(counter: Counter, bank: Bank) -> None:
    order = counter.order("sandbox")
    done(counter.refund(order, TOTAL - 100), 201)
    problem(counter.refund(order, 101), 422, "refund_too_large")
    done(counter.refund(order, 100), 201)
    problem(counter.refund(order), 422, "refund_too_large")
    assert bank.taken() == 0


@pytest.mark.parametrize(
    ("amount", "field"),
    [
        ({"amount": -1, "currency": "EUR"}, "amount.amount"),
        ({"amount": 1.5, "currency": "EUR"}, "amount.amount"),
        ({"amount": 10**30, "currency": "EUR"}, "amount.amount"),
        ({"amount": 1, "currency": "euro"}, "amount.currency"),
        (1000, "amount"),
    ],
)
def test_an_amount_that_is_none_is_400(counter: Counter, amount: Any, field: str) -> None:
    order = counter.order("sandbox")
    path = f"payments/{counter.payment(order)['id']}/refunds"
    problem(counter.staff("POST", path, {"amount": amount}), 400, "invalid_request", field)


def test_money_goes_back_in_its_own_currency_alone(counter: Counter, bank: Bank) -> None:
    order = counter.order("sandbox")
    path = f"payments/{counter.payment(order)['id']}/refunds"
    wanted = {"amount": {"amount": 100, "currency": "USD"}}
    problem(counter.staff("POST", path, wanted), 422, "refund_not_possible", "amount.currency")
    assert bank.taken() == TOTAL


def test_a_refund_of_nothing_is_none(counter: Counter) -> None:
    order = counter.order("sandbox")
    problem(counter.refund(order, 0), 422, "refund_not_possible", "amount.amount")
    assert counter.payment(order)["refunds"] == []


def test_what_was_never_paid_does_not_go_back(counter: Counter) -> None:
    order = counter.order()
    for amount in (100, None):
        refused = problem(counter.refund(order, amount), 409, "invalid_transition")
        assert refused["detail"] == "Nothing has come in for this payment, so nothing goes back."
        assert "errors" not in refused


def test_a_refund_that_comes_again_is_the_same_one(counter: Counter, bank: Bank) -> None:
    order, key = counter.order("sandbox"), a_key()
    first = counter.refund(order, 1000, **key)
    again = counter.refund(order, 1000, **key)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    problem(counter.refund(order, 2000, **key), 422, "idempotency_key_reused")
    assert bank.taken() == TOTAL - 1000
    refused = counter.refund(order, TOTAL, **(other := a_key()))
    problem(refused, 422, "refund_too_large")
    assert counter.refund(order, TOTAL, **other).headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("gone", ["silent", "away"])
def test_a_refund_without_an_answer_stays_set_aside(counter: Counter, bank: Bank, gone: str) -> None:
    order = counter.order("sandbox")
    setattr(bank, gone, True)
    told = done(counter.refund(order, 4000), 201)
    assert (told["state"], told["refunded"], told["refund_pending"]) == ("captured", euros(0), euros(4000))
    assert told["refunds"][0]["state"] == "unknown"
    problem(counter.refund(order, TOTAL - 4000 + 1), 422, "refund_too_large")


def test_a_refund_that_the_provider_refuses_is_told_and_may_be_tried_again(counter: Counter, bank: Bank) -> None:
    order = counter.order("sandbox")
    bank.refunds_say = "failed"
    told = done(counter.refund(order, 1000), 201)
    assert (told["state"], told["refund_pending"], told["refunds"][0]["state"]) == ("captured", euros(0), "failed")
    assert kinds(counter.seen(order)["order"])[-1] == "refund_failed"
    assert kinds(counter.read(order))[-1] == "paid"
    (issue,) = told["issues"]
    assert (issue["kind"], issue["resolved_at"]) == ("refund_failed", None)
    assert issue["data"] == {"refund": told["refunds"][0]["id"], "amount": "1000", "reason": "the card is closed"}
    assert done(counter.staff("GET", "orders?view=unclear"))["total"] == 1
    bank.refunds_say = "succeeded"
    assert done(counter.refund(order, 999), 201)["issues"] == [issue]  # Not all that failed has gone back yet.
    told = done(counter.refund(order, 1), 201)
    assert (told["refunded"], told["issues"][0]["resolved_at"] is not None) == (euros(1000), True)
    assert done(counter.staff("GET", "orders?view=unclear"))["total"] == 0


def test_a_cancelled_order_whose_money_cannot_go_back_waits_for_a_person(counter: Counter, bank: Bank) -> None:
    order = counter.order("sandbox")
    bank.refunds_say = "failed"
    cancelled = done(counter.cancel(order))
    assert (cancelled["state"], cancelled["payment"]["state"]) == ("cancelled", "captured")
    (issue,) = counter.payment(order)["issues"]
    assert (issue["kind"], issue["data"]["amount"]) == ("refund_failed", str(TOTAL))
    bank.refunds_say = "succeeded"
    whole = done(counter.refund(order), 201)
    assert (whole["state"], whole["refunded"], bank.taken()) == ("refunded", euros(TOTAL), 0)
    assert whole["issues"][0]["resolved_at"] is not None


@pytest.mark.parametrize("back", [1, 1001])
def test_a_refund_of_another_amount_than_was_asked_for_waits_for_a_person(
    counter: Counter, bank: Bank, back: int
) -> None:
    order = counter.order("sandbox")
    bank.returns = back
    told = done(counter.refund(order, 1000), 201)
    assert (told["state"], told["refunded"], told["refund_pending"]) == ("captured", euros(0), euros(1000))
    assert (told["refunds"][0]["state"], counter.rows("ledger_transaction")) == ("unknown", 1)
    (issue,) = told["issues"]
    assert (issue["kind"], issue["resolved_at"]) == ("amount_mismatch", None)
    assert issue["data"] == {"refund": told["refunds"][0]["id"], "refunded": str(back), "expected": "1000"}
    assert kinds(counter.seen(order)["order"])[-1] == "payment_issue"
    assert done(counter.staff("GET", "orders?view=unclear"))["total"] == 1
    problem(counter.refund(order, TOTAL - 1000 + 1), 422, "refund_too_large")
    # The provider corrects itself, and nothing is unclear any more.
    done(tell(counter.api, refund_event(next(iter(bank.returned)), "succeeded", 1000)))
    payment = counter.payment(order)
    assert (payment["refunded"], payment["refund_pending"]) == (euros(1000), euros(0))
    assert [one["kind"] for one in payment["issues"] if one["resolved_at"] is None] == []


def test_the_reason_that_staff_give_for_a_refund_is_theirs_alone(counter: Counter) -> None:
    order = counter.order("sandbox")
    done(counter.refund(order, 100), 201)
    told = counter.seen(order)["order"]["events"][-1]
    assert (told["kind"], told["data"]["why"], told["data"]["amount"]) == ("refunded", "broken", "100")
    shown = counter.read(order)["events"][-1]
    assert (shown["kind"], shown["data"].keys()) == ("refunded", {"refund", "amount"})


def test_a_transfer_goes_back_by_the_hands_of_staff(counter: Counter, bank: Bank) -> None:
    order = counter.order()
    counter.pay(order)
    told = done(counter.refund(order, 90), 201)
    assert (told["state"], told["refunded"]) == ("partly_refunded", euros(90))
    assert bank.asked == []


def test_the_books_have_every_movement_of_money_in_both_columns(counter: Counter) -> None:
    order = counter.order("sandbox")
    done(counter.refund(order, 1000), 201)
    with counter.database.reading() as c:
        rows = c.execute(text("SELECT debit, credit, amount, currency FROM ledger_line ORDER BY transaction_id")).all()
    assert [tuple(row) for row in rows] == [
        ("clearing:sandbox", "receivable", TOTAL, "EUR"),
        ("receivable", "clearing:sandbox", 1000, "EUR"),
    ]
