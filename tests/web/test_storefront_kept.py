"""What is kept, and for how long it is true: never a second longer than the API says so."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from shopapi.client import ApiUnavailable, NotFound, ShopApiError, ShopClient
from shopapi.contract.catalog import ProductQuery
from shopweb.locale import Language
from shopweb.site import Site
from shopweb.storefront import shelf as shelf_module
from shopweb.storefront.bounded import Bounded
from shopweb.storefront.shelf import Question, Shelf
from tests.web.conftest import Browser
from tests.web.fake_api import FakeApi
from tests.web.fake_catalog import Good


class Visitor:
    """Somebody who asks in one language."""

    def __init__(self, client: ShopClient, language: Language = "en") -> None:
        self.api_for_nobody = client
        self.language: Language = language
        self.told: dict[Question, str] = {}
        self.untold: dict[Question, ShopApiError] = {}


class Stage:
    """A shelf with a clock that a test moves, in front of an API that counts."""

    def __init__(self) -> None:
        self.now = 100.0
        self.api = FakeApi()
        self.api.catalog.stock()
        self.shelf = Shelf(clock=lambda: self.now)
        self.client = ShopClient("http://api", transport=self.api.transport, retries=0)
        self.visitor = Visitor(self.client)

    @property
    def calls(self) -> list[str]:
        """The paths that were asked for since the last look."""
        paths = [call.url.path for call in self.api.calls]
        self.api.calls.clear()
        return paths


def run(scene: Callable[[Stage], Awaitable[Any]]) -> None:
    async def play() -> None:
        stage = Stage()
        try:
            await scene(stage)
        finally:
            await stage.client.aclose()

    asyncio.run(play())


def test_within_a_second_nothing_is_asked_twice() -> None:
    async def scene(stage: Stage) -> None:
        for _ in range(3):
            await stage.shelf.version(stage.visitor)
            await stage.shelf.product(stage.visitor, "mug")
        assert stage.calls == ["/v1/shop", "/v1/products/mug"]

    run(scene)


def test_after_a_second_one_question_renews_everything_of_the_same_version() -> None:
    async def scene(stage: Stage) -> None:
        await stage.shelf.version(stage.visitor)
        first = await stage.shelf.product(stage.visitor, "mug")
        await stage.shelf.categories(stage.visitor)
        stage.calls.clear()
        stage.now += 1.5
        await stage.shelf.version(stage.visitor)
        assert await stage.shelf.product(stage.visitor, "mug") is first
        await stage.shelf.categories(stage.visitor)
        assert stage.calls == ["/v1/shop"]

    run(scene)


def test_another_version_asks_again_and_an_unchanged_answer_comes_as_304() -> None:
    async def scene(stage: Stage) -> None:
        await stage.shelf.version(stage.visitor)
        first = await stage.shelf.product(stage.visitor, "mug")
        other = await stage.shelf.product(stage.visitor, "teapot")
        stage.api.catalog.goods["teapot"].price = 7000
        stage.api.catalog.changed()
        stage.now += 1.0
        await stage.shelf.version(stage.visitor)
        assert await stage.shelf.product(stage.visitor, "mug") is first, "304: what was decoded is used again."
        changed = await stage.shelf.product(stage.visitor, "teapot")
        assert (other.variants[0].price.amount, changed.variants[0].price.amount) == (6400, 7000)
        stage.calls.clear()
        await stage.shelf.product(stage.visitor, "mug")
        assert stage.calls == []

    run(scene)


def test_a_second_after_the_last_answer_nothing_old_is_shown() -> None:
    async def scene(stage: Stage) -> None:
        await stage.shelf.version(stage.visitor)
        await stage.shelf.product(stage.visitor, "mug")
        stage.api.away = True
        stage.now += 0.9
        await stage.shelf.product(stage.visitor, "mug")
        stage.now += 0.2
        for ask in (stage.shelf.version, stage.shelf.shop, stage.shelf.categories):
            with pytest.raises(ApiUnavailable):
                await ask(stage.visitor)
        with pytest.raises(ApiUnavailable):
            await stage.shelf.product(stage.visitor, "mug")

    run(scene)


def test_languages_and_lists_are_kept_apart() -> None:
    async def scene(stage: Stage) -> None:
        german = Visitor(stage.client, "de")
        await stage.shelf.version(stage.visitor)
        assert (await stage.shelf.product(stage.visitor, "teapot")).name == "Teapot"
        assert (await stage.shelf.product(german, "teapot")).name == "Teekanne"
        few = await stage.shelf.products(stage.visitor, ProductQuery(limit=1))
        many = await stage.shelf.products(stage.visitor, ProductQuery(limit=2))
        assert (len(few.data), len(many.data)) == (1, 2)

    run(scene)


def test_an_api_that_tells_no_version_is_asked_each_time_but_for_the_shop_itself() -> None:
    async def scene(stage: Stage) -> None:
        stage.api.catalog.tells_version = False
        german = Visitor(stage.client, "de")
        for _ in range(2):
            for visitor in (stage.visitor, german):
                await stage.shelf.version(visitor)
                await stage.shelf.shop(visitor)
            await stage.shelf.product(stage.visitor, "mug")
        assert stage.calls == ["/v1/shop", "/v1/shop", "/v1/products/mug", "/v1/products/mug"]
        stage.now += 1.0
        await stage.shelf.shop(stage.visitor)
        assert stage.calls == ["/v1/shop"]

    run(scene)


def test_answers_are_compared_by_their_etags() -> None:
    async def scene(stage: Stage) -> None:
        await stage.shelf.product(stage.visitor, "mug")
        await stage.shelf.categories(stage.visitor)
        told = dict(stage.visitor.told)
        assert len(told) == 2
        stage.api.catalog.goods["teapot"].price = 7000
        stage.api.catalog.changed()
        assert await stage.shelf.still_says(stage.visitor, told)
        stage.api.catalog.goods["mug"].price = 1990
        stage.api.catalog.changed()
        assert not await stage.shelf.still_says(stage.visitor, told)
        assert not await stage.shelf.still_says(stage.visitor, {**stage.visitor.told, ("product", "en", "none"): '"x"'})
        assert not await stage.shelf.still_says(stage.visitor, dict.fromkeys(stage.visitor.told, ""))

    run(scene)


def test_a_crowd_that_wants_the_same_makes_one_call_and_shares_its_failure() -> None:
    async def scene(stage: Stage) -> None:
        await asyncio.gather(*(stage.shelf.product(stage.visitor, "mug") for _ in range(20)))
        assert stage.calls == ["/v1/products/mug"]
        asks = (stage.shelf.product(stage.visitor, "none") for _ in range(20))
        failures = await asyncio.gather(*asks, return_exceptions=True)
        assert all(isinstance(failure, NotFound) for failure in failures)
        assert stage.calls == ["/v1/products/none"]

    run(scene)


def test_who_leaves_does_not_take_the_answer_away_from_the_others() -> None:
    async def scene(stage: Stage) -> None:
        leaving = asyncio.ensure_future(stage.shelf.product(stage.visitor, "mug"))
        staying = asyncio.ensure_future(stage.shelf.product(stage.visitor, "mug"))
        await asyncio.sleep(0)
        leaving.cancel()
        assert (await staying).slug == "mug"

    run(scene)


def test_a_call_that_began_long_ago_answers_nobody_new() -> None:
    async def scene(stage: Stage) -> None:
        slow = asyncio.ensure_future(stage.shelf.product(stage.visitor, "mug"))
        await asyncio.sleep(0)
        stage.now += 1.0
        await stage.shelf.product(stage.visitor, "mug")
        await slow
        assert stage.calls == ["/v1/products/mug"] * 2

    run(scene)


def test_what_was_used_the_longest_ago_makes_room() -> None:
    kept: Bounded[str] = Bounded(4000)
    for name in ("a", "b", "c"):
        kept.keep(name, name, 600)
    assert kept.find("a") == "a"
    kept.keep("d", "d", 600)
    assert [name for name in "abcd" if kept.find(name)] == ["a", "c", "d"]
    kept.keep("a", "A", 5000)
    assert kept.find("a") is None, "It would fill the whole store."
    for n in range(100):
        kept.keep(n, "x", 0)
    assert len([n for n in range(100) if kept.find(n)]) <= 8, "Small ones cost something too."


@pytest.fixture
def api() -> FakeApi:
    api = FakeApi()
    api.catalog.stock()
    return api


def test_a_page_is_made_once_for_each_language_theme_and_coding(
    browser: Browser, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_module, "FRESH_S", 60.0)
    english = browser.get("/products/mug")
    api.calls.clear()
    assert browser.get("/products/mug").html == english.html
    assert not api.calls
    assert '<html lang="de">' in browser.get("/products/mug", Accept_Language="de").html
    assert "content-encoding" not in browser.get("/products/mug", Accept_Encoding="identity").answer.headers
    browser.cookies.set("shop_theme", "dark")
    assert 'data-theme="dark"' in browser.get("/products/mug").html


def test_a_signed_in_member_of_staff_sees_the_page_that_everybody_sees(browser: Browser, api: FakeApi) -> None:
    before = browser.get("/products/mug").html
    browser.sign_in()
    after = browser.get("/products/mug")
    assert after.html == before
    assert "set-cookie" not in after.answer.headers


def test_a_change_is_on_the_next_page_once_the_second_is_over(
    browser: Browser, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_module, "FRESH_S", 0.0)
    assert "€18.50" in browser.get("/products/mug").text
    api.catalog.goods["mug"].price = 1990
    api.catalog.changed()
    for path in ("/products/mug", "/", "/categories/tableware", "/search?q=mug"):
        assert "€19.90" in browser.get(path).text
    api.away = True
    assert browser.get("/products/mug").status == 503


def test_what_is_gone_is_gone(browser: Browser, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf_module, "FRESH_S", 0.0)
    assert browser.get("/products/mug").status == 200
    del api.catalog.goods["mug"]
    api.catalog.changed()
    assert browser.get("/products/mug").status == 404
    api.catalog.put(Good("mug", {"de": "Becher", "en": "Mug again"}))
    assert "Mug again" in browser.get("/products/mug").text


@pytest.mark.parametrize("tells_version", [True, False])
@pytest.mark.parametrize("path", ["/", "/categories/paper", "/search?q=notebook", "/products/notebook", "/delivery"])
def test_a_page_whose_answers_did_not_change_is_not_made_again(
    browser: Browser, api: FakeApi, monkeypatch: pytest.MonkeyPatch, path: str, tells_version: bool
) -> None:
    monkeypatch.setattr(shelf_module, "FRESH_S", 0.0)
    api.catalog.tells_version = tells_version
    api.catalog.words["en"].intro = "Said once."
    made = count_renders(monkeypatch)
    first = browser.get(path)
    api.catalog.changed()
    assert browser.get(path).html == first.html
    assert made == [1]
    api.catalog.words["en"].about = "Said anew."
    api.catalog.changed()
    assert "Said anew." in browser.get(path).text, "What every page shows changes every page."
    assert made == [2]


@pytest.mark.parametrize(
    ("path", "hangs", "status"),
    [
        ("/products/mug", "/v1/products", 200),
        ("/products/mug", "/v1/products/mug", 503),
        ("/", "/v1/products", 200),
        ("/search", "/v1/products", 503),
        ("/delivery", "/v1/categories", 503),
    ],
)
def test_a_question_that_fails_while_a_kept_page_is_looked_at_is_not_asked_again_to_make_it(
    browser: Browser, api: FakeApi, monkeypatch: pytest.MonkeyPatch, path: str, hangs: str, status: int
) -> None:
    monkeypatch.setattr(shelf_module, "FRESH_S", 0.0)
    assert browser.get(path).status == 200
    api.catalog.changed()
    api.calls.clear()
    answer = api.catalog.answer

    def hanging(request: httpx.Request) -> httpx.Response | None:
        if request.url.path == hangs:
            raise httpx.ReadTimeout("too slow", request=request)
        return answer(request)

    monkeypatch.setattr(api.catalog, "answer", hanging)
    assert browser.get(path).status == status
    waited = [call for call in api.calls if call.url.path == hangs]
    assert len(waited) == 2, "One call, which the client repeats once."
    monkeypatch.undo()
    assert browser.get(path).status == 200, "Only that one page hears of it."


def test_a_sale_makes_only_the_pages_again_that_show_it(
    browser: Browser, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_module, "FRESH_S", 0.0)
    paths = ("/products/mug", "/products/notebook", "/categories/paper", "/categories/tableware", "/legal/terms")
    for path in paths:
        browser.get(path)
    made = count_renders(monkeypatch)
    api.catalog.goods["mug"].units = 2
    api.catalog.changed()
    pages = {path: browser.get(path).text for path in paths}
    assert "Only 2 left" in pages["/products/mug"]
    assert "2 left" in pages["/categories/tableware"]
    assert made == [2]


def count_renders(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    made, render = [0], Site.render

    def counted(site: Site, *arguments: Any, **context: Any) -> str:
        made[0] += 1
        return render(site, *arguments, **context)

    monkeypatch.setattr(Site, "render", counted)
    return made


def test_without_a_version_a_page_asks_for_the_shop_once(browser: Browser, api: FakeApi) -> None:
    api.catalog.tells_version = False
    assert browser.get("/products/mug").status == 200
    assert [call.url.path for call in api.calls].count("/v1/shop") == 1
    assert "€18.50" in browser.get("/products/mug").text
    api.catalog.goods["mug"].price = 1990
    api.catalog.changed()
    assert "€19.90" in browser.get("/products/mug").text, "Nothing says that it is the same: so it is asked for."


def test_the_same_page_has_the_same_etag_whichever_process_makes_it(
    api: FakeApi, open_browser: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = open_browser(api).get("/products/mug"), open_browser(api)
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
    assert second.get("/products/mug", If_None_Match=first.answer.headers["etag"]).status == 304
