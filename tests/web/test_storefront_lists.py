"""Categories and the search: what narrows a list, in its address alone."""

import re

import pytest

from tests.web.conftest import Browser, Page
from tests.web.fake_api import FakeApi
from tests.web.fake_catalog import Good, option


@pytest.fixture
def api() -> FakeApi:
    api = FakeApi()
    api.catalog.stock()
    stone, glass = option("material", "Material", "Stone"), option("material", "Material", "Glass")
    api.catalog.goods["mug"].options = [stone]
    api.catalog.goods["teapot"].options = [stone]
    api.catalog.put(Good("vase", {"de": "Vase", "en": "Vase"}, price=1200, units=0, options=[glass]))
    api.catalog.put(Good("cup", {"de": "Tasse", "en": "Cup"}, price=2500, category="mugs", was=3000))
    return api


def names(page: Page) -> list[str]:
    return re.findall(r'<h3><a href="/products/[^"]+">([^<]+)</a>', page.html)


def chips(page: Page) -> dict[str, str]:
    found = re.findall(r'<a class="chip" href="([^"]+)"[^>]*>(.*?) <b', page.html)
    return {label.replace("\N{NO-BREAK SPACE}", " "): href.replace("&amp;", "&") for href, label in found}


def asked(api: FakeApi) -> dict[str, str]:
    return dict([call for call in api.calls if call.url.path == "/v1/products"][-1].url.params)


def test_a_category_shows_its_goods_and_those_below_it(browser: Browser, api: FakeApi) -> None:
    page = browser.get("/categories/tableware")
    assert names(page) == ["Mug “Westerwald”", "Teapot", "Vase", "Cup"]
    assert "4 items" in page.text
    assert "All about Tableware." in page.text
    assert '<a href="/categories/tableware" aria-current="page">' in page.html
    assert asked(api)["sort"] == "newest"


def test_a_category_below_has_its_way_and_marks_its_department(browser: Browser) -> None:
    page = browser.get("/categories/mugs")
    assert names(page) == ["Cup"]
    assert '<a href="/categories/tableware" aria-current="true">' in page.html
    crumbs = re.search(r'<nav class="crumbs".*?</nav>', page.html)
    assert crumbs
    assert re.findall(r">([^<>]+)<", crumbs[0]) == ["Home", "Tableware", "Mugs"]
    assert "All of Tableware" in page.text


def test_kinds_lead_to_the_categories_below_and_keep_the_filters(browser: Browser) -> None:
    page = browser.get("/categories/tableware?in_stock=true")
    assert 'href="/categories/mugs?in_stock=true"' in page.html


def test_boxes_have_counts_and_say_what_is_chosen(browser: Browser) -> None:
    page = browser.get("/categories/tableware?option=material:stone&in_stock=true")
    assert names(page) == ["Mug “Westerwald”", "Teapot"]
    assert "2 of 4 items" in page.text
    assert "2 chosen" in page.text
    box = re.search(r'<input type="checkbox"[^>]*value="material:stone"[^>]*>', page.html)
    assert box
    assert " checked" in box[0]
    assert chips(page) == {
        "In stock": "/categories/tableware?option=material%3Astone",
        "Stone": "/categories/tableware?in_stock=true",
    }


def test_prices_are_typed_in_euros_and_asked_for_in_cents(browser: Browser, api: FakeApi) -> None:
    page = browser.get("/search?price_min=12,50&price_max=30")
    assert names(page) == ["Mug “Westerwald”", "Notebook", "Cup"]
    assert (asked(api)["price_min"], asked(api)["price_max"]) == ("1250", "3000")
    assert set(chips(page)) == {"from €12.50", "up to €30"}
    assert 'value="12,50"' in page.html, "As it was typed."
    assert 'placeholder="€16"' in page.html


def test_prices_in_the_wrong_order_are_turned_round(browser: Browser, api: FakeApi) -> None:
    browser.get("/search?price_min=30&price_max=12")
    assert (asked(api)["price_min"], asked(api)["price_max"]) == ("1200", "3000")


