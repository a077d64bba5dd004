"""Checkout: an order of exactly what was agreed, once for each key, or a clear refusal that changed nothing."""

import asyncio
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import select, text, update

from shopapi.carts.reading import read_cart
from shopapi.catalog.records import OptionRecord, ValueRecord
from shopapi.checkout.expire_order import SILENT_S, expire_orders
from shopapi.contract.calendar import OF_THE_SHOP
from shopapi.db.engine import Database
from shopapi.db.types import clock
from shopapi.http.idempotency_table import idempotency_key
from shopapi.orders.tables import order_line
from shopapi.payments.record_charge import record_charge
from shopapi.promotions.store import end_promotion
from shopapi.settings import ApiSettings
from shopapi.worker import Reconciler
from tests import factories
from tests.api.bank import PAGE, Bank
from tests.api.conftest import ApiWith
from tests.api.problems import problem
from tests.api.selling import ANNA, EMAIL, KRUG, TELLER, Counter, a_key, done, euros, kinds, path_of, stock_the_shop

KEY = "one-key-of-one-shopper"
X = ValueRecord(code="x", name={"de": "X"})


def kept(database: Database, key: str = KEY) -> Any:
    """What is stored of a request."""
    with database.reading() as c:
        return c.execute(select(idempotency_key).where(idempotency_key.c.key == key)).one()


def same(first: httpx.Response, again: httpx.Response) -> None:
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers.get("etag") == first.headers.get("etag")
    assert again.headers["content-type"] == first.headers["content-type"]


def nothing_happened(counter: Counter) -> None:
    for table in ("sales_order", "reservation", "payment", "outbox", "code_redemption"):
        assert counter.rows(table) == 0, table
    assert counter.stock() == (10, 0)


def nothing_is_held(counter: Counter) -> None:
    assert (counter.stock(), counter.rows("code_redemption")) == ((10, 0), 0)


# what comes of it


def test_what_was_chosen_keeps_the_order_of_the_cart(counter: Counter) -> None:
    names = {"form": "Ausführung", "groesse": "Größe", "ton": "Ton"}
    options = [OptionRecord(code=code, name={"de": name}, values=[X]) for code, name in names.items()]
    goods = factories.goods("Kanne", options=dict.fromkeys(names, "x"))
    factories.save(counter.database, replace(goods, options=options))
    cart = counter.cart(KANNE=1)
    placed = done(counter.check_out(cart), 201)
    for seen in (cart, placed, counter.read(placed)):
        assert list(seen["lines"][0]["options"]) == list(names.values())
    with counter.database.writing() as c:
        c.execute(update(order_line).values(options={"Ton": "X", "Form": "Y"}))
    assert counter.read(placed)["lines"][0]["options"] == {"Ton": "X", "Form": "Y"}, "As older orders have it."


def test_an_order_is_what_the_cart_was(counter: Counter) -> None:
    cart = counter.cart(KRUG=2, TELLER=1)
    answer = counter.check_out(cart)
    order = done(answer, 201)
    for name in ("subtotal", "discount", "shipping", "tax", "taxes", "total", "currency", "prices_include_tax"):
        assert order[name] == cart[name], name
    assert [(line["sku"], line["quantity"], line["total"]) for line in order["lines"]] == [
        (KRUG, 2, euros(3700)),
        (TELLER, 1, euros(990)),
    ]
    assert (order["state"], order["shipping_state"], order["can_cancel"]) == ("placed", "unshipped", True)
    assert (order["email"], order["shipping_address"]) == (EMAIL, ANNA)
    assert re.fullmatch(r"S-[0-9A-HJKMNP-TV-Z]{6}", order["number"])
    assert answer.headers["etag"] == f'"v{order["version"]}"'
    assert answer.headers["cache-control"] == "no-store"
    assert (counter.stock(), counter.stock(TELLER)) == ((10, 2), (3, 1))


@pytest.mark.parametrize("provider", ["manual", "sandbox"])
def test_an_order_reads_as_checkout_answered_it_but_for_its_secret(counter: Counter, provider: str) -> None:
    order = counter.order(provider)
    assert len(order["access_token"]) == 43
    assert counter.read(order) == order | {"access_token": None}


def test_a_bank_transfer_is_asked_for_with_the_order_s_number(counter: Counter) -> None:
    with counter.database.writing() as c:
        c.execute(text("UPDATE shop SET bank_holder = 'Shop GmbH', bank_iban = 'DE79000000001234567890'"))
    order = counter.order()
    payment = order["payment"]
    assert (payment["provider"], payment["state"], payment["next_action"]) == ("manual", "pending", None)
    assert payment["bank_transfer"]["iban"] == "DE79000000001234567890"
    assert payment["bank_transfer"]["reference"] == order["number"]
    due = date.fromisoformat(payment["bank_transfer"]["due"])
    assert due == datetime.fromisoformat(order["placed_at"]).astimezone(OF_THE_SHOP).date() + timedelta(days=7)
    end_of_due = datetime.combine(due + timedelta(days=1), time(), OF_THE_SHOP)  # The day that is named is whole.
    assert datetime.fromisoformat(order["expires_at"]) == end_of_due
    assert counter.read(order)["payment"]["bank_transfer"]["due"] == payment["bank_transfer"]["due"]
    assert (payment["amount"], payment["captured"]) == (order["total"], euros(0))
    assert kinds(order) == ["placed"]


