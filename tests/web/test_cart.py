"""The cart: what goes in, what changes, what is said of it; the count on every page."""

import html
import re
from collections.abc import Callable

import pytest

from tests.web.conftest import Browser, Page
from tests.web.fake_api import FakeApi
from tests.web.fake_carts import FREE_DELIVERY, problem
from tests.web.fake_catalog import Good, variant

pytestmark = pytest.mark.usefixtures("fresh")


@pytest.fixture
def api() -> FakeApi:
    api = FakeApi()
    api.catalog.stock()
    return api


def put(browser: Browser, slug: str = "mug", quantity: str = "1", *, follow: bool = True, **headers: str) -> Page:
    """Press the button of a product's page."""
    fields = browser.get(f"/products/{slug}").form("/cart/lines")
    return browser.post("/cart/lines", {**fields, "quantity": quantity}, follow=follow, **headers)


def change(browser: Browser, sku: str, **typed: str) -> Page:
    """Send the form of a line as a browser does: with the button that was pressed, and no other."""
    return change_on(browser.get("/cart"), browser, sku, **typed)


def change_on(page: Page, browser: Browser, sku: str, **typed: str) -> Page:
    """As :func:`change`, on a page that was loaded before."""
    fields = page.form("/cart")
    kept = {name: fields[name] for name in fields if name.startswith(("token", "shown", "refused", "quantity-"))}
    names = {"quantity": f"quantity-{sku}"}
    said = {names.get(name, name): f"{text} {sku}" if name == "step" else text for name, text in typed.items()}
    if "remove" in said:
        said["remove"] = sku
    return browser.post("/cart", {**kept, **said})


def redeem(browser: Browser, code: str, **typed: str) -> Page:
    """Press the button of the voucher."""
    return change(browser, "", code=code, redeem="1", **typed)


def count(page: Page) -> str:
    found = re.search(r'id="cart-link".*?<span class="count">(.*?)<', page.html)
    return found[1] if found else ""


def carts_asked(api: FakeApi) -> list[str]:
    return [call.url.path for call in api.calls if call.url.path.startswith("/v1/carts")]


# putting in


def test_a_product_goes_into_a_new_cart_and_its_page_says_so(browser: Browser, api: FakeApi) -> None:
    page = put(browser, quantity="2")
    assert str(page.answer.url).endswith("/products/mug?variant=mug-1#added")
    assert "2 × Mug “Westerwald” are in the cart. To the cart" in page.text
    assert api.carts.only.lines == {"mug-1": 2}
    assert count(page) == "2"
    again = browser.get("/products/mug?variant=mug-1")
    assert "in the cart" not in again.text, "It is said once."
    assert count(again) == "2"


def test_the_same_again_is_more_of_it(browser: Browser, api: FakeApi) -> None:
    put(browser, quantity="2")
    page = put(browser)
    assert "Mug “Westerwald” is in the cart." in page.text
    assert api.carts.only.lines == {"mug-1": 3}
    assert count(page) == "3"


def test_a_script_gets_the_note_and_the_count_alone(browser: Browser) -> None:
    page = put(browser, HX_Request="true", follow=False)
    assert page.status == 200
    assert "<html" not in page.html
    assert 'id="cart-link" href="/cart" hx-swap-oob="true"' in page.html
    assert "Mug “Westerwald” is in the cart." in page.text
    assert count(page) == "1"


