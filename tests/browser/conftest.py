"""A shop on real sockets and a Chromium to use it; whatever breaks the content policy, throws or asks
another host fails the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request

from tests import factories
from tests.browser.chromium import chromium_of_tests
from tests.browser.serving import OWNER, RunningShop, run_shop

LIMIT_MS = 10_000
AGAIN_S = 1
"""How soon the page of being away looks again, here."""

_HERE = Path(__file__).parent
_REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (e) => console.error("policy broken:", e.violatedDirective, e.blockedURI));
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


# Of the package, not of the session: while Playwright's loop runs, no other test of this process could run one.


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with chromium_of_tests() as browser:
        yield browser


@pytest.fixture(scope="package", autouse=True)
def the_page_of_being_away_looks_again_sooner() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("shopweb.errors.RETRY_S", AGAIN_S)
        yield


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """A shop where staff sign in."""
    running = run_shop(tmp_path_factory.mktemp("shop"))
    yield running
    running.close()


@pytest.fixture(scope="package")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """A classroom's shop."""
    running = run_shop(tmp_path_factory.mktemp("open-shop"), open_items=True)
    yield running
    running.close()


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """A shop with the goods of the demo. Tests look at it and change nothing."""
    running = run_shop(tmp_path_factory.mktemp("demo"), with_goods=True)
    yield running
    running.close()


Visitor = Callable[..., Page]


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Visitor]:
    """Opens pages, each in a browser profile of its own; at the end no page may have complained."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # That an answer was a 4xx or 503, or that none came, is no complaint: tests ask for that.
        asked_for = ("Failed to load resource", "htmx:sendError", "htmx:afterRequest")
        if message.type == "error" and not message.text.startswith(asked_for):
            complaints.append(message.text)

    def visit(
        shop: RunningShop,
        *,
        scripts: bool = True,
        language: str = "en-GB",
        width: int = 1280,
        scheme: Literal["light", "dark"] = "light",
    ) -> Page:
        def watch(request: Request) -> None:
            own = [shop.url, *([shop.sandbox.url] if shop.sandbox else [])]
            if not request.url.startswith((*(f"{url}/" for url in own), "data:")):
                complaints.append(f"asks a stranger: {request.url}")

        context = chromium.new_context(
            base_url=shop.url,
            color_scheme=scheme,
            java_script_enabled=scripts,
            locale=language,
            reduced_motion="reduce",
            viewport={"width": width, "height": 900},
        )
        contexts.append(context)
        context.set_default_timeout(LIMIT_MS)
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", listen)
        context.on("request", watch)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        return context.new_page()

    yield visit
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def page(visitor: Visitor, shop: RunningShop) -> Page:
    """A page of the shop, with nobody signed in."""
    return visitor(shop)


def sign_in(page: Page, email: str = OWNER) -> None:
    """Sign in as somebody of the staff, and wait for the stock."""
    page.goto("/office/sign-in")
    page.locator("#email").fill(email)
    page.locator("#password").fill(factories.PASSWORD)
    page.locator("#password").press("Enter")
    page.locator("#items").wait_for(state="attached")


def views(page: Page) -> Locator:
    """The tabs over the list."""
    return page.get_by_role("navigation", name="Views")


def go_back(page: Page) -> None:
    """One step back. The address changes first, then the page loads anew: a step in between would break that off."""
    with page.expect_event("load"):
        page.go_back()