def test_a_charge_that_succeeds_confirms_the_order(counter: Counter, bank: Bank) -> None:
    order = counter.order("sandbox")
    assert (order["state"], order["payment"]["state"], order["expires_at"]) == ("confirmed", "captured", None)
    assert order["payment"]["captured"] == order["total"]
    assert kinds(order) == ["placed", "paid"]
    (charge,) = bank.charged
    assert (charge.amount, charge.currency) == (order["total"]["amount"], "EUR")
    assert (charge.order_number, charge.token) == (order["number"], None)
    assert charge.return_url.endswith(f"/orders/{order['number']}?token={order['access_token']}&back=1")
    assert bank.taken() == order["total"]["amount"]


BACK = ["https://app.shop.example/danke?x=1", "http://127.0.0.1:5050/merci#top", "https://kasse.example:8443"]


@pytest.mark.parametrize("back", BACK)
def test_the_provider_gets_the_token_and_the_way_back_that_were_sent(
    counter: Counter, bank: Bank, api_with: ApiWith, back: str
) -> None:
    counter.api = api_with(SHOP_RETURN_ORIGINS="https://app.shop.example, https://kasse.example:8443")
    cart = counter.cart()
    done(counter.check_out(cart, payment={"provider": "sandbox", "token": "tok_ok"}, return_url=back), 201)
    assert (bank.charged[0].token, bank.charged[0].return_url) == ("tok_ok", back)


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "https://app.shop.example.evil.example/",
        "https://app.shop.example@evil.example/",
        "https://user:pw@app.shop.example/",
        "http://app.shop.example/",
        "https://app.shop.example:444/",
        "http://127.0.0.1:5051/",
        "https:///app.shop.example",
    ],
)
def test_no_page_of_a_provider_leads_to_a_site_that_the_shop_does_not_name(
    counter: Counter, bank: Bank, api_with: ApiWith, back: str
) -> None:
    counter.api = api_with(SHOP_RETURN_ORIGINS="https://app.shop.example")
    answer = counter.check_out(counter.cart(), "sandbox", return_url=back)
    told = problem(answer, 422, "foreign_return_url", "return_url")
    assert "SHOP_RETURN_ORIGINS" in told["detail"]
    assert bank.asked == []
    nothing_happened(counter)


def test_a_customer_who_has_to_do_something_is_led_there(counter: Counter, bank: Bank) -> None:
    bank.says = "open"
    order = counter.order("sandbox")
    assert (order["state"], order["payment"]["state"]) == ("placed", "pending")
    action = order["payment"]["next_action"]
    assert action["type"] == "redirect"
    assert action["url"].startswith(PAGE)
    assert counter.read(order)["payment"]["next_action"] == action


def test_an_order_that_costs_nothing_is_confirmed_without_a_payment(counter: Counter, bank: Bank) -> None:
    with counter.database.writing() as c:
        factories.promotion(c, "ALLES", value=10000)
        factories.promotion(c, None, kind="free_shipping", value=0)
    for provider in ("manual", "sandbox"):
        order = counter.order(provider, code="ALLES")
        assert (order["state"], order["total"], order["payment"]) == ("confirmed", euros(0), None)
        assert kinds(order) == ["placed", "paid"]
        assert counter.read(order) == order | {"access_token": None}
    cart = counter.cart(code="ALLES")
    order = done(counter.check_out(cart, payment=None), 201)
    assert (order["state"], order["payment"], order["expires_at"]) == ("confirmed", None, None)
    assert bank.asked == []
    assert done(counter.ship(order), 201)["order"]["state"] == "closed"


def test_an_order_that_costs_something_says_how_it_is_paid(counter: Counter) -> None:
    told = problem(counter.check_out(counter.cart(), payment=None), 422, "checkout_incomplete", "payment")
    assert told["detail"] == "payment is missing: say how it is paid, by manual or sandbox."
    nothing_happened(counter)


def test_events_and_outbox_count_alike_and_have_no_gap(counter: Counter) -> None:
    order = counter.order("sandbox")
    done(counter.ship(order), 201)
    events = [(event["sequence"], event["kind"]) for event in counter.read(order)["events"]]
    assert events == [(1, "placed"), (2, "paid"), (3, "shipped"), (4, "closed")]
    with counter.database.reading() as c:
        told = c.execute(
            text("SELECT sequence, topic FROM outbox WHERE aggregate = :order ORDER BY sequence"),
            {"order": f"order:{order['number']}"},
        ).all()
    assert [(row.sequence, row.topic) for row in told] == [(n, f"order.{kind}") for n, kind in events]