def test_the_button_needs_no_token_but_comes_from_our_page(browser: Browser, api: FakeApi) -> None:
    fields = browser.get("/products/mug").form("/cart/lines")
    assert "token" not in fields
    assert browser.post("/cart/lines", fields, Sec_Fetch_Site="cross-site").status == 403
    assert not api.carts.carts


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "1" * 10, "", "two", "1000"])
def test_a_quantity_that_is_none_adds_nothing_and_stands_in_its_field(
    browser: Browser, api: FakeApi, quantity: str, script: bool
) -> None:
    if script:
        browser.headers["HX-Request"] = "true"
    page = put(browser, quantity=quantity)
    assert page.status == 200
    assert page.answer.url.path == "/products/mug", "It can be loaded anew."
    assert page.title.startswith("Error: Mug")
    assert page.text.count("A quantity is a whole number from 1 to 999.") == 2
    assert 'href="#quantity"' in page.html
    assert 'aria-describedby="quantity-error"' in page.html
    assert page.form("/cart/lines")["quantity"] == quantity
    assert not api.carts.carts
    # The script has the place of a note alone: the whole page goes where the whole page is.
    names = ("HX-Retarget", "HX-Reselect", "HX-Reswap")
    wanted = ["#main", "#main", "outerHTML"] if script else [None] * 3
    assert [page.answer.headers.get(name) for name in names] == wanted
    assert "Error" not in browser.get("/products/mug").title, "It is said once."


def test_more_than_there_is_says_what_is_left(browser: Browser, api: FakeApi) -> None:
    page = put(browser, "teapot", "4")
    assert "Only 3 are left, so nothing was added." in page.text
    assert not api.carts.carts
    put(browser, "teapot", "2")
    page = put(browser, "teapot", "2")
    assert "Only 3 are left, so nothing was added." in page.text
    assert api.carts.only.lines == {"teapot-1": 2}


@pytest.mark.parametrize("taken_away", [False, True])
def test_what_sells_out_before_it_is_put_in_says_so(browser: Browser, api: FakeApi, taken_away: bool) -> None:
    fields = browser.get("/products/mug").form("/cart/lines")
    if taken_away:
        del api.catalog.goods["mug"]
    else:
        api.catalog.goods["mug"].units = 0
    api.catalog.changed()
    page = browser.post("/cart/lines", fields, HX_Request="true")
    expected = "This is not for sale any more." if taken_away else "There is none left, so nothing was added."
    assert expected in page.text


def test_a_wrong_quantity_of_what_just_sold_out_puts_no_page_beside_the_button(browser: Browser, api: FakeApi) -> None:
    fields = browser.get("/products/mug").form("/cart/lines") | {"quantity": "0"}
    bare = browser.post("/cart/lines", fields | {"slug": ""}, HX_Request="true")
    assert "<html" not in bare.html, "No page is known that it could stand on."
    assert "A quantity is a whole number from 1 to 999." in bare.text
    api.catalog.goods["mug"].units = 0
    api.catalog.changed()
    browser.headers["HX-Request"] = "true"
    page = browser.post("/cart/lines", fields)
    assert page.answer.headers.get("HX-Retarget") == "#main"
    assert "Sold out" in page.text


def test_what_is_sold_out_has_no_button(browser: Browser, api: FakeApi) -> None:
    api.catalog.put(Good("vase", {"en": "Vase", "de": "Vase"}, units=0))
    assert "Add to the cart" not in browser.get("/products/vase").text


def test_one_more_or_less_works_without_a_script(browser: Browser) -> None:
    page = browser.get("/products/mug?variant=mug-1&quantity=2&step=1")
    assert page.form("/cart/lines")["quantity"] == "3"
    assert browser.get("/products/mug?quantity=1&step=-1").form("/cart/lines")["quantity"] == "1"
    assert browser.get("/products/mug?quantity=rubbish&step=9").form("/cart/lines")["quantity"] == "1"


@pytest.mark.parametrize("sku", ["", "x" * 65])
def test_a_form_that_our_page_never_wrote_is_refused(browser: Browser, api: FakeApi, sku: str) -> None:
    assert browser.post("/cart/lines", {"variant": sku, "quantity": "1"}).status == 400
    assert not carts_asked(api)


def test_a_slug_leads_nobody_elsewhere(browser: Browser) -> None:
    fields = {"variant": "mug-1", "quantity": "1", "slug": "../..//evil.example"}
    answer = browser.post("/cart/lines", fields, follow=False).answer
    assert answer.headers["location"].startswith(("/cart", "/products/"))


