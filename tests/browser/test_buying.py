"""A guest buys: from the front page to the order, with and without scripts, by keyboard, on a phone, in German."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitor, go_back
from tests.browser.fitness import assert_fits_everybody, press_until, too_small
from tests.browser.serving import RunningShop, run_shop

MUG = "/products/becher-westerwald?variant=TT-BE-WW-TON-320"
TEAPOT = "/products/teekanne-nachtblau"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """A shop with the goods of the demo, in which these tests buy."""
    running = run_shop(tmp_path_factory.mktemp("market"), with_goods=True, with_sandbox=True)
    yield running
    running.close()


def cart_count(page: Page) -> Locator:
    return page.locator("#cart-link .count")


def put_in(page: Page, path: str, units: int = 1) -> None:
    """Put units of a product into the cart, by its page."""
    page.goto(path)
    page.locator("#quantity").fill(str(units))
    page.locator(".add .btn").click()
    expect(page.locator("#added .note.ok")).to_be_visible()


def go_to_address(page: Page, path: str = MUG, units: int = 3) -> None:
    put_in(page, path, units)
    page.goto("/checkout")
    expect(page.locator("#email")).to_be_visible()


def write_address(page: Page) -> None:
    fields = {
        "email": "anna.weber@example.de",
        "name": "Anna Weber",
        "line1": "Karl-Heine-Straße 12",
        "postal_code": "04229",
        "city": "Leipzig",
    }
    for field, text in fields.items():
        page.locator(f"#{field}").fill(text)


def go_to_review(page: Page, provider: str = "manual") -> None:
    write_address(page)
    page.locator(".step.open .btn.big").click()
    page.locator(f'input[name="provider"][value="{provider}"]').check()
    page.locator(".step.open .btn.big").click()
    expect(page.locator("form[data-once]")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_a_guest_buys_on_a_phone_in_german(market: RunningShop, visitor: Visitor, scripts: bool) -> None:
    page = visitor(market, scripts=scripts, language="de-DE", width=390)
    page.goto("/")
    page.get_by_role("link", name="Alle Artikel").click()
    page.goto(MUG)
    page.get_by_role("button", name="Eins mehr").click()
    expect(page.locator("#quantity")).to_have_value("2")
    page.get_by_role("button", name="In den Warenkorb").click()
    expect(page.locator("#added")).to_contain_text("2 × Becher „Westerwald“ liegen im Warenkorb.")
    expect(cart_count(page)).to_contain_text("2")
    page.locator("#added").get_by_role("link", name="Zum Warenkorb").click()

    page.get_by_role("button", name="Eins mehr").click()
    expect(cart_count(page)).to_contain_text("3")
    expect(page.locator(".sums")).to_contain_text("55,50")
    page.locator(".voucher summary").click()
    page.locator("#code").fill("NIX")
    page.get_by_role("button", name="Einlösen").click()
    expect(page.locator("#errors")).to_contain_text("Den Code NIX kennen wir nicht.")
    expect(page).to_have_title(re.compile("^Fehler: Warenkorb"))
    page.locator("#code").fill("herbst 10")
    page.get_by_role("button", name="Einlösen").click()
    expect(page.locator(".sums")).to_contain_text("Code HERBST10")
    expect(page.locator(".sums")).to_contain_text("−5,55")
    page.get_by_role("button", name="Zur Kasse").click()

    expect(page.get_by_role("heading", name="Adresse", exact=True)).to_be_visible()
    write_address(page)
    page.locator("#postal_code").fill("0422")
    page.get_by_role("button", name="Weiter zu Versand und Zahlung").click()
    expect(page.locator("#errors")).to_be_focused()
    expect(page).to_have_title(re.compile("^Fehler: Adresse"))
    expect(page.locator("#postal_code-error")).to_have_text("Die Postleitzahl hat fünf Ziffern, zum Beispiel 04109.")
    expect(page.locator("#line1")).to_have_value("Karl-Heine-Straße 12")
    page.locator("#postal_code").fill("04229")
    page.get_by_role("button", name="Weiter zu Versand und Zahlung").click()

    page.get_by_role("radio", name="Vorkasse per Überweisung").check()
    page.get_by_role("button", name="Weiter zur Prüfung").click()
    expect(page.locator(".step.open .lines")).to_contain_text("3 × 18,50")
    total = page.locator(".sums dd.total").inner_text()
    page.get_by_role("button", name="Zahlungspflichtig bestellen").click()

    page.wait_for_url(re.compile(r"/orders/[A-Z]+-[0-9A-Z]{6}\?token="))
    expect(page.locator("main")).to_contain_text(total)
    expect(page.locator("#cart-link .count")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_a_card_is_declined_then_another_pays_after_the_bank_has_asked(
    market: RunningShop, visitor: Visitor, scripts: bool
) -> None:
    page = visitor(market, scripts=scripts, width=390)
    go_to_address(page, units=1)
    mark = page.locator(".fold summary").evaluate("fold => getComputedStyle(fold, '::after').content")
    assert mark.startswith('"+"'), "The cart beside the address is folded on a phone, and says that it opens."
    go_to_review(page, "sandbox")
    page.get_by_role("button", name="Order with obligation to pay").click()
    expect(page.get_by_role("heading", name="Test payment")).to_be_visible()
    page.get_by_role("button", name="Card that is declined").click()
    page.wait_for_url(f"{market.url}/orders/**")
    page.locator('main a[href^="/checkout"]').first.click()

    expect(page.locator(".step.open h2")).to_have_text("Delivery and payment")
    expect(page.locator('input[name="provider"][value="sandbox"]')).to_be_checked()
    page.locator(".step.open .btn.big").click()
    page.get_by_role("button", name="Order with obligation to pay").click()
    page.get_by_role("button", name="Card that asks first").click()
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url(f"{market.url}/orders/**")
    page.goto("/cart")
    expect(page.get_by_role("link", name="To your last order")).to_be_visible()


def test_the_back_button_and_a_double_click_make_no_second_order(market: RunningShop, visitor: Visitor) -> None:
    page = visitor(market)
    go_to_address(page, units=1)
    go_to_review(page)
    page.get_by_role("button", name="Order with obligation to pay").dblclick()
    page.wait_for_url("**/orders/**")
    placed = page.url
    go_back(page)
    again = page.get_by_role("button", name="Order with obligation to pay")
    if again.is_visible():  # The browser shows what it remembers, or asks and finds the cart ordered.
        again.click()
        page.wait_for_url("**/orders/**")
        assert page.url == placed
    else:
        expect(page.get_by_role("link", name="To your last order")).to_have_attribute(
            "href", placed.removeprefix(market.url)
        )


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_what_is_typed_counts_when_the_checkout_is_pressed_and_what_goes_can_come_back(
    market: RunningShop, visitor: Visitor, scripts: bool
) -> None:
    page = visitor(market, scripts=scripts)
    page.goto(MUG)
    page.get_by_role("button", name="Add to the cart").click()
    expect(cart_count(page)).to_contain_text("1")
    page.goto("/cart")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#main .note.ok")).to_contain_text("is out of the cart.")
    page.get_by_role("button", name="Undo").click()
    quantity = page.locator('.lines input[name^="quantity-"]')
    expect(quantity).to_have_value("1")
    expect(cart_count(page)).to_contain_text("1")
    quantity.fill("3")
    page.get_by_role("button", name="To the checkout").click()
    expect(page.locator("#email")).to_be_visible()
    page.goto("/cart")
    expect(quantity).to_have_value("3")


def test_a_keyboard_alone_buys(market: RunningShop, visitor: Visitor) -> None:
    page = visitor(market)
    page.goto(MUG)
    press_until(page, "Tab", lambda: bool(page.evaluate("document.activeElement.id === 'quantity'")))
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.locator("#added")).to_contain_text("are in the cart.")
    press_until(page, "Shift+Tab", lambda: bool(page.evaluate("!!document.activeElement.closest('#added')")))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Cart")
    press_until(page, "Tab", lambda: "-more" in str(page.evaluate("document.activeElement.id")))
    before = int(cart_count(page).inner_text().split()[0])
    page.keyboard.press("Enter")
    expect(cart_count(page)).to_contain_text(str(before + 1))
    expect(page.get_by_role("button", name="One more")).to_be_focused()
    press_until(page, "Tab", lambda: page.evaluate("document.activeElement.innerText") == "To the checkout")
    page.keyboard.press("Enter")
    expect(page.locator("#email")).to_be_visible()
    press_until(page, "Tab", lambda: bool(page.evaluate("document.activeElement.id === 'email'")))
    for text in ("anna@example.de", "Anna Weber", "Karl-Heine-Straße 12", "04229", "Leipzig"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#method")).to_be_visible()
    press_until(page, "Tab", lambda: page.evaluate("document.activeElement.name") == "provider")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("form[data-once]")).to_be_visible()
    pressed = "document.activeElement.innerText"
    press_until(page, "Tab", lambda: page.evaluate(pressed) == "Order with obligation to pay")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/**")


def test_a_line_is_typed_over_and_taken_out_without_a_jump(market: RunningShop, visitor: Visitor) -> None:
    page = visitor(market)
    put_in(page, MUG, 2)
    put_in(page, TEAPOT)
    page.goto("/cart")
    page.evaluate("window.still = true")
    mug = page.locator(".line", has_text="Mug")
    mug.get_by_role("textbox").fill("4")
    mug.get_by_role("textbox").press("Enter")
    expect(cart_count(page)).to_contain_text("5")
    mug.get_by_role("button", name="Remove").dblclick()
    expect(page.locator("#note")).to_contain_text("Mug “Westerwald” is out of the cart. Undo")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#note")).to_contain_text("Mug “Westerwald” is out of the cart. Undo")
    expect(cart_count(page)).to_contain_text("1")
    page.get_by_role("textbox", name="Quantity").fill("x")
    page.get_by_role("textbox", name="Quantity").press("Enter")
    expect(page.locator("#errors")).to_be_visible()
    assert page.evaluate("window.still"), "The page was loaded anew."
    assert page.url == f"{market.url}/cart"


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_going_back_to_a_form_that_had_errors_shows_it_filled(
    market: RunningShop, visitor: Visitor, scripts: bool
) -> None:
    page = visitor(market, scripts=scripts)
    page.goto(MUG)
    page.get_by_role("button", name="Add to the cart").click()
    expect(cart_count(page)).to_contain_text("1")
    page.goto("/checkout")
    write_address(page)
    page.locator("#postal_code").fill("0422")
    page.locator(".step.open .btn.big").click()
    expect(page.locator("#errors")).to_be_visible()
    page.locator("#postal_code").fill("04229")
    page.locator(".step.open .btn.big").click()
    expect(page.locator("#method")).to_be_visible()
    page.go_back()
    expect(page.locator("#line1")).to_have_value("Karl-Heine-Straße 12")


def test_the_count_is_right_when_somebody_goes_back(market: RunningShop, visitor: Visitor) -> None:
    page = visitor(market)
    page.goto("/")
    put_in(page, MUG, 2)
    go_back(page)
    expect(page).to_have_url(f"{market.url}/")
    expect(cart_count(page)).to_contain_text("2")


def test_what_is_sent_while_the_api_is_away_is_not_lost(market: RunningShop, visitor: Visitor) -> None:
    page = visitor(market)
    put_in(page, MUG, 2)
    page.goto("/cart")
    market.api.stop()
    page.get_by_role("textbox", name="Quantity").fill("3")
    page.get_by_role("textbox", name="Quantity").press("Enter")
    expect(page.get_by_role("heading", name="We are tidying up for a moment")).to_be_visible(timeout=20_000)
    market.api.start()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("textbox", name="Quantity")).to_have_value("3")


def test_an_address_that_is_sent_while_the_api_is_away_comes_back_filled(market: RunningShop, visitor: Visitor) -> None:
    page = visitor(market, scripts=False)
    go_to_address(page, units=1)
    write_address(page)
    market.api.stop()
    page.locator(".step.open .btn.big").click()
    expect(page.get_by_role("heading", name="We are tidying up for a moment")).to_be_visible(timeout=20_000)
    market.api.start()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".step.done")).to_contain_text("Karl-Heine-Straße 12")


def test_the_product_with_its_button_fits_everybody(market: RunningShop, visitor: Visitor) -> None:
    page = visitor(market, language="de-DE")
    put_in(page, MUG)
    assert_fits_everybody(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert too_small(page) == []
    bar = page.locator(".add")
    page.evaluate("scrollTo(0, 300)")
    box = bar.bounding_box()
    assert box
    assert round(box["y"] + box["height"]) == 844, "On a phone the bar sticks to the foot."


def test_cart_and_checkout_fit_everybody(market: RunningShop, visitor: Visitor) -> None:
    page = visitor(market, language="de-DE")
    page.goto("/cart")
    assert_fits_everybody(page)
    put_in(page, MUG, 3)
    put_in(page, TEAPOT)
    page.goto("/cart")
    page.locator(".voucher summary").click()
    page.locator("#code").fill("NIX")
    page.locator("#code").press("Enter")
    expect(page.locator("#errors")).to_be_visible()
    assert_fits_everybody(page)
    phone(page)
    page.goto("/checkout/address")
    page.locator("#same").uncheck()
    page.locator(".rest summary").click()
    page.locator(".step.open .btn.big").click()
    expect(page.locator("#errors")).to_be_visible()
    assert_fits_everybody(page)
    phone(page)
    page.locator("#same").check()
    expect(page.locator("#billing_name")).to_be_hidden()
    write_address(page)
    page.locator(".step.open .btn.big").click()
    expect(page.locator("#method")).to_be_visible()
    assert_fits_everybody(page)
    phone(page)
    page.locator('input[name="provider"][value="manual"]').check()
    page.locator(".step.open .btn.big").click()
    expect(page.locator("form[data-once]")).to_be_visible()
    assert_fits_everybody(page)
    phone(page)


def phone(page: Page) -> None:
    """What is pressed is large enough for a finger."""
    page.set_viewport_size({"width": 390, "height": 844})
    assert too_small(page, ".choice") == []
    page.set_viewport_size({"width": 1280, "height": 900})