def test_a_code_is_used_by_the_order_and_the_discount_stays_its_own(counter: Counter) -> None:
    counter.database.write(lambda c: factories.promotion(c, "HERBST10", max_uses=1))
    first, second = counter.cart(code="HERBST10"), counter.cart(code="herbst 10", email="ben@kunde.example")
    order = done(counter.check_out(first), 201)
    assert (order["discount"], order["discounts"][0]["code"]) == (euros(370), "HERBST10")
    assert counter.rows("code_redemption") == 1
    # The other cart still shows it; only one order could have it.
    refused = problem(counter.check_out(second), 409, "price_changed")
    assert refused["total"]["amount"] == second["total"]["amount"] + 370
    assert counter.rows("sales_order") == 1


def test_a_customer_has_a_code_so_often_whatever_the_spelling_of_the_address(counter: Counter) -> None:
    counter.database.write(lambda c: factories.promotion(c, "EINMAL", max_uses_per_customer=1))
    done(counter.check_out(counter.cart(code="EINMAL", KRUG=1)), 201)
    for email in (EMAIL, "ANNA+2@Kundin.Example"):
        cart = counter.cart(email=email, KRUG=1)
        answer = counter.api.post(f"/v1/carts/{cart['token']}/codes", json={"code": "einmal"})
        refused = problem(answer, 422, "code_used_up", "code")
        assert refused["detail"] == "einmal has no use left, in all or for this customer."
        assert counter.read_cart(cart["token"]) == cart
        # Where the code came first, the cart tells as soon as it knows who buys.
        path = f"/v1/carts/{counter.new_cart(KRUG=1)}"
        assert done(counter.api.post(f"{path}/codes", json={"code": "EINMAL"}))["discount"] == euros(185)
        cart = done(counter.api.put(f"{path}/contact", json={"email": email, "shipping_address": ANNA}))
        assert [(one["kind"], one["code"]) for one in cart["problems"]] == [("code_not_applicable", "EINMAL")]
        assert cart["discount"] == euros(0)
    done(counter.check_out(counter.cart(code="EINMAL", email="ben@kunde.example", KRUG=1)), 201)
    assert (counter.rows("sales_order"), counter.stock()) == (2, (10, 2))


def test_a_use_that_was_given_back_can_be_had_again(counter: Counter) -> None:
    counter.database.write(lambda c: factories.promotion(c, "ZWEIMAL", max_uses_per_customer=2))
    first, _ = (done(counter.check_out(counter.cart(code="ZWEIMAL", KRUG=1)), 201) for _ in range(2))
    full = counter.cart(KRUG=1)
    path = f"/v1/carts/{full['token']}/codes"
    problem(counter.api.post(path, json={"code": "ZWEIMAL"}), 422, "code_used_up", "code")
    done(counter.cancel(first))
    cart = done(counter.api.post(path, json={"code": "ZWEIMAL"}))
    assert done(counter.check_out(cart), 201)["discount"] == euros(185)
    assert counter.rows("code_redemption") == 2


def test_a_promotion_that_applies_by_itself_keeps_its_limit_per_customer(counter: Counter) -> None:
    with counter.database.writing() as c:
        factories.promotion(c, None, value=500, max_uses_per_customer=1)
        factories.promotion(c, "HERBST10")
    before = counter.cart(KRUG=1)
    first = done(counter.check_out(counter.cart(KRUG=1)), 201)
    assert first["discount"] == euros(93)
    # A cart that still showed it is told the new total; later ones do not show it at all.
    assert problem(counter.check_out(before), 409, "price_changed")["total"] == euros(1850 + 490)
    again = done(counter.check_out(counter.cart(email="anna+neu@kundin.example", KRUG=1)), 201)
    assert (again["discounts"], again["total"]) == ([], euros(1850 + 490))
    coded = done(counter.check_out(counter.cart(code="HERBST10", KRUG=1)), 201)
    assert [one["code"] for one in coded["discounts"]] == ["HERBST10"]
    other = done(counter.check_out(counter.cart(email="ben@kunde.example", KRUG=1)), 201)
    assert other["discount"] == euros(93)
    assert counter.rows("code_redemption") == 3


def rival(monkeypatch: pytest.MonkeyPatch, order: Callable[[], Any]) -> None:
    """Somebody else orders between a checkout's look at its cart and its order."""
    waiting = [order]

    def looked(*asked: Any) -> Any:
        stored = read_cart(*asked)
        if waiting:
            waiting.pop()()
        return stored

    monkeypatch.setattr("shopapi.checkout.check_out.read_cart", looked)


@pytest.mark.parametrize("limit", [{"max_uses": 1}, {"max_uses_per_customer": 1}])
def test_a_code_that_is_used_up_at_the_last_moment_is_named(
    counter: Counter, api_with: ApiWith, monkeypatch: pytest.MonkeyPatch, limit: dict[str, int]
) -> None:
    counter.database.write(lambda c: factories.promotion(c, "EINMAL", **limit))
    mine, theirs = counter.cart(code="EINMAL"), counter.cart(code="EINMAL", KRUG=1)
    other = Counter(api_with(), {}, counter.database)
    rival(monkeypatch, lambda: done(other.check_out(theirs), 201))
    told = problem(counter.check_out(mine), 422, "code_used_up", "code")
    assert "EINMAL" in told["detail"]
    assert (counter.rows("sales_order"), counter.stock()) == (1, (10, 1))