# the count


def test_the_count_is_right_on_pages_that_are_kept_for_everybody(
    api: FakeApi, browser: Browser, open_browser: Callable[..., Browser]
) -> None:
    assert count(browser.get("/")) == ""
    put(browser, quantity="2")
    for path in ("/", "/search", "/categories/tableware", "/delivery", "/legal/terms", "/nowhere"):
        assert count(browser.get(path)) == "2", path
    api.calls.clear()
    etag = browser.get("/").answer.headers["etag"]
    assert browser.get("/", If_None_Match=etag).status == 304
    assert not carts_asked(api), "A kept page asks for no cart."
    browser.cookies.clear()
    assert count(browser.get("/")) == ""


def test_a_count_beyond_a_hundred_is_not_counted_on_every_page(browser: Browser, api: FakeApi) -> None:
    api.catalog.goods["mug"].units = 900
    api.catalog.changed()
    put(browser, quantity="700")
    assert count(browser.get("/")) == "99+"


@pytest.mark.parametrize("text", ["x", "e30=.00", "a.b.c"])
def test_a_forged_cookie_is_no_cart(browser: Browser, api: FakeApi, text: str) -> None:
    page = browser.get("/cart", Cookie=f"shop_cart={text}")
    assert "Nothing is in the cart yet." in page.text
    assert not carts_asked(api)


def test_the_cookie_is_for_this_site_alone(open_browser: Callable[..., Browser], api: FakeApi) -> None:
    browser = open_browser(api, SHOP_PUBLIC_URL="https://shop.example", SHOP_ALLOWED_HOSTS="shop.example")
    cookie = put(browser, follow=False).answer.headers["set-cookie"].lower()
    assert cookie.startswith("__host-shop_cart=")
    for wanted in ("httponly", "secure", "samesite=lax", "path=/"):
        assert wanted in cookie


# the page


def test_an_empty_cart_offers_the_departments(browser: Browser) -> None:
    page = browser.get("/cart", Accept_Language="de")
    assert page.status == 200
    assert "Im Warenkorb liegt noch nichts." in page.text
    assert 'class="arches"' in page.html


def test_the_page_says_what_it_all_costs_and_how_it_can_be_paid(browser: Browser, api: FakeApi) -> None:
    api.catalog.goods["mug"].was = 2400
    put(browser, quantity="2")
    page = browser.get("/cart", Accept_Language="de")
    text = page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert page.answer.headers["cache-control"] == "no-store"
    assert "2 × 18,50 € statt 24,00 €" in text
    assert "Zwischensumme 37,00 € Versand (Deutschland) ab 4,90 € Gesamt ohne Versand 37,00 €" in text
    assert "enthält 19 % MwSt. auf 37,00 € 5,91 €" in text
    assert "Noch 23,00 €, dann ist der Versand (Deutschland) kostenlos." in text
    assert "Lieferung nach: Deutschland, Österreich, Schweiz." in text
    assert "Zahlung: Vorkasse per Überweisung, Testkarte (Sandbox)." in text
    assert re.search(
        r'<button class="btn big wide" id="to-checkout" form="lines" name="checkout"[^>]*>Zur Kasse', page.html
    )


def test_where_a_code_makes_delivery_free_nothing_is_to_go_to_it(browser: Browser, api: FakeApi) -> None:
    put(browser)
    assert "until delivery (Germany) is free" in browser.get("/cart").text
    api.carts.only.codes = [FREE_DELIVERY]
    text = browser.get("/cart").text
    assert "Delivery (Germany) free" in text
    assert "is free." not in text


def test_free_delivery_is_said_when_it_is_reached_and_costs_no_zero_euros(browser: Browser) -> None:
    put(browser, "teapot")
    assert "From €60 delivery (Germany) is free." in browser.get("/cart").text
    text = browser.get("/cart", Accept_Language="de").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Ab 60 € ist der Versand (Deutschland) kostenlos." in text
    assert "Versand (Deutschland) kostenlos Gesamt 64,00 €" in text
    assert "0,00 €" not in text.replace("60,00 €", "")


