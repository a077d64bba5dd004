"""Language, theme, caching and errors of the storefront; what machines ask for."""

import gzip
import json
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from shopweb.storefront import feeds
from tests.web.conftest import Browser
from tests.web.fake_api import FakeApi
from tests.web.fake_catalog import SVG, Good, picture_of

PAGES = [
    "/",
    "/categories/tableware",
    "/categories/tableware?in_stock=true&price_min=12",
    "/search",
    "/search?q=mug",
    "/search?q=nothing",
    "/products/mug",
    "/legal/terms",
    "/delivery",
    "/nowhere",
    "/search?sort=x",
]


@pytest.fixture
def api() -> FakeApi:
    api = FakeApi()
    api.catalog.stock()
    return api


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_inline_code_or_style_or_another_host(browser: Browser, path: str) -> None:
    page = re.sub(r'<script type="application/ld\+json">.*?</script>', "", browser.get(path).html)
    page = re.sub(r'(<link rel="canonical"|<meta property="og:(url|image)")[^>]*>', "", page)
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|javascript:|https?://", page)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_one_heading_a_title_and_a_way_past_the_menus(browser: Browser, path: str) -> None:
    page = browser.get(path)
    assert page.html.count("<h1") == 1
    assert page.title.endswith("Ton & Tinte") or page.title.startswith("Ton & Tinte:")
    assert 'class="skip" href="#main"' in page.html
    ids = re.findall(r'\sid="([^"]+)"', page.html)
    assert len(ids) == len(set(ids))
    assert all("alt=" in image for image in re.findall(r"<img[^>]*>", page.html))


def test_the_language_is_a_link_that_leads_back_and_is_kept(browser: Browser) -> None:
    page = browser.get("/search?q=mug&sort=price")
    link = re.search(r'href="(/language/de[^"]*)"', page.html)
    assert link
    page = browser.get(link[1].replace("&amp;", "&"))
    assert str(page.answer.url).endswith("/search?q=mug&sort=price")
    assert '<html lang="de">' in page.html
    assert '<html lang="de">' in browser.get("/").html


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/%2fevil.example", "javascript:x"])
def test_the_language_link_leads_nobody_elsewhere(browser: Browser, back: str) -> None:
    answer = browser.get(f"/language/de?back={back}", follow=False).answer
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/language/fr").status == 404


def test_an_address_that_cannot_be_led_back_to_leads_home(browser: Browser) -> None:
    for path in ("/stra%C3%9Fe", f"/search?q={'a' * 3000}"):
        assert 'href="/language/de?back=/"' in browser.get(path).html


def test_a_search_for_a_backslash_is_led_back_to(browser: Browser) -> None:
    page = browser.get("/search?q=%23%5C")
    link = re.search(r'href="(/language/de[^"]*)"', page.html)
    assert link
    assert str(browser.get(link[1]).answer.url).endswith("/search?q=%23%5C")
    assert str(browser.send(page, "/preferences", theme="dark").answer.url).endswith("/search?q=%23%5C")


def test_who_has_colours_of_their_own_sees_what_is_chosen_and_in_stock(browser: Browser) -> None:
    sheet = re.search(r'href="(/static/css/[^"]+)"', browser.get("/").html)
    assert sheet
    css = browser.get(sheet[1]).html
    _, _, rules = css.partition("@media (forced-colors: active) {")
    rules = rules[: rules.index("\n}")]
    for marked in (".option[aria-current]", ".gallery [aria-current] img", ".aisles [aria-current]"):
        assert re.search(re.escape(marked) + r" \{[^}]*Highlight", rules), marked
    assert ".aisles a { border-bottom: 0;" in rules, "Its line is see-through otherwise, but not in these colours."
    assert ".stock:not(.out)::before { background: CanvasText; }" in rules


def test_the_theme_is_a_form_that_needs_no_token(browser: Browser) -> None:
    page = browser.get("/products/mug")
    assert "token" not in page.form("/preferences")
    page = browser.send(page, "/preferences", theme="dark")
    assert str(page.answer.url).endswith("/products/mug")
    assert 'data-theme="dark"' in page.html
    foreign = browser.post("/preferences", {"theme": "light", "back": "/"}, Sec_Fetch_Site="cross-site")
    assert foreign.status == 403


