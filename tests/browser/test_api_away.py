"""The API goes away and comes back; nobody loses what they were doing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Visitor, sign_in, views
from tests.browser.serving import RunningShop

RETRY_LIMIT_MS = 20_000


@pytest.fixture(autouse=True)
def api_is_back(shop: RunningShop) -> Iterator[None]:
    """However a test ends, the next one finds the API there."""
    yield
    shop.api.stop()
    shop.api.start()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_page_comes_back_by_itself(shop: RunningShop, visitor: Visitor, scripts: bool) -> None:
    page = visitor(shop, scripts=scripts)
    sign_in(page)
    shop.api.stop()
    views(page).get_by_role("link", name="Low").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We are tidying up for a moment")
    shop.api.start()
    expect(page.get_by_role("heading", level=1)).to_have_text("Stock", timeout=RETRY_LIMIT_MS)
    expect(views(page).get_by_role("link", name="Low")).to_have_attribute("aria-current", "page")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_form_that_was_sent_waits_and_counts_once(shop: RunningShop, visitor: Visitor, scripts: bool) -> None:
    name = f"Basket {scripts}"
    shop.add(name, 40)
    page = visitor(shop, scripts=scripts)
    sign_in(page)
    page.get_by_label("Item name").fill(name)
    page.get_by_label("Quantity", exact=True).fill("24")
    shop.api.stop()
    page.get_by_role("button", name="Add to stock").click()
    expect(page.get_by_text("It is kept on this page")).to_be_visible()
    with page.expect_response(lambda answer: answer.status == 503):
        page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("It is kept on this page")).to_be_visible()
    shop.api.start()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status")).to_contain_text(f"24 units of “{name}” received.")
    expect(page.get_by_label(f"On hand: {name}")).to_have_value("64")


def test_the_note_and_its_undo_wait_for_the_api_too(shop: RunningShop, visitor: Visitor) -> None:
    page = visitor(shop)
    sign_in(page)
    page.get_by_label("Item name").fill("Trivet")

    def stop_after_the_form(route: Route) -> None:
        # The change is made; before the page that says so is asked for, the API goes away.
        answer = route.fetch(max_redirects=0)
        shop.api.stop()
        route.fulfill(response=answer)

    page.route(lambda url: url.endswith("/office/stock"), stop_after_the_form, times=1)
    page.get_by_role("button", name="Add to stock").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We are tidying up for a moment")
    shop.api.start()
    expect(page.get_by_role("status")).to_contain_text("“Trivet” is new", timeout=RETRY_LIMIT_MS)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("off the list again")


def test_a_form_sent_while_the_pages_are_away_is_sent_the_plain_way(shop: RunningShop, visitor: Visitor) -> None:
    page = visitor(shop)
    sign_in(page)
    shop.add("Scoop", 40)
    page.get_by_label("Item name").fill("Scoop")
    page.get_by_label("Quantity", exact=True).fill("2")
    shop.web.stop()
    try:
        with page.expect_request(lambda request: request.is_navigation_request() and request.method == "POST"):
            page.get_by_role("button", name="Add to stock").click()
        # The browser's own page of failure is a navigation too: until it stands, it would cut off the next one.
        page.wait_for_url("chrome-error://**", wait_until="commit")
    finally:
        shop.web.start()
    page.goto("/office/stock?q=Scoop")
    expect(page.get_by_label("On hand: Scoop")).to_have_value("40")