def test_a_line_says_what_was_chosen_and_not_what_there_was_to_choose_from(browser: Browser, api: FakeApi) -> None:
    api.catalog.goods["mug"].variants = [variant("mug-1", 1850, 5, options={"glaze": "Clay", "size": "320 ml"})]
    api.catalog.changed()
    put(browser)
    assert "Mug “Westerwald” Clay, 320 ml €18.50" in browser.get("/cart").text


def test_what_is_typed_counts_when_the_checkout_is_pressed(browser: Browser, api: FakeApi) -> None:
    put(browser, quantity="2")
    page = change(browser, "mug-1", quantity="4", checkout="1")
    assert page.answer.url.path == "/checkout/address"
    assert api.carts.only.lines == {"mug-1": 4}
    assert "4 × €18.50" in page.text
    page = change(browser, "mug-1", quantity="four", checkout="1")
    assert page.status == 422
    assert page.form("/cart")["quantity-mug-1"] == "four"


def test_what_was_taken_out_is_put_back_by_one_button(browser: Browser, api: FakeApi) -> None:
    put(browser, quantity="3")
    put(browser, "teapot")
    page = change(browser, "mug-1", remove="1")
    assert page.form("/cart/lines") == {"variant": "mug-1", "quantity": "3"}
    back = browser.send(page, "/cart/lines")
    assert back.answer.url.path == "/cart"
    assert api.carts.only.lines == {"teapot-1": 1, "mug-1": 3}
    assert count(back) == "4"


@pytest.mark.parametrize(
    ("typed", "units"),
    [({"quantity": "5"}, 5), ({"step": "1"}, 3), ({"step": "-1"}, 1), ({"quantity": "7", "step": "1"}, 8)],
)
def test_a_quantity_is_typed_or_stepped(browser: Browser, api: FakeApi, typed: dict[str, str], units: int) -> None:
    put(browser, quantity="2")
    page = change(browser, "mug-1", **typed)
    assert api.carts.only.lines == {"mug-1": units}
    assert count(page) == str(units)


@pytest.mark.parametrize("typed", [{"remove": "1"}, {"quantity": "0"}, {"quantity": "1", "step": "-1"}])
def test_a_line_is_taken_out(browser: Browser, api: FakeApi, typed: dict[str, str]) -> None:
    put(browser)
    put(browser, "teapot")
    page = change(browser, "mug-1", **typed)
    assert api.carts.only.lines == {"teapot-1": 1}
    assert "Mug “Westerwald” is out of the cart." in page.text
    page = change(browser, "teapot-1", **typed)
    assert "Nothing is in the cart yet." in page.text
    assert count(page) == ""


@pytest.mark.parametrize("typed", ["1.5", "-1", "", "x", "1000", "9" * 30])
def test_a_wrong_quantity_stands_at_its_line_with_what_was_typed(browser: Browser, api: FakeApi, typed: str) -> None:
    put(browser, quantity="2")
    page = change(browser, "mug-1", quantity=typed)
    assert page.status == 422
    assert page.title.startswith("Error: Cart")
    assert page.text.count("A quantity is a whole number from 0 to 999.") == 2
    assert 'href="#quantity-mug-1"' in page.html
    assert 'aria-describedby="quantity-mug-1-error"' in page.html
    assert page.form("/cart")["quantity-mug-1"] == typed
    assert api.carts.only.lines == {"mug-1": 2}


def test_more_than_there_is_becomes_what_there_is(browser: Browser, api: FakeApi) -> None:
    put(browser, "teapot")
    page = change(browser, "teapot-1", quantity="9")
    assert "Only 3 left. We changed the quantity." in page.text
    assert api.carts.only.lines == {"teapot-1": 3}
    assert count(page) == "3"


