"""The front page, and the frame that stands around every page."""

import re
from datetime import UTC, datetime

import pytest

from shopapi.contract.catalog import Delivery
from tests.web.conftest import Browser
from tests.web.fake_api import FakeApi
from tests.web.fake_catalog import Good, euros, option, variant


@pytest.fixture
def api() -> FakeApi:
    api = FakeApi()
    api.catalog.stock()
    return api


def test_the_front_page_is_the_shop(browser: Browser) -> None:
    page = browser.get("/")
    assert page.status == 200
    assert page.title == "Ton & Tinte: For long evenings at the table"
    assert "For long evenings at the table Stoneware from the Westerwald. See what is new" in page.text
    assert '<meta name="description" content="Stoneware from the Westerwald.">' in page.html
    assert "Fired twice It does not mind the oven. Free delivery from €60" in page.text
    assert "30 days to decide" in page.text
    assert "Tableware of clay, paper and ink." in page.text
    assert "Mug “Westerwald”" in page.text
    assert "All 3 items" in page.text
    assert "Delivery €4.90, free from €60 With you in 2 to 3 working days 30 days to return" in page.text


def test_it_speaks_german_to_germans(browser: Browser) -> None:
    page = browser.get("/", Accept_Language="de-DE,de;q=0.9")
    assert page.answer.headers["content-language"] == "de"
    assert "Versand 4,90 €, ab 60 € frei" in page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Für lange Abende am Tisch" in page.text
    assert "30 Tage Rückgabe" in page.text
    assert "Becher „Westerwald“" in page.text
    assert "18,50 €" in page.text.replace("\N{NO-BREAK SPACE}", " ")


def test_departments_are_arches_and_links_in_two_menus(browser: Browser) -> None:
    page = browser.get("/").html
    assert page.count('href="/categories/tableware"') == 3
    assert page.count('href="/search?reduced=true"') >= 2
    assert "/categories/mugs" not in page, "Only the departments, not what is below them."


def test_nothing_stands_there_that_does_nothing_yet(browser: Browser) -> None:
    page = browser.get("/")
    for word in ("basket", "account", "sign in", "checkout"):
        assert word not in page.text.lower()
    assert not re.search(r'href="#?"', page.html)


def test_a_card_says_what_matters_and_one_thing_at_a_glance(browser: Browser, api: FakeApi) -> None:
    colours = [option("glaze", "Glaze", "Sage", "Butter", swatch="#eee7d8/#ca704b")]
    api.catalog.goods.clear()
    api.catalog.put(Good("pot", {"de": "Bräter", "en": "Casserole"}, price=9900, was=12900))
    api.catalog.put(Good("bowl", {"de": "Schale", "en": "Bowl"}, units=3))
    api.catalog.put(Good("vase", {"de": "Vase", "en": "Vase"}, units=0))
    api.catalog.put(Good("lamp", {"de": "Leuchte", "en": "Lamp"}, published_at=datetime.now(UTC)))
    two = [variant("a", 1650, 5, options={"glaze": "sage"}), variant("b", 1850, 9, options={"glaze": "butter"})]
    api.catalog.put(Good("cup", {"de": "Tasse", "en": "Cup"}, options=colours, variants=two))
    page = browser.get("/").text
    assert "−23% Casserole Stoneware, 320 ml €99.00 instead of €129.00" in page
    assert "3 left Bowl" in page
    assert "Sold out Vase" in page
    assert "New Lamp" in page
    assert "Cup Stoneware, 320 ml from €16.50 2 colours" in page


def test_a_price_that_was_lower_lately_is_no_reduction(browser: Browser, api: FakeApi) -> None:
    api.catalog.goods.clear()
    api.catalog.put(Good("pot", {"de": "Bräter", "en": "Casserole"}, price=9900, was=9500))
    page = browser.get("/").text
    assert "instead of" not in page
    assert "€99.00" in page


@pytest.mark.parametrize(
    ("broken", "gone", "stays"),
    [
        ("/v1/products", "Fresh on the shelf", "Departments"),
        ("/v1/categories", 'class="arches"', "Fresh on the shelf"),
        ("/v1/shop", "Departments", "See what is new"),
    ],
)
def test_a_band_that_fails_is_left_out_and_comes_back(
    browser: Browser, api: FakeApi, broken: str, gone: str, stays: str
) -> None:
    api.catalog.broken.add(broken)
    page = browser.get("/")
    assert page.status == 200
    assert gone not in page.html
    assert stays in page.html
    assert page.answer.headers["cache-control"] == "no-store", "Nobody keeps half a page."
    api.catalog.broken.clear()
    assert gone in browser.get("/").html


