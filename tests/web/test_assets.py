"""Static files: kept for ever under a name that changes with them, and small."""

import gzip
import re

import pytest

from shopweb.assets import Assets
from tests.web.conftest import Browser

BUDGET_BYTES = 40 * 1024


def linked(browser: Browser) -> list[str]:
    return re.findall(r'(?:href|src)="(/static/[^"]+)"', browser.get("/office/sign-in").html)


def test_everything_that_a_page_links_is_there_and_kept_for_ever(browser: Browser) -> None:
    paths = linked(browser)
    assert len(paths) == 5
    for path in paths:
        answer = browser.get(path).answer
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        again = browser.get(path, If_None_Match=answer.headers["etag"])
        assert (again.status, again.answer.content) == (304, b"")


def test_the_style_sheet_names_fonts_that_are_there(browser: Browser) -> None:
    sheet = browser.get(next(path for path in linked(browser) if path.endswith(".css"))).html
    fonts = re.findall(r'url\("([^"]+)"\)', sheet)
    assert len(fonts) == 2
    for font in fonts:
        answer = browser.get(font).answer
        assert (answer.status_code, answer.headers["content-type"]) == (200, "font/woff2")


def test_each_coding_has_an_etag_of_its_own(browser: Browser) -> None:
    path = next(path for path in linked(browser) if path.endswith(".css"))
    small, plain = browser.get(path).answer, browser.get(path, Accept_Encoding="identity").answer
    assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert "content-encoding" not in plain.headers
    assert small.headers["etag"] != plain.headers["etag"]
    assert small.text == plain.text
    assert browser.get(path, Accept_Encoding="gzip;q=0").answer.headers.get("content-encoding") is None


def test_a_page_of_another_release_gets_todays_file_but_keeps_it_nowhere(browser: Browser) -> None:
    answer = browser.get("/static/css/shop.0123456789abcdef.css").answer
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")


@pytest.mark.parametrize(
    "path",
    [
        "/static/css/shop.css",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/css/..%5c..%5capp.0123456789abcdef.py",
        "/static/css/none.0123456789abcdef.css",
        "/static/%00",
        "/static",
    ],
)
def test_nothing_else_is_served(browser: Browser, path: str) -> None:
    assert browser.get(path).status == 404


def test_styles_and_scripts_stay_within_the_budget() -> None:
    assets = Assets()
    found = [assets.find(assets.url(name).removeprefix("/static/")) for name in SHIPPED]
    sizes = [len(asset[0].small) for asset in found if asset]
    assert len(sizes) == len(SHIPPED)
    assert sum(sizes) <= BUDGET_BYTES


SHIPPED = ["css/shop.css", "js/htmx.min.js", "js/office.js", "js/shop.js"]


def test_long_pages_are_sent_compressed(browser: Browser) -> None:
    page = browser.get("/office/sign-in")
    assert page.answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in browser.get("/office/sign-in", Accept_Encoding="identity").answer.headers
    assert len(gzip.compress(page.answer.content)) < len(page.answer.content)