def test_a_form_with_another_carts_token_changes_nothing(browser: Browser, api: FakeApi) -> None:
    put(browser)
    theirs = browser.get("/cart").form("/cart")["token"]
    browser.cookies.clear()
    put(browser)
    for path in ("/cart", "/cart/codes/HERBST10/remove"):
        for token in (theirs, "", "a.b"):
            page = browser.post(path, {"token": token, "quantity-mug-1": "9", "code": "HERBST10"})
            assert page.status == 403
            assert "nothing was changed" in page.text
    assert [cart.lines for cart in api.carts.carts.values()] == [{"mug-1": 1}, {"mug-1": 1}]


def test_a_form_of_an_earlier_visit_keeps_what_was_typed_and_can_be_sent_again(browser: Browser, api: FakeApi) -> None:
    put(browser)
    fields = browser.get("/cart").form("/cart")
    kept = {name: text for name, text in fields.items() if name.startswith(("shown", "quantity-"))}
    page = browser.post("/cart", {**kept, "quantity-mug-1": "3", "token": "a.b"})
    assert page.status == 403
    assert "What you typed is kept on this page: send it once more." in page.text
    assert api.carts.only.lines == {"mug-1": 1}
    browser.send(page, "/cart")
    assert api.carts.only.lines == {"mug-1": 3}
    foreign = browser.post("/cart", {**kept, "quantity-mug-1": "9"}, Sec_Fetch_Site="cross-site")
    assert foreign.status == 403
    assert "<form" not in foreign.html, "Nobody confirms what another site made up."


def test_a_form_without_a_cart_leads_to_the_empty_one(browser: Browser) -> None:
    for path in ("/cart", "/cart/codes/HERBST10/remove"):
        page = browser.post(path, {"quantity-mug-1": "1"})
        assert "Nothing is in the cart yet." in page.text


def test_a_line_that_went_in_another_tab_is_gone_here_too(browser: Browser, api: FakeApi) -> None:
    put(browser)
    put(browser, "teapot")
    page = browser.get("/cart")
    change(browser, "mug-1", remove="1")
    page = change_on(page, browser, "mug-1", quantity="4")
    assert page.status == 200
    assert api.carts.only.lines == {"teapot-1": 1}


# what happened meanwhile


def test_short_stock_is_settled_and_said_on_its_line(browser: Browser, api: FakeApi) -> None:
    put(browser, quantity="5")
    api.catalog.goods["mug"].units = 3
    page = browser.get("/cart", Accept_Language="de")
    assert "Es sind nur noch 3 Stück da. Wir haben die Menge angepasst." in page.text
    assert page.form("/cart")["quantity-mug-1"] == "3"
    assert api.carts.only.lines == {"mug-1": 3}
    assert count(page) == "3"


def test_what_sold_out_or_left_the_shop_is_taken_out_with_a_note(browser: Browser, api: FakeApi) -> None:
    for slug in ("mug", "teapot", "notebook"):
        put(browser, slug)
    api.catalog.goods["mug"].units = 0
    del api.catalog.goods["teapot"]
    page = browser.get("/cart")
    assert "Mug “Westerwald” is sold out. We took it out of the cart." in page.text
    assert "Teapot is not for sale any more. We took it out of the cart." in page.text
    assert api.carts.only.lines == {"notebook-1": 1}


def test_a_changed_price_is_said_with_both(browser: Browser, api: FakeApi) -> None:
    put(browser)
    api.carts.before["mug-1"] = 1700
    assert "The price has changed: it was €17.00, now it is €18.50." in browser.get("/cart").text


def test_a_cart_that_the_shop_no_longer_knows_is_forgotten(browser: Browser, api: FakeApi) -> None:
    put(browser)
    api.carts.carts.clear()
    page = browser.get("/cart")
    assert "Nothing is in the cart yet." in page.text
    assert "shop_cart" not in browser.cookies
    put(browser)
    assert api.carts.only.lines == {"mug-1": 1}