@pytest.mark.parametrize("typed", ["cheap", "-5", "1e3", "12.345", "9" * 400])
def test_a_price_that_is_none_is_said_at_its_field(browser: Browser, typed: str) -> None:
    page = browser.get(f"/search?price_min={typed}")
    assert page.status == 422
    assert page.title.startswith("Error:")
    assert "A price is a number, such as 12 or 12.50." in page.text
    assert re.search(r'id="price_min"[^>]*aria-invalid="true" aria-describedby="price_min-error"', page.html)
    assert names(page), "The goods are still there."


def test_blank_fields_narrow_nothing(browser: Browser) -> None:
    page = browser.get("/search?price_min=&price_max=&q=&category=&sort=&cursor=")
    assert page.status == 200
    assert len(names(page)) == 5
    assert not chips(page)


def test_the_sort_keeps_the_filters_and_the_filters_keep_the_sort(browser: Browser) -> None:
    page = browser.get("/search?option=material:stone&sort=-price")
    assert names(page) == ["Teapot", "Mug “Westerwald”"]
    forms = re.findall(r'<form [^>]*action="/search".*?</form>', page.html, re.DOTALL)
    sort, filters = forms[1], forms[2]
    assert '<option value="-price" selected>' in sort
    assert 'name="option" value="material:stone"' in sort
    assert 'type="hidden" name="sort" value="-price"' in filters
    assert 'type="hidden" name="option"' not in filters


def test_a_campaigns_name_in_the_address_does_no_harm(browser: Browser, api: FakeApi) -> None:
    assert browser.get("/search?utm_source=letter&gclid=1&q=mug").status == 200
    assert "utm_source" not in asked(api)


def test_none_left_says_which_filter_to_drop(browser: Browser) -> None:
    page = browser.get("/categories/tableware?option=material:glass&in_stock=true")
    assert page.status == 200
    assert "Nothing fits all of that. Remove one of the filters." in page.text
    assert len(chips(page)) == 2


def test_more_goods_are_a_plain_link(browser: Browser, api: FakeApi) -> None:
    for n in range(60):
        api.catalog.put(Good(f"plate-{n}", {"de": f"Teller {n}", "en": f"Plate {n}"}))
    page = browser.get("/categories/tableware?sort=name&in_stock=true")
    seen = names(page)
    for label, count in (("Show 24 more", 48), ("Show 15 more", 63), ("", 63)):
        link = re.search(r'<a class="btn quiet" href="([^"]+)".*?>([^<>]+)</a></div>', page.html)
        if not label:
            assert link is None
            break
        assert link
        assert link[2] == label
        page = browser.get(link[1].replace("&amp;", "&"))
        seen += names(page)
        assert len(set(seen)) == len(seen) == count
        assert "Back to the first page" in page.text
        assert '<meta name="robots" content="noindex">' in page.html


def test_the_search_keeps_its_words_and_says_how_many_it_found(browser: Browser, api: FakeApi) -> None:
    page = browser.get("/search?q=%20mug%20")
    assert page.title.startswith("Search for “mug”")
    assert names(page) == ["Mug “Westerwald”"]
    assert re.search(r'role="status">1 item<', page.html)
    assert 'name="q" type="search" value="mug"' in page.html
    assert 'type="hidden" name="q" value="mug"' in page.html
    assert asked(api)["sort"] == "relevance"
    assert '<meta name="robots" content="noindex">' in page.html


def test_a_misspelt_search_says_which_spelling_it_shows(browser: Browser, api: FakeApi) -> None:
    api.catalog.suggestion = "mug"
    page = browser.get("/search?q=mgu")
    assert "This is what is found by mug" in page.text
    assert 'href="/search?q=mug"' in page.html
    assert names(page) == ["Mug “Westerwald”"]


