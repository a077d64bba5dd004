"""What one tab does must not trip up another, and what nobody typed must be refused plainly."""

import pytest

from tests.web.conftest import Browser
from tests.web.fake_api import PASSWORD, FakeApi

OWNER = "owner@shop.example"


def test_signing_in_works_in_a_tab_that_was_opened_before_another_one_signed_in(browser: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 3)
    asked = browser.get(f"/office/stock/{mug.id}")
    browser.sign_in()
    page = browser.send(asked, "/office/sign-in", email=OWNER, password=PASSWORD)
    assert page.status == 200
    assert str(page.answer.url).endswith(f"/office/stock/{mug.id}")


def test_a_sign_in_form_of_another_browser_is_refused(browser: Browser, staff: Browser, api: FakeApi) -> None:
    form = browser.get("/office/stock").html
    assert form
    foreign = {"token": "salt.0000", "email": OWNER, "password": PASSWORD}
    assert staff.post("/office/sign-in", foreign).status == 403


def test_signing_out_twice_ends_at_the_sign_in_page(staff: Browser) -> None:
    page = staff.get("/office/stock")
    staff.send(page, "/office/sign-out")
    again = staff.send(page, "/office/sign-out")
    assert (again.status, again.title.partition(" ")[0]) == (200, "Sign")


def test_reserved_units_alone_are_no_edit_conflict(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 12)
    page = staff.get(f"/office/stock/{mug.id}")
    mug.reserved, mug.version = 1, mug.version + 1
    page = staff.send(page, f"/office/stock/{mug.id}", "data-save", quantity="11")
    assert "“Mug” is saved, with 11 on hand." in page.text


def test_what_the_edge_refuses_speaks_the_chosen_language_in_the_chosen_theme(browser: Browser) -> None:
    browser.cookies.set("shop_language", "de")
    browser.cookies.set("shop_theme", "dark")
    page = browser.get("/office/stock/")
    assert page.status == 404
    assert 'lang="de"' in page.html
    assert 'data-theme="dark"' in page.html


def test_who_may_only_look_gets_no_page_that_deletes(browser: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 3)
    browser.sign_in("viewer@shop.example")
    page = browser.get(f"/office/stock/{mug.id}/delete")
    assert page.status == 403
    assert "You may not do this" in page.text


@pytest.mark.parametrize(
    ("action", "changed"),
    [
        ("/office/stock", {"key": "x"}),
        ("/office/stock", {"key": "ä" * 20}),
        ("/office/stock", {"key": "a key with\na second line"}),
        ("/office/stock/1/delete", {"etag": "ä"}),
        ("/office/stock/1/delete", {"etag": '"v1"\nX: y'}),
        ("/office/stock/1/undo", {"name": "", "quantity": "1", "etag": '"v1"'}),
    ],
)
def test_a_hidden_field_that_somebody_changed_is_400_and_changes_nothing(
    staff: Browser, api: FakeApi, action: str, changed: dict[str, str]
) -> None:
    mug = api.put("Mug", 3)
    token = staff.get("/office/stock").form("/office/stock")["token"]
    page = staff.post(action, {"token": token, "name": "Mug", "quantity": "1", **changed})
    assert page.status == 400
    assert (mug.name, mug.quantity) == ("Mug", 3)


def test_looking_whether_the_api_is_back_uses_up_no_note(staff: Browser, api: FakeApi) -> None:
    api.put("Mug", 3)
    sent = {**staff.get("/office/stock").form("/office/stock"), "name": "Mug", "quantity": "2"}
    staff.post("/office/stock", sent, follow=False)
    looked = staff.get("/office/stock", x_looks_again="1")
    assert "received" not in looked.text.partition("Movements")[0]
    assert "2 units of “Mug” received." in staff.get("/office/stock").text


def test_under_https_every_cookie_is_of_this_host_alone(api: FakeApi, open_browser: object) -> None:
    browser: Browser = open_browser(api, SHOP_PUBLIC_URL="https://127.0.0.1")  # type: ignore[operator]
    browser.sign_in()
    browser.post("/preferences", {"theme": "dark", "language": "de", "back": "/office/stock"})
    names = {cookie.name for cookie in browser.cookies.jar}
    assert {"__Host-office_sid", "__Host-shop_theme", "__Host-shop_language"} <= names
    assert all(name.startswith("__Host-") for name in names)