def test_a_code_that_ends_at_the_last_moment_is_said_to_have_ended(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = counter.database.write(lambda c: factories.promotion(c, "HEUTE"))
    mine = counter.cart(code="HEUTE")
    rival(monkeypatch, lambda: counter.database.write(lambda c: end_promotion(c, made.id, actor="shopctl")))
    told = problem(counter.check_out(mine), 422, "code_expired", "code")
    assert "HEUTE" in told["detail"]
    nothing_happened(counter)


def test_a_promotion_that_ends_at_the_last_moment_is_not_blamed_on_the_customer_s_code(
    counter: Counter, api_with: ApiWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    with counter.database.writing() as c:
        factories.promotion(c, None, value=500, max_uses=1)
        factories.promotion(c, "HERBST10")
    mine, theirs = counter.cart(code="HERBST10", KRUG=1), counter.cart(email="ben@kunde.example", KRUG=1)
    other = Counter(api_with(), {}, counter.database)
    rival(monkeypatch, lambda: done(other.check_out(theirs), 201))
    told = problem(counter.check_out(mine), 409, "price_changed")
    fresh = counter.read_cart(mine["token"])
    assert (told["total"], fresh["codes"]) == (fresh["total"], ["HERBST10"])
    assert done(counter.check_out(fresh), 201)["discounts"][0]["code"] == "HERBST10"


@pytest.mark.parametrize("changed", ["price", "quantity", "country"])
def test_what_changes_between_the_look_at_a_cart_and_its_order_is_not_ordered_as_it_was(
    counter: Counter, api_with: ApiWith, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    counter.deliver_to("AT")
    cart = counter.cart()
    path, other = f"/v1/carts/{cart['token']}", api_with()

    def change() -> object:
        if changed == "price":
            return factories.save(counter.database, factories.goods("Krug", price=1900, on_hand=10, weight_g=400))
        if changed == "quantity":
            return done(other.patch(f"{path}/lines/{KRUG}", json={"quantity": 5}))
        elsewhere = {"email": EMAIL, "shipping_address": ANNA | {"country": "AT", "postal_code": "1010"}}
        return done(other.put(f"{path}/contact", json=elsewhere))

    rival(monkeypatch, change)
    answer = counter.check_out(cart)
    if changed == "country":
        problem(answer, 422, "checkout_incomplete", "shipping")
    else:
        told = problem(answer, 409, "price_changed")
        assert told["total"] == counter.read_cart(cart["token"])["total"]
    nothing_happened(counter)


# what is refused


def test_what_is_missing_is_named(counter: Counter) -> None:
    empty = done(counter.api.post("/v1/carts", json={}), 201)
    told = problem(counter.check_out(empty), 422, "checkout_incomplete", "lines")
    assert [one["field"] for one in told["errors"]] == ["lines", "contact"]
    full = counter.read_cart(counter.new_cart(KRUG=1))
    problem(counter.check_out(full), 422, "checkout_incomplete", "contact")
    done(counter.api.put(f"/v1/carts/{full['token']}/contact", json={"email": EMAIL, "shipping_address": ANNA}))
    problem(counter.check_out(full), 422, "checkout_incomplete", "shipping")
    nothing_happened(counter)


@pytest.mark.spoils_the_books
@pytest.mark.parametrize("state", ["draft", "archived"])
def test_what_is_not_for_sale_any_more_is_named_and_not_ordered(counter: Counter, state: str) -> None:
    cart = counter.cart(KRUG=1, TELLER=1)
    with counter.database.writing() as c:
        c.execute(text("UPDATE product SET state = :state WHERE slug = 'krug'"), {"state": state})
    problem(counter.check_out(cart), 422, "checkout_incomplete", f"lines.{KRUG}")
    nothing_happened(counter)


@pytest.mark.parametrize("provider", ["paypal", "stripe"])
def test_an_unknown_provider_is_422_and_says_which_there_are(counter: Counter, provider: str) -> None:
    told = problem(counter.check_out(counter.cart(), provider), 422, "unknown_provider", "payment.provider")
    assert "manual, sandbox" in told["detail"]
    nothing_happened(counter)


@pytest.mark.parametrize("by", [-1, 1])
def test_a_total_that_does_not_match_is_409_with_the_total(counter: Counter, by: int) -> None:
    cart = counter.cart()
    wrong = euros(cart["total"]["amount"] + by)
    refused = problem(counter.check_out(cart, expected_total=wrong), 409, "price_changed")
    assert refused["total"] == cart["total"]
    assert refused["detail"] == f"It costs €{cart['total']['amount'] / 100:.2f} now. Show the new total and ask again."
    other = cart["total"] | {"currency": "USD"}
    assert problem(counter.check_out(cart, expected_total=other), 409, "price_changed")["total"] == cart["total"]
    nothing_happened(counter)


def test_a_price_that_changed_after_the_customer_agreed_is_409_with_the_new_total(counter: Counter) -> None:
    cart = counter.cart(KRUG=2)
    factories.save(counter.database, factories.goods("Krug", price=1900, on_hand=10, weight_g=400))
    refused = problem(counter.check_out(cart), 409, "price_changed")
    assert refused["total"] == euros(3800 + 490)
    nothing_happened(counter)
    agreed = counter.read_cart(cart["token"])
    assert done(counter.check_out(agreed), 201)["total"] == refused["total"]


def test_goods_that_are_gone_are_409_with_what_is_left_for_each_sku(counter: Counter) -> None:
    cart = counter.cart(KRUG=7, TELLER=3)
    counter.order(KRUG=4, TELLER=1)
    refused = problem(counter.check_out(cart), 409, "insufficient_stock")
    assert refused["left"] == {KRUG: 6, TELLER: 2}
    assert {one["field"] for one in refused["errors"]} == {f"lines.{KRUG}", f"lines.{TELLER}"}
    assert (counter.stock(), counter.stock(TELLER)) == ((10, 4), (3, 1))
    assert counter.rows("sales_order") == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"expected_total": {"amount": -1, "currency": "EUR"}}, "expected_total.amount"),
        ({"expected_total": {"amount": 1.5, "currency": "EUR"}}, "expected_total.amount"),
        ({"expected_total": {"amount": 10**30, "currency": "EUR"}}, "expected_total.amount"),
        ({"expected_total": {"amount": 1, "currency": "eur"}}, "expected_total.currency"),
        ({"expected_total": 4190}, "expected_total"),
        ({"payment": {"provider": "manual", "card_number": "4111"}}, "payment.card_number"),
        ({"payment": {"provider": "manual", "token": "4111 1111"}}, "payment.token"),
        ({"payment": {}}, "payment.provider"),
        ({"return_url": "javascript:alert(1)"}, "return_url"),
        ({"return_url": "//evil.example"}, "return_url"),
        ({"note": "x"}, "note"),
    ],
)
def test_a_body_that_does_not_fit_is_400_at_its_field(counter: Counter, change: dict[str, Any], field: str) -> None:
    cart = counter.cart()
    problem(counter.check_out(cart, **change), 400, "invalid_request", field)
    nothing_happened(counter)


