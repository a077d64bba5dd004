"""What every page of the shop keeps to: the content policy, its weight, a still layout, words for search engines."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urldefrag

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import AGAIN_S, Visitor
from tests.browser.serving import RunningShop
from tests.waiting import wait_until

KIB = 1024
RETRY_LIMIT_MS = 20_000
CONTENT_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'"


class Markup(HTMLParser):
    """What a page links to, loads, and may not have."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.faults: list[str] = []
        self.structured: list[str] = []
        self._ids: set[str] = set()
        self._in_structured = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self._in_structured = tag == "script" and said.get("type") == "application/ld+json"
        inline = tag == "style" or (tag == "script" and "src" not in said and not self._in_structured)
        if inline or any(name == "style" or name.startswith("on") for name in said):
            self.faults.append(f"inline code or style: {self.get_starttag_text()}")
        if "id" in said and said["id"] in self._ids:
            self.faults.append(f"an id twice: {said['id']}")
        self._ids.add(said.get("id", ""))
        if tag == "img":
            self.pictures.append(said["src"])
            if not ({"width", "height", "alt"} <= said.keys() and said["width"].isdecimal()):
                self.faults.append(f"a picture without size or alt: {self.get_starttag_text()}")
        if tag == "a":
            self.links.append(urldefrag(said["href"]).url)

    def handle_data(self, text: str) -> None:
        if self._in_structured:
            self.structured.append(text)
            self._in_structured = False


def crawl(client: httpx.Client) -> Iterator[tuple[str, httpx.Response, Markup]]:
    """Every page that links lead to from the front door, but those of another language."""
    seen, waiting = {"/"}, ["/"]
    while waiting:
        path = waiting.pop()
        answer = client.get(path)
        markup = Markup(answer.text)
        yield path, answer, markup
        for link in markup.links:
            if link and link not in seen and not link.startswith("/language/"):
                seen.add(link)
                waiting.append(link)


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_page_that_a_link_leads_to_is_there_and_within_the_policy(demo: RunningShop, language: str) -> None:
    paths, pictures, faults = set(), set(), []
    with httpx.Client(base_url=demo.url, headers={"Accept-Language": language}) as client:
        for path, answer, markup in crawl(client):
            paths.add(path)
            pictures.update(markup.pictures)
            faults += [f"{path}: {fault}" for fault in markup.faults]
            strict = answer.headers["Content-Security-Policy"].startswith(CONTENT_POLICY)
            if answer.status_code != 200 or not strict or f'<html lang="{language}"' not in answer.text:
                faults.append(f"{path}: {answer.status_code} {answer.headers}")
            if re.fullmatch(r"/|/(products|categories)/[^?]+", path) and not markup.structured:
                faults.append(f"{path}: nothing for search engines")
            for block in markup.structured:
                assert json.loads(block)["@context"] == "https://schema.org"
        for picture in pictures:
            answer = client.get(picture)
            kept = "immutable" in answer.headers.get("Cache-Control", "")
            if answer.status_code != 200 or not kept or not answer.headers["Content-Type"].startswith("image/"):
                faults.append(f"{picture}: {answer.status_code} {answer.headers}")
        told = re.findall(r"<loc>http://[^/]+(/[^<]*)</loc>", client.get("/sitemap.xml").text)
    assert faults == []
    assert {path for path in paths if re.fullmatch(r"/|/(products|categories)/[^?]+", path)} <= set(told) <= paths
    assert len(told) == len(set(told))
    assert len([path for path in paths if re.fullmatch("/products/[^?]+", path)]) == 63


def test_no_page_breaks_the_policy_or_scrolls_sideways_on_the_narrowest_phone(
    demo: RunningShop, visitor: Visitor
) -> None:
    # In the browser itself, whose complaints the visitor listens to; each product and category in one language.
    with httpx.Client(base_url=demo.url) as client:
        told = re.findall(r"<loc>http://[^/]+(/[^<]*)</loc>", client.get("/sitemap.xml").text)
    more = [
        *(f"/legal/{kind}" for kind in ("imprint", "terms", "privacy", "withdrawal", "accessibility")),
        *(
            "/delivery",
            "/search",
            "/search?q=Becher",
            "/search?q=xyzzy",
            "/search?reduced=true",
            "/search?sort=x",
            "/nowhere",
        ),
    ]
    wide = []
    page = visitor(demo, language="de-DE", width=320)
    for n, path in enumerate([*told, *more]):
        if n == len(told) // 2:
            page.goto("/language/en?back=/")
        page.goto(path, wait_until="domcontentloaded")
        if page.evaluate("document.documentElement.scrollWidth") > 320:
            wide.append(path)
    assert wide == []


