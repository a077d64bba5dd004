import re
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from shopapi.contract.carts import Address, TaxLine
from shopapi.contract.orders import PaymentState
from tests.web.conftest import Browser, Page
from tests.web.fake_api import FakeApi
from tests.web.fake_orders import PDF, euros, token_of

NUMBER = "TT-7K4M2P"
ALONE = f"/orders/{NUMBER}"
PAY_PAGE = "https://pay.example/x?y=1&z=2"


def test_right_after_buying_the_page_says_thank_you_what_comes_next_and_the_sums(
    browser: Browser, api: FakeApi
) -> None:
    page = browser.get(api.orders.put())
    assert page.title == "Thank you for your order | Ton & Tinte"
    assert f"Your number is {NUMBER}. The confirmation goes to anna.weber@example.de." in page.text
    assert "Please transfer €88.00." in page.text
    for said in ("Subtotal €95.60", "Code HERBST10 −€7.60", "Delivery, DHL Paket free", "Total €88.00"):
        assert said in page.text
    assert "includes 19% VAT on €68.40 €10.92" in page.text


def test_where_no_tax_is_charged_none_is_told(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put()
    api.orders.orders[NUMBER] = replace(api.orders.orders[NUMBER], taxes=[TaxLine(0, euros(8800), euros(0))])
    page = browser.get(path)
    assert "Total €88.00" in page.text
    assert "0% VAT" not in page.text, "To Switzerland, say."


def test_later_it_is_the_page_to_follow_the_order_by(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put(placed_at=datetime.now(UTC) - timedelta(hours=3))
    assert browser.get(path).title == f"Order {NUMBER} | Ton & Tinte"
    assert browser.get(f"{path}&new=1").title == "Thank you for your order | Ton & Tinte"


def test_a_transfer_is_asked_for_as_a_banks_form_has_it(browser: Browser, api: FakeApi) -> None:
    page = browser.get(api.orders.put())
    for said in (
        "Account holder Ton & Tinte GmbH",
        "IBAN DE02 1203 0000 0000 2020 51",
        "BIC BYLADEM1001",
        f"Payment reference {NUMBER}",
        "Amount €88.00",
        "Due ",
    ):
        assert said in page.text
    api.orders.pay(NUMBER)
    assert "IBAN" not in browser.get(api.orders.put("TT-222222", provider="sandbox")).text
    assert "IBAN" not in browser.get(f"{ALONE}?token={token_of(NUMBER)}").text


def stops(html: str) -> list[tuple[str, str]]:
    found = re.search(r'<ol role="list" class="stops".*?</ol>', html, re.DOTALL)
    assert found
    return re.findall(r'<li class="(\w+)"[^>]*><b>([^<]+)</b>', found[0])


def test_four_stops_say_how_far_an_order_is(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put()
    words = ["Ordered", "Paid", "Shipped", "With you"]
    assert stops(browser.get(path).html) == list(zip(["done", "now", "later", "later"], words, strict=True))
    api.orders.pay(NUMBER)
    page = browser.get(path)
    assert stops(page.html) == list(zip(["done", "done", "now", "later"], words, strict=True))
    assert "It is paid. We are packing your order. It should reach you on" in page.text
    api.orders.ship(NUMBER)
    page = browser.get(path)
    assert stops(page.html) == list(zip(["done", "done", "done", "now"], words, strict=True))
    assert "DHL , tracking number 00340434 4 × Becher „Westerwald“, 2 × Kaffee „Hafenrunde“" in page.text
    assert page.html.count('aria-current="step"') == 1


def test_days_that_are_over_are_not_promised_again(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put(placed_at=datetime.now(UTC) - timedelta(days=30))
    api.orders.pay(NUMBER)
    order = api.orders.orders[NUMBER]
    long_ago = [replace(event, at=order.placed_at) for event in order.events]
    api.orders.orders[NUMBER] = replace(order, events=long_ago)
    page = browser.get(path)
    assert "We will write to you when it leaves." in page.text
    assert "It should reach you" not in page.text


def test_who_leaves_the_payment_page_is_told_that_it_is_not_finished_until_when_and_what_else_happens(
    browser: Browser, api: FakeApi
) -> None:
    path = api.orders.put(provider="sandbox", next_url=PAY_PAGE)
    order = api.orders.orders[NUMBER]
    api.orders.orders[NUMBER] = replace(order, expires_at=datetime.now(UTC) + timedelta(minutes=9))
    page = browser.get(path + "&new=1", Accept_Language="de")
    assert "Die Zahlung ist noch nicht abgeschlossen. Ihre Ware ist bis zum " in page.text
    assert (
        "Uhr für Sie reserviert. Zahlen Sie bis dahin nicht, endet die Bestellung von selbst, und es wird nichts "
        "abgebucht. Haben Sie gerade bezahlt, sehen Sie es hier in einem Moment."
    ) in page.text
    assert '<a class="btn" href="https://pay.example/x?y=1&amp;z=2" rel="noreferrer">Jetzt bezahlen</a>' in page.html
    assert "Ihre Bestellung ist eingegangen." in page.text
    assert "Die Bestätigung per E-Mail geht an anna.weber@example.de, sobald Sie bezahlt haben." in page.text
    for untrue in ("Die Bestätigung geht an", "müssen nichts tun", "steht auch in der Bestätigung"):
        assert untrue not in page.text


def test_who_comes_back_from_the_payment_page_is_told_that_the_bank_is_waited_for(
    browser: Browser, api: FakeApi
) -> None:
    path = api.orders.put(provider="sandbox", next_url=PAY_PAGE)
    page = browser.get(f"{path}&back=1", Accept_Language="de")
    waits = "Wir warten auf Ihre Bank. Ihre Ware ist für Sie reserviert. Diese Seite aktualisiert sich von selbst."
    assert waits in page.text
    for untrue in ("nicht abgeschlossen", "pay.example", '"note warn'):
        assert untrue not in page.html
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page.html
    again = re.search(r'hx-get="([^"]+)"', page.html)
    assert again
    seen = again[1].replace("&amp;", "&")
    assert browser.get(seen).status == 204, "Nothing has changed."
    some_time_later = re.sub(r"(?<=[?&]back=)\d+", lambda at: str(int(at[0]) - 121), seen)
    page = browser.get(some_time_later)
    assert page.status == 200, "They are told, although the order is the same."
    assert "The payment is not finished." in page.text
    api.orders.pay(NUMBER)
    assert "It is paid." in browser.get(seen).text
    assert "It is paid." in browser.get(f"{path}&back=1").text


@pytest.mark.parametrize("back", ["", "0", "-5", "x", "²", "9" * 400])
def test_whoever_did_not_come_back_a_moment_ago_can_pay_now(browser: Browser, api: FakeApi, back: str) -> None:
    path = api.orders.put(provider="sandbox", next_url=PAY_PAGE)
    assert "Pay now" in browser.get(f"{path}&{urlencode({'back': back})}").text


def test_when_the_time_to_pay_is_over_nobody_is_led_to_pay(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put(provider="sandbox", next_url=PAY_PAGE)
    order = api.orders.orders[NUMBER]
    api.orders.orders[NUMBER] = replace(order, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    page = browser.get(path)
    assert "The payment is not finished. The order ends by itself, and nothing is charged." in page.text
    assert "pay.example" not in page.html


@pytest.mark.parametrize("page_of_provider", [PAY_PAGE, None])
def test_only_who_has_nothing_to_do_is_told_so(browser: Browser, api: FakeApi, page_of_provider: str | None) -> None:
    page = browser.get(api.orders.put(provider="sandbox", state="unknown", next_url=page_of_provider))
    assert "We are waiting for your bank." in page.text
    assert ("You need do nothing." in page.text) == (page_of_provider is None)
    assert ("To the payment page" in page.text) == (page_of_provider is not None)


@pytest.mark.parametrize("state", ["unknown", "pending"])
def test_while_the_payment_is_open_the_page_looks_again(browser: Browser, api: FakeApi, state: PaymentState) -> None:
    path = api.orders.put(provider="sandbox", state=state, next_url=PAY_PAGE)
    page = browser.get(path)
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page.html
    assert 'hx-trigger="every 3s"' in page.html
    again = re.search(r'hx-get="([^"]+)"', page.html)
    assert again
    seen = again[1].replace("&amp;", "&")
    assert browser.get(seen).status == 204, "Nothing has changed."
    api.orders.pay(NUMBER)
    page = browser.get(seen)
    assert page.status == 200
    assert "It is paid. We are packing your order." in page.text
    assert "every 3s" not in page.html
    assert "http-equiv" not in page.html


def test_a_page_of_the_provider_is_linked_only_where_it_is_one(browser: Browser, api: FakeApi) -> None:
    page = browser.get(api.orders.put(provider="sandbox", state="unknown", next_url="javascript:alert(1)"))
    assert "javascript:" not in page.html
    assert "We are waiting for your bank." in page.text


def test_a_declined_card_is_told_and_only_who_has_the_cart_is_led_back_to_it(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put(provider="sandbox")
    api.orders.tell(NUMBER, "payment_failed", reason="declined")
    api.orders.cancel(NUMBER, "payment_failed")
    page = browser.get(path)
    assert "The card was declined. Nothing was charged." in page.text
    assert "If you still want the goods, put them into the cart again." in page.text, "This browser never had it."
    assert "/checkout" not in page.html
    assert [word for _, word in stops(page.html)] == ["Ordered", "Cancelled"]
    german = browser.get(path, Accept_Language="de")
    assert "Die Karte wurde abgelehnt. Es wurde nichts abgebucht." in german.text


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("declined", "Die Karte wurde abgelehnt. Es wurde nichts abgebucht."),
        ("insufficient_funds", "Die Karte wurde mangels Deckung abgelehnt. Es wurde nichts abgebucht."),
        ("authentication_refused", "Die Zahlung wurde nicht freigegeben. Es wurde nichts abgebucht."),
        ("cancelled_by_customer", "Die Zahlung wurde abgebrochen. Es wurde nichts abgebucht."),
        ("cancelled", "Die Zahlung ist nicht zustande gekommen. Es wurde nichts abgebucht."),
        ("The sandbox refused the call (429 ).", "Die Zahlung ist nicht zustande gekommen. Es wurde nichts abgebucht."),
    ],
)
def test_a_card_was_declined_only_where_the_provider_says_so(
    browser: Browser, api: FakeApi, reason: str, says: str
) -> None:
    path = api.orders.put(provider="sandbox")
    api.orders.tell(NUMBER, "payment_failed", reason=reason)
    api.orders.cancel(NUMBER, "payment_failed")
    text = browser.get(path, Accept_Language="de").text
    assert text.count(says) == 2, "On top and in the timeline."
    assert ("Die Karte wurde" in text) == (reason in ("declined", "insufficient_funds"))


def test_only_who_transfers_the_money_is_told_of_a_late_transfer(browser: Browser, api: FakeApi) -> None:
    transfer, card = api.orders.put(), api.orders.put("TT-222222", provider="sandbox")
    api.orders.cancel(NUMBER, "expired")
    api.orders.cancel("TT-222222", "expired")
    assert "If your transfer is under way, we send the money back." in browser.get(transfer).text
    told = browser.get(card).text
    assert "You owe nothing. Should money leave your account after all, it goes back by itself." in told
    assert "transfer" not in told


@pytest.mark.parametrize("provider", ["manual", "sandbox", "a silent one"])
@pytest.mark.parametrize(("settled", "holds"), [("", False), ("done", False), ("not_meant", True)])
def test_late_money_is_told_to_take_an_expired_order_up_again_unless_its_customer_has_withdrawn(
    browser: Browser, api: FakeApi, provider: str, settled: str, holds: bool
) -> None:
    path = api.orders.put(provider=provider)
    api.orders.cancel(NUMBER, "expired")
    order = api.orders.orders[NUMBER]
    assert order.payment
    if provider == "a silent one":
        api.orders.orders[NUMBER] = replace(order, payment=replace(order.payment, state="unknown"))
    assert "Only if we still have the goods then" in browser.get(path).text
    assert "Nur wenn wir die Ware dann noch haben" in browser.get(path, Accept_Language="de").text
    api.orders.tell(NUMBER, "withdrawn", withdrawal="wdr_1", certain="yes")
    if settled:
        api.orders.tell(NUMBER, "withdrawal_settled", withdrawal="wdr_1", outcome=settled)
    told = browser.get(path).text
    assert ("Only if we still have the goods then" in told) == holds
    assert "back" in told


def test_a_charge_of_another_amount_is_not_told_to_take_an_order_up_again(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put(provider="sandbox")
    api.orders.cancel(NUMBER, "expired")
    api.orders.tell(NUMBER, "payment_issue", issue="amount_mismatch")
    assert "Only if we still have the goods then" not in browser.get(path).text


def test_a_payment_that_only_the_shop_can_settle_is_not_waited_for(browser: Browser, api: FakeApi) -> None:
    """Another amount than asked for."""
    path = api.orders.put(provider="sandbox")
    order = api.orders.orders[NUMBER]
    assert order.payment
    api.orders.orders[NUMBER] = replace(order, payment=replace(order.payment, state="unknown"))
    api.orders.tell(NUMBER, "payment_issue", issue="amount_mismatch")
    order = api.orders.orders[NUMBER]
    for page in (browser.get(path), browser.get(f"{path}&seen={order.version}")):
        assert page.status == 200
        assert "We are looking into your payment. You need do nothing." in page.text
        assert "every" not in page.html
        assert "http-equiv" not in page.html


def test_a_silence_of_more_than_an_hour_is_not_waited_for(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put(provider="sandbox", state="unknown", placed_at=datetime.now(UTC) - timedelta(hours=2))
    page = browser.get(path)
    assert "We are looking into your payment." in page.text
    assert "http-equiv" not in page.html


def test_the_invoice_appears_by_itself_and_then_nothing_is_waited_for(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put(provider="sandbox")
    api.orders.pay(NUMBER)
    written = api.orders.orders[NUMBER].invoices
    api.orders.orders[NUMBER] = replace(api.orders.orders[NUMBER], invoices=[])
    page = browser.get(path)
    assert "Your invoice is being written and appears here in a moment." in page.text
    again = re.search(r'hx-get="([^"]+)" hx-trigger="every 3s"', page.html)
    assert again
    seen = again[1].replace("&amp;", "&")
    assert browser.get(seen).status == 204
    api.orders.tell(NUMBER, "invoiced", paper="invoice")
    api.orders.orders[NUMBER] = replace(api.orders.orders[NUMBER], invoices=written)
    page = browser.get(seen)
    assert "Invoice 2026-004117" in page.text
    assert "every 3s" not in page.html
    version = api.orders.orders[NUMBER].version
    assert browser.get(f"{path}&seen={version}").status == 200, "Who waits no more is answered with the page."


def test_an_invoice_that_does_not_come_is_not_waited_for_without_end(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put(provider="sandbox")
    api.orders.pay(NUMBER)
    order = api.orders.orders[NUMBER]
    before = [replace(event, at=event.at - timedelta(minutes=3)) for event in order.events]
    api.orders.orders[NUMBER] = replace(order, invoices=[], events=before)
    page = browser.get(f"{path}&seen={order.version}")
    assert page.status == 200
    assert "every" not in page.html


def test_a_correction_of_an_invoice_is_called_so(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put()
    api.orders.pay(NUMBER)
    order = api.orders.orders[NUMBER]
    correction = replace(order.invoices[0], id="inv_2", kind="credit_note", number="G2026-000001")
    api.orders.orders[NUMBER] = replace(order, invoices=[*order.invoices, correction])
    api.orders.tell(NUMBER, "invoiced", paper="credit_note")
    german = browser.get(path, Accept_Language="de").text
    assert "Rechnungskorrektur G2026-000001" in german
    assert "Wir haben Ihre Rechnung korrigiert." in german
    assert "Gutschrift" not in german
    assert "Invoice correction G2026-000001" in browser.get(path).text


def test_a_line_says_what_was_chosen_or_else_what_the_goods_are(browser: Browser, api: FakeApi) -> None:
    text = browser.get(api.orders.put()).text
    assert "Becher „Westerwald“ Ton, 320 ml 4 ×" in text
    assert "Kaffee „Hafenrunde“ Ganze Bohne, 250 g 2 ×" in text


def test_before_a_transfer_no_day_of_arrival_is_told(browser: Browser, api: FakeApi) -> None:
    text = browser.get(api.orders.put(), Accept_Language="de").text
    assert "Bei Ihnen (später) 2 bis 3 Werktage nach dem Zahlungseingang" in text


@pytest.mark.parametrize(
    ("reason", "paid", "says"),
    [
        ("customer", False, "You cancelled this order. Nothing was charged, and you owe nothing."),
        ("staff", True, "This order is cancelled. We have sent €88.00 back to you."),
        ("expired", False, "The payment did not come in time, so the order is cancelled. You owe nothing."),
    ],
)
def test_every_end_is_told_in_words(browser: Browser, api: FakeApi, reason: str, paid: bool, says: str) -> None:
    path = api.orders.put()
    if paid:
        api.orders.pay(NUMBER)
    api.orders.cancel(NUMBER, reason)  # type: ignore[arg-type]
    assert says in browser.get(path).text


@pytest.mark.parametrize("back", [True, False])
def test_where_money_moved_nobody_is_told_that_nothing_was_charged(browser: Browser, api: FakeApi, back: bool) -> None:
    """It was declined, the order given up, and the money came all the same."""
    path = api.orders.put(provider="sandbox")
    api.orders.tell(NUMBER, "payment_failed", reason="declined")
    api.orders.cancel(NUMBER, "payment_failed")
    order = api.orders.orders[NUMBER]
    assert order.payment
    came = replace(order.payment, state="captured", captured=order.total)
    if back:
        came = replace(came, state="refunded", refunded=order.total)
    api.orders.orders[NUMBER] = replace(order, payment=came)
    text = browser.get(path).text
    assert ("We have sent €88.00 back to you." if back else "€88.00 is on its way back to you.") in text
    assert "Nothing was charged" not in text
    german = browser.get(path, Accept_Language="de").text
    assert "Es wurde nichts abgebucht" not in german
    assert "Die Zahlung kam zunächst nicht zustande." in german


def test_an_order_cancelled_with_its_payment_in_doubt_does_not_say_that_nothing_was_charged(
    browser: Browser, api: FakeApi
) -> None:
    path = api.orders.put(provider="sandbox")
    api.orders.tell(NUMBER, "payment_issue", issue="amount_mismatch")
    api.orders.cancel(NUMBER, "customer")
    text = browser.get(path).text
    assert "You cancelled this order. You owe nothing. Should money leave your account after all" in text
    assert "Nothing was charged" not in text


@pytest.mark.parametrize("reason", ["staff", "customer", "expired"])
def test_who_was_charged_wrongly_is_told_what_went_back(browser: Browser, api: FakeApi, reason: str) -> None:
    path = api.orders.put(provider="sandbox")
    api.orders.tell(NUMBER, "payment_issue", issue="amount_mismatch")
    api.orders.tell(NUMBER, "payment_issue", issue="amount_mismatch", given_back="yes", amount="8799", currency="EUR")
    api.orders.cancel(NUMBER, reason)  # type: ignore[arg-type]
    text = browser.get(path).text
    assert "€87.99 was charged instead of €88.00. We have sent €87.99 back to you." in text
    assert "Should money leave your account" not in text
    assert "We sent €87.99 back." in text
    assert text.count("We are checking your payment.") == 1


@pytest.mark.parametrize("reason", ["expired", "customer"])
def test_while_a_cancelled_order_s_payment_is_unknown_the_page_says_so(
    browser: Browser, api: FakeApi, reason: str
) -> None:
    path = api.orders.put(provider="sandbox", state="unknown")
    api.orders.cancel(NUMBER, reason)  # type: ignore[arg-type]
    order = api.orders.orders[NUMBER]
    assert order.payment
    api.orders.orders[NUMBER] = replace(order, payment=replace(order.payment, state="unknown"))
    assert "We do not know yet whether anything was charged." in browser.get(path).text
    german = browser.get(path, Accept_Language="de").text
    assert "Wir wissen noch nicht, ob etwas abgebucht wurde." in german
    assert "nichts abgebucht" not in german


def test_an_order_that_was_wholly_refunded_before_it_left_is_not_being_packed(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put()
    api.orders.pay(NUMBER)
    api.orders.give_back(NUMBER, 8800)
    page = browser.get(path)
    assert "This order was refunded. We have sent €88.00 back to you." in page.text
    assert [word for _, word in stops(page.html)] == ["Ordered", "Paid", "Refunded"]
    german = browser.get(path, Accept_Language="de").text
    assert "Diese Bestellung wurde erstattet. Wir haben Ihnen 88,00" in german
    for said in ("packen", "sollte"):
        assert said not in german


def test_a_part_that_was_refunded_leaves_the_order_to_be_packed(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put()
    api.orders.pay(NUMBER)
    api.orders.give_back(NUMBER, 1240)
    assert "It is paid. We are packing your order." in browser.get(path).text


PROMISES = ("Danke", "packen", "Voraussichtlich", "unterwegs", "überweisen", "Überweisen", "reserviert")


@pytest.mark.parametrize(
    ("stage", "said", "way"),
    [
        ("placed", "Sie müssen nichts zahlen.", ["Bestellt", "Widerrufen"]),
        ("paid", "wann Ihr Geld zurückkommt", ["Bestellt", "Bezahlt", "Widerrufen"]),
        ("shipped", "wohin die Ware gehen soll", ["Bestellt", "Bezahlt", "Versandt", "Widerrufen"]),
    ],
)
def test_whoever_has_withdrawn_reads_what_comes_next_and_no_promise(
    browser: Browser, api: FakeApi, stage: str, said: str, way: list[str]
) -> None:
    path = api.orders.put()
    if stage != "placed":
        api.orders.pay(NUMBER)
    if stage == "shipped":
        api.orders.ship(NUMBER)
    api.orders.tell(NUMBER, "withdrawn", withdrawal="wdr_1", certain="yes")
    page = browser.get(f"{path}&new=1", Accept_Language="de")
    assert "Ihr Widerruf ist eingegangen." in page.text
    assert said in page.text
    for promise in PROMISES:
        assert promise not in page.text
    assert [word for _, word in stops(page.html)] == way
    assert "Wir bearbeiten Ihren Widerruf. Stornieren oder erneut widerrufen müssen Sie nicht." in page.text
    for again in ("/cancel?", f'href="/withdrawal?order={NUMBER}', "Anders entschieden?"):
        assert again not in page.html
    assert 'href="/withdrawal"' in page.html, "The way to withdraw is on every page."
    api.orders.tell(NUMBER, "withdrawal_settled", withdrawal="wdr_1")
    page = browser.get(path, Accept_Language="de")
    assert "Ihr Widerruf ist eingegangen." not in page.text, "It goes on as before."
    assert "Wir haben notiert, dass Ihr Widerruf nicht gemeint war." in page.text
    assert ("Ihre Bestellung läuft weiter." in page.text) == (stage != "shipped")


@pytest.mark.parametrize("paid", [True, False])
def test_a_withdrawal_that_is_done_is_told_so_also_from_another_address(
    browser: Browser, api: FakeApi, paid: bool
) -> None:
    path = api.orders.put()
    if paid:
        api.orders.pay(NUMBER)
    else:
        api.orders.cancel(NUMBER, "expired")
    api.orders.tell(NUMBER, "withdrawn", withdrawal="wdr_1", certain="no")
    api.orders.tell(NUMBER, "withdrawal_settled", withdrawal="wdr_1", outcome="done")
    text = browser.get(path).text
    assert "A withdrawal from this order came in." in text
    assert "You declared your withdrawal." not in text, "Somebody else may have done it for them."
    assert text.count("Your withdrawal is done") == 2, "On top and in the timeline."
    assert text.count("what was due to you has gone back, or is on its way") == (2 if paid else 0)
    assert "did not mean" not in text
    assert "Ihr Widerruf ist abgewickelt" in browser.get(path, Accept_Language="de").text


def test_who_withdrew_while_the_bank_was_silent_is_told_of_both(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put(provider="sandbox", state="unknown", next_url="https://pay.example/1")
    api.orders.tell(NUMBER, "withdrawn", withdrawal="wdr_1", certain="yes")
    page = browser.get(path)
    assert "Your withdrawal has come in." in page.text
    assert "We do not know yet whether anything was charged." in page.text
    assert "https://pay.example/1" not in page.html
    assert 'hx-trigger="every 3s"' in page.html, "The bank may answer at any moment."
    api.orders.tell(NUMBER, "payment_issue", issue="amount_mismatch")
    assert "hx-trigger" not in browser.get(path).html, "A person decides, and not at any moment."


def test_who_withdrew_while_paying_is_told_what_becomes_of_a_charge(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put(provider="sandbox", next_url="https://pay.example/1")
    api.orders.tell(NUMBER, "withdrawn", withdrawal="wdr_1", certain="yes")
    page = browser.get(path)
    assert "You need not pay." in page.text
    assert "Whatever was charged goes back." in page.text


def test_who_withdrew_from_what_cost_nothing_is_promised_no_money(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put()
    api.orders.pay(NUMBER)
    api.orders.ship(NUMBER)
    api.orders.orders[NUMBER] = replace(api.orders.orders[NUMBER], payment=None)
    api.orders.tell(NUMBER, "withdrawn", withdrawal="wdr_1", certain="yes")
    page = browser.get(path)
    assert "Your withdrawal has come in. We look into it, and write to you." in page.text
    assert "There was nothing to pay." in page.text


def test_once_the_money_is_back_a_withdrawal_is_told_no_more_of(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put()
    api.orders.pay(NUMBER)
    api.orders.ship(NUMBER)
    api.orders.tell(NUMBER, "withdrawn", withdrawal="wdr_1", certain="yes", assigned="yes")
    api.orders.give_back(NUMBER, 8800)
    page = browser.get(path)
    assert "This order was refunded. We have sent €88.00 back to you." in page.text
    assert "We have matched your withdrawal to this order." in page.text


def test_what_concerns_the_shop_alone_is_not_in_the_customers_timeline(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put(provider="sandbox", state="unknown")
    api.orders.tell(NUMBER, "note", "Mara Lindt", text="A difficult one")
    api.orders.tell(NUMBER, "payment_issue", issue="no_answer")
    api.orders.pay(NUMBER)
    api.orders.give_back(NUMBER, 1240, "Chipped")
    api.orders.tell(NUMBER, "withdrawn", withdrawal="wdr_1", certain="yes")
    page = browser.get(path)
    for said in ("You ordered.", "Your bank has not answered yet.", "The payment has come in.", "We sent €12.40 back."):
        assert said in page.text
    assert "You declared your withdrawal." in page.text
    for kept in ("A difficult one", "Mara Lindt", "Jonas Okafor", "Chipped"):
        assert kept not in page.text


def test_number_and_secret_must_belong_together_and_nobody_learns_which_is_wrong(
    browser: Browser, api: FakeApi
) -> None:
    api.orders.put()
    api.orders.put("TT-222222")
    missing = [
        f"{ALONE}?token={token_of('TT-222222')}",
        f"/orders/TT-333333?token={token_of(NUMBER)}",
        ALONE,
        f"{ALONE}?token=short",
        "/orders/nonsense?token=a",
        f"{ALONE}/cancel?token={token_of('TT-222222')}",
        f"{ALONE}/invoices/inv_1?token={token_of(NUMBER)}",
    ]
    pages = [browser.get(path) for path in missing]
    assert {page.status for page in pages} == {404}
    assert {page.title for page in pages} == {"We do not find this order | Ton & Tinte"}
    assert all("anna" not in page.html.lower() and "88.00" not in page.html for page in pages)


@pytest.mark.parametrize("typed", ["tt-7k4m2p", " TT - 7K4M2P ", "TT7K4M2P", "7k4m2p", "TT-7K\u200b4M2P"])
def test_what_stands_in_the_confirmation_can_be_typed(browser: Browser, api: FakeApi, typed: str) -> None:
    api.orders.put()
    page = browser.get("/orders")
    assert page.title == "Follow an order | Ton & Tinte"
    assert '<a href="/orders">Follow an order</a>' in browser.get("/").html
    link = f"http://shop.example/orders/TT-7K4M2P?token={token_of(NUMBER)}&x=1"
    found = browser._ask(
        browser._client.get(
            "/orders", params={"number": typed, "token": link}, headers=browser.headers, follow_redirects=True
        )
    )
    assert found.status == 200
    assert str(found.answer.url).endswith(f"{ALONE}?token={token_of(NUMBER)}")


def typed_in(page: Page) -> list[str]:
    found = re.findall(r'<input class="input" id="(?:number|code)"[^>]* value="([^"]*)"', page.html)
    return [unescape(text) for text in found]


def typed(browser: Browser, number: str, code: str, language: str = "en") -> Page:
    return browser.get(f"/orders?{urlencode({'number': number, 'token': code})}", Accept_Language=language)


@pytest.mark.parametrize(
    ("number", "code", "wrong", "says"),
    [
        ("", "", ("number", "code"), "Geben Sie die Bestellnummer an, zum Beispiel TT-7K4M2P."),
        ("7K4M2", "x" * 20, ("number",), "Geben Sie die Bestellnummer an, zum Beispiel TT-7K4M2P."),
        (NUMBER, "", ("code",), "Geben Sie den Code oder den Link aus der Bestätigung an."),
        (NUMBER, "to<o short", ("code",), "Geben Sie den Code oder den Link aus der Bestätigung an."),
    ],
)
def test_a_number_or_a_code_that_is_none_is_said_beside_the_field_and_kept(
    browser: Browser, number: str, code: str, wrong: tuple[str, ...], says: str
) -> None:
    page = typed(browser, number, code, "de")
    assert page.status == 422
    assert page.title.startswith("Fehler: Bestellung verfolgen")
    assert says in page.text
    assert [field for field in ("number", "code") if f'id="{field}-error"' in page.html] == list(wrong)
    assert typed_in(page) == [number, code]


def test_a_pair_that_does_not_belong_together_is_said_beside_the_field_and_kept(browser: Browser, api: FakeApi) -> None:
    api.orders.put()
    page = typed(browser, NUMBER, token_of("TT-222222"))
    assert page.status == 404
    assert "Number and code do not belong together. Check both." in page.text
    assert 'id="number-error"' in page.html
    assert typed_in(page) == [NUMBER, token_of("TT-222222")]


def test_a_blank_form_has_no_error(browser: Browser) -> None:
    for path in ("/orders", f"/orders?number={NUMBER}"):
        page = browser.get(path)
        assert page.status == 200
        assert "-error" not in page.html
    assert typed_in(page) == [NUMBER, ""]


def test_nobody_keeps_lists_or_is_told_the_address_of_the_page(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put()
    for page in (browser.get(path), browser.get(path.replace("?", "/cancel?")), browser.get("/withdrawal")):
        assert page.answer.headers["cache-control"] == "no-store"
        assert page.answer.headers["referrer-policy"] == "no-referrer"
        assert '<meta name="robots" content="noindex">' in page.html
        assert "canonical" not in page.html


def test_an_invoice_is_a_pdf_for_whoever_has_the_secret(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put()
    api.orders.pay(NUMBER)
    link = re.search(r'<a href="([^"]+)">Invoice 2026-004117</a>', browser.get(path).html)
    assert link
    answer = browser.get(link[1].replace("&amp;", "&")).answer
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'inline; filename="2026-004117.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert browser.get(link[1].split("?")[0]).status == 404


def test_cancelling_asks_once_and_a_double_click_cancels_once(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put()
    api.orders.pay(NUMBER)
    assert "Cancel the order" in browser.get(path).text
    asking = browser.get(path.replace("?", "/cancel?"))
    assert "The whole order is cancelled, and you get €88.00 back." in asking.text
    fields = asking.form(f"{ALONE}/cancel")
    assert fields["secret"] == token_of(NUMBER)
    page = browser.post(f"{ALONE}/cancel", fields)
    again = browser.post(f"{ALONE}/cancel", fields)
    assert "You cancelled this order. We have sent €88.00 back to you." in page.text
    assert again.text == page.text
    assert [event.kind for event in api.orders.orders[NUMBER].events].count("cancelled") == 1
    assert "Cancel the order" not in page.text


@pytest.mark.parametrize(("back", "said"), [(8000, "you get €8.00 back."), (8800, "you owe nothing.")])
def test_cancelling_promises_no_money_that_has_gone_back_already(
    browser: Browser, api: FakeApi, back: int, said: str
) -> None:
    path = api.orders.put(provider="sandbox")
    api.orders.pay(NUMBER)
    api.orders.give_back(NUMBER, back)
    assert f"The whole order is cancelled, and {said}" in browser.get(path.replace("?", "/cancel?")).text


def test_what_has_left_is_not_cancelled_and_withdrawing_is_offered(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put()
    api.orders.pay(NUMBER)
    asking = browser.get(path.replace("?", "/cancel?"))
    api.orders.ship(NUMBER)
    page = browser.send(asking, f"{ALONE}/cancel")
    assert page.status == 409
    assert page.title.startswith("Error: Cancel order")
    assert "The order has moved on and cannot be cancelled any more. You can still withdraw." in page.text
    assert f'href="/withdrawal?order={NUMBER}&amp;token=' in page.html
    assert browser.get(path.replace("?", "/cancel?"), follow=False).answer.headers["location"] == path


def test_an_unclear_payment_cannot_be_cancelled_yet(browser: Browser, api: FakeApi) -> None:
    asking = browser.get(api.orders.put(provider="sandbox", state="unknown").replace("?", "/cancel?"))
    api.next_problem = (409, "payment_unclear", {})
    page = browser.send(asking, f"{ALONE}/cancel")
    assert "Your bank does not say yet whether the money has moved. Try again in a few minutes." in page.text
    assert page.form(f"{ALONE}/cancel")["secret"] == token_of(NUMBER), "It can be sent again."


def test_cancelling_takes_a_form_of_ours(browser: Browser, api: FakeApi) -> None:
    asking = browser.get(api.orders.put().replace("?", "/cancel?"))
    fields = asking.form(f"{ALONE}/cancel")
    assert browser.post(f"{ALONE}/cancel", fields, Sec_Fetch_Site="cross-site").status == 403
    assert browser.post(f"{ALONE}/cancel", {**fields, "token": "x.y"}).status == 403
    assert browser.post(f"{ALONE}/cancel", {**fields, "secret": token_of("TT-222222")}).status == 404
    assert browser.post(f"{ALONE}/cancel", {**fields, "key": "x"}).status == 400
    assert api.orders.orders[NUMBER].state == "placed"


def test_while_the_api_is_away_the_form_can_be_sent_again(browser: Browser, api: FakeApi) -> None:
    asking = browser.get(api.orders.put().replace("?", "/cancel?"))
    api.away = True
    page = browser.send(asking, f"{ALONE}/cancel")
    assert page.status == 503
    api.away = False
    page = browser.send(page, f"{ALONE}/cancel")
    assert "You cancelled this order." in page.text


def test_a_staff_session_that_has_ended_does_not_stand_in_a_customers_way(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put()
    browser.sign_in()
    api.sessions.clear()
    assert browser.get(path).status == 200


def test_what_a_customer_typed_is_shown_as_text(browser: Browser, api: FakeApi) -> None:
    name = "<script>alert(1)</script> نص"
    page = browser.get(api.orders.put(address=Address(name, "{{ 7 * 7 }}", "0", "%(x)s", "FR")))
    assert name in page.text
    assert "<script>alert" not in page.html
    assert "{{ 7 * 7 }} 0 %(x)s France" in page.text


def test_the_page_speaks_german(browser: Browser, api: FakeApi) -> None:
    page = browser.get(api.orders.put(), Accept_Language="de")
    for said in ("Danke für Ihre Bestellung", "Bitte überweisen Sie 88,00 €.", "Verwendungszweck", "Gesamt 88,00 €"):
        assert said in page.text
