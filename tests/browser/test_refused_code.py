"""A code that the shop refuses keeps nobody from the checkout, with and without scripts."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.serving import RunningShop, run_shop

MUG = "/products/becher-westerwald?variant=TT-BE-WW-TON-320"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    running = run_shop(tmp_path_factory.mktemp("market"), with_goods=True)
    yield running
    running.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
@pytest.mark.parametrize("redeemed", [True, False], ids=["redeemed", "typed"])
def test_the_checkout_is_open_to_whoever_was_told_of_the_code(
    market: RunningShop, visitor: Visitor, scripts: bool, redeemed: bool
) -> None:
    page = visitor(market, scripts=scripts, language="de-DE", width=390)
    page.goto(MUG)
    page.get_by_role("button", name="In den Warenkorb").click()
    expect(page.locator("#added .note.ok")).to_be_visible()
    page.goto("/cart")
    page.locator(".voucher summary").click()
    page.locator("#code").fill("NIX")
    page.get_by_role("button", name="Einlösen" if redeemed else "Zur Kasse").click()
    expect(page.locator("#errors")).to_contain_text("Den Code NIX kennen wir nicht.")
    if not redeemed:
        expect(page.locator("#code-error")).to_contain_text("drücken Sie noch einmal auf „Zur Kasse“")
    expect(page.locator("#code")).to_have_value("NIX")
    page.get_by_role("button", name="Zur Kasse").click()
    expect(page.get_by_role("heading", name="Adresse", exact=True)).to_be_visible()
