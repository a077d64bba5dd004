"""Carts: what they answer, what they cost, and everything that is refused of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, text, update

from shopapi.carts import store
from shopapi.carts.reading import StoredCart, read_cart
from shopapi.carts.tables import KEPT_DAYS
from shopapi.carts.tables import cart as cart_table
from shopapi.catalog.set_variant import VariantChange, set_variant
from shopapi.catalog.tables import shop, tax_rate
from shopapi.contract.carts import MAX_LINE_QUANTITY, MAX_LINES
from shopapi.contract.catalog import Locale, ProductState
from shopapi.db.engine import Database
from shopapi.db.types import clock
from shopapi.worker import clean_up
from tests import factories
from tests.api.conftest import ApiWith
from tests.api.problems import problem
from tests.api.selling import ANNA, EMAIL, KRUG, STANDARD, TELLER, Counter, a_key, done, euros, kinds, stock_the_shop


def lines(counter: Counter, token: str) -> dict[str, int]:
    return {line["sku"]: line["quantity"] for line in counter.read_cart(token)["lines"]}


def add(counter: Counter, token: str, sku: str, quantity: Any) -> httpx.Response:
    return counter.api.post(f"/v1/carts/{token}/lines", json={"sku": sku, "quantity": quantity})


def set_contact(counter: Counter, token: str, email: str = EMAIL, **address: Any) -> httpx.Response:
    body = {"email": email, "shipping_address": ANNA | address}
    return counter.api.put(f"/v1/carts/{token}/contact", json=body)


def set_shop(counter: Counter, **columns: Any) -> None:
    with counter.database.writing() as c:
        c.execute(update(shop).values(**columns))


# what a cart answers


def test_an_empty_cart_has_a_secret_name_and_costs_nothing(counter: Counter) -> None:
    answer = counter.api.post("/v1/carts", json={})
    cart = done(answer, 201)
    assert len(cart["token"]) == 43
    assert (cart["state"], cart["lines"], cart["codes"], cart["contact"]) == ("open", [], [], None)
    assert (cart["subtotal"], cart["total"], cart["shipping"]) == (euros(0), euros(0), None)
    assert cart["payment_providers"] == ["manual", "sandbox"]
    assert answer.headers["etag"] == f'"v{cart["version"]}"'
    assert answer.headers["cache-control"] == "no-store"
    assert cart["token"] != counter.new_cart()


def test_every_call_answers_the_whole_cart_in_a_newer_version(counter: Counter) -> None:
    token = counter.new_cart()
    path, seen = f"/v1/carts/{token}", []
    answers = [
        counter.api.post(f"{path}/lines", json={"sku": KRUG, "quantity": 3}),
        counter.api.patch(f"{path}/lines/{KRUG}", json={"quantity": 2}),
        set_contact(counter, token),
        counter.api.put(f"{path}/shipping", json={"method": STANDARD}),
        counter.api.delete(f"{path}/lines/{KRUG}"),
    ]
    for answer in answers:
        cart = done(answer)
        assert answer.headers["etag"] == f'"v{cart["version"]}"'
        assert cart["token"] == token
        seen.append(cart["version"])
    assert seen == sorted(set(seen))
    assert counter.read_cart(token) == cart


def test_units_of_one_sku_add_up_and_lines_keep_their_order(counter: Counter) -> None:
    token = counter.new_cart(TELLER=1)
    add(counter, token, KRUG, 2)
    cart = done(add(counter, token, TELLER, 2))
    assert [(line["sku"], line["quantity"]) for line in cart["lines"]] == [(TELLER, 3), (KRUG, 2)]
    assert cart["lines"][0]["total"] == euros(3 * 990)
    assert cart["subtotal"] == cart["total"] == euros(3 * 990 + 2 * 1850)


def test_a_line_says_what_it_is_in_the_language_that_is_asked_for(counter: Counter) -> None:
    record = factories.in_colours("Becher", {"Ton": (1200, 4)}, name={"de": "Becher", "en": "Mug"})
    factories.save(counter.database, record)
    token = counter.new_cart(**{"BECHER-TON": 1})
    (line,) = counter.read_cart(token)["lines"]
    assert (line["slug"], line["name"], line["options"]) == ("becher", "Becher", {"Farbe": "Ton"})
    answer = counter.api.get(f"/v1/carts/{token}", headers={"Accept-Language": "en"})
    (line,) = done(answer)["lines"]
    assert (line["name"], line["options"]) == ("Mug", {"Colour": "Ton"})
    assert answer.headers["content-language"] == "en"


def test_zero_units_remove_a_line_and_so_does_delete(counter: Counter) -> None:
    token = counter.new_cart(KRUG=1, TELLER=1)
    assert len(done(counter.api.patch(f"/v1/carts/{token}/lines/{KRUG}", json={"quantity": 0}))["lines"]) == 1
    assert done(counter.api.delete(f"/v1/carts/{token}/lines/{TELLER}"))["lines"] == []
    problem(counter.api.delete(f"/v1/carts/{token}/lines/{TELLER}"), 404, "not_in_cart")
    problem(counter.api.patch(f"/v1/carts/{token}/lines/{KRUG}", json={"quantity": 2}), 404, "not_in_cart")


def test_a_keyed_addition_is_added_once(counter: Counter) -> None:
    token, key = counter.new_cart(), a_key()
    body = {"sku": KRUG, "quantity": 2}
    first = counter.api.post(f"/v1/carts/{token}/lines", json=body, headers=key)
    again = counter.api.post(f"/v1/carts/{token}/lines", json=body, headers=key)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert lines(counter, token) == {KRUG: 2}
    other = counter.new_cart()  # The key is the cart's own: another cart may use the same.
    assert "idempotent-replayed" not in counter.api.post(f"/v1/carts/{other}/lines", json=body, headers=key).headers


# what is refused, and changes nothing


@pytest.mark.parametrize("quantity", [0, -1, 1.5, 10**30, MAX_LINE_QUANTITY + 1, "2", True, None])
def test_a_quantity_that_is_none_is_400_and_adds_nothing(counter: Counter, quantity: Any) -> None:
    token = counter.new_cart(KRUG=1)
    problem(add(counter, token, KRUG, quantity), 400, "invalid_request", "quantity")
    problem(
        counter.api.post("/v1/carts", json={"lines": [{"sku": KRUG, "quantity": quantity}]}),
        400,
        "invalid_request",
        "lines[0].quantity",
    )
    assert lines(counter, token) == {KRUG: 1}
    assert counter.rows("cart") == 1


@pytest.mark.parametrize("quantity", [-1, 1.5, 10**30, MAX_LINE_QUANTITY + 1])
def test_a_line_is_not_set_to_a_quantity_that_is_none(counter: Counter, quantity: Any) -> None:
    token = counter.new_cart(KRUG=1)
    answer = counter.api.patch(f"/v1/carts/{token}/lines/{KRUG}", json={"quantity": quantity})
    problem(answer, 400, "invalid_request", "quantity")
    assert lines(counter, token) == {KRUG: 1}


@pytest.mark.parametrize("token", ["x", "A" * 43, "A" * 44, "%00", "..", "A" * 5000])
def test_a_token_of_no_cart_is_404_for_every_call(counter: Counter, token: str) -> None:
    counter.new_cart(KRUG=1)
    calls: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("POST", "/lines", {"sku": KRUG, "quantity": 1}),
        ("PATCH", f"/lines/{KRUG}", {"quantity": 1}),
        ("DELETE", f"/lines/{KRUG}", None),
        ("PUT", "/contact", {"email": EMAIL, "shipping_address": ANNA}),
        ("GET", "/shipping-options", None),
        ("PUT", "/shipping", {"method": STANDARD}),
        ("POST", "/codes", {"code": "HERBST10"}),
        ("DELETE", "/codes/HERBST10", None),
        ("POST", "/checkout", {"payment": {"provider": "manual"}, "expected_total": euros(1)}),
    ]
    for method, rest, body in calls:
        answer = counter.api.request(method, f"/v1/carts/{token}{rest}", json=body, headers=a_key())
        assert answer.status_code == 404, (method, rest, answer.text)
    assert counter.rows("sales_order") == 0


def test_another_s_cart_cannot_be_guessed_from_one_s_own(counter: Counter) -> None:
    mine, theirs = counter.new_cart(KRUG=1), counter.new_cart(TELLER=1)
    assert mine[:20] != theirs[:20]
    problem(add(counter, mine[:-1] + ("A" if mine[-1] != "A" else "B"), KRUG, 1), 404, "cart_not_found")
    assert (lines(counter, mine), lines(counter, theirs)) == ({KRUG: 1}, {TELLER: 1})


def test_a_cart_that_was_ordered_cannot_be_changed(counter: Counter) -> None:
    cart = counter.cart()
    done(counter.check_out(cart), 201)
    path = f"/v1/carts/{cart['token']}"
    before = counter.read_cart(cart["token"])
    assert before["state"] == "ordered"
    for answer in (
        add(counter, cart["token"], KRUG, 1),
        counter.api.patch(f"{path}/lines/{KRUG}", json={"quantity": 1}),
        counter.api.delete(f"{path}/lines/{KRUG}"),
        set_contact(counter, cart["token"]),
        counter.api.put(f"{path}/shipping", json={"method": STANDARD}),
        counter.api.post(f"{path}/codes", json={"code": "HERBST10"}),
        counter.api.delete(f"{path}/codes/HERBST10"),
        counter.check_out(cart),
    ):
        problem(answer, 409, "cart_already_ordered")
    assert counter.read_cart(cart["token"]) == before
    assert counter.rows("sales_order") == 1


@pytest.mark.parametrize(
    "spoiled",
    [
        "UPDATE product SET state = 'draft' WHERE slug = 'krug'",
        "UPDATE product SET state = 'archived' WHERE slug = 'krug'",
        "UPDATE variant SET price = NULL WHERE sku = 'KRUG'",
        "UPDATE variant SET item_name = NULL, archived_at = created_at WHERE sku = 'KRUG'",
    ],
)
@pytest.mark.spoils_the_books
def test_what_is_draft_archived_or_without_a_price_is_not_for_sale(counter: Counter, spoiled: str) -> None:
    token = counter.new_cart(KRUG=1, TELLER=1)
    with counter.database.writing() as c:
        c.execute(text(spoiled))
    problem(add(counter, token, KRUG, 1), 422, "not_for_sale", "sku")
    problem(counter.api.patch(f"/v1/carts/{token}/lines/{KRUG}", json={"quantity": 2}), 422, "not_for_sale")
    cart = counter.read_cart(token)
    assert [(one["kind"], one["sku"], one["goods"]) for one in cart["problems"]] == [("not_for_sale", KRUG, "Krug")]
    assert cart["subtotal"] == euros(990)
    assert done(counter.api.delete(f"/v1/carts/{token}/lines/{KRUG}"))["problems"] == []


@pytest.mark.parametrize("sku", ["NOTHING", "krug", "ITEM-1"])
def test_a_sku_of_nothing_is_not_for_sale(counter: Counter, sku: str) -> None:
    with counter.database.writing() as c:
        factories.item(c, name="Mug")
    token = counter.new_cart()
    problem(add(counter, token, sku, 1), 422, "not_for_sale", "sku")
    answer = counter.api.post("/v1/carts", json={"lines": [{"sku": sku, "quantity": 1}]})
    problem(answer, 422, "not_for_sale", "sku")
    assert counter.rows("cart") == 1


def test_more_than_can_be_had_is_409_with_what_is_left(counter: Counter) -> None:
    token = counter.new_cart(KRUG=8)
    refused = problem(add(counter, token, KRUG, 3), 409, "insufficient_stock")
    assert refused["left"] == {KRUG: 10}
    answer = counter.api.patch(f"/v1/carts/{token}/lines/{KRUG}", json={"quantity": 11})
    assert problem(answer, 409, "insufficient_stock")["left"] == {KRUG: 10}
    assert lines(counter, token) == {KRUG: 8}
    counter.order(KRUG=4)  # What others have ordered cannot be had.
    assert problem(add(counter, token, KRUG, 1), 409, "insufficient_stock")["left"] == {KRUG: 6}


def test_a_new_cart_has_all_its_lines_or_is_not_made(counter: Counter) -> None:
    wanted = [{"sku": KRUG, "quantity": 11}, {"sku": TELLER, "quantity": 4}, {"sku": "NOTHING", "quantity": 1}]
    refused = problem(counter.api.post("/v1/carts", json={"lines": wanted[:2]}), 409, "insufficient_stock")
    assert refused["left"] == {KRUG: 10, TELLER: 3}
    problem(counter.api.post("/v1/carts", json={"lines": wanted}), 422, "not_for_sale")
    assert counter.rows("cart") == counter.rows("cart_line") == 0


def test_a_cart_holds_so_many_skus_and_no_more(counter: Counter) -> None:
    factories.save(counter.database, *(factories.goods(f"Vase {n}", sku=f"V{n}") for n in range(MAX_LINES + 1)))
    token = counter.new_cart(**{f"V{n}": 1 for n in range(MAX_LINES)})
    problem(add(counter, token, f"V{MAX_LINES}", 1), 422, "cart_full")
    assert len(done(add(counter, token, "V0", 1))["lines"]) == MAX_LINES
    too_many = [{"sku": f"V{n}", "quantity": 1} for n in range(MAX_LINES + 1)]
    problem(counter.api.post("/v1/carts", json={"lines": too_many}), 400, "invalid_request", "lines")


def test_a_line_holds_so_many_units_and_no_more(counter: Counter) -> None:
    factories.save(counter.database, factories.goods("Perle", on_hand=5000, sku="PERLE"))
    token = counter.new_cart(PERLE=MAX_LINE_QUANTITY)
    problem(add(counter, token, "PERLE", 1), 422, "cart_full", "quantity")
    assert lines(counter, token) == {"PERLE": MAX_LINE_QUANTITY}


# what has changed meanwhile


def test_a_price_that_changed_is_told_until_it_was_seen(counter: Counter) -> None:
    token = counter.new_cart(KRUG=1)
    factories.save(counter.database, factories.goods("Krug", price=2000, on_hand=10, weight_g=400))
    cart = counter.read_cart(token)
    (told,) = cart["problems"]
    assert (told["kind"], told["sku"], told["before"]) == ("price_changed", KRUG, euros(1850))
    assert cart["total"] == euros(2000)
    assert done(counter.api.patch(f"/v1/carts/{token}/lines/{KRUG}", json={"quantity": 1}))["problems"] == []


def test_goods_that_others_bought_are_told_as_short(counter: Counter) -> None:
    token = counter.new_cart(TELLER=3)
    counter.order(TELLER=2)
    cart = counter.read_cart(token)
    (told,) = cart["problems"]
    assert (told["kind"], told["sku"], told["left"]) == ("insufficient_stock", TELLER, 1)
    assert cart["lines"][0]["available"] is False


def test_a_cart_that_nobody_touches_goes_and_an_ordered_one_stays(counter: Counter) -> None:
    old, ordered, fresh = counter.new_cart(KRUG=1), counter.cart(code=""), counter.new_cart(KRUG=1)
    order = done(counter.check_out(ordered), 201)
    with counter.database.writing() as c:
        long_ago = clock(-86_400 * KEPT_DAYS - 60)
        c.execute(update(cart_table).where(cart_table.c.token != fresh).values(updated_at=long_ago))
    clean_up(counter.database)
    problem(counter.api.get(f"/v1/carts/{old}"), 404, "cart_not_found")
    assert counter.read_cart(fresh)["state"] == "open"
    assert kinds(counter.read(order)) == ["placed"]


# who buys, and where it goes

WRITTEN_EVERYWHERE = [
    {"name": "Ægir Þórðarson", "line1": "Laugavegur 1", "city": "Reykjavík"},
    {"name": "Ελένη Παπαδοπούλου", "line1": "Οδός Ερμού 12", "city": "Αθήνα"},
    {"name": "Наталія Ковальчук", "line1": "вул. Хрещатик, 1", "city": "Київ"},
    {"name": "山田 太郎", "line1": "東京都千代田区千代田1-1", "city": "東京"},
    {"name": "محمد بن علي", "line1": "شارع الملك ١٢", "city": "الرياض"},
    {"name": "अनिता शर्मा", "line1": "महात्मा गांधी मार्ग", "city": "नई दिल्ली"},
    {"name": "יעל כהן", "line1": "רחוב הרצל 5", "city": "תל אביב"},
    {"name": "สมชาย ใจดี", "line1": "ถนนสุขุมวิท ๒๑", "city": "กรุงเทพฯ"},
    {"name": "علی\u200cرضا نیک\u200cنام", "line1": "ක්\u200dරීඩා පාර 5", "city": "ភ្នំ\u200bពេញ"},
    {"name": "김민준", "line1": "세종대로 110", "city": "서울"},
    {"name": "Nguyễn Thị Ánh", "line1": "Đường Lê Lợi 7", "city": "Huế"},
    {"name": "Anna 🏺 O'Neill-Żółć", "line1": '<b>Weg</b> & "Co" 1; --', "city": "Łódź"},
]


@pytest.mark.parametrize("words", WRITTEN_EVERYWHERE, ids=lambda words: words["city"])
def test_addresses_of_every_script_are_kept_as_written_down_to_the_order(
    counter: Counter, words: dict[str, str]
) -> None:
    cart = counter.cart()
    cart = done(set_contact(counter, cart["token"], **words))
    assert cart["contact"]["shipping_address"] == ANNA | words
    order = counter.read(done(counter.check_out(cart), 201))
    assert order["shipping_address"] == order["billing_address"] == ANNA | words


@pytest.mark.parametrize(
    "email",
    [
        *("", "a", "anna", "anna@", "@example.org", "an na@example.org", "a@b@c", "a\n@b", "x" * 250 + "@b.de", 7),
        *(
            "a@b",
            "a@b.de>",
            "a..b@c.de",
            ".a@b.de",
            "a@[127.0.0.1]",
            '"a b"@c.de',
            "a@b..de",
            "a@b.de.",
            "a@b\u202e.de",
            "a@-c.de",
            "a@1.2.3.4",
            "a@b.123",
            "a@b.12-3",
            "a@c-.de",
            "x" * 65 + "@b.de",
            "a@" + "b" * 64 + ".de",
            "a@b." + "d" * 64,
        ),
    ],
)
def test_an_e_mail_address_that_is_none_is_named(counter: Counter, email: Any) -> None:
    token = counter.new_cart(KRUG=1)
    problem(set_contact(counter, token, email), 400, "invalid_request", "email")
    assert counter.read_cart(token)["contact"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " \u200b "),
        ("name", "x" * 201),
        ("line1", "a\nb"),
        ("city", "\u0000"),
        ("postal_code", "1" * 21),
        ("name", "Anna\u202erebeW"),
        ("name", "An\u200bna"),
        ("name", "\u3164"),
        ("line1", "\u2066Weg 1\u2069"),
        ("phone", "\u202a0341 1\u202c"),
        ("postal_code", "0410"),
        ("country", "de"),
        ("country", "DEU"),
        ("country", ""),
        ("street", "Weg 1"),
    ],
)
def test_an_address_that_is_none_names_its_field(counter: Counter, field: str, value: str) -> None:
    token = counter.new_cart(KRUG=1)
    refused = problem(set_contact(counter, token, **{field: value}), 400, "invalid_request")
    assert field in refused["errors"][0]["field"]
    assert counter.read_cart(token)["contact"] is None


def test_the_address_of_the_invoice_is_read_as_closely(counter: Counter) -> None:
    token = counter.new_cart(KRUG=1)
    body = {"email": EMAIL, "shipping_address": ANNA, "billing_address": ANNA | {"country": "CH"}}
    refused = problem(counter.api.put(f"/v1/carts/{token}/contact", json=body), 400, "invalid_request")
    assert refused["detail"] == f'billing_address.postal_code: has 4 digits in CH; it is "{ANNA["postal_code"]}"'


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("DE", " 04 229 ", "04229"),
        ("DE", "D-04229", "04229"),
        *(("DE", f"D{dash}04229", "04229") for dash in "\u2011\u2013\u2014\u2212"),
        ("DE", "de 04229", "04229"),
        ("AT", "A-1010", "1010"),
        ("AT", "AT\N{NO-BREAK SPACE}10 10", "1010"),
    ],
)
def test_a_postcode_is_kept_without_its_country_and_blanks(
    counter: Counter, country: str, typed: str, kept: str
) -> None:
    counter.deliver_to("AT")
    billed = ANNA | {"country": country, "postal_code": typed}
    body = {"email": EMAIL, "shipping_address": billed, "billing_address": billed}
    contact = done(counter.api.put(f"/v1/carts/{counter.new_cart(KRUG=1)}/contact", json=body))["contact"]
    assert [contact[which]["postal_code"] for which in ("shipping_address", "billing_address")] == [kept, kept]


def test_an_invoice_goes_to_a_country_that_there_is(counter: Counter) -> None:
    token = counter.new_cart(KRUG=1)

    def billed(country: str) -> Any:
        body = {"email": EMAIL, "shipping_address": ANNA, "billing_address": ANNA | {"country": country}}
        return counter.api.put(f"/v1/carts/{token}/contact", json=body)

    for country in ("XX", "ZZ", "EU", "UK"):
        refused = problem(billed(country), 400, "invalid_request", "billing_address.country")
        assert (
            refused["detail"] == f'billing_address.country: is no country of ISO 3166-1, such as DE; it is "{country}"'
        )
    assert counter.read_cart(token)["contact"] is None
    for country in ("GB", "XK"):
        done(billed(country))


def test_a_hyphen_may_stand_inside_a_domain(counter: Counter) -> None:
    token = counter.new_cart(KRUG=1)
    longest = f"{'x' * 64}@{'b' * 63}.{'1-' + 'd' * 61}"
    for email in (
        longest,
        "a@b-c.de",
        "a@xn--tn-fka.de",
        "a@1.b--c.de",
        "ä@tön.de",
        "a@1.2.3d",
        "a@b.xn--p1ai",
        "a@b.1-a-2",
    ):
        assert done(set_contact(counter, token, email))["contact"]["email"] == email


@pytest.mark.parametrize("country", ["US", "AT", "XX"])
def test_a_country_without_delivery_is_422_at_its_field(counter: Counter, country: str) -> None:
    token = counter.new_cart(KRUG=1)
    refused = set_contact(counter, token, country=country, postal_code="1010")
    problem(refused, 422, "no_delivery", "shipping_address.country")
    assert counter.read_cart(token)["contact"] is None
    assert counter.read_cart(token)["countries"] == ["DE"]


def test_the_invoice_may_go_where_nothing_is_delivered(counter: Counter) -> None:
    cart = counter.cart()
    firm = ANNA | {"name": "Firma", "country": "US", "postal_code": ""}
    body = {"email": EMAIL, "shipping_address": ANNA, "billing_address": firm}
    cart = done(counter.api.put(f"/v1/carts/{cart['token']}/contact", json=body))
    order = done(counter.check_out(cart), 201)
    assert order["billing_address"]["country"] == "US"
    assert order["shipping_address"] == ANNA


def test_a_way_to_deliver_is_chosen_of_those_that_go_there(counter: Counter) -> None:
    counter.deliver_to("AT")
    token = counter.new_cart(KRUG=1)
    path = f"/v1/carts/{token}"
    problem(counter.api.put(f"{path}/shipping", json={"method": STANDARD}), 422, "no_delivery", "method")
    assert done(counter.api.get(f"{path}/shipping-options"))["data"] == []
    set_contact(counter, token, country="AT", postal_code="1010")
    (way,) = done(counter.api.get(f"{path}/shipping-options"))["data"]
    assert way["price"] == euros(990)
    problem(counter.api.put(f"{path}/shipping", json={"method": STANDARD}), 422, "no_delivery", "method")
    unknown = "ship_" + "0" * 20
    problem(counter.api.put(f"{path}/shipping", json={"method": unknown}), 422, "no_delivery", "method")
    problem(counter.api.put(f"{path}/shipping", json={"method": "post"}), 400, "invalid_request", "method")
    assert done(counter.api.put(f"{path}/shipping", json={"method": way["method"]}))["shipping"] == euros(990)
    moved = done(set_contact(counter, token, country="DE"))  # It does not go to Germany, so it is taken back.
    assert (moved["shipping_method"], moved["shipping"]) == (None, None)


# what it costs


def test_the_tax_is_in_the_price_and_goes_by_the_class_of_goods(counter: Counter) -> None:
    factories.save(counter.database, factories.goods("Tee", price=1070, tax_class="reduced", sku="TEE"))
    cart = counter.cart(KRUG=1, TEE=2)
    assert cart["prices_include_tax"] is True
    assert cart["subtotal"] == euros(1850 + 2140)
    assert cart["shipping"] == euros(490)
    assert cart["total"] == euros(1850 + 2140 + 490)
    rates = {one["rate_bp"]: (one["net"]["amount"], one["tax"]["amount"]) for one in cart["taxes"]}
    # 18.50 of 19 % hold 2.95, 4.90 of it 0.78; 21.40 of 7 % hold 1.40.
    assert rates == {1900: (1850 - 295 + 490 - 78, 295 + 78), 700: (2000, 140)}
    assert cart["tax"] == euros(295 + 78 + 140)


def test_delivery_is_taxed_as_its_goods_are(counter: Counter) -> None:
    factories.save(counter.database, factories.goods("Tee", price=1070, tax_class="reduced", sku="TEE"))
    cart = counter.cart(TEE=1)
    # 10.70 of 7 % hold 0.70, 4.90 of it 0.32.
    assert cart["taxes"] == [{"rate_bp": 700, "net": euros(1000 + 458), "tax": euros(70 + 32)}]
    order = done(counter.check_out(cart), 201)
    assert counter.read(order)["taxes"] == cart["taxes"]


def test_the_tax_goes_by_the_country_of_delivery(counter: Counter) -> None:
    counter.deliver_to("AT", rate_bp=2000, price=0)
    german, austrian = counter.cart(KRUG=1), counter.cart(KRUG=1, to="AT")
    assert german["total"]["amount"] - german["shipping"]["amount"] == austrian["total"]["amount"] == 1850
    assert [one["rate_bp"] for one in german["taxes"]] == [1900]
    assert austrian["taxes"] == [{"rate_bp": 2000, "net": euros(1542), "tax": euros(308)}]
    order = done(counter.check_out(austrian), 201)
    assert (order["tax"], order["lines"][0]["tax_rate_bp"]) == (euros(308), 2000)


def test_a_rate_that_comes_later_is_not_in_force_yet(counter: Counter) -> None:
    with counter.database.writing() as c:
        later = {"country": "DE", "tax_class": "standard", "rate_bp": 2500, "valid_from": clock(3600)}
        c.execute(tax_rate.insert().values(public_id="tax_" + "9" * 20, **later))
    assert [one["rate_bp"] for one in counter.cart(KRUG=1)["taxes"]] == [1900]


def test_a_shop_without_tax_in_its_prices_adds_it(counter: Counter) -> None:
    set_shop(counter, prices_include_tax=False)
    cart = counter.cart(KRUG=2)
    # 37.00 of 19 % add 7.03, 4.90 of it 0.93.
    assert (cart["subtotal"], cart["shipping"], cart["tax"]) == (euros(3700), euros(490), euros(703 + 93))
    assert cart["total"] == euros(3700 + 490 + 703 + 93)
    order = done(counter.check_out(cart), 201)
    assert (order["prices_include_tax"], order["total"]) == (False, cart["total"])
    assert counter.read(order)["taxes"] == cart["taxes"]


def test_delivery_costs_nothing_from_a_value_on(counter: Counter) -> None:
    below, at = counter.cart(KRUG=3), counter.cart(KRUG=4)
    assert (below["free_shipping_from"], below["shipping"]) == (euros(6000), euros(490))
    assert at["shipping"] == euros(0)


def test_what_delivery_costs_at_least_goes_by_the_country_of_the_address(counter: Counter) -> None:
    counter.deliver_to("AT")
    counter.deliver_to("CH", price=1990, countries=["CH", "AT"])
    token = counter.new_cart(KRUG=1)
    assert counter.read_cart(token)["shipping_from"] == euros(490)
    moved = done(set_contact(counter, token, country="AT", postal_code="1010"))
    assert (moved["shipping_from"], moved["shipping"]) == (euros(990), None)
    back = done(set_contact(counter, token))
    assert back["shipping_from"] == euros(490)
    assert done(counter.api.patch(f"/v1/carts/{token}/lines/{KRUG}", json={"quantity": 4}))["shipping_from"] == euros(0)


def test_delivery_goes_by_steps_of_weight(counter: Counter) -> None:
    counter.deliver_to("AT", steps=[[1000, 1290], [2400, 1990]])
    prices = {units: counter.cart(to="AT", KRUG=units)["shipping"]["amount"] for units in (2, 3, 5, 6)}
    assert prices == {2: 990, 3: 1290, 5: 1290, 6: 1990}  # A jug weighs 400 grams.


def test_the_choices_are_priced_and_the_cheapest_comes_first(counter: Counter) -> None:
    counter.deliver_to("DE", price=390, names={"de": "Bote", "en": "Courier"})
    token = counter.cart()["token"]
    answer = counter.api.get(f"/v1/carts/{token}/shipping-options", headers={"Accept-Language": "en"})
    assert [(one["name"], one["price"]["amount"]) for one in done(answer)["data"]] == [
        ("Courier", 390),
        ("Standard delivery", 490),
    ]


# codes


def test_a_code_takes_its_part_off_and_goes_again(counter: Counter) -> None:
    counter.database.write(lambda c: factories.promotion(c, "HERBST10"))
    cart = counter.cart(code="HERBST10")
    assert (cart["codes"], cart["discount"]) == (["HERBST10"], euros(370))
    assert cart["discounts"] == [{"name": "Herbst", "code": "HERBST10", "amount": euros(370), "free_shipping": False}]
    assert cart["total"] == euros(3700 - 370 + 490)
    for _ in range(2):  # One that is not there is no mistake.
        gone = done(counter.api.delete(f"/v1/carts/{cart['token']}/codes/herbst10"))
        assert (gone["codes"], gone["discount"]) == ([], euros(0))


@pytest.mark.parametrize("typed", ["herbst10", " HERBST 10 ", "Herbst-10", "ＨＥＲＢＳＴ１０", "her\u00adbst10"])
def test_case_spaces_and_hyphens_of_a_code_do_not_count(counter: Counter, typed: str) -> None:
    counter.database.write(lambda c: factories.promotion(c, "HERBST10"))
    assert counter.cart(code=typed)["codes"] == ["HERBST10"]


@pytest.mark.parametrize("typed", ["HERBST11", "ÄÖÜ", "-- --", "' OR 1=1", "x" * 64])
def test_a_code_of_nothing_is_unknown(counter: Counter, typed: str) -> None:
    counter.database.write(lambda c: factories.promotion(c, None))
    token = counter.cart()["token"]
    problem(counter.api.post(f"/v1/carts/{token}/codes", json={"code": typed}), 422, "code_unknown", "code")
    assert counter.read_cart(token)["codes"] == []


@pytest.mark.parametrize("typed", ["", "x" * 65, "a\nb", 7, None])
def test_what_can_be_no_code_is_400(counter: Counter, typed: Any) -> None:
    token = counter.new_cart(KRUG=1)
    problem(counter.api.post(f"/v1/carts/{token}/codes", json={"code": typed}), 400, "invalid_request", "code")


def test_a_code_is_refused_with_its_reason_and_the_one_before_it_stays(counter: Counter) -> None:
    now = datetime.now(UTC)
    long_ago, yesterday, tomorrow = now - timedelta(days=9), now - timedelta(days=1), now + timedelta(days=1)
    with counter.database.writing() as c:
        factories.promotion(c, "GUT")
        factories.promotion(c, "VORBEI", starts_at=long_ago, ends_at=yesterday)
        factories.promotion(c, "MORGEN", starts_at=tomorrow)
        factories.promotion(c, "TEURER", min_subtotal=5000)
        factories.promotion(c, "TELLERCODE", scope="product", target="teller")
        factories.promotion(c, "EINMAL", max_uses=1)
    done(counter.check_out(counter.cart(code="EINMAL", KRUG=1)), 201)
    token = counter.cart(code="GUT")["token"]
    refused = {
        "VORBEI": "code_expired",
        "MORGEN": "code_unknown",
        "TEURER": "code_not_applicable",
        "TELLERCODE": "code_not_applicable",
        "EINMAL": "code_used_up",
    }
    for code, why in refused.items():
        answer = counter.api.post(f"/v1/carts/{token}/codes", json={"code": code})
        told = problem(answer, 422, why, "code")
        assert told.get("why") == {"TEURER": "min_subtotal", "TELLERCODE": "not_in_cart"}.get(code)
        assert told.get("missing") == (euros(1300) if code == "TEURER" else None)
        assert told.get("goods") == ("Teller" if code == "TELLERCODE" else None)
    assert counter.read_cart(token)["codes"] == ["GUT"]


def test_one_code_takes_the_place_of_another(counter: Counter) -> None:
    with counter.database.writing() as c:
        factories.promotion(c, "ZEHN")
        factories.promotion(c, "ZWANZIG", value=2000)
    token = counter.cart(code="ZEHN")["token"]
    cart = done(counter.api.post(f"/v1/carts/{token}/codes", json={"code": "ZWANZIG"}))
    assert (cart["codes"], cart["discount"]) == (["ZWANZIG"], euros(740))


def test_a_promotion_without_a_code_applies_by_itself_beside_one_with_a_code(counter: Counter) -> None:
    with counter.database.writing() as c:
        factories.promotion(c, None, scope="product", target="krug", kind="amount", value=200)
        factories.promotion(c, "ZEHN")
    cart = counter.cart()
    assert (cart["discount"], cart["codes"], cart["discounts"][0]["code"]) == (euros(200), [], None)
    cart = done(counter.api.post(f"/v1/carts/{cart['token']}/codes", json={"code": "ZEHN"}))
    assert cart["discount"] == euros(200 + 350)
    assert len(cart["discounts"]) == 2


def test_a_code_for_free_delivery_takes_what_delivery_costs(counter: Counter) -> None:
    counter.database.write(lambda c: factories.promotion(c, "PORTOFREI", kind="free_shipping", value=0))
    cart = counter.cart(code="PORTOFREI")
    assert (cart["shipping"], cart["discount"], cart["total"]) == (euros(0), euros(0), euros(3700))
    assert cart["discounts"][0]["free_shipping"] is True


def test_a_code_that_does_not_apply_any_more_is_told_and_takes_nothing(counter: Counter) -> None:
    counter.database.write(lambda c: factories.promotion(c, "AB30", min_subtotal=3000))
    cart = counter.cart(code="AB30")
    assert cart["discount"] == euros(370)
    cart = done(counter.api.patch(f"/v1/carts/{cart['token']}/lines/{KRUG}", json={"quantity": 1}))
    (told,) = cart["problems"]
    assert (told["kind"], told["code"], told["missing"]) == ("code_not_applicable", "AB30", euros(1150))
    assert told["why"] == "min_subtotal"
    assert cart["discount"] == euros(0)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE promotion SET ends_at = starts_at", "ended"),
        ("UPDATE promotion_code SET max_uses = used", "used_up"),
    ],
)
@pytest.mark.spoils_the_books
def test_a_code_in_the_cart_that_can_be_used_no_more_says_why(counter: Counter, change: str, why: str) -> None:
    counter.database.write(lambda c: factories.promotion(c, "HERBST10", max_uses=1))
    cart = counter.cart(code="HERBST10")
    assert cart["problems"] == []
    with counter.database.writing() as c:
        c.execute(text("UPDATE promotion_code SET used = 1"))
        c.execute(text(change))
    (told,) = counter.read_cart(cart["token"])["problems"]
    assert (told["kind"], told["code"], told["why"]) == ("code_not_applicable", "HERBST10", why)


def test_a_code_that_another_promotion_outdoes_says_so(counter: Counter) -> None:
    with counter.database.writing() as c:
        factories.promotion(c, "ZEHN")
        factories.promotion(c, None, value=2000, exclusive=True)
    token = counter.cart()["token"]
    told = problem(counter.api.post(f"/v1/carts/{token}/codes", json={"code": "ZEHN"}), 422, "code_not_applicable")
    assert told["why"] == "outdone"


def test_a_code_that_costs_the_customer_more_does_not_replace_a_better_one(counter: Counter) -> None:
    with counter.database.writing() as c:
        factories.promotion(c, "ZEHN")
        factories.promotion(c, "PORTOFREI", kind="free_shipping", value=0)
        factories.promotion(c, "GLEICH", kind="amount", value=925)
        factories.promotion(c, "FUENF", kind="amount", value=500)
    # Before anything is known of delivery, what it costs at least counts: nothing for this much.
    token = counter.new_cart(KRUG=5)
    path = f"/v1/carts/{token}/codes"
    done(counter.api.post(path, json={"code": "ZEHN"}))
    for code in ("FUENF", "PORTOFREI"):
        told = problem(counter.api.post(path, json={"code": code}), 422, "code_not_applicable", "code")
        assert told["why"] == "outdone"
        assert counter.read_cart(token)["codes"] == ["ZEHN"]
    assert done(counter.api.post(path, json={"code": "GLEICH"}))["codes"] == ["GLEICH"], "It costs no more."


def test_a_code_for_free_delivery_replaces_one_that_takes_less_than_delivery_costs(counter: Counter) -> None:
    with counter.database.writing() as c:
        factories.promotion(c, "PORTOFREI", kind="free_shipping", value=0)
        factories.promotion(c, "VIER", kind="amount", value=400)
    for token in (counter.new_cart(KRUG=2), counter.cart(KRUG=2)["token"]):
        path = f"/v1/carts/{token}/codes"
        done(counter.api.post(path, json={"code": "VIER"}))
        assert done(counter.api.post(path, json={"code": "PORTOFREI"}))["codes"] == ["PORTOFREI"]
        assert problem(counter.api.post(path, json={"code": "VIER"}), 422, "code_not_applicable")["why"] == "outdone"


def test_until_a_way_to_deliver_is_chosen_a_code_that_may_cost_less_with_one_replaces_another(counter: Counter) -> None:
    counter.deliver_to("DE", price=0, names={"de": "Abholung", "en": "Pick-up"})
    counter.deliver_to("AT", price=1990, countries=["AT"])
    with counter.database.writing() as c:
        factories.promotion(c, "PORTOFREI", kind="free_shipping", value=0)
        factories.promotion(c, "EINER", kind="amount", value=100)
        factories.promotion(c, "FUENF", kind="amount", value=500)
    token = counter.new_cart(KRUG=2)
    path = f"/v1/carts/{token}"

    def enter(code: str) -> Any:
        return counter.api.post(f"{path}/codes", json={"code": code})

    for code in ("FUENF", "PORTOFREI", "EINER", "PORTOFREI"):  # It may go to Austria, or be fetched for nothing.
        assert done(enter(code))["codes"] == [code]
    done(set_contact(counter, token))
    for code in ("EINER", "PORTOFREI", "FUENF"):
        assert done(enter(code))["codes"] == [code]
    assert problem(enter("PORTOFREI"), 422, "code_not_applicable")["why"] == "outdone", "Neither way costs so much."
    ways = done(counter.api.get(f"{path}/shipping-options"))["data"]
    done(counter.api.delete(f"{path}/codes/FUENF"))
    done(enter("EINER"))
    done(counter.api.put(f"{path}/shipping", json={"method": ways[0]["method"]}))
    assert problem(enter("PORTOFREI"), 422, "code_not_applicable")["why"] == "nothing_off", "It is fetched."
    done(counter.api.put(f"{path}/shipping", json={"method": ways[1]["method"]}))
    assert done(enter("PORTOFREI"))["codes"] == ["PORTOFREI"]
    assert problem(enter("EINER"), 422, "code_not_applicable")["why"] == "outdone"


def test_a_code_may_come_into_the_cart_before_the_goods(counter: Counter) -> None:
    with counter.database.writing() as c:
        factories.promotion(c, "ZEHN")
        factories.promotion(c, "PORTOFREI", kind="free_shipping", value=0)
    token = counter.new_cart()
    for code in ("PORTOFREI", "ZEHN"):
        assert done(counter.api.post(f"/v1/carts/{token}/codes", json={"code": code}))["codes"] == [code]
    cart = done(counter.api.post(f"/v1/carts/{token}/lines", json={"sku": KRUG, "quantity": 2}))
    assert cart["discount"] == euros(370)


@pytest.mark.spoils_the_books
def test_two_codes_are_compared_at_the_same_prices(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    with counter.database.writing() as c:
        factories.promotion(c, "ZEHN", kind="amount", value=1000)
        factories.promotion(c, "ELF", kind="amount", value=1100)
    token = counter.cart(code="ZEHN")["token"]

    def read_before_a_price_changes(c: Connection, token: str, locale: Locale | None) -> StoredCart:
        cart = read_cart(c, token, locale)
        c.execute(text("UPDATE variant SET price = price + 100"))
        return cart

    monkeypatch.setattr(store, "read_cart", read_before_a_price_changes)
    assert done(counter.api.post(f"/v1/carts/{token}/codes", json={"code": "ELF"}))["codes"] == ["ELF"]


def test_a_code_for_free_delivery_is_refused_where_delivery_is_free_anyway(counter: Counter) -> None:
    counter.database.write(lambda c: factories.promotion(c, "PORTOFREI", kind="free_shipping", value=0))
    token = counter.cart(KRUG=5)["token"]
    answer = counter.api.post(f"/v1/carts/{token}/codes", json={"code": "PORTOFREI"})
    told = problem(answer, 422, "code_not_applicable", "code")
    assert (told["why"], told["detail"]) == ("nothing_off", "PORTOFREI takes nothing off what is in the cart.")
    assert counter.read_cart(token)["codes"] == []
    unknown = f"/v1/carts/{counter.new_cart(KRUG=5)}/codes"  # It may go where delivery is not free.
    assert done(counter.api.post(unknown, json={"code": "PORTOFREI"}))["codes"] == ["PORTOFREI"]


def test_a_code_whose_goods_went_out_of_the_cart_names_them_in_the_language_that_is_asked_for(
    counter: Counter,
) -> None:
    with counter.database.writing() as c:
        factories.category(c, "Geschirr")
        factories.promotion(c, "TISCH", scope="category", target="geschirr")
    token = counter.cart()["token"]
    for language, goods in (("de", "Geschirr"), ("en", "Geschirr (en)")):
        headers = {"Accept-Language": language}
        told = problem(
            counter.api.post(f"/v1/carts/{token}/codes", json={"code": "TISCH"}, headers=headers),
            422,
            "code_not_applicable",
        )
        assert (told["why"], told["goods"]) == ("not_in_cart", goods)


@pytest.mark.parametrize("state", ["draft", "archived"])
def test_goods_that_customers_cannot_see_are_not_named_by_a_code_for_them(
    counter: Counter, state: ProductState
) -> None:
    factories.save(counter.database, factories.goods("Neukrug", sku="NEU", on_hand=0))
    with counter.database.writing() as c:
        factories.promotion(c, "NEU5", scope="product", target="neukrug")
        set_variant(c, "NEU", VariantChange(state=state), actor="shopctl")
    answer = counter.api.post(f"/v1/carts/{counter.cart()['token']}/codes", json={"code": "NEU5"})
    told = problem(answer, 422, "code_not_applicable", "code")
    assert (told["why"], told.get("goods")) == ("not_in_cart", None)
    assert told["detail"] == "NEU5 is for goods that are not in the cart."


# limits on guessing


def test_codes_can_be_tried_so_often_and_no_more(api_with: ApiWith, database: Database) -> None:
    stock_the_shop(database)
    api = api_with(SHOP_RATE_LIMITS="on")
    token = done(api.post("/v1/carts", json={"lines": [{"sku": KRUG, "quantity": 1}]}), 201)["token"]
    for n in range(10):
        problem(api.post(f"/v1/carts/{token}/codes", json={"code": f"X{n}"}), 422, "code_unknown")
    # The allowance fills up again while the test runs: one call every six seconds.
    tries = (api.post(f"/v1/carts/{token}/codes", json={"code": "X"}) for _ in range(100))
    refused = next(answer for answer in tries if answer.status_code != 422)
    problem(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert done(api.get(f"/v1/carts/{token}"))["lines"]


def test_one_address_can_try_codes_with_many_carts_only_so_often(api_with: ApiWith, database: Database) -> None:
    stock_the_shop(database)
    api = api_with(SHOP_RATE_LIMITS="on")
    answers = []
    for _ in range(7):
        token = done(api.post("/v1/carts", json={}), 201)["token"]
        answers += [api.post(f"/v1/carts/{token}/codes", json={"code": f"X{n}"}).status_code for n in range(9)]
    assert answers[:60] == [422] * 60
    assert 429 in answers[60:]
