"""A purchase from end to end, every part at work: page, API, payment provider, worker, e-mail, invoice, parcel."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests import factories
from tests.browser.conftest import LIMIT_MS, Visitor
from tests.browser.serving import OWNER
from tests.browser.whole_shop import WholeShop, run_whole_shop
from tests.conftest import assert_the_books_agree
from tests.waiting import wait_until

MUG = "/products/becher-westerwald?variant=TT-BE-WW-TON-320"
TEAPOT = "/products/teekanne-nachtblau"
PARCEL = "00340434292135100186"
WORKER_S = 30
WORDS = {
    "add": {"en": "Add to the cart", "de": "In den Warenkorb"},
    "redeem": {"en": "Redeem", "de": "Einlösen"},
    "checkout": {"en": "To the checkout", "de": "Zur Kasse"},
    "order": {"en": "Order with obligation to pay", "de": "Zahlungspflichtig bestellen"},
}
FORM_TARGETS = re.compile(r"form-action ([^;]*)")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeShop]:
    """A shop in which these tests buy; each customer has an e-mail address of their own."""
    with run_whole_shop(tmp_path_factory.mktemp("whole-shop")) as shop:
        yield shop


def fill_cart(page: Page, language: str = "en") -> None:
    """A mug and a teapot, and a code."""
    for path in (MUG, TEAPOT):
        page.goto(path)
        page.get_by_role("button", name=WORDS["add"][language]).click()
        expect(page.locator("#added .note.ok")).to_be_visible()
    page.goto("/cart")
    page.locator(".voucher summary").click()
    page.locator("#code").fill("herbst-10")
    page.get_by_role("button", name=WORDS["redeem"][language]).click()
    expect(page.locator(".sums")).to_contain_text("HERBST10")


def go_to_review(page: Page, email: str) -> str:
    """The checkout up to its last step, to pay by card; answers the total that stands there."""
    page.goto("/checkout")
    said = {"email": email, "name": "Anna Weber", "line1": "Lindenweg 3", "postal_code": "04109", "city": "Leipzig"}
    for field, text in said.items():
        page.locator(f"#{field}").fill(text)
    page.locator(".step.open .btn.big").click()
    page.locator('input[name="provider"][value="sandbox"]').check()
    page.locator(".step.open .btn.big").click()
    expect(page.locator("form[data-once]")).to_be_visible()
    return plain(page.locator(".sums dd.total").last)


def order_button(page: Page, language: str = "en") -> Locator:
    return page.get_by_role("button", name=WORDS["order"][language])


def plain(found: Locator) -> str:
    """The text of an element, every blank an ordinary one."""
    return " ".join(found.inner_text().split())


def come_again(page: Page, found: Locator) -> None:
    """Reload until the worker has got so far."""

    def is_there() -> bool:
        page.reload()
        return found.count() > 0

    wait_until(is_there, WORKER_S, f"{found} at {page.url}")


def number_in(page: Page) -> str:
    found = re.search(r"/orders/([A-Z]+-[0-9A-Z]{6})", page.url)
    assert found, page.url
    return found[1]


def read_invoice(page: Page, title: str) -> None:
    """Open the invoice from the order's page: it is a PDF, and of the number that the link says."""
    link = page.locator(".papers a").first
    come_again(page, link)
    number = link.inner_text().removeprefix(f"{title} ")
    answer = page.request.get(str(link.get_attribute("href")))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")
    assert f"/Title({title} {number})".encode() in answer.body()


def open_office(page: Page) -> None:
    page.goto("/office/sign-in?next=/office/orders")
    page.locator("#email").fill(OWNER)
    page.locator("#password").fill(factories.PASSWORD)
    page.locator("#password").press("Enter")
    page.locator(".list a.name").first.wait_for()


def open_email(page: Page, number: str, *, count: int = 1) -> None:
    """The latest of the e-mails that the shop wrote about an order, once there are so many."""
    page.goto(f"/office/emails?order={number}")
    letters = page.locator(".list a.name")
    come_again(page, letters.nth(count - 1))
    assert letters.count() == count
    letters.first.click()