@pytest.mark.parametrize("gone", [True, False])
def test_the_next_thing_goes_into_a_new_cart_where_the_old_one_is_no_more(
    browser: Browser, api: FakeApi, gone: bool
) -> None:
    put(browser)
    if gone:
        api.carts.carts = {f"{99:043d}": api.carts.only}
    else:
        api.carts.only.state = "ordered"
    page = put(browser, "teapot")
    assert count(page) == "1"
    assert list(api.carts.carts.values())[-1].lines == {"teapot-1": 1}
    assert "Teapot" in browser.get("/cart").text


def test_an_ordered_cart_is_empty_and_may_be_opened_again(browser: Browser, api: FakeApi) -> None:
    put(browser)
    api.carts.only.state = "ordered"
    page = browser.get("/cart")
    assert "Nothing is in the cart yet." in page.text
    assert count(page) == ""
    api.carts.only.state = "open"
    assert count(browser.get("/cart")) == "1", "A failed payment opens it again."


def test_a_cart_that_is_ordered_while_its_form_is_read_says_so(
    browser: Browser, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(browser)
    monkeypatch.setattr(api.carts, "_lines", lambda *_: problem(409, "cart_already_ordered"))
    page = change(browser, "mug-1", quantity="4")
    assert page.status == 200
    assert "This cart was ordered already." in page.text


def test_an_api_that_is_away_keeps_what_was_sent(browser: Browser, api: FakeApi) -> None:
    put(browser)
    page = browser.get("/cart")
    api.away = True
    page = change_on(page, browser, "mug-1", quantity="4")
    assert page.status == 503
    assert page.form("/cart")["quantity-mug-1"] == "4"
    api.away = False
    browser.send(page, "/cart")
    assert api.carts.only.lines == {"mug-1": 4}


# codes


def test_a_code_is_taken_in_any_case_and_out_again(browser: Browser, api: FakeApi) -> None:
    put(browser, quantity="2")
    page = redeem(browser, " herbst 10 ")
    assert "Code HERBST10 −€3.70" in page.text
    assert re.search(r'<details class="voucher" open>', page.html)
    page = browser.send(page, "/cart/codes/HERBST10/remove")
    assert "HERBST10" not in page.text
    assert '<details class="voucher">' in page.html


def test_a_code_that_counts_says_so_and_goes_again_by_one_button(browser: Browser, api: FakeApi) -> None:
    put(browser, quantity="2")
    page = redeem(browser, "herbst 10")
    assert "The code HERBST10 is redeemed. Undo" in page.text
    browser.send(page, "/cart/codes/HERBST10/remove", "Undo")
    assert api.carts.only.codes == []
    assert "is redeemed" not in browser.get("/cart").text, "It is said once."
    page = change(browser, "", code="HERBST10", checkout="1")
    assert "The code HERBST10 is redeemed." in page.text
    assert "Undo" not in page.text


def test_taking_a_code_back_brings_the_one_before_it(browser: Browser, api: FakeApi) -> None:
    put(browser, quantity="2")
    redeem(browser, FREE_DELIVERY)
    page = redeem(browser, "HERBST10")
    assert f"The code HERBST10 is redeemed, instead of {FREE_DELIVERY}. Undo" in page.text
    browser.send(page, "/cart/codes/HERBST10/remove", "Undo")
    assert api.carts.only.codes == [FREE_DELIVERY]
    page = redeem(browser, FREE_DELIVERY)
    assert f"The code {FREE_DELIVERY} is redeemed." in page.text
    assert "Undo" not in page.text, "It was there before."


def test_undo_of_a_code_never_leaves_none_without_a_word(browser: Browser, api: FakeApi) -> None:
    put(browser, quantity="2")
    redeem(browser, FREE_DELIVERY)
    page = redeem(browser, "HERBST10")
    off = api.carts.codes.pop(FREE_DELIVERY)
    page = browser.send(page, "/cart/codes/HERBST10/remove", "Undo")
    assert api.carts.only.codes == ["HERBST10"]
    assert f"{FREE_DELIVERY} cannot be redeemed any more, so HERBST10 stays." in page.text
    token = page.form("/cart/codes/HERBST10/remove")["token"]
    long = browser.post("/cart/codes/HERBST10/remove", {"token": token, "instead": "X" * 65})
    assert (long.status, api.carts.only.codes) == (400, ["HERBST10"])
    api.carts.codes[FREE_DELIVERY] = off
    api.carts.code_tries = 0
    page = browser.post("/cart/codes/HERBST10/remove", {"token": token, "instead": FREE_DELIVERY})
    assert api.carts.only.codes == []
    assert f"HERBST10 is out of the cart, and {FREE_DELIVERY} could not be put in just now." in page.text


def test_undo_offers_no_code_that_counted_for_nothing(browser: Browser, api: FakeApi) -> None:
    put(browser, quantity="2")
    api.carts.codes["ALT"] = 0
    api.carts.only.codes = ["ALT"]
    api.carts.only.problems = [{"kind": "code_not_applicable", "code": "ALT", "why": "ended", "detail": "It is over."}]
    assert "The code HERBST10 is redeemed. Undo" in redeem(browser, "HERBST10").text


def test_a_code_that_saves_less_than_the_one_that_is_there_names_that(browser: Browser) -> None:
    put(browser, quantity="2")
    redeem(browser, "HERBST10")
    page = redeem(browser, "WENIG")
    assert page.status == 422
    says = "WENIG saves less than your code HERBST10 (−€3.70). Only one code counts, so HERBST10 stays."
    assert page.text.count(says) == 2
    assert "Code HERBST10 −€3.70" in page.text


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("", "Enter the code of your voucher."),
        ("NIX", "We do not know the code NIX. Check how it is written."),
        ("ALT", "The code ALT is not valid today."),
        ("LEER", "The code LEER has been used up, or you have used it already."),
        ("TEE", "TEE is for goods that are not in the cart."),
        ("TISCH", "TISCH is for goods that are not in the cart: Tableware."),
        ("FREI", "FREI takes nothing off what is in the cart."),
        ("WENIG", "WENIG takes less off than you save already, and the two cannot be combined."),
        ("<b>&", "We do not know the code <b>&. Check how it is written."),
    ],
)
def test_a_code_that_takes_nothing_off_says_why_beside_the_field(browser: Browser, code: str, says: str) -> None:
    put(browser)
    page = redeem(browser, code)
    assert page.status == 422
    assert page.text.count(says) == 2
    assert page.title.startswith("Error")
    assert '<details class="voucher" open>' in page.html
    assert re.search(rf'id="code"[^>]* value="{re.escape(html.escape(code))}"', page.html)