@pytest.mark.parametrize(
    "number", ["4111111111111111", "4111-1111-1111-1111", "4111 1111 1111 1111", "411111111111", "4" * 19]
)
def test_a_card_s_number_is_passed_on_to_nobody_and_not_repeated(counter: Counter, bank: Bank, number: str) -> None:
    cart = counter.cart()
    answer = counter.check_out(cart, payment={"provider": "sandbox", "token": number})
    problem(answer, 400, "invalid_request", "payment.token")
    assert number not in answer.text
    assert bank.asked == []
    nothing_happened(counter)


# the key


def test_without_a_key_nothing_is_ordered(counter: Counter) -> None:
    cart = counter.cart()
    body = {"payment": {"provider": "manual"}, "expected_total": cart["total"]}
    path = f"/v1/carts/{cart['token']}/checkout"
    problem(counter.api.post(path, json=body), 400, "idempotency_key_required", "Idempotency-Key")
    for key in ("short", "x" * 256):
        answer = counter.api.post(path, json=body, headers={"Idempotency-Key": key})
        problem(answer, 400, "invalid_request", "Idempotency-Key")
    nothing_happened(counter)


@pytest.mark.parametrize("provider", ["manual", "sandbox"])
def test_the_same_request_again_is_the_same_order_byte_for_byte(counter: Counter, bank: Bank, provider: str) -> None:
    cart = counter.cart()
    first = counter.check_out(cart, provider, key=KEY)
    order = done(first, 201)
    done(counter.api.get(path_of(order)))
    for _ in range(2):
        same(first, counter.check_out(cart, provider, key=KEY))
    assert counter.rows("sales_order") == counter.rows("payment") == 1
    assert len(bank.charged) == (provider == "sandbox")
    done(counter.cancel(order))  # What was answered stays so, whatever the order is by now.
    same(first, counter.check_out(cart, provider, key=KEY))


@pytest.mark.parametrize("provider", ["manual", "sandbox"])
def test_no_secret_of_an_order_is_stored_anywhere(counter: Counter, provider: str) -> None:
    order = done(counter.check_out(counter.cart(), provider, key=KEY), 201)
    secret = order["access_token"]
    row = kept(counter.database)
    assert b'"access_token":null' in bytes(row.body)
    assert row.order_number == order["number"]
    with counter.database.reading() as c:
        for table in ("idempotency_key", "sales_order", "order_event", "outbox", "payment", "payment_attempt"):
            for stored in c.execute(text(f"SELECT * FROM {table}")):
                assert secret not in " ".join(
                    bytes(one).decode("latin-1") if isinstance(one, bytes | memoryview) else str(one) for one in stored
                ), table
        token = c.execute(text("SELECT token FROM cart")).scalar_one()
        assert token not in str(c.execute(text("SELECT scope, key FROM idempotency_key")).all())