def test_two_things_are_bought_with_a_code_paid_after_the_bank_asked_shipped_and_followed(
    market: WholeShop, visitor: Visitor
) -> None:
    email = "whole@example.org"
    page = visitor(market)
    fill_cart(page)
    page.get_by_role("button", name=WORDS["checkout"]["en"]).click()
    total = go_to_review(page, email)
    order_button(page).click()
    page.wait_for_url(f"{market.payment_url}/pay/*")
    assert plain(page.locator(".amount")) == total
    page.get_by_role("button", name="Card that asks first").click()
    expect(page.get_by_role("heading", name="Is this you?")).to_be_visible()
    page.get_by_role("button", name="Approve the payment").click()
    page.wait_for_url(f"{market.url}/orders/**")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you for your order")
    expect(page.locator(".standing")).to_contain_text("It is paid. We are packing your order.", timeout=LIMIT_MS)
    assert plain(page.locator(".sums dd.total")) == total
    number = number_in(page)

    office = visitor(market)
    open_office(office)
    open_email(office, number)
    letter = office.frame_locator("iframe")
    expect(letter.locator("body")).to_contain_text(number)
    assert total in plain(letter.locator("body"))
    reader = visitor(market)
    reader.goto(market.link_sent_to(email))
    expect(reader.locator(".standing")).to_contain_text("It is paid.", timeout=LIMIT_MS)
    read_invoice(reader, "Invoice")

    office.goto(f"/office/orders/{number}")
    office.get_by_role("link", name="Ship 2 units").click()
    office.locator("#carrier").fill("DHL")
    office.locator("#tracking").fill(PARCEL)
    office.locator("main").get_by_role("button", name="Ship 2 units").click()
    expect(office.locator("#note")).to_contain_text(f"{number} is shipped")
    open_email(office, number, count=2)
    expect(office.frame_locator("iframe").locator("body")).to_contain_text(PARCEL)

    page.reload()
    expect(page.locator(".standing")).to_contain_text("Your order is on its way.", timeout=LIMIT_MS)
    expect(page.locator(".stops .done")).to_have_count(3)
    expect(page.get_by_role("region", name="Your parcel")).to_contain_text(f"DHL, tracking number {PARCEL}")
    sold = market.assert_one_sale(email, "closed")
    assert (sold.number, sold.units, sold.shipping_state) == (number, 2, "shipped")


