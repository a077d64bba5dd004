"""Payments as staff move them: transfers that come in, money that goes back, and never more than there is."""

from typing import Any

import pytest
from sqlalchemy import text

from tests.api.bank import Bank
from tests.api.problems import problem
from tests.api.selling import Counter, a_key, done, euros, kinds

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


def test_a_transfer_for_a_cancelled_order_takes_it_up_again_where_its_goods_are_there(counter: Counter) -> None:
    order = counter.order()
    done(counter.cancel(order))
    assert counter.pay(order)["state"] == "captured"
    assert kinds(counter.read(order)) == ["placed", "cancelled", "revived", "paid"]
    assert counter.stock() == (10, 2)


def test_a_transfer_for_goods_that_are_gone_is_refused_and_changes_nothing(counter: Counter) -> None:
    order = counter.order(KRUG=4)
    done(counter.cancel(order))
    counter.order(KRUG=8)
    path = f"payments/{counter.payment(order)['id']}/capture"
    refused = problem(counter.staff("POST", path, {}), 409, "invalid_transition")
    assert "Transfer the money back" in refused["detail"]
    assert counter.payment(order)["captured"] == euros(0)
    assert counter.stock() == (10, 8)


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
    assert counter.read(order)["state"] == "confirmed"  # Money back is no cancellation: the goods may still go.


@pytest.mark.parametrize("amount", [0, TOTAL + 1, 10**13])
def test_no_more_goes_back_than_came_in_and_not_nothing(counter: Counter, bank: Bank, amount: int) -> None:
    order = counter.order("sandbox")
    refused = problem(counter.refund(order, amount), 422, "refund_too_large", "amount")
    assert f"{TOTAL} EUR" in refused["detail"]
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
    problem(counter.staff("POST", path, {"amount": {"amount": 100, "currency": "USD"}}), 422, "refund_too_large")
    assert bank.taken() == TOTAL


def test_what_was_never_paid_does_not_go_back(counter: Counter) -> None:
    order = counter.order()
    problem(counter.refund(order, 100), 422, "refund_too_large")
    problem(counter.refund(order), 422, "refund_too_large")


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
    bank.refunds_say = "succeeded"
    assert done(counter.refund(order, 1000), 201)["refunded"] == euros(1000)


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