def test_another_request_under_the_same_key_is_422_and_nothing_is_done(counter: Counter) -> None:
    cart = counter.cart()
    first = counter.check_out(cart, key=KEY)
    done(first, 201)
    problem(counter.check_out(cart, "sandbox", key=KEY), 422, "idempotency_key_reused")
    problem(counter.check_out(cart, key=KEY, expected_total=euros(1)), 422, "idempotency_key_reused")
    same(first, counter.check_out(cart, key=KEY))
    assert counter.rows("sales_order") == 1


def test_the_same_key_on_another_cart_is_another_request(counter: Counter) -> None:
    first, second = counter.cart(KRUG=1), counter.cart(KRUG=1)
    numbers = {done(counter.check_out(cart, key=KEY), 201)["number"] for cart in (first, second)}
    assert len(numbers) == 2


def test_a_refusal_that_the_state_gives_is_kept_under_its_key_and_a_new_key_asks_anew(counter: Counter) -> None:
    cart = counter.cart(TELLER=3)
    other = counter.order(TELLER=1)
    first = counter.check_out(cart, key=KEY)
    problem(first, 409, "insufficient_stock")
    done(counter.cancel(other))
    same(first, counter.check_out(cart, key=KEY))
    done(counter.check_out(cart), 201)


def test_what_is_not_complete_may_be_completed_under_the_same_key(counter: Counter) -> None:
    cart = counter.read_cart(counter.new_cart(KRUG=1))
    problem(counter.check_out(cart, key=KEY), 422, "checkout_incomplete")
    ready = counter.cart()
    problem(counter.check_out(ready, "paypal", key=KEY), 422, "unknown_provider")
    done(counter.check_out(ready, key=KEY), 201)