def test_a_shop_that_is_away_still_has_a_front_door(browser: Browser, api: FakeApi) -> None:
    api.away = True
    page = browser.get("/")
    assert page.status == 200
    assert page.title == "Shop"
    assert "See what is new" in page.text
    assert 'href="/search"' in page.html
    assert "VAT" not in page.text, "Nobody can tell."
    assert '<meta name="robots" content="noindex">' in page.html
    api.away = False
    assert "noindex" not in browser.get("/").html
    browser.get("/legal/terms")
    api.away = True
    assert browser.get("/nowhere").title.endswith("| Ton & Tinte"), "What it is called is remembered."


def test_a_merchant_who_has_written_nothing_promises_nothing(browser: Browser, api: FakeApi) -> None:
    api.catalog.shop_name = "Schraube & Mutter"
    api.catalog.put(Good("mug", {"de": "Schraube", "en": "Screw"}))
    api.catalog.words.clear()
    api.catalog.returns_days = None
    api.catalog.delivery = None
    for path in ("/", "/products/notebook", "/categories/paper", "/delivery", "/search", "/nowhere", "/office/sign-in"):
        for language in ("en", "de"):
            page = browser.get(path, Accept_Language=language)
            shown = re.sub(r'<(head|svg|script)\b.*?</\1>|src="[^"]*"', "", page.html, flags=re.DOTALL).replace(
                "Becher", ""
            )
            for word in ("Westerwald", "Ton &", "Tinte", "clay", "Ofen", "oven", "evening", "30 ", "Teapot,"):
                assert word not in shown, (path, word)
            assert "Schraube &amp; Mutter" in shown
            assert 'name="description" content=""' not in page.html
    page = browser.get("/")
    assert page.title == "Schraube & Mutter"
    assert '<h1 id="welcome">Schraube &amp; Mutter</h1>' in page.html
    for gone in ('class="promise"', 'id="why"', 'class="say"'):
        assert gone not in page.html


def test_prices_without_tax_are_said_to_be_that(browser: Browser, api: FakeApi) -> None:
    assert "All prices include VAT, plus delivery" in browser.get("/").text
    api.catalog.prices_include_tax = False
    api.catalog.changed()
    german = browser.get("/products/mug", Accept_Language="de").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "zzgl. 19 % MwSt., zzgl. Versand" in german
    assert "Alle Preise zzgl. MwSt. und Versand" in german


def test_an_api_that_breaks_takes_neither_the_front_door_nor_the_page_of_what_is_lost(
    browser: Browser, api: FakeApi
) -> None:
    api.next_problem = (500, "internal_error", {})
    assert browser.get("/").status == 200
    api.next_problem = (500, "internal_error", {})
    page = browser.get("/nowhere")
    assert page.status == 404
    assert 'id="missing"' in page.html


def test_an_empty_shop_has_no_empty_bands(browser: Browser, api: FakeApi) -> None:
    api.catalog.goods.clear()
    api.catalog.categories.clear()
    api.catalog.parents.clear()
    api.catalog.changed()
    page = browser.get("/")
    assert page.status == 200
    assert 'class="goods"' not in page.html
    assert 'class="arches"' not in page.html


@pytest.mark.parametrize(
    ("delivery", "line", "band"),
    [
        (Delivery(euros(0), None, 1, 1), "Free delivery With you in 1 working day 30", "Free delivery The day on"),
        (
            Delivery(euros(490), None, 2, 3),
            "Delivery €4.90 With you in 2 to 3",
            "With you in 2 to 3 working days The day",
        ),
        (None, "30 days to return Ton & Tinte", "oven. 30 days to decide"),
    ],
)
def test_only_what_is_true_of_delivery_is_promised(
    browser: Browser, api: FakeApi, delivery: Delivery | None, line: str, band: str
) -> None:
    api.catalog.delivery = delivery
    page = browser.get("/").text
    assert line in page
    assert band in page


def test_a_product_without_a_picture_has_a_place_for_one(browser: Browser, api: FakeApi) -> None:
    api.catalog.goods["mug"].pictures = 0
    api.catalog.changed()
    assert 'class="none"' in browser.get("/").html