def test_without_a_script_on_a_phone_in_german(market: WholeShop, visitor: Visitor) -> None:
    email = "ohne@example.org"
    page = visitor(market, scripts=False, language="de-DE", width=390)
    fill_cart(page, "de")
    page.get_by_role("button", name=WORDS["checkout"]["de"]).click()
    total = go_to_review(page, email)
    order_button(page, "de").click()
    page.wait_for_url(f"{market.payment_url}/pay/*")
    assert plain(page.locator(".amount")) == total
    page.get_by_role("button", name="Karte mit Bestätigung").click()
    page.get_by_role("button", name="Zahlung freigeben").click()
    page.wait_for_url(f"{market.url}/orders/**")
    expect(page.get_by_role("heading", level=1)).to_have_text("Danke für Ihre Bestellung")
    expect(page.locator(".standing")).to_contain_text("Ihre Bestellung ist bezahlt.", timeout=LIMIT_MS)
    read_invoice(page, "Rechnung")
    number = number_in(page)

    office = visitor(market, scripts=False, language="de-DE", width=390)
    open_office(office)
    open_email(office, number)
    said = office.locator(".letter-text").inner_text()
    assert total in " ".join(said.split())
    assert "token=" not in said, "Staff read no customer's secret."

    page.goto("/orders")
    page.locator("#number").fill(number.lower())
    page.locator("#code").fill(market.link_sent_to(email))
    page.get_by_role("button", name="Bestellung zeigen").click()
    expect(page.locator(".standing")).to_contain_text("Ihre Bestellung ist bezahlt.", timeout=LIMIT_MS)
    expect(page.locator(".stops .done")).to_have_count(2)
    market.assert_one_sale(email)


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_a_declined_card_costs_nothing_and_the_next_try_pays(
    market: WholeShop, visitor: Visitor, scripts: bool
) -> None:
    email = f"declined.{scripts}@example.org".lower()
    page = visitor(market, scripts=scripts, language="de-DE", width=390)
    fill_cart(page, "de")
    total = go_to_review(page, email)
    order_button(page, "de").click()
    page.get_by_role("button", name="Karte ohne Deckung").click()
    page.wait_for_url(f"{market.url}/orders/**")
    declined = number_in(page)
    expect(page.locator(".standing")).to_contain_text("Es wurde nichts abgebucht.", timeout=LIMIT_MS)
    expect(page.locator("#cart-link .count")).to_contain_text("2")

    page.locator(".standing .btn").click()
    page.wait_for_url(f"{market.url}/checkout/shipping")
    page.locator(".step.open .btn.big").click()
    expect(order_button(page, "de")).to_be_visible()
    assert plain(page.locator(".sums dd.total").last) == total
    order_button(page, "de").click()
    page.get_by_role("button", name="Karte, die zahlt").click()
    page.wait_for_url(f"{market.url}/orders/**")
    expect(page.locator(".standing")).to_contain_text("Ihre Bestellung ist bezahlt.", timeout=LIMIT_MS)
    expect(page.locator("#cart-link .count")).to_have_count(0)

    paid, cancelled = market.orders_of(email)
    assert (paid.state, cancelled.state, cancelled.number) == ("confirmed", "cancelled", declined)
    charged = {charge.order_number: charge.state for charge in market.charges_for(paid.number, declined)}
    assert charged == {declined: "failed", paid.number: "succeeded"}
    assert_the_books_agree(market.database_url)


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_double_clicks_a_second_tab_back_and_reload_make_one_order_and_one_charge(
    market: WholeShop, visitor: Visitor, scripts: bool
) -> None:
    email = f"twice.{scripts}@example.org".lower()
    page = visitor(market, scripts=scripts)
    fill_cart(page)
    go_to_review(page, email)
    tab = page.context.new_page()
    tab.goto("/checkout/review")
    expect(order_button(tab)).to_be_visible()

    order_button(page).dblclick()
    page.wait_for_url(f"{market.payment_url}/pay/*")
    payment_page = page.url
    page.go_back()
    page.wait_for_url(f"{market.url}/**")
    if order_button(page).is_visible():  # What the browser remembers; without that, the cart is ordered.
        order_button(page).click()
    else:
        expect(page.locator("#cart-link .count")).to_have_count(0)
        expect(page.get_by_role("link", name="Pay now")).to_have_attribute("href", payment_page)
    order_button(tab).click()
    tab.wait_for_url(f"{market.url}/orders/**")
    way_to_pay = tab.locator(".standing .btn")
    expect(way_to_pay).to_have_text("Pay now")
    way_to_pay.click()
    expect(tab).to_have_url(payment_page)

    tab.get_by_role("button", name="Card that asks first").dblclick()
    tab.get_by_role("button", name="Approve the payment").dblclick()
    tab.wait_for_url(f"{market.url}/orders/**")
    expect(tab.locator(".standing")).to_contain_text("It is paid.", timeout=LIMIT_MS)
    page.goto(payment_page)
    page.wait_for_url(f"{market.url}/orders/**")
    page.reload()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you for your order")
    assert number_in(page) == number_in(tab)
    tab.go_back()
    tab.wait_for_load_state()
    sold = market.assert_one_sale(email)
    assert sold.number == number_in(page)


def test_only_the_forms_of_the_checkout_may_lead_to_the_payment_provider(market: WholeShop, visitor: Visitor) -> None:
    page = visitor(market)
    targets: dict[str, str] = {}

    def note(answer: Response) -> None:
        if answer.request.resource_type == "document" and not 300 <= answer.status < 400:
            allowed = FORM_TARGETS.search(answer.headers["content-security-policy"])
            targets[answer.url.partition("?")[0]] = allowed[1] if allowed else "everything"

    page.on("response", note)
    page.goto("/")
    fill_cart(page)
    go_to_review(page, "policies@example.org")
    order_button(page).click()
    page.get_by_role("button", name="Card that pays").click()
    page.wait_for_url(f"{market.url}/orders/**")
    expect(page.locator(".standing")).to_contain_text("It is paid.", timeout=LIMIT_MS)

    checkout = {url: allowed for url, allowed in targets.items() if url.startswith(f"{market.url}/checkout")}
    assert len(checkout) == 3
    assert set(checkout.values()) == {f"'self' {market.payment_url}"}
    rest = {url: allowed for url, allowed in targets.items() if url.startswith(market.url) and url not in checkout}
    assert {f"{market.url}/", f"{market.url}/cart", page.url.partition("?")[0]} <= rest.keys()
    assert set(rest.values()) == {"'self'"}
    provider = {allowed for url, allowed in targets.items() if url.startswith(market.payment_url)}
    assert provider == {f"'self' {market.url}"}
