"""An order's pages, for customers and for staff, in a browser: they fit everybody, with scripts and without."""

import secrets
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from shopapi.db.engine import open_database
from shopapi.events.take_in import take_in
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from shopweb.app import create_app
from tests import factories
from tests.browser.conftest import Visitor, sign_in
from tests.browser.fitness import assert_fits_everybody, too_small
from tests.browser.serving import _SECRET, OWNER, RunningShop, Server, run_shop
from tests.web.conftest import web_settings
from tests.web.fake_api import FakeApi

LONG_NAME = "Donaudampfschifffahrtsgesellschaftskapitänswitwe" * 2


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """A shop with the goods of the demo, in which these tests buy and sell."""
    running = run_shop(tmp_path_factory.mktemp("bureau"), with_goods=True)
    yield running
    running.close()


def buy(shop: RunningShop, name: str = "Anna Weber") -> tuple[str, str]:
    """Order a mug and pay in advance; the order's number and its page."""
    with httpx.Client(base_url=shop.api.url, headers={"Accept-Language": "de"}, timeout=30) as client:

        def call(method: str, path: str, body: object) -> dict[str, object]:
            key = {"Idempotency-Key": secrets.token_urlsafe(24)}
            answer = client.request(method, path, json=body, headers=key if method == "POST" else {})
            assert answer.is_success, answer.text
            return dict(answer.json())

        where = {"name": name, "line1": f"{LONG_NAME} 1", "postal_code": "04229", "city": "Leipzig", "country": "DE"}
        cart = (
            f"/v1/carts/{call('POST', '/v1/carts', {'lines': [{'sku': 'TT-BE-WW-TON-320', 'quantity': 2}]})['token']}"
        )
        call("PUT", f"{cart}/contact", {"email": "anna.weber@example.de", "shipping_address": where})
        ways = client.get(f"{cart}/shipping-options").json()["data"]
        filled = call("PUT", f"{cart}/shipping", {"method": ways[0]["method"]})
        order = call("POST", f"{cart}/checkout", {"payment": {"provider": "manual"}, "expected_total": filled["total"]})
    return str(order["number"]), f"/orders/{order['number']}?token={order['access_token']}"


def withdraw(shop: RunningShop, name: str, number: str) -> str:
    """Declare a withdrawal from the order with this number; the id that it gets."""
    declared = {"name": name, "order_number": number, "email": "anna.weber@example.de"}
    key = {"Idempotency-Key": secrets.token_urlsafe(24)}
    answer = httpx.post(f"{shop.api.url}/v1/withdrawals", json=declared, headers=key, timeout=30)
    return str(answer.raise_for_status().json()["id"])


def take_in_events(shop: RunningShop) -> None:
    """What the worker does: write invoices and e-mails."""
    said = {"DATABASE_URL": shop.database_url, "SHOP_SECRET_KEY": _SECRET, "SHOP_PUBLIC_URL": shop.url}
    settings = read(ApiSettings, said)
    database = open_database(shop.database_url, threads=2)
    try:
        while take_in(database, settings):
            pass
    finally:
        database.close()


def press(page: Page, name: str) -> None:
    """Press the button of the form that asks."""
    page.locator("main").get_by_role("button", name=name).click()


def sell(page: Page, number: str) -> None:
    """Mark the transfer as paid, then ship."""
    page.goto(f"/office/orders/{number}")
    page.get_by_role("link", name="Mark as paid").click()
    page.locator("#reference").fill("Statement 11")
    press(page, "Mark €")
    expect(page.locator("#note")).to_have_text(f"{number} is marked as paid.")
    page.get_by_role("link", name="Ship 2 units").click()
    page.locator("#carrier").fill("DHL")
    page.locator("#tracking").fill("00340434292135100186")
    press(page, "Ship 2 units")
    expect(page.locator("#note")).to_contain_text(f"{number} is shipped")


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_staff_sell_and_the_customer_follows(bureau: RunningShop, visitor: Visitor, scripts: bool) -> None:
    number, path = buy(bureau)
    page = visitor(bureau, scripts=scripts)
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you for your order")
    expect(page.locator(".bank")).to_contain_text(number)
    page.goto("/office/sign-in?next=/office")
    page.locator("#email").fill(OWNER)
    page.locator("#password").fill(factories.PASSWORD)
    press(page, "Sign in")
    page.locator(".list a.name", has_text=number).click()
    sell(page, number)
    page.get_by_role("link", name="Refund", exact=True).click()
    page.locator("#amount").fill("99999")
    press(page, "Go on")
    expect(page.locator("#amount-error")).to_contain_text("no more is left to give back")
    page.locator("#amount").fill("5,50")
    press(page, "Go on")
    expect(page.get_by_role("heading", level=1)).to_have_text("Refund €5.50 to Anna Weber")
    press(page, "Refund €5.50 to Anna Weber")
    expect(page.locator("#note")).to_contain_text("€5.50 is noted as refunded. Transfer €5.50 to Anna Weber yourself.")
    page.locator("#text").fill("She asks for a new one.")
    press(page, "Add")
    expect(page.locator(".time")).to_contain_text("“She asks for a new one.”")

    take_in_events(bureau)
    page.goto(path)
    expect(page.locator(".standing")).to_contain_text("Your order is on its way.")
    expect(page.locator(".standing")).to_contain_text("We have sent €5.50 back to you.")
    assert page.locator(".stops .done").count() == 3
    expect(page.locator("main")).not_to_contain_text("She asks")
    invoice = page.request.get(str(page.locator(".papers a").first.get_attribute("href")))
    assert invoice.body().startswith(b"%PDF-")


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_a_customer_changes_their_mind(bureau: RunningShop, visitor: Visitor, scripts: bool) -> None:
    number, path = buy(bureau)
    page = visitor(bureau, scripts=scripts, language="de-DE", width=390)
    page.goto(path)
    page.locator("main").get_by_role("link", name="Vertrag widerrufen").click()
    expect(page.locator("#order_number")).to_have_value(number)
    expect(page.locator("#name")).to_have_value("Anna Weber")
    page.locator("#name").fill("")
    page.locator("#email").fill("anna.weber@example.de")
    press(page, "Weiter zur Bestätigung")
    expect(page.locator("#errors")).to_be_focused()
    page.locator("#name").fill("Anna Weber")
    press(page, "Weiter zur Bestätigung")
    page.get_by_role("button", name="Widerruf bestätigen").click()
    expect(page.get_by_role("status")).to_contain_text("Die Eingangsbestätigung ist unterwegs")
    page.goto(path)
    expect(page.locator(".time")).to_contain_text("Sie haben den Widerruf erklärt.")
    expect(page.locator("main").get_by_role("link", name="Bestellung stornieren")).to_have_count(0)

    _, another = buy(bureau)
    page.goto(another)
    page.get_by_role("link", name="Bestellung stornieren").click()
    press(page, "Bestellung stornieren")
    expect(page.locator(".standing")).to_contain_text("Sie haben diese Bestellung storniert.")


