"""Withdrawing by two clicks, as section 356a BGB asks for it."""

from html import escape

import pytest

from shopapi.events.words import words
from shopweb.storefront.order_paths import withdrawal_path
from tests.web.conftest import Browser, Page
from tests.web.fake_api import FakeApi
from tests.web.fake_orders import token_of

NUMBER = "TT-7K4M2P"
GOOD = {"name": "Anna Weber", "order_number": NUMBER, "email": "anna.weber@example.de"}


def step_two(browser: Browser, **typed: str) -> Page:
    form = browser.get("/withdrawal").form("/withdrawal")
    return browser.post("/withdrawal", {**form, **GOOD, **typed})


@pytest.mark.parametrize("path", ["/", "/cart", "/legal/terms", "/nowhere", "/orders/TT-000000"])
def test_the_button_is_on_every_page(browser: Browser, path: str) -> None:
    page = browser.get(path, Accept_Language="de")
    assert '<a class="btn cream low" href="/withdrawal">Vertrag widerrufen</a>' in page.html


def test_two_clicks_declare_it_and_the_receipt_says_when(browser: Browser, api: FakeApi) -> None:
    api.orders.put()
    page = step_two(browser)
    for said in GOOD.values():
        assert said in page.text
    assert api.orders.withdrawals == [], "Nothing is declared before the second click."
    page = browser.send(page, "/withdrawal/confirm")
    assert page.title.startswith("Your withdrawal has come in")
    assert "The receipt is on its way to anna.weber@example.de." in page.text
    assert "Number of the receipt wdr_0" in page.text
    (made,) = api.orders.withdrawals
    assert (made.name, made.order_number, made.email) == tuple(GOOD.values())
    assert made.declared_at.strftime("%Y-%m-%dT%H:%M:%SZ") in page.html


def test_no_reason_is_asked_for(browser: Browser) -> None:
    assert set(browser.get("/withdrawal").form("/withdrawal")) == {"token", "name", "order_number", "email"}


def test_the_second_button_has_the_words_of_the_law(browser: Browser) -> None:
    browser.headers["Accept-Language"] = "de"
    page = step_two(browser)
    assert '<button class="btn big">Widerruf bestätigen</button>' in page.html


def test_the_pages_declare_in_the_words_of_the_receipt(browser: Browser) -> None:
    browser.headers["Accept-Language"] = "de"
    declared = words("de").common["declaration"].format(number="TT-7K4M2P")
    assert declared == "Hiermit widerrufe ich den Vertrag über die Waren dieser Bestellung: TT-7K4M2P"
    page = step_two(browser)
    assert declared in page.text
    assert declared in browser.send(page, "/withdrawal/confirm").text
    browser.headers["Accept-Language"] = "en"
    assert words("en").common["declaration"].format(number="TT-7K4M2P") in step_two(browser).text


@pytest.mark.parametrize("step", ["/withdrawal", "/withdrawal/confirm"])
def test_a_form_of_an_earlier_visit_comes_back_as_it_was_typed(browser: Browser, api: FakeApi, step: str) -> None:
    page = browser.post(step, {**GOOD, "token": "a.b", "key": "k" * 24})
    assert page.status == 403
    assert "This page was open for too long." in page.text
    assert {name: page.form("/withdrawal")[name] for name in GOOD} == GOOD
    assert api.orders.withdrawals == []
    assert "Confirm withdrawal" in browser.send(page, "/withdrawal").text


def test_a_double_click_declares_once_and_shows_the_same_receipt(browser: Browser, api: FakeApi) -> None:
    page = step_two(browser)
    fields = page.form("/withdrawal/confirm")
    first, second = (browser.post("/withdrawal/confirm", fields) for _ in range(2))
    assert len(api.orders.withdrawals) == 1
    assert first.text == second.text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": " "}, "Tell us your name, as it stands on the order."),
        ({"name": "x" * 201}, "A name has at most 200 characters."),
        ({"order_number": ""}, "Tell us the order's number, or what you ordered and when."),
        ({"order_number": "\u200b"}, "Tell us the order's number, or what you ordered and when."),
        ({"order_number": "x" * 201}, "This is one line of at most 200 characters."),
        ({"email": "anna"}, "Tell us an e-mail address for the receipt, such as anna@example.org."),
        ({"email": "anna@example"}, "Tell us an e-mail address for the receipt, such as anna@example.org."),
        ({"email": "a@" + "x" * 260}, "Tell us an e-mail address for the receipt, such as anna@example.org."),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(
    browser: Browser, api: FakeApi, typed: dict[str, str], says: str
) -> None:
    page = step_two(browser, **typed)
    assert page.status == 422
    assert page.title.startswith("Error: Withdraw")
    assert page.text.count(says) == 2, "In the summary and at the field."
    kept = {name: page.form("/withdrawal")[name] for name in GOOD}
    assert kept == {**GOOD, **{name: value.strip() for name, value in typed.items()}}
    assert api.orders.withdrawals == []


