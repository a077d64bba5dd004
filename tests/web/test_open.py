"""A classroom: the stock is everybody's, from ``/items`` alone."""

from collections.abc import Callable

import pytest

from tests.web.conftest import Browser
from tests.web.fake_api import FakeApi


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(open_items=True)


@pytest.fixture
def anybody(api: FakeApi, open_browser: Callable[..., Browser]) -> Browser:
    return open_browser(api, SHOP_ITEMS_ACCESS="open")


def test_anybody_lists_adds_edits_and_deletes(anybody: Browser, api: FakeApi) -> None:
    page = anybody.send(anybody.get("/office/stock"), "/office/stock", name="Mug", quantity="5")
    assert "“Mug” is new" in page.text
    page = anybody.send(page, "/office/stock/1", quantity="7")
    assert "“Mug” is saved, with 7 on hand." in page.text
    page = anybody.send(anybody.get("/office/stock/1"), "/office/stock/1", name="Cup")
    assert "“Cup” is saved, with 7 on hand." in page.text
    page = anybody.send(anybody.get("/office/stock/1/delete"), "/office/stock/1/delete")
    assert "“Cup” is deleted, 7 units written off." in page.text
    assert not api.items


def test_only_the_classic_interface_is_asked(anybody: Browser, api: FakeApi) -> None:
    api.put("Mug", 5)
    for path in ("/office/stock", "/office/stock/1", "/office/stock/1/delete"):
        page = anybody.get(path)
        assert page.status == 200
        for word in ("Reserved", "Movements", "Sold out", "Sign out"):
            assert word not in page.text
        assert "Sign in" in page.text
    assert {call.url.path.split("/")[1] for call in api.calls} == {"items"}


def test_a_conflict_in_the_open_list_is_seen_without_an_etag(anybody: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 5)
    page = anybody.get("/office/stock")
    api.move(mug, 3, "receive")
    page = anybody.send(page, "/office/stock/1", quantity="7")
    assert page.status == 412
    assert "This item was changed meanwhile" in page.text
    assert "8 saved 7 yours" in page.text
    page = anybody.send(page, "/office/stock/1")
    assert mug.quantity == 7


def test_the_filter_and_pages_work_on_a_long_list(anybody: Browser, api: FakeApi) -> None:
    for n in range(130):
        api.put(f"Mug {n}", n)
    page = anybody.get("/office/stock")
    assert "1 to 100 of 130" in page.text
    assert "101 to 130 of 130" in anybody.get("/office/stock?start=100").text
    assert "1 to 1 of 1" in anybody.get("/office/stock?q=MUG+129").text


def test_forms_are_bound_to_the_browser_all_the_same(anybody: Browser, api: FakeApi) -> None:
    page = anybody.get("/office/stock")
    anybody.cookies.clear()
    assert anybody.send(page, "/office/stock", name="Mug", quantity="5").status == 403
    assert not api.items


def test_staff_who_sign_in_see_the_whole_page(anybody: Browser, api: FakeApi) -> None:
    api.put("Mug", 5)
    anybody.sign_in()
    page = anybody.get("/office/stock")
    assert "Movements" in page.text
    assert "Reserved" in page.text


def test_an_api_that_is_not_open_asks_to_sign_in(
    open_browser: Callable[..., Browser],
) -> None:
    closed = open_browser(FakeApi(open_items=False), SHOP_ITEMS_ACCESS="open")
    assert closed.get("/office/stock").title.startswith("Sign in")