def test_the_customers_pages_fit_everybody(bureau: RunningShop, visitor: Visitor) -> None:
    _, path = buy(bureau, LONG_NAME)
    page = visitor(bureau, language="de-DE")
    for address in (path, path.replace("?", "/cancel?"), "/orders", "/orders/TT-000000?token=no", "/withdrawal"):
        page.goto(address)
        assert_fits_everybody(page)
        page.set_viewport_size({"width": 390, "height": 844})
        assert too_small(page) == []
        page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("#name").fill(LONG_NAME)
    page.locator("#order_number").fill("TT-000000")
    press(page, "Weiter zur Bestätigung")
    expect(page.locator("#errors")).to_be_focused()
    assert_fits_everybody(page)
    page.locator("#email").fill("anna.weber@example.de")
    press(page, "Weiter zur Bestätigung")
    page.get_by_role("button", name="Widerruf bestätigen").wait_for()
    assert_fits_everybody(page)
    page.get_by_role("button", name="Widerruf bestätigen").click()
    page.locator(".note.ok").wait_for()
    assert_fits_everybody(page)


def test_the_offices_pages_fit_everybody(bureau: RunningShop, visitor: Visitor) -> None:
    open_number, _ = buy(bureau, LONG_NAME)
    number, _ = buy(bureau, LONG_NAME)
    withdraw(bureau, LONG_NAME, "TT-9999-NOBODYS")
    withdrawal = withdraw(bureau, LONG_NAME, open_number)
    page = visitor(bureau)
    sign_in(page)
    sell(page, number)
    take_in_events(bureau)
    page.goto("/office/emails")
    email = str(page.locator(".list a.name").first.get_attribute("href"))
    order, still_open = f"/office/orders/{number}", f"/office/orders/{open_number}"
    for address in (
        "/office/orders",
        "/office/orders?q=nobody",
        "/office/withdrawals",
        f"/office/withdrawals/{withdrawal}/assign?order={open_number}",
        order,
        still_open,
        f"{still_open}/pay",
        f"{still_open}/cancel",
        f"{order}/refund",
        "/office/emails",
        email,
    ):
        answer = page.goto(address)
        assert answer is not None
        assert answer.ok, address
        assert_fits_everybody(page)
        page.set_viewport_size({"width": 390, "height": 844})
        assert too_small(page) == [], address
        page.set_viewport_size({"width": 1280, "height": 900})
    letter = page.frame_locator("iframe")
    page.goto(email)
    expect(letter.get_by_role("heading").first).to_be_visible()
    expect(letter.locator("body")).to_contain_text(number)
    expect(letter.locator("a[href*='token=']")).to_have_count(0)


def test_arrows_walk_through_the_list_and_enter_opens_an_order(bureau: RunningShop, visitor: Visitor) -> None:
    buy(bureau)
    buy(bureau)
    page = visitor(bureau)
    sign_in(page)
    page.goto("/office/orders")
    names = page.locator(".list a.name")
    names.first.focus()
    page.keyboard.press("ArrowDown")
    expect(names.nth(1)).to_be_focused()
    number = names.nth(1).inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Order {number}")


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_while_the_bank_is_silent_the_page_looks_again_by_itself(visitor: Visitor, scripts: bool) -> None:
    api = FakeApi()
    path = api.orders.put(provider="sandbox", state="unknown")
    web = Server(lambda: create_app(web_settings(), transport=api.transport))
    shop = RunningShop(web, web, "")
    web.start()
    try:
        page = visitor(shop, scripts=scripts)
        page.goto(path)
        expect(page.locator(".standing")).to_contain_text("We are waiting for your bank. You need do nothing.")
        if scripts:
            with page.expect_response(lambda answer: answer.status == 204):
                page.evaluate("window.sameDocument = true")
        api.orders.pay("TT-7K4M2P")
        expect(page.locator(".standing")).to_contain_text("It is paid. We are packing your order.")
        assert not scripts or page.evaluate("window.sameDocument"), "It is swapped, not loaded anew."
    finally:
        web.stop()