def test_the_front_door_is_light(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo)
    sizes: dict[str, float] = {}
    kinds: dict[str, str] = {}
    network = page.context.new_cdp_session(page)
    network.on("Network.requestWillBeSent", lambda event: kinds.update({event["requestId"]: event["type"]}))
    network.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    network.send("Network.enable")
    page.goto("/")
    expect(page.locator(".good")).to_have_count(12)

    def all_is_there() -> bool:
        # Two frames, in which the browser sees which pictures are near enough to be loaded.
        page.evaluate("new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
        return kinds.keys() == sizes.keys()

    wait_until(all_is_there, 10, "the end of loading")
    assert len(sizes) <= 20
    assert sum(sizes.values()) <= 150 * KIB
    assert len([kind for kind in kinds.values() if kind == "Image"]) > 8
    assert len([kind for kind in kinds.values() if kind == "Font"]) == 2


def test_styles_and_scripts_are_light(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo)
    page.goto("/search")
    seen = page.evaluate(
        """() => performance.getEntriesByType("resource").filter((one) => /[.](css|js)$/.test(one.name))
        .map((one) => one.transferSize)"""
    )
    assert len(seen) == 3
    assert 0 < sum(seen) <= 40 * KIB


# What the browser itself tells: how far the page jumped, and what was the largest thing of the first screen.
LAYOUT = """
window.jumped = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) jumped += one.value;
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => { window.largest = list.getEntries().at(-1).element; })
  .observe({ type: "largest-contentful-paint", buffered: true });
"""


def settle(page: Page) -> None:
    """Wait for the fonts, for every picture of the first screen, and for the browser to have told of it."""
    page.wait_for_function(
        """async () => {
            await document.fonts.ready;
            const near = [...document.images].filter((one) => one.getBoundingClientRect().top < innerHeight);
            await Promise.all(near.map((one) => one.decode()));
            await new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)));
            return window.largest;
        }"""
    )


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_jumps_while_a_page_loads(demo: RunningShop, visitor: Visitor, width: int) -> None:
    for path in ("/", "/categories/tableware", "/search?q=Becher", "/products/becher-westerwald"):
        # Each in a profile of its own: nothing is in the browser's cache.
        page = visitor(demo, width=width)
        page.add_init_script(LAYOUT)
        page.goto(path)
        settle(page)
        assert page.evaluate("jumped") <= 0.04, f"{path} jumps"
        assert page.evaluate("largest.matches('main *')"), page.evaluate("largest.outerHTML")


def test_both_fonts_show_other_letters_while_they_load(demo: RunningShop, visitor: Visitor) -> None:
    page = visitor(demo)
    page.goto("/")
    faces = page.evaluate("[...document.fonts].map((face) => [face.family.replaceAll('\"', ''), face.display])")
    assert sorted(faces) == [["Funnel Display", "swap"], ["Funnel Sans", "swap"]]
    preloaded = page.locator("link[rel=preload][as=font]")
    expect(preloaded).to_have_count(1)
    expect(preloaded).to_have_attribute("href", re.compile("funnel-sans"))


def test_search_engines_are_told_each_variants_price_and_whether_it_is_there(
    demo: RunningShop, visitor: Visitor
) -> None:
    page = visitor(demo)
    page.goto("/products/becher-westerwald")
    facts = json.loads(page.locator("script[type='application/ld+json']").inner_text())
    [product] = [fact for fact in facts["@graph"] if fact["@type"] == "Product"]
    offers = {offer["sku"]: offer for offer in product["offers"]}
    assert len(offers) == 12
    assert offers["TT-BE-WW-TON-320"] | {"price": "18.50", "priceCurrency": "EUR"} == offers["TT-BE-WW-TON-320"]
    assert offers["TT-BE-WW-TON-320"]["availability"] == "https://schema.org/InStock"
    assert offers["TT-BE-WW-TON-450"]["availability"] == "https://schema.org/OutOfStock"
    expect(page.locator("link[rel=canonical]")).to_have_attribute("href", product["url"])
    assert product["url"].endswith("/products/becher-westerwald")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_shop_that_is_away_says_so_and_comes_back_by_itself(
    demo: RunningShop, visitor: Visitor, scripts: bool
) -> None:
    page = visitor(demo, scripts=scripts, language="de-DE")
    page.goto("/categories/tableware")
    demo.api.stop()
    try:
        # What was shown may be shown for a second more.
        wait_until(lambda: httpx.get(f"{demo.url}/categories/mugs").status_code == 503, 10, "the page of being away")
        with page.expect_response(lambda answer: answer.status == 503) as away:
            if scripts:
                page.get_by_role("checkbox", name="Mitternacht").check()
            else:
                page.locator(".kind", has_text="Becher").click()
        assert away.value.headers["retry-after"] == str(AGAIN_S)
        expect(page.get_by_role("heading", level=1)).to_have_text("Wir räumen kurz um")
        home = visitor(demo, scripts=scripts)
        home.goto("/")
        expect(home.locator(".hero h1")).to_be_visible()
        expect(home.locator(".good, .arches")).to_have_count(0)
    finally:
        demo.api.start()
    expect(page.get_by_role("status")).to_have_text(
        "3 von 12 Artikeln" if scripts else "4 Artikel", timeout=RETRY_LIMIT_MS
    )
    home.reload()
    expect(home.locator(".good")).to_have_count(12)
