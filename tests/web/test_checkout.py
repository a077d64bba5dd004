"""The checkout's three steps: what is asked, what is wrong, where it goes on; the one button and what may follow."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from tests.web.conftest import Browser, Page
from tests.web.fake_api import FakeApi
from tests.web.fake_carts import EXPRESS, STANDARD, problem
from tests.web.fake_catalog import Good, variant
from tests.web.test_cart import change, change_on, count, put, redeem

PAY = "http://127.0.0.1:8002"
ANNA = {
    "email": "anna@example.de",
    "name": "Anna Weber",
    "line1": "Karl-Heine-Straße 12",
    "postal_code": "04229",
    "city": "Leipzig",
    "country": "DE",
    "same": "1",
}
EMPTY = dict.fromkeys(("company", "line2", "phone"), "")


pytestmark = pytest.mark.usefixtures("fresh", "tuesday")


@pytest.fixture
def api() -> FakeApi:
    api = FakeApi()
    api.catalog.stock()
    return api


@pytest.fixture
def browser(api: FakeApi, open_browser: Callable[..., Browser]) -> Browser:
    """Somebody with two mugs in the cart."""
    browser = open_browser(api, SHOP_PAYMENT_ORIGINS=PAY)
    put(browser, quantity="2")
    return browser


def say_address(browser: Browser, **typed: str) -> Page:
    """Send the first step; ``same`` left out asks for another address of the invoice."""
    token = browser.get("/checkout/address").form("/checkout/address")["token"]
    return browser.post("/checkout/address", {"token": token, **EMPTY, **ANNA, **typed})


def say_shipping(browser: Browser, provider: str = "manual") -> Page:
    return browser.send(browser.get("/checkout/shipping"), "/checkout/shipping", provider=provider)


def at_review(browser: Browser, provider: str = "manual") -> Page:
    say_address(browser)
    return say_shipping(browser, provider)


def order(browser: Browser, page: Page, **typed: str) -> Page:
    return browser.send(page, "/checkout/review", follow=False, **typed)


def path(page: Page) -> str:
    return page.answer.url.path


def led_to(page: Page) -> str:
    assert page.status == 303, page.text
    return page.answer.headers["location"]


# where it goes on


def test_the_checkout_begins_with_the_first_step_that_is_not_done(browser: Browser) -> None:
    assert path(browser.get("/checkout")) == "/checkout/address"
    for later in ("/checkout/shipping", "/checkout/review"):
        assert path(browser.get(later)) == "/checkout/address"
    assert path(say_address(browser)) == "/checkout/shipping"
    for later in ("/checkout", "/checkout/review"):
        assert path(browser.get(later)) == "/checkout/shipping"
    assert path(say_shipping(browser)) == "/checkout/review"
    assert path(browser.get("/checkout")) == "/checkout/review"


@pytest.mark.parametrize("step", ["", "/address", "/shipping", "/review"])
def test_an_empty_cart_has_no_checkout(browser: Browser, step: str) -> None:
    change(browser, "mug-1", remove="1")
    assert path(browser.get(f"/checkout{step}")) == "/cart"
    browser.cookies.clear()
    assert path(browser.get(f"/checkout{step}")) == "/cart"


@pytest.mark.parametrize("step", ["address", "shipping", "review"])
def test_a_form_without_our_token_changes_nothing(browser: Browser, api: FakeApi, step: str) -> None:
    at_review(browser)
    api.calls.clear()
    sent = {**ANNA, "email": "evil@example.de", "method": "x", "provider": "sandbox", "key": "k" * 20}
    for token in ("", "a.b"):
        page = browser.post(f"/checkout/{step}", {**sent, "token": token})
        assert page.status == 403
    assert not [call for call in api.calls if call.method != "GET"]


@pytest.mark.parametrize("step", ["address", "shipping", "review"])
def test_every_step_is_whole_and_lets_nobody_wander_off(browser: Browser, step: str) -> None:
    at_review(browser)
    page = browser.get(f"/checkout/{step}", Accept_Language="de")
    assert page.html.count("<h1") == 1
    ids = re.findall(r'\sid="([^"]+)"', page.html)
    assert len(ids) == len(set(ids))
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=", page.html)
    assert page.answer.headers["cache-control"] == "no-store"
    assert "Zurück zum Warenkorb" in page.text
    assert 'class="aisles"' not in page.html
    for law in ("imprint", "terms", "privacy", "accessibility", "withdrawal"):
        assert f'href="/legal/{law}"' in page.html
    assert 'href="/withdrawal"' in page.html


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(
    "typed",
    [
        {"quantity": "4"},
        {"step": "1"},
        {"remove": "1"},
        {"code": "X", "redeem": "1"},
        {"quantity": "x"},
        {"checkout": "1"},
    ],
)
def test_a_cart_page_that_was_open_while_its_cart_was_ordered_leads_to_the_order(
    browser: Browser, typed: dict[str, str], script: bool
) -> None:
    before, review = browser.get("/cart"), at_review(browser)
    number = led_to(order(browser, review, provider="manual")).removeprefix("/orders/").partition("?")[0]
    if script:
        browser.headers["HX-Request"] = "true"
    page = change_on(before, browser, "mug-1", **typed)
    assert (page.status, path(page)) == (200, "/cart")
    assert f"This cart was ordered already: it is your order {number}." in page.text
    assert f'href="/orders/{number}?token=' in page.html


def test_a_code_is_not_taken_out_of_a_cart_that_was_ordered(browser: Browser) -> None:
    redeem(browser, "HERBST10")
    before, review = browser.get("/cart"), at_review(browser)
    order(browser, review)
    page = browser.send(before, "/cart/codes/HERBST10/remove")
    assert (page.status, path(page)) == (200, "/cart")
    assert "This cart was ordered already: it is your order TT-" in page.text


# 1. address


def test_the_address_asks_five_fields_and_presets_the_country(browser: Browser) -> None:
    page = browser.get("/checkout/address")
    form = page.form("/checkout/address")
    assert form["country"] == "DE"
    assert '<details class="rest">' in page.html
    assert re.search(r'id="same"[^>]* checked', page.html)
    for name, kind in (("email", "email"), ("name", "shipping name"), ("postal_code", "shipping postal-code")):
        assert re.search(rf'id="{name}"[^>]*autocomplete="{kind}"', page.html)


def test_what_was_said_is_kept_and_can_be_changed(browser: Browser, api: FakeApi) -> None:
    page = say_address(browser, company="Weber & Söhne", name="  Anna \t Weber ")
    assert "Anna Weber Weber & Söhne Karl-Heine-Straße 12 04229 Leipzig Germany" in page.text
    assert "Invoice to the same address" in page.text
    assert api.carts.only.contact
    assert api.carts.only.contact["billing_address"] is None
    page = browser.get("/checkout/address")
    assert page.form("/checkout/address")["company"] == "Weber & Söhne"
    assert '<details class="rest" open>' in page.html


def test_the_invoice_may_go_elsewhere(browser: Browser, api: FakeApi) -> None:
    other = {"billing_" + name: text for name, text in ANNA.items() if name not in ("email", "same")}
    token = browser.get("/checkout/address").form("/checkout/address")["token"]
    sent = {name: text for name, text in ANNA.items() if name != "same"}
    page = browser.post("/checkout/address", {"token": token, **sent, **other, "billing_city": ""})
    assert page.status == 422
    assert 'href="#billing_city"' in page.html
    page = browser.post("/checkout/address", {"token": token, **sent, **other, "billing_city": "Wien"})
    assert path(page) == "/checkout/shipping"
    assert "Wien" in page.text
    assert api.carts.only.contact
    assert api.carts.only.contact["billing_address"]["city"] == "Wien"
    page = browser.get("/checkout/address")
    assert not re.search(r'id="same"[^>]* checked', page.html)


def test_who_first_asks_for_another_address_of_the_invoice_is_shown_its_fields_and_no_errors(
    browser: Browser, api: FakeApi
) -> None:
    form = browser.get("/checkout/address").form("/checkout/address")
    typed = {**form, **{name: text for name, text in ANNA.items() if name != "same"}}
    del typed["same"]
    page = browser.post("/checkout/address", typed, Accept_Language="de")
    assert page.status == 200
    assert "Geben Sie nun auch die Rechnungsadresse an." in page.text
    for wrong in ("-error", 'id="errors"', " checked"):
        assert wrong not in page.html
    again = page.form("/checkout/address")
    assert again["line1"] == ANNA["line1"], "Nothing typed is lost."
    assert api.carts.only.contact is None
    page = browser.post("/checkout/address", again, Accept_Language="de")
    assert page.status == 422
    assert "Rechnungsadresse: Geben Sie Vor- und Nachnamen an." in page.text
    assert '<span class="error" id="billing_name-error">Geben Sie Vor- und Nachnamen an.</span>' in page.html


def test_what_is_wrong_besides_is_told_also_to_who_first_asks_for_another_address(browser: Browser) -> None:
    form = browser.get("/checkout/address").form("/checkout/address")
    del form["same"]
    page = browser.post(
        "/checkout/address", {**form, **{name: text for name, text in ANNA.items() if name != "same"}, "city": ""}
    )
    assert page.status == 422
    assert page.text.count("Enter the town.") == 2, "On top and at its field, and not at the one of the invoice."


@pytest.mark.parametrize(
    ("field", "typed", "german"),
    [
        ("email", "", "Geben Sie Ihre E-Mail-Adresse an."),
        ("email", "anna.example.de", "Der E-Mail-Adresse fehlt das @-Zeichen."),
        ("email", "anna@", "Das ist keine vollständige E-Mail-Adresse wie anna@example.com."),
        ("email", "an na@example.de", "Das ist keine vollständige E-Mail-Adresse wie anna@example.com."),
        ("email", "a@b@c", "Das ist keine vollständige E-Mail-Adresse wie anna@example.com."),
        ("name", " ", "Geben Sie Vor- und Nachnamen an."),
        ("name", "\N{ZERO WIDTH SPACE}", "Geben Sie Vor- und Nachnamen an."),
        ("name", "x" * 201, "Hier passen höchstens 200 Zeichen hinein."),
        ("line1", "", "Geben Sie Straße und Hausnummer an."),
        ("postal_code", "0422", "Die Postleitzahl hat fünf Ziffern, zum Beispiel 04109."),
        ("postal_code", "٠٤٢٢٩", "Die Postleitzahl hat fünf Ziffern, zum Beispiel 04109."),
        ("city", "", "Geben Sie den Ort an."),
        ("country", "BR", "Dorthin liefern wir nicht. Wählen Sie eines dieser Länder."),
        ("phone", "1" * 41, "Hier passen höchstens 40 Zeichen hinein."),
    ],
)
def test_an_error_stands_on_top_at_the_field_and_in_the_title(
    browser: Browser, api: FakeApi, field: str, typed: str, german: str
) -> None:
    browser.headers["Accept-Language"] = "de"
    page = say_address(browser, **{field: typed})
    assert page.status == 422
    assert page.answer.headers["cache-control"] == "private, no-cache", "Going back shows it again."
    assert page.title == "Fehler: Adresse | Ton & Tinte"
    assert page.text.count(german) == 2
    assert f'<a href="#{field}"' in page.html
    assert (
        f'aria-describedby="{"email-hint " if field == "email" else ""}{field}-error"' in page.html or field == "phone"
    )
    assert api.carts.only.contact is None
    sent = page.form("/checkout/address")
    for name, text in ANNA.items():
        if name not in (field, "same"):
            assert sent[name] == text, "Nothing typed is lost."
    if field == "phone":
        assert '<details class="rest" open>' in page.html, "The field with the error is in sight."


def test_a_postcode_is_judged_by_its_country(browser: Browser) -> None:
    page = say_address(browser, country="AT", postal_code="12345")
    assert "A postcode in this country has 4 digits: Austria." in page.text
    assert path(say_address(browser, country="AT", postal_code="1010")) == "/checkout/shipping"


@pytest.mark.parametrize("typed", ["04 229", "D-04229", "de 04229"])
def test_a_postcode_is_read_as_people_write_it(browser: Browser, api: FakeApi, typed: str) -> None:
    assert path(say_address(browser, postal_code=typed)) == "/checkout/shipping"
    assert api.carts.only.contact is not None
    assert api.carts.only.contact["shipping_address"]["postal_code"] == "04229"
    page = say_address(browser, country="AT", postal_code=typed)
    assert page.status == 422
    assert page.form("/checkout/address")["postal_code"] == typed, "It stays as it was typed."


@pytest.mark.parametrize("name", ["佐藤 太郎", "Νίκος Παπαδόπουλος", "عائشة", "O’Brien-Łukasz", '<b>Anna</b> & "Co"'])
def test_names_of_every_script_are_taken_as_they_are(browser: Browser, api: FakeApi, name: str) -> None:
    assert name in say_address(browser, name=name).text
    assert api.carts.only.contact
    assert api.carts.only.contact["shipping_address"]["name"] == name


@pytest.mark.parametrize(
    ("field", "at", "says"),
    [
        ("email", "email", "This is no complete e-mail address"),
        ("shipping_address.postal_code", "postal_code", "This postcode does not fit the country."),
        ("shipping_address.country", "country", "We do not deliver there."),
        ("billing_address.city", "billing_city", "We cannot use this as it stands."),
    ],
)
def test_what_the_api_refuses_stands_at_its_field(
    browser: Browser, api: FakeApi, field: str, at: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = browser.get("/checkout/address").form("/checkout/address")["token"]
    refusal = problem(400, "invalid_request", errors=[{"field": field, "message": "does not fit"}])
    monkeypatch.setattr(api.carts, "_contact", lambda *_: refusal)
    page = browser.post("/checkout/address", {"token": token, **ANNA})
    assert page.status == 422
    assert says in page.text
    assert f'href="#{at}"' in page.html


def test_an_address_that_is_sent_while_the_api_is_away_comes_back_filled(browser: Browser, api: FakeApi) -> None:
    page = browser.get("/checkout/address")
    api.away = True
    page = browser.post("/checkout/address", {"token": page.form("/checkout/address")["token"], **ANNA})
    assert page.status == 503
    assert page.form("/checkout/address")["line1"] == ANNA["line1"]
    api.away = False
    assert path(browser.send(page, "/checkout/address")) == "/checkout/shipping"


# 2. shipping and payment


def test_ways_to_deliver_say_price_and_days(browser: Browser) -> None:
    browser.headers["Accept-Language"] = "de"
    page = say_address(browser)
    text = page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "DHL Paket 4,90 € Lieferung in 2 bis 3 Werktagen: Do. 26. oder Fr. 27. November" in text
    assert "Express 9,90 € Lieferung in 1 Werktag: Mi. 25. November" in text
    assert "Vorkasse per Überweisung" in text
    assert "Testkarte (Sandbox)" in text
    assert re.search(r'id="method" name="method"[^>]* checked', page.html), "The cheapest is chosen."
    assert not re.search(r'name="provider"[^>]* checked', page.html)


def test_both_must_be_chosen(browser: Browser, api: FakeApi) -> None:
    say_address(browser)
    token = browser.get("/checkout/shipping").form("/checkout/shipping")["token"]
    page = browser.post("/checkout/shipping", {"token": token})
    assert page.status == 422
    assert page.title.startswith("Error: Delivery and payment")
    assert page.text.count("Choose how we shall deliver.") == 2
    assert page.text.count("Choose how you want to pay.") == 2
    page = browser.post("/checkout/shipping", {"token": token, "method": "ship_none", "provider": "manual"})
    assert "Choose how we shall deliver." in page.text
    assert re.search(r'value="manual" checked', page.html), "What was chosen stays."
    assert api.carts.only.method is None


def test_the_only_way_to_pay_is_chosen_already(browser: Browser, api: FakeApi) -> None:
    api.carts.providers = ["invoice-later"]
    page = say_address(browser)
    assert re.search(r'value="invoice-later" checked', page.html)
    assert "invoice-later" in page.text, "A name that nobody translated is shown plainly."


def test_who_has_nothing_to_pay_is_not_asked_how_and_orders_without_an_obligation(
    browser: Browser, api: FakeApi
) -> None:
    api.carts.codes["ALLES"] = 100
    put(browser, quantity="8")
    api.carts.only.codes = ["ALLES"]
    asked = say_address(browser)
    assert "Choose how you want to pay." in browser.send(asked, "/checkout/shipping", method=EXPRESS).text
    page = browser.send(asked, "/checkout/shipping", method=STANDARD)
    assert path(page) == "/checkout/review"
    assert "Payment Nothing to pay" in page.text
    assert "obligation to pay" not in page.text
    api.carts.dearer = {"DE": -990}  # Now express is free too.
    assert "Choose how to pay" not in browser.get("/checkout/shipping").text
    assert led_to(order(browser, page)).startswith("/orders/")
    assert [one["payment"] for one in api.carts.orders.values()] == [None]


def test_who_had_nothing_to_pay_and_now_has_is_told_where_that_is_chosen(browser: Browser, api: FakeApi) -> None:
    api.carts.codes["ALLES"] = 100
    api.carts.dearer = {"DE": -990}
    put(browser, quantity="8")
    api.carts.only.codes = ["ALLES"]
    page = browser.send(say_address(browser), "/checkout/shipping", method=STANDARD)
    api.carts.codes["ALLES"] = 10
    assert led_to(order(browser, page)) == "/checkout/shipping"
    page = browser.get("/checkout/shipping")
    assert "Nothing was ordered: the total has changed. It was €0.00, now it is €166.50." in page.text


def test_the_choice_is_kept_for_the_next_time(browser: Browser) -> None:
    at_review(browser, "sandbox")
    page = browser.get("/checkout/shipping")
    assert re.search(r'value="sandbox" checked', page.html)


def test_a_way_to_pay_that_went_is_asked_for_again(browser: Browser, api: FakeApi) -> None:
    at_review(browser, "sandbox")
    api.carts.providers = ["manual"]
    assert path(browser.get("/checkout/review")) == "/checkout/shipping"


def test_once_the_address_is_known_every_sum_is_for_its_country(browser: Browser, api: FakeApi) -> None:
    api.carts.dearer["CH"] = 1000
    assert "Delivery (Germany) from €4.90" in browser.get("/checkout/address").text
    page = say_address(browser, country="CH", postal_code="8001")
    assert path(page) == "/checkout/shipping"
    assert "Delivery (Switzerland) from €14.90" in page.text
    for address in ("/cart", "/checkout/address"):
        text = browser.get(address).text
        assert "Delivery (Switzerland) from €14.90" in text, address
        assert "from €4.90" not in text, address
        assert "(Germany)" not in text, address


def test_what_nobody_sees_in_an_address_is_left_out_of_it(browser: Browser, api: FakeApi) -> None:
    assert path(say_address(browser, name="\u202aAnna\u202e We\u00adber", city="علی‌آباد")) == "/checkout/shipping"
    contact = api.carts.only.contact
    assert contact
    kept = contact["shipping_address"]
    assert (kept["name"], kept["city"]) == ("Anna Weber", "علی‌آباد")


def test_a_country_that_nothing_is_sent_to_is_said(browser: Browser, api: FakeApi) -> None:
    api.carts.unserved.add("CH")
    page = say_address(browser, country="CH", postal_code="8001")
    assert "We do not deliver these goods to this country: Switzerland." in page.text
    assert 'href="/checkout/address"' in page.html
    assert "Check the order" not in page.text


@pytest.mark.parametrize(("country", "told"), [("CH", True), ("AT", False), ("DE", False)])
def test_who_has_to_pay_customs_learns_it_before_the_order(browser: Browser, country: str, told: bool) -> None:
    says = "Customs duties and import tax may come on top. You pay them on delivery."
    postal_code = "04229" if country == "DE" else "8001"
    page = say_address(browser, country=country, postal_code=postal_code)
    assert (says in page.text) == told
    page = say_shipping(browser, "manual")
    assert path(page) == "/checkout/review"
    assert (says in page.text) == told


# 3. review


def test_the_last_step_shows_everything_and_one_clear_button(browser: Browser) -> None:
    browser.headers["Accept-Language"] = "de"
    page = at_review(browser)
    text = page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Kontakt anna@example.de Lieferung an Anna Weber Karl-Heine-Straße 12 04229 Leipzig" in text
    assert "DHL Paket, 4,90 € 2 bis 3 Werktage nach dem Zahlungseingang Zahlung" in text
    assert "November" not in text, "The money is not here yet."
    assert "Mug “Westerwald”" in text
    assert "2 × 18,50 €" in text
    assert "Zwischensumme 37,00 € Versand, DHL Paket 4,90 € Gesamt 41,90 € enthält 19 % MwSt. auf 41,90 €" in text
    below = page.html[page.html.index('<dl class="sums">', page.html.index('action="/checkout/review"')) :]
    below = below[: below.index("</form>")]
    assert below.count("<button") == 1
    assert re.findall(r'href="([^"]+)"', below) == ["/legal/terms", "/legal/withdrawal", "/legal/privacy"]
    assert re.search(r"<button[^>]*>Zahlungspflichtig bestellen</button>\s*$", below)
    assert "Order with obligation to pay" in browser.get("/checkout/review", Accept_Language="en").text


@pytest.mark.parametrize(
    ("provider", "says"),
    [
        ("manual", "Die Bestätigung schicken wir sofort an anna@example.de."),
        ("sandbox", "Die Bestätigung schicken wir an anna@example.de, sobald Sie bezahlt haben."),
    ],
)
def test_the_confirmation_is_promised_for_when_it_comes(browser: Browser, provider: str, says: str) -> None:
    at_review(browser, provider)
    text = browser.get("/checkout/review", Accept_Language="de").text
    assert says in text
    assert text.count("Die Bestätigung schicken wir") == 1


def test_an_order_leads_to_its_page_and_empties_the_cart(browser: Browser, api: FakeApi) -> None:
    page = at_review(browser)
    assert led_to(order(browser, page)) == "/orders/TT-7K4M20?token=secret-of-TT-7K4M20"
    body = api.calls[-1].content
    assert b'"provider":"manual"' in body
    assert b'"amount":4190' in body
    assert count(browser.get("/")) == ""
    page = browser.get("/cart")
    assert 'href="/orders/TT-7K4M20?token=secret-of-TT-7K4M20"' in page.html
    assert path(browser.get("/checkout/review")) == "/cart"


def test_a_double_click_or_the_back_button_is_the_same_order(browser: Browser, api: FakeApi) -> None:
    page = at_review(browser)
    first = led_to(order(browser, page))
    assert led_to(order(browser, page)) == first
    assert len(api.carts.orders) == 1
    keys = [call.headers["idempotency-key"] for call in api.calls if call.url.path.endswith("/checkout")]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_another_form_for_an_ordered_cart_leads_to_the_order(browser: Browser, api: FakeApi) -> None:
    page, other = at_review(browser), browser.get("/checkout/review")
    first = led_to(order(browser, page))
    assert led_to(order(browser, other)) == first
    assert len(api.carts.orders) == 1


def test_a_cart_that_somebody_else_ordered_is_empty_and_says_so(browser: Browser, api: FakeApi) -> None:
    page = at_review(browser)
    api.carts.only.state = "ordered"
    assert led_to(order(browser, page)) == "/cart"
    assert "This cart was ordered already." in browser.get("/cart").text


def test_a_provider_with_a_page_of_its_own_is_led_to(browser: Browser, api: FakeApi) -> None:
    page = at_review(browser, "sandbox")
    assert f"form-action 'self' {PAY};" in page.answer.headers["content-security-policy"]
    assert "form-action 'self';" in browser.get("/cart").answer.headers["content-security-policy"]
    assert led_to(order(browser, page)) == f"{PAY}/pay/1"
    assert 'href="/orders/TT-7K4M20?token=' in browser.get("/cart").html


def test_nobody_is_led_to_a_page_that_the_shop_was_not_told_of(browser: Browser, api: FakeApi) -> None:
    api.carts.pay_at = "https://evil.example/pay/1"
    assert led_to(order(browser, at_review(browser, "sandbox"))).startswith("/orders/TT-7K4M20?token=")


def test_the_day_is_told_where_it_is_paid_at_once(browser: Browser) -> None:
    browser.headers["Accept-Language"] = "de"
    text = at_review(browser, "sandbox").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "DHL Paket, 4,90 € Do. 26. oder Fr. 27. November" in text


def test_where_only_a_transfer_pays_no_day_is_told(browser: Browser, api: FakeApi) -> None:
    api.carts.providers = ["manual"]
    page = say_address(browser)
    assert "2 to 3 working days after your payment has arrived" in page.text
    assert "November" not in page.text


def test_a_busy_payment_service_declines_no_card(browser: Browser, api: FakeApi) -> None:
    page = at_review(browser, "sandbox")
    api.carts.refuses.append((402, "provider_busy", {}))
    assert led_to(order(browser, page)) == "/checkout/shipping"
    again = browser.get("/checkout/shipping", Accept_Language="de").text
    assert "Der Zahlungsdienst ist gerade nicht erreichbar. Es wurde nichts abgebucht." in again
    assert "abgelehnt" not in again


def test_an_order_that_was_given_up_while_it_was_paid_is_not_said_to_cost_nothing(
    browser: Browser, api: FakeApi
) -> None:
    page = at_review(browser, "sandbox")
    api.carts.refuses.append((402, "order_given_up", {}))
    assert led_to(order(browser, page)) == "/checkout/shipping"
    text = browser.get("/checkout/shipping").text
    assert "The order was given up while it was being paid. If anything was charged, it goes back." in text
    assert "Nothing was charged" not in text


def test_an_address_outlives_a_cart_that_was_emptied_meanwhile(browser: Browser, api: FakeApi) -> None:
    token = browser.get("/checkout/address").form("/checkout/address")["token"]
    change(browser, "mug-1", remove="1")
    page = browser.post("/checkout/address", {"token": token, **EMPTY, **ANNA})
    assert path(page) == "/cart"
    assert "Nothing is in the cart by now. What you typed is kept." in page.text
    put(browser)
    assert browser.get("/checkout/address").form("/checkout/address")["line1"] == ANNA["line1"]


def test_the_way_to_pay_outlives_a_cart_that_was_emptied_meanwhile(browser: Browser) -> None:
    say_address(browser)
    fields = browser.get("/checkout/shipping").form("/checkout/shipping")
    change(browser, "mug-1", remove="1")
    page = browser.post("/checkout/shipping", {**fields, "provider": "sandbox"})
    assert path(page) == "/cart"
    put(browser)
    assert re.search(r'value="sandbox" checked', browser.get("/checkout/shipping").html)


def test_an_address_of_an_earlier_visit_comes_back_as_it_was_typed(browser: Browser, api: FakeApi) -> None:
    page = browser.post("/checkout/address", {"token": "a.b", **EMPTY, **ANNA, "city": "Leipzig-Plagwitz"})
    assert page.status == 403
    assert "This page was open for too long." in page.text
    assert page.form("/checkout/address")["city"] == "Leipzig-Plagwitz"
    assert api.carts.only.contact is None
    assert path(browser.send(page, "/checkout/address")) == "/checkout/shipping"


def test_an_order_of_an_earlier_visit_is_not_sent_again_unseen(browser: Browser, api: FakeApi) -> None:
    fields = at_review(browser).form("/checkout/review")
    page = browser.post("/checkout/review", {**fields, "token": "a.b"})
    assert page.status == 403
    assert "<form" not in page.html
    assert not api.carts.orders


def test_a_refused_payment_leads_back_to_the_payment_with_a_new_key(browser: Browser, api: FakeApi) -> None:
    page = at_review(browser, "sandbox")
    api.carts.refuses.append((402, "payment_declined", {}))
    assert led_to(order(browser, page)) == "/checkout/shipping"
    browser.headers["Accept-Language"] = "de"
    again = browser.get("/checkout/shipping")
    assert "Die Zahlung ist nicht zustande gekommen. Es wurde nichts abgebucht." in again.text
    assert "zustande" not in browser.get("/checkout/shipping").text
    review = browser.send(again, "/checkout/shipping", provider="manual")
    assert review.form("/checkout/review")["key"] != page.form("/checkout/review")["key"]
    assert led_to(order(browser, review)).startswith("/orders/")


def placed(browser: Browser, api: FakeApi, **more: Any) -> tuple[str, str]:
    """An order that waits for its payment: its number, and the address of its page."""
    order(browser, at_review(browser, "sandbox"))
    number = list(api.carts.orders)[-1]
    api.orders.put(number, **more)
    return number, f"/orders/{number}?token=secret-of-{number}"


def test_a_payment_that_fails_later_finds_the_cart_as_it_was(browser: Browser, api: FakeApi) -> None:
    number, address = placed(browser, api, provider="sandbox")
    api.carts.only.state = "open"
    api.orders.tell(number, "payment_failed", reason="cancelled")
    api.orders.cancel(number, "payment_failed")
    told = browser.get(address)
    assert "Your cart is as it was. Choose another way to pay, or try again." in told.text
    assert '<a class="btn" href="/checkout/shipping">Choose how to pay</a>' in told.html
    page = browser.get("/checkout/shipping")
    assert path(page) == "/checkout/shipping"
    assert re.search(r'value="sandbox" checked', page.html)
    assert count(browser.get("/cart")) == "2"


def test_whoever_has_begun_another_cart_is_not_told_that_it_is_as_it_was(browser: Browser, api: FakeApi) -> None:
    number, address = placed(browser, api, provider="sandbox")
    put(browser)
    api.orders.tell(number, "payment_failed", reason="cancelled")
    api.orders.cancel(number, "payment_failed")
    page = browser.get(address, Accept_Language="de")
    assert "Möchten Sie die Ware noch, legen Sie sie bitte wieder in den Warenkorb." in page.text
    for untrue in ("Ihr Warenkorb ist unverändert", "/checkout"):
        assert untrue not in page.html


def test_the_goods_of_an_order_that_came_to_nothing_go_into_the_cart_again(browser: Browser, api: FakeApi) -> None:
    number, address = placed(browser, api, provider="sandbox")
    put(browser)
    api.orders.tell(number, "payment_failed", reason="cancelled")
    api.orders.cancel(number, "payment_failed")
    for sku, units in (("TT-BE-WW-TON-320", 9), ("TT-KA-HR-250", 1)):
        api.catalog.put(Good(sku.lower(), {"de": sku, "en": sku}, units=units, variants=[variant(sku, 1000, units)]))
    cart = list(api.carts.carts.values())[-1]
    cart.lines["TT-BE-WW-TON-320"] = 1
    told = browser.get(address)
    for _ in range(2):  # The second press of a double click.
        page = browser.send(told, "/cart/again")
        assert path(page) == "/cart"
        assert cart.lines == {"mug-1": 1, "TT-BE-WW-TON-320": 4, "TT-KA-HR-250": 1}
        assert "Some goods cannot be had as before, so the cart has changed." in page.text
    api.catalog.goods["tt-ka-hr-250"].units = 5
    assert "The goods of your order are in the cart again." in browser.send(told, "/cart/again").text
    assert cart.lines == {"mug-1": 1, "TT-BE-WW-TON-320": 4, "TT-KA-HR-250": 2}
    assert count(browser.get("/cart")) == "7"
    browser.cookies.clear()
    browser.send(told, "/cart/again")
    assert list(api.carts.carts.values())[-1].lines == {"TT-BE-WW-TON-320": 4, "TT-KA-HR-250": 2}
    assert browser.post("/cart/again", {"number": number, "secret": "x" * 20}).status == 400


@pytest.mark.parametrize("apart", range(0, 15, 3))
def test_two_presses_at_once_put_the_goods_of_an_order_in_once(
    api: FakeApi, open_browser: Callable[..., Browser], apart: int
) -> None:
    async def slowly(request: httpx.Request) -> httpx.Response:
        for _ in range(4):  # So that the two presses come in between each other.
            await asyncio.sleep(0)
        return api.answer(request)

    api.transport = httpx.MockTransport(slowly)
    browser = open_browser(api, SHOP_PAYMENT_ORIGINS=PAY)
    put(browser, quantity="2")
    number, address = placed(browser, api, provider="sandbox")
    put(browser)
    api.orders.tell(number, "payment_failed", reason="cancelled")
    api.orders.cancel(number, "payment_failed")
    for sku, units in (("TT-BE-WW-TON-320", 5), ("TT-KA-HR-250", 9)):
        api.catalog.put(Good(sku.lower(), {"de": sku, "en": sku}, units=units, variants=[variant(sku, 1000, units)]))
    fields = browser.get(address).form("/cart/again")
    browser.post_twice("/cart/again", fields, apart=apart)
    cart = list(api.carts.carts.values())[-1]
    assert cart.lines == {"mug-1": 1, "TT-BE-WW-TON-320": 4, "TT-KA-HR-250": 2}
    del cart.lines["TT-KA-HR-250"]
    browser.post("/cart/again", fields)
    assert cart.lines["TT-KA-HR-250"] == 2, "Taken out and put in again."


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [(422, "cart_full", "A cart holds at most 100 different things"), (429, "rate_limited", "too many tries. Wait")],
)
def test_what_stops_the_goods_of_an_order_on_their_way_into_the_cart_is_said_there(
    browser: Browser, api: FakeApi, status: int, code: str, said: str
) -> None:
    number, address = placed(browser, api, provider="sandbox")
    put(browser)
    api.orders.tell(number, "payment_failed", reason="cancelled")
    api.orders.cancel(number, "payment_failed")
    api.carts.stops = (status, code)
    page = browser.send(browser.get(address), "/cart/again")
    assert (path(page), page.status) == ("/cart", 200)
    assert said in page.text


def test_another_total_is_shown_before_anything_is_ordered(browser: Browser, api: FakeApi) -> None:
    page = at_review(browser)
    api.catalog.goods["mug"].price = 2000
    api.carts.before["mug-1"] = 1850
    again = order(browser, page)
    assert again.status == 409
    assert "Nothing was ordered: the total has changed. It was €41.90, now it is €44.90." in again.text
    assert "The price has changed: it was €18.50, now it is €20.00." in again.text
    assert "<mark>€44.90</mark>" in again.html
    new, old = again.form("/checkout/review"), page.form("/checkout/review")
    assert (new["expected_total"], old["expected_total"]) == ("4490", "4190")
    assert new["key"] != old["key"]
    assert not api.carts.orders
    assert led_to(order(browser, again)).startswith("/orders/")


def test_stock_that_ran_short_is_adjusted_before_anything_is_ordered(browser: Browser, api: FakeApi) -> None:
    page = at_review(browser)
    api.catalog.goods["mug"].units = 1
    api.carts.refuses.append((409, "insufficient_stock", {}))
    again = order(browser, page)
    assert again.status == 409
    assert "Only 1 left. We changed the quantity." in again.text
    assert again.form("/checkout/review")["expected_total"] == "2340"
    assert api.carts.only.lines == {"mug-1": 1}


def test_a_cart_whose_goods_all_went_says_that_nothing_was_ordered(browser: Browser, api: FakeApi) -> None:
    page = at_review(browser)
    api.catalog.goods["mug"].units = 0
    api.carts.refuses.append((409, "insufficient_stock", {}))
    assert led_to(order(browser, page)) == "/cart"
    assert "What was in the cart cannot be had any more, so nothing was ordered." in browser.get("/cart").text


def test_goods_that_went_off_sale_are_said_at_the_order_button_with_the_new_total(
    browser: Browser, api: FakeApi
) -> None:
    put(browser, "teapot")
    page = at_review(browser)
    del api.catalog.goods["teapot"]
    fault = {"field": "lines[1].sku", "message": "is not for sale any more"}
    api.carts.refuses.append((422, "checkout_incomplete", {"errors": [fault]}))
    again = order(browser, page)
    assert again.status == 409
    assert "Teapot is not for sale any more. We took it out of the cart." in again.text
    assert "Nothing was ordered: the total has changed. It was €101.00, now it is €41.90." in again.text
    assert "<mark>€41.90</mark>" in again.html
    assert led_to(order(browser, again)).startswith("/orders/")


@pytest.mark.parametrize("ready", [False, True])
def test_what_others_bought_meanwhile_is_said_on_the_way_to_the_order_button(
    browser: Browser, api: FakeApi, ready: bool
) -> None:
    put(browser, "teapot")
    if ready:
        at_review(browser)
    cart = browser.get("/cart")
    api.catalog.goods["mug"].units = 1
    page = change_on(cart, browser, "", checkout="1")
    assert path(page) == ("/checkout/review" if ready else "/checkout/address")
    assert "Only 1 left. We changed the quantity." in page.text
    assert api.carts.only.lines == {"mug-1": 1, "teapot-1": 1}
    if not ready:
        assert '<details class="fold" open>' in page.html, "On a small screen too it is in sight."


def test_a_cart_whose_only_goods_went_off_sale_says_so_on_the_way_to_the_checkout(
    browser: Browser, api: FakeApi
) -> None:
    del api.catalog.goods["mug"]
    page = browser.get("/checkout")
    assert path(page) == "/cart"
    assert "Mug is not for sale any more. We took it out of the cart." in page.text
    assert "Nothing is in the cart yet." not in page.text


def test_a_step_that_leads_back_says_that_the_cart_has_changed(browser: Browser, api: FakeApi) -> None:
    at_review(browser, "sandbox")
    api.carts.providers = ["manual"]
    api.catalog.goods["mug"].units = 1
    page = browser.get("/checkout/review")
    assert path(page) == "/checkout/shipping"
    assert "Some goods cannot be had as before, so the cart has changed. To the cart" in page.text
    assert "has changed" not in browser.get("/checkout/shipping").text


def test_what_ran_short_while_a_step_was_filled_in_is_said_on_the_next(browser: Browser, api: FakeApi) -> None:
    put(browser, "teapot")
    token = browser.get("/checkout/address").form("/checkout/address")["token"]
    api.catalog.goods["mug"].units = 1
    page = browser.post("/checkout/address", {"token": token, **EMPTY, **ANNA})
    assert path(page) == "/checkout/shipping"
    assert "Only 1 left. We changed the quantity." in page.text
    del api.catalog.goods["teapot"]
    page = browser.send(page, "/checkout/shipping", provider="manual")
    assert path(page) == "/checkout/review"
    assert "Teapot is not for sale any more. We took it out of the cart." in page.text


@pytest.mark.parametrize("code", ["code_used_up", "idempotency_key_reused"])
def test_other_refusals_ask_to_look_once_more(browser: Browser, api: FakeApi, code: str) -> None:
    page = at_review(browser)
    api.carts.refuses.append((422, code, {}))
    again = order(browser, page)
    assert again.status == 409
    assert "Nothing was ordered. Look through it once more, then order." in again.text
    assert again.form("/checkout/review")["key"] != page.form("/checkout/review")["key"]


def test_too_many_tries_are_asked_to_wait(browser: Browser, api: FakeApi) -> None:
    page = at_review(browser)
    api.carts.refuses += [(429, "rate_limited", {}), (429, "rate_limited", {})]
    again = order(browser, page)
    assert again.status == 429
    assert "There were too many tries. Wait a minute, then try again." in again.text
    assert led_to(order(browser, again)).startswith("/orders/")


def test_what_is_missing_is_asked_for(browser: Browser, api: FakeApi) -> None:
    page = at_review(browser)
    api.carts.only.method = None
    api.carts.refuses.append((422, "checkout_incomplete", {"errors": [{"field": "shipping", "message": "is missing"}]}))
    assert led_to(order(browser, page)) == "/checkout/shipping"
    api.carts.refuses.append((422, "unknown_provider", {}))
    assert led_to(order(browser, page)) == "/checkout/shipping"
    assert "This way to pay is not offered any more." in browser.get("/checkout/shipping").text


@pytest.mark.parametrize("refusal", [(503, "overloaded"), (409, "idempotency_in_progress")])
def test_an_order_that_nobody_confirmed_is_sent_again_with_the_same_key(
    browser: Browser, api: FakeApi, refusal: tuple[int, str]
) -> None:
    page = at_review(browser, "sandbox")
    api.carts.refuses += [(*refusal, {}), (*refusal, {})]
    away = order(browser, page)
    assert away.status == 503
    assert f"form-action 'self' {PAY};" in away.answer.headers["content-security-policy"]
    sent, kept = page.form("/checkout/review"), away.form("/checkout/review")
    assert {**kept, "token": ""} == {**sent, "token": ""}
    assert led_to(order(browser, away)) == f"{PAY}/pay/1"
    assert len(api.carts.orders) == 1


def test_a_cart_that_the_shop_no_longer_knows_is_forgotten(browser: Browser, api: FakeApi) -> None:
    page = at_review(browser)
    api.carts.carts.clear()
    assert led_to(order(browser, page)) == "/cart"
    assert "shop_cart" not in browser.cookies


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "short"},
        {"expected_total": "-1"},
        {"expected_total": "1.5"},
        {"expected_total": "9" * 14},
        {"currency": "eur"},
        {"provider": "../x"},
    ],
)
def test_hidden_fields_are_as_our_page_wrote_them(browser: Browser, api: FakeApi, wrong: dict[str, str]) -> None:
    page = at_review(browser)
    assert order(browser, page, **wrong).status == 400
    assert not api.carts.orders


def test_staff_who_are_signed_in_buy_like_anybody(browser: Browser, api: FakeApi) -> None:
    browser.sign_in()
    assert led_to(order(browser, at_review(browser))).startswith("/orders/")
    assert not [call for call in api.calls if "/carts" in call.url.path and "authorization" in call.headers]


# an order that waits for its payment


@pytest.mark.parametrize("something_new", [False, True])
def test_the_cart_says_that_the_last_order_waits_for_its_payment_until_when_and_where(
    browser: Browser, api: FakeApi, something_new: bool
) -> None:
    number, address = placed(browser, api, provider="sandbox", next_url=f"{PAY}/pay/1")
    ends = datetime(2026, 11, 24, 16, 20, tzinfo=UTC)
    api.orders.orders[number] = replace(api.orders.orders[number], expires_at=ends)
    if something_new:
        put(browser)
    page = browser.get("/cart", Accept_Language="de")
    waits = f"Ihre Bestellung {number} wartet noch auf Ihre Zahlung: bis 24. November 2026, 17:20 Uhr."
    assert waits in page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert f'<a href="{PAY}/pay/1" rel="noreferrer">Jetzt bezahlen</a>' in page.html
    assert page.html.count(f'<a href="{address}">Zu Ihrer letzten Bestellung</a>') == 1


def test_a_transfer_is_waited_for_until_it_is_due_and_its_bank_details_are_with_the_order(
    browser: Browser, api: FakeApi
) -> None:
    number, address = placed(browser, api)
    put(browser)
    page = browser.get("/cart")
    assert f"Your order {number} is still waiting for your payment: until " in page.text
    assert f'<a href="{address}">To your last order</a>' in page.html
    assert "Pay now" not in page.text


def test_who_has_no_unpaid_order_is_told_of_none_and_the_api_is_asked_once(browser: Browser, api: FakeApi) -> None:
    def asked() -> int:
        return len([call for call in api.calls if call.url.path.startswith("/v1/orders")])

    browser.get("/cart")
    assert asked() == 0
    number, _ = placed(browser, api, provider="sandbox", next_url=f"{PAY}/pay/1")
    api.orders.pay(number)
    for _ in range(2):
        page = browser.get("/cart")
        assert "waiting for your payment" not in page.text
        assert "To your last order" in page.text
    assert asked() == 1, "What is paid is asked for no more."


def test_the_cart_is_shown_although_nobody_can_say_how_its_order_stands(
    browser: Browser, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(browser, api, provider="sandbox", next_url=f"{PAY}/pay/1")
    put(browser)
    with monkeypatch.context() as busy:
        busy.setattr(api.orders, "answer", lambda *_: problem(429, "rate_limited"))
        page = browser.get("/cart")
    assert page.status == 200
    assert "waiting for your payment" not in page.text
    assert "waiting for your payment" in browser.get("/cart").text
