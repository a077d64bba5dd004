"""The hosted page in a real Chromium: it fits everybody, and its policy lets a customer back into the shop."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import chromium_of_tests
from tests.browser.fitness import assert_fits_everybody, too_small
from tests.processes import ShopProcess
from tests.sandbox.conftest import Receiver, charge, client_at

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with chromium_of_tests() as browser:
        yield browser


@pytest.mark.parametrize("locale", ["de", "en"])
def test_both_pages_fit_everybody(chromium: Browser, standing_sandbox: ShopProcess, locale: str) -> None:
    with client_at(standing_sandbox) as client:
        pay, confirm = (charge(client, token=token, locale=locale)["url"] for token in (None, "tok_3ds"))
    # The check is a script of its own, which no page of the sandbox would let run.
    page = chromium.new_context(bypass_csp=True).new_page()
    for url in (pay, confirm):
        page.goto(url)
        assert_fits_everybody(page)
        assert too_small(page, "select") == []
    page.context.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_customer_pays_with_strong_authentication_without_a_script(
    chromium: Browser, standing_sandbox: ShopProcess, standing_receiver: Receiver, width: int
) -> None:
    with client_at(standing_sandbox) as client:
        opened = charge(client, return_url=standing_receiver.url)
        page = chromium.new_context(java_script_enabled=False, viewport={"width": width, "height": 800}).new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(opened["url"])
        page.get_by_role("button", name="Karte mit Bestätigung").click()
        page.get_by_role("button", name="Zahlung freigeben").click()
        # The shop is another origin: the policy of the form has to let the answer lead there.
        page.wait_for_url(standing_receiver.url)
        assert page.title() == "Back in the shop"
        assert client.get(f"/charges/{opened['key']}").json()["state"] == "succeeded"
        page.go_back()
        page.wait_for_url(standing_receiver.url)
        assert client.get(f"/charges/{opened['key']}").json()["version"] == 3
        assert complaints == []
        page.context.close()