@pytest.fixture
def crashed(counter: Counter, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A cart whose checkout died right after the provider had charged; its key is :data:`KEY`."""
    cart = counter.cart()

    def die(point: str) -> None:
        if point == "after_psp":
            raise RuntimeError("The process died here.")

    with monkeypatch.context() as patched:
        patched.setattr("shopapi.checkout.check_out.reach", die)
        problem(counter.check_out(cart, "sandbox", key=KEY), 500, "internal_error")
    assert kept(counter.database).state == "claimed"
    assert len(bank.charged) == 1
    return cart


def test_while_a_request_runs_the_same_one_is_told_to_come_back(counter: Counter, crashed: dict[str, Any]) -> None:
    answer = counter.check_out(crashed, "sandbox", key=KEY)
    problem(answer, 409, "idempotency_in_progress")
    assert int(answer.headers["retry-after"]) >= 1
    problem(counter.check_out(crashed, "manual", key=KEY), 422, "idempotency_key_reused")


def test_when_its_lease_has_ended_the_request_goes_on_with_the_same_order_and_charge(
    counter: Counter, bank: Bank, crashed: dict[str, Any]
) -> None:
    with counter.database.writing() as c:
        c.execute(update(idempotency_key).where(idempotency_key.c.key == KEY).values(lease_until=clock(-1)))
    first = counter.check_out(crashed, "sandbox", key=KEY)
    order = done(first, 201)
    assert (order["state"], order["payment"]["state"]) == ("confirmed", "captured")
    assert len(order["access_token"]) == 43
    assert len({charge.key for charge in bank.charged}) == counter.rows("sales_order") == 1
    assert bank.taken() == order["total"]["amount"]
    same(first, counter.check_out(crashed, "sandbox", key=KEY))


def test_a_request_that_comes_back_after_all_was_settled_learns_of_it(
    counter: Counter, bank: Bank, crashed: dict[str, Any]
) -> None:
    (charge,) = bank.charged
    counter.database.write(lambda c: record_charge(c, charge.order_number, bank.charges[charge.key]))
    with counter.database.writing() as c:
        c.execute(update(idempotency_key).where(idempotency_key.c.key == KEY).values(lease_until=clock(-1)))
    order = done(counter.check_out(crashed, "sandbox", key=KEY), 201)
    assert (order["state"], kinds(order)) == ("confirmed", ["placed", "paid"])
    assert len(bank.charged) == 1


def test_a_provider_that_is_busy_when_a_request_goes_on_after_a_crash_has_given_no_answer(
    counter: Counter, bank: Bank, crashed: dict[str, Any], settings: ApiSettings
) -> None:
    with counter.database.writing() as c:
        c.execute(update(idempotency_key).where(idempotency_key.c.key == KEY).values(lease_until=clock(-1)))
    bank.says = "busy"
    first = counter.check_out(crashed, "sandbox", key=KEY)
    order = done(first, 201)
    assert (order["state"], order["payment"]["state"]) == ("placed", "unknown")
    assert kinds(order) == ["placed", "payment_unknown"]
    bank.says = "succeeded"
    problem(counter.check_out(crashed, "sandbox"), 409, "cart_already_ordered")
    assert (bank.taken(), counter.stock()) == (order["total"]["amount"], (10, 2))
    counter.checks_are_due()
    Reconciler(settings)(counter.database)
    assert counter.read(order)["state"] == "confirmed"
    same(first, counter.check_out(crashed, "sandbox", key=KEY))
    assert (bank.taken(), counter.rows("sales_order")) == (order["total"]["amount"], 1)


def test_a_request_that_comes_back_after_its_order_was_given_up_charges_nothing(
    counter: Counter, bank: Bank, crashed: dict[str, Any]
) -> None:
    counter.let_time_pass(SILENT_S)
    assert expire_orders(counter.database) == 1
    with counter.database.writing() as c:
        c.execute(update(idempotency_key).where(idempotency_key.c.key == KEY).values(lease_until=clock(-1)))
    first = counter.check_out(crashed, "sandbox", key=KEY)
    told = problem(first, 402, "order_given_up")
    assert "Whatever was charged goes back." in told["detail"]
    assert (len(bank.charged), counter.stock()) == (1, (10, 0))
    assert counter.read_cart(crashed["token"])["state"] == "open"
    same(first, counter.check_out(crashed, "sandbox", key=KEY))


def test_a_request_that_was_taken_over_leaves_its_answer_to_who_goes_on(
    counter: Counter, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart, answering = counter.cart(), bank._answer

    def taken_over(charge: Any) -> Any:
        with counter.database.writing() as c:
            c.execute(update(idempotency_key).values(owner="somebody else", lease_until=clock(30)))
        return answering(charge)

    with monkeypatch.context() as patched:
        patched.setattr(bank, "_answer", taken_over)
        problem(counter.check_out(cart, "sandbox", key=KEY), 409, "idempotency_in_progress")
    assert (kept(counter.database).state, kept(counter.database).owner) == ("claimed", "somebody else")
    with counter.database.writing() as c:
        c.execute(update(idempotency_key).values(lease_until=clock(-1)))
    order = done(counter.check_out(cart, "sandbox", key=KEY), 201)
    assert (order["state"], bank.taken()) == ("confirmed", order["total"]["amount"])


def test_who_is_led_to_a_page_after_the_order_was_given_up_is_told_and_cannot_pay(
    counter: Counter, bank: Bank, monkeypatch: pytest.MonkeyPatch, settings: ApiSettings
) -> None:
    bank.says = "open"
    cart, answering = counter.cart(), bank._answer

    def too_slow(charge: Any) -> Any:
        counter.let_time_pass(SILENT_S)
        assert expire_orders(counter.database) == 1
        return answering(charge)

    monkeypatch.setattr(bank, "_answer", too_slow)
    problem(counter.check_out(cart, "sandbox", key=KEY), 402, "order_given_up")
    with counter.database.reading() as c:
        assert c.execute(text("SELECT next_url FROM payment")).scalar_one() is None
    counter.checks_are_due()
    Reconciler(settings)(counter.database)
    assert bank.charges[bank.charged[0].key].state == "failed"
    nothing_is_held(counter)


@pytest.mark.parametrize("charged", [True, False])
def test_who_pays_for_an_order_that_staff_cancel_meanwhile_is_told_so(
    counter: Counter, bank: Bank, monkeypatch: pytest.MonkeyPatch, charged: bool
) -> None:
    cart, charging = counter.cart(), bank.charge

    async def too_late(charge: Any) -> Any:
        cancelled = await asyncio.to_thread(counter.staff, "POST", f"orders/{charge.order_number}/cancel", {})
        done(cancelled)
        if charged:
            bank.charges.clear()  # It was called off, and is charged all the same.
        return await charging(charge)

    monkeypatch.setattr(bank, "charge", too_late)
    told = problem(counter.check_out(cart, "sandbox", key=KEY), 402, "order_given_up")
    money = "It was charged all the same: the money goes back." if charged else "Nothing was charged."
    assert told["detail"].endswith(f"The order was given up while it was being paid. {money}")


# a payment that is declined


def declined(counter: Counter, bank: Bank, **cart: Any) -> tuple[dict[str, Any], httpx.Response]:
    bank.says = "declined"
    made = counter.cart(**cart)
    return made, counter.check_out(made, "sandbox", key=KEY)


def test_a_declined_payment_is_402_and_everything_is_free_again(counter: Counter, bank: Bank) -> None:
    counter.database.write(lambda c: factories.promotion(c, "EINMAL", max_uses=1))
    cart, answer = declined(counter, bank, code="EINMAL")
    refused = problem(answer, 402, "payment_declined")
    assert "no funds" in refused["detail"]
    assert counter.stock() == (10, 0)
    assert counter.rows("code_redemption") == 0
    again = counter.read_cart(cart["token"])
    assert (again["state"], again["codes"], again["total"]) == ("open", ["EINMAL"], cart["total"])
    (card,) = done(counter.staff("GET", "orders"))["data"]
    seen = done(counter.staff("GET", f"orders/{card['number']}"))
    assert (card["state"], card["payment_state"]) == ("cancelled", "failed")
    assert kinds(seen["order"]) == ["placed", "payment_failed", "cancelled"]


def test_a_declined_payment_is_kept_under_its_key_and_a_new_key_pays(counter: Counter, bank: Bank) -> None:
    cart, first = declined(counter, bank)
    bank.says = "succeeded"
    same(first, counter.check_out(cart, "sandbox", key=KEY))
    assert bank.taken() == 0
    order = done(counter.check_out(cart, "sandbox"), 201)
    assert order["state"] == "confirmed"
    assert bank.taken() == order["total"]["amount"]
    assert counter.rows("sales_order") == 2
    same(first, counter.check_out(cart, "sandbox", key=KEY))


def test_a_provider_that_is_too_busy_has_taken_nothing(counter: Counter, bank: Bank) -> None:
    bank.says = "busy"
    cart = counter.cart()
    problem(counter.check_out(cart, "sandbox"), 402, "provider_busy")
    assert (bank.taken(), counter.stock(), counter.read_cart(cart["token"])["state"]) == (0, (10, 0), "open")
    done(counter.check_out(cart), 201)


def test_a_provider_that_refuses_the_token_declines_and_is_not_busy(counter: Counter, bank: Bank) -> None:
    bank.says = "refused"
    cart = counter.cart()
    answer = counter.check_out(cart, payment={"provider": "sandbox", "token": "tok_nope"})
    refused = problem(answer, 402, "payment_declined")
    assert "tok_nope" not in refused["detail"]
    assert (bank.taken(), counter.stock(), counter.read_cart(cart["token"])["state"]) == (0, (10, 0), "open")
    done(counter.check_out(cart), 201)


@pytest.mark.parametrize("gone", ["silent", "away"])
def test_a_provider_that_gives_no_answer_keeps_the_goods_and_the_order(counter: Counter, bank: Bank, gone: str) -> None:
    setattr(bank, gone, True)
    cart = counter.cart()
    first = counter.check_out(cart, "sandbox", key=KEY)
    order = done(first, 201)
    assert (order["state"], order["payment"]["state"]) == ("placed", "unknown")
    assert kinds(order) == ["placed", "payment_unknown"]
    assert counter.stock() == (10, 2)
    same(first, counter.check_out(cart, "sandbox", key=KEY))
    assert len([what for what, _ in bank.asked if what == "charge"]) == 1
    assert counter.payment(order)["attempts"][0]["next_check_at"] is not None
    problem(counter.cancel(order), 409, "payment_unclear")


# limits


def test_a_cart_can_be_checked_out_so_often_and_replays_do_not_count(api_with: ApiWith, database: Database) -> None:
    stock_the_shop(database)
    counter = Counter(api_with(SHOP_RATE_LIMITS="on"), {}, database)
    cart = counter.cart()
    wrong = euros(1)
    for _ in range(25):
        assert counter.check_out(cart, key=KEY, expected_total=wrong).status_code == 409
    # The allowance fills up again while the test runs: one call every six seconds.
    answers = [counter.check_out(cart, expected_total=wrong) for _ in range(9)]
    assert {answer.status_code for answer in answers} == {409}
    answer = next(
        answer
        for answer in (counter.check_out(cart, expected_total=wrong) for _ in range(100))
        if answer.status_code != 409
    )
    problem(answer, 429, "rate_limited")
    assert int(answer.headers["retry-after"]) >= 1
    assert counter.rows("sales_order") == 0


def test_an_order_is_answered_again_however_often_its_cart_was_checked_out(
    api_with: ApiWith, database: Database
) -> None:
    stock_the_shop(database)
    counter = Counter(api_with(SHOP_RATE_LIMITS="on"), {}, database)
    cart = counter.cart()
    first = counter.check_out(cart, key=KEY)
    done(first, 201)
    answers = (counter.check_out(cart) for _ in range(100))
    problem(next(answer for answer in answers if answer.status_code != 409), 429, "rate_limited")
    for _ in range(3):
        same(first, counter.check_out(cart, key=KEY))
    refused = counter.check_out(cart, key="a-new-key-over-the-limit")
    problem(refused, 429, "rate_limited")
    with database.reading() as c:
        assert "a-new-key-over-the-limit" not in c.execute(select(idempotency_key.c.key)).scalars().all()


def test_a_key_is_no_business_of_other_carts_principals(counter: Counter) -> None:
    cart = counter.cart()
    path = f"/v1/carts/{cart['token']}/checkout"
    body = {"payment": {"provider": "manual"}, "expected_total": cart["total"]}
    key = a_key()
    first = counter.api.post(path, json=body, headers=key)
    # The cart is whose the key is: who is signed in besides makes no other request of it.
    again = counter.api.post(path, json=body, headers=key | counter.staff_headers)
    same(first, again)
