"""Orders: who may see one, what customers and staff can do with it, and in which states."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shopapi.db.engine import Database
from tests import factories
from tests.api.bank import Bank
from tests.api.conftest import ApiWith
from tests.api.problems import problem
from tests.api.selling import EMAIL, KRUG, TELLER, Counter, done, euros, kinds, path_of, stock_the_shop

# who may see one


def test_an_order_is_opened_by_its_own_secret_and_no_other(counter: Counter) -> None:
    mine, theirs = counter.order(), counter.order(KRUG=1)
    assert counter.read(mine)["number"] == mine["number"]
    for token in (theirs["access_token"], "A" * 43, mine["access_token"][:-1], mine["access_token"].lower()):
        answer = counter.api.get(f"/v1/orders/{mine['number']}", params={"token": token})
        problem(answer, 404, "order_not_found")
    for token in (None, theirs["access_token"]):
        query = {} if token is None else {"token": token}
        path = f"/v1/orders/{mine['number']}"
        problem(counter.api.get(path, params=query), 404, "order_not_found")
        problem(counter.api.post(f"{path}/cancel", params=query, json={}), 404, "order_not_found")
    assert counter.read(mine)["state"] == "placed"


@pytest.mark.parametrize("number", ["S-000000", "s-000000", "x", "1", "%00", "S-00000O", "A" * 5000])
def test_a_number_of_no_order_is_404(counter: Counter, number: str) -> None:
    order = counter.order()
    path = f"/v1/orders/{number}"
    settling = {"withdrawal": f"wdr_{0:020}", "outcome": "done", "now_certain": True}
    for answer in (
        counter.api.get(path, params={"token": order["access_token"]}),
        counter.api.post(f"{path}/cancel", params={"token": order["access_token"]}, json={}),
        counter.staff("GET", f"orders/{number}"),
        counter.staff("POST", f"orders/{number}/cancel", {}),
        counter.staff("POST", f"orders/{number}/shipments", {}),
        counter.staff("POST", f"orders/{number}/notes", {"text": "x"}),
        counter.staff("POST", f"orders/{number}/withdrawals/settle", settling),
    ):
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("token", ["", "short", "x" * 129, "a b" * 10])
def test_a_token_that_can_be_none_is_400(counter: Counter, token: str) -> None:
    order = counter.order()
    answer = counter.api.get(f"/v1/orders/{order['number']}", params={"token": token})
    problem(answer, 400, "invalid_request", "token")


def test_wrong_tokens_can_be_tried_so_often_and_right_ones_always(api_with: ApiWith, database: Database) -> None:
    stock_the_shop(database)
    counter = Counter(api_with(SHOP_RATE_LIMITS="on"), {}, database)
    order = counter.order()
    for _ in range(25):
        counter.read(order)
    wrong = order | {"access_token": "A" * 43}
    for _ in range(20):
        problem(counter.api.get(path_of(wrong)), 404, "order_not_found")
    answer = counter.api.get(path_of(wrong))
    problem(answer, 429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 60


def test_customers_do_not_read_what_staff_write(counter: Counter) -> None:
    order = counter.order()
    done(counter.staff("POST", f"orders/{order['number']}/notes", {"text": "A difficult one."}), 201)
    done(counter.staff("POST", f"orders/{order['number']}/cancel", {"reason": "We do not like her."}))
    seen = counter.read(order)
    assert kinds(seen) == ["placed", "cancelled"]
    assert seen["events"][-1]["data"] == {"reason": "staff"}
    assert {event["actor"] for event in seen["events"]} == {None}
    told = counter.seen(order)["order"]
    assert kinds(told) == ["placed", "note", "cancelled"]
    assert (told["events"][1]["data"], told["events"][2]["data"]["why"]) == (
        {"text": "A difficult one."},
        "We do not like her.",
    )
    assert told["events"][0]["actor"] == "customer"
    assert told["events"][1]["actor"] == "Anna Weber"


# cancelling


def test_a_customer_cancels_an_order_that_is_not_paid_and_its_cart_opens_again(counter: Counter) -> None:
    counter.database.write(lambda c: factories.promotion(c, "EINMAL", max_uses=1))
    cart = counter.cart(code="EINMAL")
    order = done(counter.check_out(cart), 201)
    assert counter.stock() == (10, 2)
    cancelled = done(counter.cancel(order))
    assert (cancelled["state"], cancelled["payment"]["state"], cancelled["can_cancel"]) == (
        "cancelled",
        "cancelled",
        False,
    )
    assert cancelled["events"][-1]["data"]["reason"] == "customer"
    assert (counter.stock(), counter.rows("code_redemption")) == ((10, 0), 0)
    assert counter.read_cart(cart["token"])["state"] == "open"
    again = done(counter.check_out(counter.read_cart(cart["token"])), 201)
    assert again["discounts"][0]["code"] == "EINMAL"


def test_an_order_that_was_paid_online_is_cancelled_and_the_money_goes_back(counter: Counter, bank: Bank) -> None:
    order = counter.order("sandbox")
    cancelled = done(counter.cancel(order))
    assert (cancelled["state"], cancelled["payment"]["state"]) == ("cancelled", "refunded")
    assert cancelled["payment"]["refunded"] == order["total"]
    assert kinds(cancelled) == ["placed", "paid", "cancelled", "refunded"]
    assert (bank.taken(), counter.stock()) == (0, (10, 0))


def test_a_cancellation_that_comes_again_is_the_same_one(counter: Counter, bank: Bank) -> None:
    order = counter.order("sandbox")
    key = {"Idempotency-Key": "cancel-this-order-please"}
    first, again = counter.cancel(order, **key), counter.cancel(order, **key)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    problem(counter.cancel(order), 409, "invalid_transition")
    assert len(bank.returned) == 1


def test_a_cancellation_that_died_half_way_goes_on_under_its_key(
    counter: Counter, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = counter.order("sandbox")
    key = {"Idempotency-Key": "cancel-this-order-please"}

    async def die(*_: Any, **__: Any) -> None:
        raise RuntimeError("The process died here.")

    with monkeypatch.context() as patched:
        patched.setattr("shopapi.orders.cancel_order.carry_out", die)
        problem(counter.cancel(order, **key), 500, "internal_error")
    assert (counter.read(order)["state"], bank.returned) == ("cancelled", {})
    problem(counter.cancel(order, **key), 409, "idempotency_in_progress")
    with counter.database.writing() as c:
        c.execute(text("UPDATE idempotency_key SET lease_until = created_at WHERE state = 'claimed'"))
    done_now = done(counter.cancel(order, **key))
    assert (done_now["state"], done_now["payment"]["state"]) == ("cancelled", "refunded")
    assert (len(bank.returned), bank.taken(), counter.stock()) == (1, 0, (10, 0))


def test_a_customer_on_the_provider_s_page_may_cancel_and_cannot_pay_afterwards(counter: Counter, bank: Bank) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    cancelled = done(counter.cancel(order))
    assert (cancelled["state"], cancelled["payment"]["next_action"]) == ("cancelled", None)
    assert bank.charges[bank.charged[0].key].state == "failed"
    assert counter.stock() == (10, 0)


def test_an_order_that_is_paid_while_it_is_cancelled_is_cancelled_and_refunded(counter: Counter, bank: Bank) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    bank.pay()
    cancelled = done(counter.cancel(order))
    assert (cancelled["state"], cancelled["payment"]["state"]) == ("cancelled", "refunded")
    assert (bank.taken(), counter.stock()) == (0, (10, 0))


def test_while_the_refund_of_a_cancelled_order_has_no_answer_it_is_pending(counter: Counter, bank: Bank) -> None:
    order = counter.order("sandbox")
    bank.silent = True
    cancelled = done(counter.cancel(order))
    assert (cancelled["state"], cancelled["payment"]["state"]) == ("cancelled", "captured")
    assert counter.payment(order)["refund_pending"] == order["total"]


def test_a_transfer_goes_back_by_hand_so_staff_cancel_and_the_customer_cannot(counter: Counter) -> None:
    order = counter.order()
    counter.pay(order)
    assert counter.read(order)["can_cancel"] is False
    refused = problem(counter.cancel(order), 409, "invalid_transition")
    assert "write to us" in refused["detail"]
    assert counter.seen(order)["order"]["can_cancel"] is True
    cancelled = done(counter.staff("POST", f"orders/{order['number']}/cancel", {"reason": "on the phone"}))
    assert (cancelled["order"]["state"], cancelled["payments"][0]["state"]) == ("cancelled", "refunded")
    assert counter.stock() == (10, 0)


@pytest.mark.parametrize("state", ["shipped", "cancelled"])
def test_what_has_left_or_is_cancelled_cannot_be_cancelled(counter: Counter, state: str) -> None:
    order = counter.order("sandbox")
    done(counter.ship(order), 201) if state == "shipped" else done(counter.cancel(order))
    before = counter.seen(order)
    problem(counter.cancel(order), 409, "invalid_transition")
    problem(counter.staff("POST", f"orders/{order['number']}/cancel", {}), 409, "invalid_transition")
    assert counter.seen(order) == before


# shipping


def test_what_is_shipped_leaves_the_stock_and_closes_the_order(counter: Counter) -> None:
    order = counter.order("sandbox", KRUG=2, TELLER=1)
    shipped = done(counter.ship(order), 201)["order"]
    assert (shipped["state"], shipped["shipping_state"]) == ("closed", "shipped")
    assert (counter.stock(), counter.stock(TELLER)) == ((8, 0), (2, 0))
    (parcel,) = counter.read(order)["shipments"]
    assert (parcel["carrier"], parcel["tracking"], parcel["lines"]) == ("DHL", "0034", {KRUG: 2, TELLER: 1})
    assert [line["shipped"] for line in counter.read(order)["lines"]] == [2, 1]
    with counter.database.reading() as c:
        moved = c.execute(
            text("SELECT delta, reason, reference, actor FROM stock_movement WHERE reason = 'sell' ORDER BY delta")
        ).all()
    assert [(row.delta, row.reference) for row in moved] == [(-2, order["number"]), (-1, order["number"])]
    assert all(row.actor.startswith("stf_") for row in moved)


def test_an_order_is_shipped_once_and_only_when_it_is_paid(counter: Counter) -> None:
    order = counter.order()
    problem(counter.ship(order), 409, "invalid_transition")
    counter.pay(order)
    done(counter.ship(order), 201)
    problem(counter.ship(order), 409, "invalid_transition")
    cancelled = counter.order(KRUG=1)
    done(counter.cancel(cancelled))
    problem(counter.ship(cancelled), 409, "invalid_transition")
    assert (counter.stock(), counter.rows("shipment")) == ((8, 0), 1)


def test_an_order_whose_money_is_on_its_way_back_is_not_shipped(counter: Counter, bank: Bank) -> None:
    part, whole = counter.order("sandbox", KRUG=1), counter.order("sandbox", KRUG=1)
    bank.silent = True
    assert done(counter.refund(part, 100), 201)["refund_pending"] == euros(100)
    done(counter.ship(part), 201)
    done(counter.refund(whole), 201)
    refused = problem(counter.ship(whole), 409, "invalid_transition")
    assert "on its way back" in refused["detail"]
    assert (counter.stock(), counter.rows("shipment")) == ((9, 1), 1)
    cancelled = done(counter.staff("POST", f"orders/{whole['number']}/cancel", {}))
    assert (cancelled["order"]["state"], len(cancelled["payments"][0]["refunds"])) == ("cancelled", 1)


def test_an_order_whose_money_has_gone_back_is_not_shipped_and_can_be_cancelled(counter: Counter, bank: Bank) -> None:
    part, whole = counter.order("sandbox", KRUG=1), counter.order("sandbox", KRUG=1)
    done(counter.refund(part, 100), 201)
    done(counter.ship(part), 201)
    done(counter.refund(whole), 201)
    refused = problem(counter.ship(whole), 409, "invalid_transition")
    assert "money has gone back" in refused["detail"]
    assert (counter.stock(), counter.rows("shipment")) == ((9, 1), 1)
    cancelled = done(counter.staff("POST", f"orders/{whole['number']}/cancel", {}))
    assert (cancelled["order"]["state"], len(cancelled["payments"][0]["refunds"])) == ("cancelled", 1)
    assert counter.stock() == (9, 0)


# the list of staff


def numbers(counter: Counter, **asked: Any) -> list[str]:
    return [one["number"] for one in done(counter.staff("GET", "orders" + query(**asked)))["data"]]


def query(**asked: Any) -> str:
    return "?" + "&".join(f"{name}={value}" for name, value in asked.items()) if asked else ""


def test_staff_see_every_order_in_the_view_where_it_belongs(counter: Counter, bank: Bank) -> None:
    waiting, to_ship, closed, cancelled = (counter.order(KRUG=1) for _ in range(4))
    for order in (to_ship, closed):
        counter.pay(order)
    done(counter.ship(closed), 201)
    done(counter.cancel(cancelled))
    bank.silent = True
    unclear = counter.order("sandbox", KRUG=1)
    bank.silent = False
    page = done(counter.staff("GET", "orders"))
    newest = [one["number"] for one in (unclear, cancelled, closed, to_ship, waiting)]
    assert [one["number"] for one in page["data"]] == newest
    views = {
        "all": newest,
        "to_pay": [unclear["number"], waiting["number"]],
        "to_ship": [to_ship["number"]],
        "unclear": [unclear["number"]],
        "done": [closed["number"]],
        "cancelled": [cancelled["number"]],
    }
    assert page["views"] == {view: len(found) for view, found in views.items()}
    for view, found in views.items():
        assert numbers(counter, view=view) == found, view
    assert numbers(counter, state="placed") == views["to_pay"]
    assert [one["attention"] for one in page["data"]] == [True, False, False, False, False]
    assert (page["data"][4]["units"], page["data"][4]["total"]) == (1, waiting["total"])


@pytest.mark.parametrize("answer", ["given", "lost"])
def test_what_is_given_back_whole_is_not_to_be_shipped_and_somebody_has_to_cancel_it(
    counter: Counter, bank: Bank, answer: str
) -> None:
    part, whole = counter.order("sandbox", KRUG=1), counter.order("sandbox", KRUG=1)
    done(counter.refund(part, 100), 201)
    bank.silent = answer == "lost"
    done(counter.refund(whole), 201)
    assert (numbers(counter, view="to_ship"), numbers(counter, view="unclear")) == ([part["number"]], [whole["number"]])
    views = done(counter.staff("GET", "orders"))["views"]
    assert (views["to_ship"], views["unclear"]) == (1, 1)
    bank.silent = False
    done(counter.staff("POST", f"orders/{whole['number']}/cancel", {}))
    assert numbers(counter, view="unclear") == []


def test_staff_find_orders_by_number_name_address_and_sku(counter: Counter) -> None:
    anna = counter.order(KRUG=1)
    ben = counter.order(email="ben@kunde.example", TELLER=1)
    found = {
        anna["number"].lower(): anna,
        "BEN@kunde": ben,
        "teller": ben,
        "anna krug": anna,
    }
    for words, order in found.items():
        assert numbers(counter, q=words.replace(" ", "%20")) == [order["number"]], words
    assert numbers(counter, q="weber") == [ben["number"], anna["number"]]
    assert numbers(counter, q="100%25") == []


def test_staff_list_orders_of_some_days_page_by_page(counter: Counter) -> None:
    placed = [counter.order(KRUG=1)["number"] for _ in range(3)][::-1]
    today = datetime.now(UTC).date()
    tomorrow = today + timedelta(days=2)
    assert numbers(counter, placed_from=today - timedelta(days=2), placed_to=tomorrow) == placed
    assert numbers(counter, placed_from=tomorrow) == []
    assert numbers(counter, placed_from=date.min, placed_to=date.max) == placed
    assert numbers(counter, placed_from=date.max) == numbers(counter, placed_to=date.min) == []
    page = done(counter.staff("GET", "orders?limit=2"))
    assert [one["number"] for one in page["data"]] == placed[:2]
    assert page["total"] == 3
    assert numbers(counter, limit=2, cursor=page["next_cursor"]) == placed[2:]
    problem(counter.staff("GET", "orders?view=mine"), 400, "invalid_request", "view")
    problem(counter.staff("GET", "orders?placed_from=yesterday"), 400, "invalid_request", "placed_from")
    problem(counter.staff("GET", "orders?cursor=abc"), 400, "invalid_request", "cursor")


def test_a_note_is_kept_without_what_nobody_sees(counter: Counter) -> None:
    order = counter.order()
    told = done(counter.staff("POST", f"orders/{order['number']}/notes", {"text": "Ruf\u202e an"}), 201)
    assert told["order"]["events"][-1]["data"]["text"] == "Ruf an"


def test_staff_are_told_which_number_no_order_has(counter: Counter) -> None:
    order = counter.order()
    for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/notes")):
        answer = counter.staff(
            method, f"orders/S-000000{path}", None if method == "GET" else {"text": "x"} if path == "/notes" else {}
        )
        assert problem(answer, 404, "order_not_found")["detail"] == "No order has the number S-000000."
    wrong = counter.api.get(f"/v1/orders/{order['number']}", params={"token": "x" * 43})
    assert problem(wrong, 404, "order_not_found")["detail"] == "No order has this number and token."


@pytest.mark.parametrize("words", ["", "\u3164", " ", "x" * 1001, None])
def test_a_note_without_words_is_400(counter: Counter, words: Any) -> None:
    order = counter.order()
    answer = counter.staff("POST", f"orders/{order['number']}/notes", {"text": words})
    problem(answer, 400, "invalid_request", "text")
    assert kinds(counter.seen(order)["order"]) == ["placed"]


def test_a_sold_order_keeps_its_words_and_prices_whatever_the_catalog_says_later(counter: Counter) -> None:
    order = counter.order()
    factories.save(counter.database, factories.goods("Krug", price=1, on_hand=10, name={"de": "Anders"}))
    assert counter.read(order)["lines"] == order["lines"]
    assert counter.read(order)["total"] == order["total"] == euros(3700 + 490)
    assert counter.read(order)["email"] == EMAIL