def test_a_code_that_applies_no_more_says_what_is_missing(browser: Browser, api: FakeApi) -> None:
    put(browser)
    missing = {"amount": 740, "currency": "EUR"}
    api.carts.only.problems = [{"kind": "code_not_applicable", "detail": "x", "code": "HERBST10", "missing": missing}]
    page = browser.get("/cart", Accept_Language="de").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "HERBST10 gilt ab 25,90 € Warenwert. Es fehlen 7,40 €." in page


@pytest.mark.parametrize(
    ("why", "says"),
    [
        ("not_in_cart", "Der Code HERBST10 gilt für Artikel, die nicht im Warenkorb liegen."),
        (
            "outdone",
            "Der Code HERBST10 bringt weniger als der Nachlass, den Sie schon haben. Beides zusammen geht nicht.",
        ),
        ("ended", "Der Code HERBST10 gilt heute nicht."),
        ("used_up", "Der Code HERBST10 ist aufgebraucht, oder Sie haben ihn schon eingelöst."),
        (None, "Der Code HERBST10 macht diesen Warenkorb zurzeit nicht günstiger."),
    ],
)
def test_a_code_in_the_cart_that_takes_nothing_off_says_why(
    browser: Browser, api: FakeApi, why: str | None, says: str
) -> None:
    put(browser)
    api.carts.only.problems = [{"kind": "code_not_applicable", "detail": "x", "code": "HERBST10", "why": why}]
    assert says in browser.get("/cart", Accept_Language="de").text