def test_pages_are_asked_for_again_and_answered_in_few_bytes(browser: Browser) -> None:
    answer = browser.get("/products/mug").answer
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["vary"] == "Accept-Encoding, Accept-Language, Cookie"
    assert "set-cookie" not in answer.headers
    again = browser.get("/products/mug", If_None_Match=answer.headers["etag"])
    assert (again.status, again.answer.content) == (304, b"")
    german = browser.get("/products/mug", If_None_Match=answer.headers["etag"], Accept_Language="de")
    assert german.status == 200


def test_what_is_not_on_the_shelf_offers_the_search_and_the_departments(browser: Browser, api: FakeApi) -> None:
    for path in ("/nowhere", "/products/none", "/categories/none", "/legal/none", "/products", "/a/b/c"):
        page = browser.get(path, Accept_Language="de")
        assert page.status == 404, path
        assert page.title.startswith("Diese Seite steht nicht im Regal")
        assert 'id="missing"' in page.html
        assert 'class="arches"' in page.html
    api.away = True
    page = browser.get("/nowhere")
    assert page.status == 404
    assert 'id="missing"' in page.html


def test_a_picture_that_is_not_there_gets_no_page_of_goods(browser: Browser, api: FakeApi) -> None:
    api.calls.clear()
    for name in ("x.svg", "a" * 64, "A" * 64 + ".svg", f"{'a' * 64}.svg%00"):
        page = browser.get(f"/media/{name}")
        assert page.status == 404
        assert 'class="arches"' not in page.html
    assert not [call for call in api.calls if "media" in call.url.path]


@pytest.mark.parametrize("path", ["/products/mug", "/categories/tableware", "/search?q=mug", "/legal/terms"])
def test_an_api_that_is_away_is_said_and_looked_for_again(browser: Browser, api: FakeApi, path: str) -> None:
    api.away = True
    page = browser.get(path, Accept_Language="de")
    assert page.status == 503
    assert page.answer.headers["retry-after"] == "5"
    assert '<meta http-equiv="refresh" content="5">' in page.html
    assert page.title.startswith("Wir räumen kurz um")
    assert 'class="logo" href="/"' in page.html
    api.away = False
    assert browser.get(path).status == 200


