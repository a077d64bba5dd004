"""A customer's and a shopkeeper's way through the shop, in a real Chromium, over https and through Traefik."""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page, Response, expect, sync_playwright

from tests import factories
from tests.browser.chromium import NoChromium, find
from tests.contract.shop import OWNER, Shop

pytestmark = pytest.mark.browser

LIMIT_MS = 15_000
_HERE = "--host-resolver-rules=MAP * 127.0.0.1"
_COOKIE_NAME = "__Host-office_sid"


@pytest.fixture
def page(shop: Shop) -> Iterator[Page]:
    """A page for which both names are this machine's. At the end nothing may have failed or gone elsewhere."""
    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        as_root = hasattr(os, "geteuid") and os.geteuid() == 0
        try:
            flags = [_HERE, "--disable-gpu", "--disable-quic", *(["--no-sandbox"] if as_root else [])]
            browser = playwright.chromium.launch(executable_path=find(playwright), args=flags)
        except (NoChromium, Error) as error:
            if os.environ.get("CI"):
                pytest.fail(str(error))
            warnings.warn(f"THE WALK THROUGH TRAEFIK DID NOT RUN. {error}", stacklevel=1)
            pytest.skip(str(error))
        stack.callback(browser.close)
        # The certificate is the test's own; that it is the right one, other tests see.
        context = browser.new_context(
            base_url=shop.url, ignore_https_errors=True, locale="en-GB", reduced_motion="reduce"
        )
        context.set_default_timeout(LIMIT_MS)
        broken: list[str] = []

        def look(response: Response) -> None:
            if response.status >= 400 or urlsplit(response.url).netloc != urlsplit(shop.url).netloc:
                broken.append(f"{response.status} {response.url}")

        context.on("response", look)
        context.on("requestfailed", lambda request: broken.append(f"{request.url} {request.failure}"))
        context.on("console", lambda said: broken.append(said.text) if said.type == "error" else None)
        context.on("weberror", lambda error: broken.append(str(error.error)))
        yield context.new_page()
        assert not broken


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def test_from_the_front_door_to_a_mug_and_to_the_stock(shop: Shop, page: Page) -> None:
    page.goto("/")
    expect(page.locator(".good")).to_have_count(12)
    page.get_by_role("main").get_by_role("link", name="Tableware").click()
    heading(page, "Tableware")

    page.get_by_role("searchbox").first.fill("westerwald")
    page.get_by_role("searchbox").first.press("Enter")
    expect(page).to_have_url(re.compile("q=westerwald"))
    page.get_by_role("link", name="Mug “Westerwald”").click()
    heading(page, "Mug “Westerwald”")
    expect(page.locator(".cost")).to_have_text("€18.50")
    assert page.locator("img.big").evaluate("one => one.complete && one.naturalWidth > 0"), "Pictures come too."

    page.goto("/office/sign-in")
    page.locator("#email").fill(OWNER)
    page.locator("#password").fill(factories.PASSWORD)
    page.locator("#password").press("Enter")
    page.locator("#items").wait_for(state="attached")
    for _ in range(6):
        # Whichever of the two answers: the session is in the cookie and in the database, and in no process.
        page.reload()
        expect(page.locator("#items")).to_be_attached()

    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    session = cookies[_COOKIE_NAME]
    assert session["secure"]
    assert session["httpOnly"]
    assert session["domain"] == urlsplit(shop.url).hostname