def test_a_code_for_more_goods_says_how_many_and_what_is_missing(browser: Browser, api: FakeApi) -> None:
    api.carts.code_from = 5000
    put(browser, quantity="2")
    browser.headers["Accept-Language"] = "de"
    page = redeem(browser, "HERBST10").text.replace("\N{NO-BREAK SPACE}", " ")
    assert page.count("HERBST10 gilt ab 50 € Warenwert. Es fehlen 13,00 €.") == 2


def test_a_full_cart_says_what_it_holds(browser: Browser, api: FakeApi) -> None:
    put(browser)
    api.carts.only.lines |= {f"other-{n}": 1 for n in range(99)}
    assert "A cart holds at most 100 different things, and 999 of each." in put(browser, "teapot").text


def test_who_guesses_codes_is_asked_to_wait(browser: Browser, monkeypatch: pytest.MonkeyPatch, api: FakeApi) -> None:
    put(browser)
    monkeypatch.setattr(api.carts, "_codes", lambda *_: problem(429, "rate_limited"))
    page = redeem(browser, "A")
    assert page.status == 422
    assert "There were too many tries." in page.text


def test_a_refused_code_holds_nobody_back_who_goes_to_the_checkout_again(browser: Browser, api: FakeApi) -> None:
    put(browser)
    browser.headers["Accept-Language"] = "de"
    page = change(browser, "", code="NIX", checkout="1")
    assert page.status == 422
    assert page.answer.url.path == "/cart"
    says = (
        "Den Code NIX kennen wir nicht. Prüfen Sie die Schreibweise. "
        "Wenn Sie ohne ihn weitergehen möchten, drücken Sie noch einmal auf „Zur Kasse“."
    )
    assert page.text.count(says) == 2, "In the summary and at the field."
    page = change_on(page, browser, "mug-1", code="NIX", quantity="2", checkout="1")
    assert page.answer.url.path == "/checkout/address"
    assert api.carts.only.lines == {"mug-1": 2}


def test_whoever_was_told_of_a_code_by_its_own_button_needs_one_press_to_go_on(browser: Browser) -> None:
    put(browser)
    page = redeem(browser, "NIX")
    assert "To go on without it" not in page.text
    assert change_on(page, browser, "", code=" NIX", checkout="1").answer.url.path == "/checkout/address"


def test_another_refused_code_is_told_first(browser: Browser) -> None:
    put(browser)
    page = change_on(redeem(browser, "NIX"), browser, "", code="ALT", checkout="1")
    assert page.status == 422
    assert "The code ALT is not valid today. To go on without it, press “To the checkout” again." in page.text
    page = change_on(page, browser, "", code="NIX", checkout="1")
    assert page.status == 422, "The last one is meant, and no earlier one."


def test_a_refused_code_that_is_good_by_now_is_taken_along(browser: Browser, api: FakeApi) -> None:
    api.carts.code_from = 5000
    put(browser, quantity="2")
    page = change(browser, "", code="HERBST10", checkout="1")
    assert page.status == 422
    page = change_on(page, browser, "mug-1", code="HERBST10", quantity="4", checkout="1")
    assert page.answer.url.path == "/checkout/address"
    assert api.carts.only.codes == ["HERBST10"]


def test_a_wrong_quantity_holds_back_and_keeps_the_refused_code(browser: Browser) -> None:
    put(browser)
    page = change_on(redeem(browser, "NIX"), browser, "mug-1", code="NIX", quantity="x", checkout="1")
    assert page.status == 422
    assert page.form("/cart")["refused"] == "NIX"
    assert re.search(r'id="code"[^>]* value="NIX"', page.html)