def test_a_bug_is_a_page_that_leads_back_to_the_shop(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopweb.storefront.home._page", lambda *_: 1 / 0)
    page = browser.get("/")
    assert page.status == 500
    assert "To the shop" in page.text


def test_the_law_has_its_pages(browser: Browser) -> None:
    for kind, heading in (("imprint", "Imprint"), ("withdrawal", "Right of withdrawal"), ("privacy", "Privacy")):
        page = browser.get(f"/legal/{kind}")
        assert page.title.startswith(heading)
        assert f"Words on {kind}." in page.text
    footer = browser.get("/").html
    for kind in ("imprint", "terms", "privacy", "withdrawal", "accessibility"):
        assert f'href="/legal/{kind}"' in footer
    assert 'plus <a href="/delivery">delivery</a>' in footer


def test_a_text_that_is_not_written_yet_is_missing_under_its_own_name(browser: Browser, api: FakeApi) -> None:
    api.catalog.unwritten.add("imprint")
    page = browser.get("/legal/imprint", Accept_Language="de")
    assert page.status == 404
    assert page.title == "Impressum | Ton & Tinte"
    assert "Der Laden hat diesen Text noch nicht verfasst." in page.text
    assert '<meta name="robots" content="noindex">' in page.html
    api.catalog.unwritten.clear()
    assert browser.get("/legal/imprint").status == 200
    api.catalog.broken.add("/v1/shop/texts/terms")
    assert browser.get("/legal/terms").status == 503


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/nowhere", "/a/b/c", "/sitemap-9.xml"])
def test_a_form_that_is_sent_nowhere_gets_the_page_of_what_is_lost(browser: Browser, method: str, path: str) -> None:
    page = browser.send_as(method, path)
    assert page.status == 404
    assert page.title.startswith("This page is not on the shelf")


@pytest.mark.parametrize("path", ["/", "/search", "/products/mug", "/delivery", "/legal/terms", "/robots.txt"])
def test_a_page_that_takes_no_form_says_so(browser: Browser, path: str) -> None:
    page = browser.send_as("POST", path)
    assert page.status == 405
    assert page.title.startswith("That cannot be done here")
    assert "GET" in page.answer.headers["allow"]


def test_pictures_are_passed_on_to_be_kept_for_ever_and_may_run_nothing(browser: Browser, api: FakeApi) -> None:
    path = picture_of("mug 1").url.replace("/v1", "")
    answer = browser.get(path).answer
    assert (answer.status_code, answer.content) == (200, SVG)
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox", "As the API says."
    assert answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in browser.get(path, Accept_Encoding="identity").answer.headers
    assert browser.get(path, If_None_Match=answer.headers["etag"]).status == 304
    assert sum("media" in call.url.path for call in api.calls) == 1, "What is named by its hash is asked for once."


def test_robots_are_told_what_to_leave_alone(browser: Browser) -> None:
    text = browser.get("/robots.txt").html
    assert "Disallow: /office\n" in text
    assert "Disallow: /search?\n" in text
    assert "Sitemap: http://127.0.0.1:5050/sitemap.xml" in text


def addresses(xml: bytes) -> list[str]:
    return [str(found.text) for found in ElementTree.fromstring(xml).iter() if found.tag.endswith("}loc")]


def test_the_site_map_names_every_product_and_category_once(browser: Browser, api: FakeApi) -> None:
    for n in range(250):
        api.catalog.put(Good(f"good-{n}", {"de": f"Ware {n}"}))
    answer = browser.get("/sitemap.xml").answer
    assert answer.headers["content-type"].startswith("application/xml")
    found = addresses(answer.content)
    assert len(found) == len(set(found)) == 2 + 3 + 253
    assert "http://127.0.0.1:5050/delivery" in found
    assert "http://127.0.0.1:5050/products/good-249" in found
    assert "http://127.0.0.1:5050/categories/mugs" in found
    calls = len(api.calls)
    browser.get("/sitemap.xml")
    assert len(api.calls) == calls, "It is made once in a while, not for everybody who asks."


def test_a_large_site_map_is_cut_into_parts(browser: Browser, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MOST", 4)
    parts = addresses(browser.get("/sitemap.xml").answer.content)
    assert parts == ["http://127.0.0.1:5050/sitemap-1.xml", "http://127.0.0.1:5050/sitemap-2.xml"]
    found = [addresses(browser.get(part).answer.content) for part in parts]
    assert [len(part) for part in found] == [4, 4]
    for path in ("/sitemap-3.xml", "/sitemap-0.xml", "/sitemap-01.xml", "/sitemap.xml.gz"):
        assert browser.get(path).status == 404


def test_the_icon_is_found_where_old_browsers_look(browser: Browser) -> None:
    answer = browser.get("/favicon.ico").answer
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")


def test_a_classroom_has_the_shop_too(api: FakeApi, open_browser: Callable[..., Browser]) -> None:
    api.open_items = True
    browser = open_browser(api, SHOP_ITEMS_ACCESS="open")
    assert "For long evenings" in browser.get("/").text
    assert "Add to stock" in browser.get("/office").text


def structured(html: str) -> list[dict[str, object]]:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', html)
    assert found
    graph: list[dict[str, object]] = json.loads(found[1])["@graph"]
    return graph


def test_a_name_cannot_break_out_of_what_search_engines_are_told(browser: Browser, api: FakeApi) -> None:
    evil = "</script><script>alert(1)</script><!--"
    api.catalog.put(Good("evil", {"de": evil, "en": evil}))
    page = browser.get("/products/evil")
    assert page.html.count("<script") == page.html.count("</script>")
    assert structured(page.html)[0]["name"] == evil


def test_pages_are_sent_compressed(browser: Browser) -> None:
    answer = browser.get("/").answer
    assert answer.headers["content-encoding"] == "gzip"
    assert len(gzip.compress(answer.content)) < len(answer.content)