def test_nothing_found_offers_the_departments(browser: Browser, api: FakeApi) -> None:
    page = browser.get("/search?q=xyz")
    assert "Have a look round the departments." in page.text
    assert 'class="arches"' in page.html


def test_offers_are_the_reduced_goods(browser: Browser, api: FakeApi) -> None:
    page = browser.get("/search?reduced=true")
    assert page.title.startswith("Offers")
    assert names(page) == ["Cup"]
    assert 'class="sale" href="/search?reduced=true" aria-current="page"' in page.html


def test_search_engines_list_the_offers_but_no_part_of_them(browser: Browser) -> None:
    page = browser.get("/search?reduced=true").html
    assert "noindex" not in page
    assert '<link rel="canonical" href="http://127.0.0.1:5050/search?reduced=true">' in page
    for more in ("in_stock=true", "category=tableware", "sort=price", "q=cup", "price_max=99"):
        assert '<meta name="robots" content="noindex">' in browser.get(f"/search?reduced=true&{more}").html, more
    assert "noindex" in browser.get("/categories/tableware?reduced=true").html


def test_lists_have_one_address_for_search_engines(browser: Browser) -> None:
    page = browser.get("/categories/tableware").html
    assert '<link rel="canonical" href="http://127.0.0.1:5050/categories/tableware">' in page
    assert "noindex" not in page
    narrowed = browser.get("/categories/tableware?in_stock=true").html
    assert '<link rel="canonical" href="http://127.0.0.1:5050/categories/tableware">' in narrowed
    assert '<meta name="robots" content="noindex">' in narrowed


HOSTILE = [
    "%25",
    "_",
    "%22%27",
    "%00",
    "a%00b",
    "%ff%fe",
    "%ed%a0%80",
    "%0d%0aSet-Cookie:%20x=1",
    "a" * 3000,
    "+".join(["word"] * 200),
    "<script>",
    "%E2%80%AE%F0%9F%8D%B5",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_whatever_is_searched_for_gets_a_page(browser: Browser, api: FakeApi, words: str) -> None:
    page = browser.get(f"/search?q={words}")
    assert page.status == 200
    assert "<script>" not in page.html
    for call in api.calls:
        assert len(call.url.params.get("q", "")) <= 128
        assert not re.search(r"[\x00-\x1f]", call.url.params.get("q", ""))


@pytest.mark.parametrize(
    "query",
    [
        "sort=cheapest",
        "option=nonsense",
        "cursor=of-another-list",
        "option=a:b&option=nonsense",
        "sort=%00",
        "cursor=%00",
    ],
)
@pytest.mark.parametrize("path", ["/categories/tableware", "/search"])
def test_what_the_shop_does_not_know_is_said_with_a_way_on(browser: Browser, path: str, query: str) -> None:
    page = browser.get(f"{path}?{query}", Accept_Language="de")
    assert page.status == 400
    assert page.title.startswith("Diese Filter kennt der Laden nicht")
    assert f'class="btn" href="{path}"' in page.html


@pytest.mark.parametrize("query", ["in_stock=perhaps", "reduced=1", "from=-3", "from=9999999999", "sort=relevance"])
def test_what_cannot_be_meant_is_left_aside(browser: Browser, query: str) -> None:
    assert browser.get(f"/search?{query}").status == 200


def test_a_category_that_is_not_there_is_not_found(browser: Browser) -> None:
    assert browser.get("/search?category=none").status == 404
    assert browser.get("/categories/%00").status == 404
    assert browser.get("/categories/Tableware").status == 404


def test_a_page_asks_twice_at_most_beside_shop_and_categories(browser: Browser, api: FakeApi) -> None:
    for path in ("/", "/categories/tableware", "/search?q=mug", "/products/mug"):
        api.catalog.changed()
        api.calls.clear()
        browser.get(path)
        asked = [call.url.path for call in api.calls if call.url.path not in ("/v1/shop", "/v1/categories")]
        assert len(asked) <= 2, path
        assert len(api.calls) <= 4, path