def test_several_faults_are_told_at_once(browser: Browser) -> None:
    page = step_two(browser, name="", order_number="", email="")
    assert "Correct 3 things" in page.text


def test_something_can_be_changed_before_it_is_declared(browser: Browser) -> None:
    page = browser.send(step_two(browser), "/withdrawal", "change")
    assert {name: page.form("/withdrawal")[name] for name in GOOD} == GOOD
    assert page.status == 200


def test_an_order_that_nobody_knows_is_taken_in_all_the_same(browser: Browser, api: FakeApi) -> None:
    german = browser.get("/withdrawal", Accept_Language="de").text
    assert "Bestellnummer, oder was Sie wann bestellt haben" in german
    assert "Ohne sie schreiben Sie zum Beispiel: Becher vom 12. November" in german
    browser.send(step_two(browser, order_number="Becher vom 12.11., keine Ahnung"), "/withdrawal/confirm")
    assert [made.order_number for made in api.orders.withdrawals] == ["Becher vom 12.11., keine Ahnung"]


def test_an_order_brings_its_number_along(browser: Browser, api: FakeApi) -> None:
    path = api.orders.put()
    assert f'href="{escape(withdrawal_path(NUMBER, token_of(NUMBER)))}"' in browser.get(path).html
    assert browser.get("/withdrawal?order=tt-7k4m2p").form("/withdrawal")["order_number"] == "TT-7K4M2P"


def test_an_order_that_is_opened_by_its_secret_brings_name_and_address_along(browser: Browser, api: FakeApi) -> None:
    api.orders.put()
    path = withdrawal_path(NUMBER, token_of(NUMBER))
    form = browser.get(path).form("/withdrawal")
    assert {name: form[name] for name in GOOD} == GOOD
    assert token_of(NUMBER) not in form.values(), "The declaration needs none."
    wrong = browser.get(withdrawal_path(NUMBER, "not-the-one-it-has")).form("/withdrawal")
    assert (wrong["order_number"], wrong["name"], wrong["email"]) == (NUMBER, "", "")
    api.next_problem = (429, "rate_limited", {"headers": {"Retry-After": "30"}})
    page = browser.get(path)
    assert (page.status, page.form("/withdrawal")["order_number"]) == (200, NUMBER), "The law wants it to be there."


def test_a_refusal_of_the_api_stands_at_the_field_it_names(browser: Browser, api: FakeApi) -> None:
    page = step_two(browser)
    api.next_problem = (400, "invalid_request", {"errors": [{"field": "name", "message": "no"}]})
    page = browser.send(page, "/withdrawal/confirm")
    assert page.status == 422
    assert page.text.count("This cannot be kept as it is. Check it for strange characters.") == 2
    assert page.form("/withdrawal")["email"] == GOOD["email"]


def test_too_many_tries_lose_nothing(browser: Browser, api: FakeApi) -> None:
    page = step_two(browser)
    api.next_problem = (429, "rate_limited", {"headers": {"Retry-After": "30"}})
    page = browser.send(page, "/withdrawal/confirm")
    assert page.status == 429
    assert "There were too many tries. Wait a minute, then try again." in page.text
    assert page.form("/withdrawal")["name"] == GOOD["name"]


def test_while_the_api_is_away_the_declaration_is_kept_on_the_page(browser: Browser, api: FakeApi) -> None:
    page = step_two(browser)
    api.away = True
    page = browser.send(page, "/withdrawal/confirm")
    assert page.status == 503
    api.away = False
    assert "Your withdrawal has come in" in browser.send(page, "/withdrawal/confirm").text
    assert len(api.orders.withdrawals) == 1


def test_it_takes_a_form_of_ours(browser: Browser, api: FakeApi) -> None:
    fields = step_two(browser).form("/withdrawal/confirm")
    assert browser.post("/withdrawal/confirm", fields, Sec_Fetch_Site="cross-site").status == 403
    assert browser.post("/withdrawal/confirm", {**fields, "token": ""}).status == 403
    assert browser.post("/withdrawal/confirm", {**fields, "key": ""}).status == 400
    assert api.orders.withdrawals == []


def test_a_reload_without_the_form_leads_to_its_beginning(browser: Browser) -> None:
    assert browser.get("/withdrawal/confirm", follow=False).answer.headers["location"] == "/withdrawal"
