"""Nothing is changed by a form that is not one of ours, or not what a browser sends."""

import pytest

from tests.web.conftest import Browser
from tests.web.fake_api import FakeApi

CHANGES = [
    "/office/sign-in",
    "/office/sign-out",
    "/office/stock",
    "/office/stock/1",
    "/office/stock/1/movements",
    "/office/stock/1/delete",
    "/office/stock/1/undo",
]
FIELDS = {"name": "Evil", "quantity": "1", "units": "1", "email": "owner@shop.example", "password": "x"}


def writes(api: FakeApi) -> list[str]:
    return [call.url.path for call in api.calls if call.method != "GET"]


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("token", ["", "x", "a.b", "é.é"])
def test_a_form_without_our_token_changes_nothing(staff: Browser, api: FakeApi, path: str, token: str) -> None:
    api.put("Mug", 5)
    api.calls.clear()
    page = staff.post(path, {**FIELDS, "token": token})
    assert page.status == 403
    assert "nothing was changed" in page.text or page.title.startswith("Error: Sign in")
    assert not writes(api)


@pytest.mark.parametrize("path", CHANGES)
def test_a_token_of_another_session_changes_nothing(staff: Browser, api: FakeApi, path: str) -> None:
    api.put("Mug", 5)
    token = staff.get("/office/stock").form("/office/stock")["token"]
    staff.cookies.clear()
    staff.sign_in()
    api.calls.clear()
    assert staff.post(path, {**FIELDS, "token": token}).status == 403
    assert not writes(api)


@pytest.mark.parametrize("path", [*CHANGES, "/preferences"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", ""])
def test_a_form_that_another_site_sends_changes_nothing(staff: Browser, api: FakeApi, path: str, site: str) -> None:
    api.put("Mug", 5)
    token = staff.get("/office/stock").form("/office/stock")["token"]
    api.calls.clear()
    page = staff.post(path, {**FIELDS, "token": token, "theme": "dark"}, Sec_Fetch_Site=site)
    assert page.status == 403
    assert "shop_theme" not in staff.cookies
    assert not writes(api)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1:5050"}, 200),
        ({"Referer": "http://127.0.0.1:5050/office/stock"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:5050.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "null", "Referer": "http://127.0.0.1:5050/"}, 403),
        ({"Referer": "http://evil.example/http://127.0.0.1:5050/"}, 403),
        ({}, 403),
    ],
)
def test_an_old_browser_is_judged_by_origin_or_referer(
    staff: Browser, api: FakeApi, headers: dict[str, str], status: int
) -> None:
    page = staff.get("/office/stock")
    del staff.headers["Sec-Fetch-Site"]
    staff.headers |= headers
    assert staff.send(page, "/office/stock", name="Mug", quantity="1").status == status
    assert len(api.items) == (status == 200)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"name": "Mug", "quantity": 1}', "application/json", 415),
        (b'{"name": "Mug", "quantity": 1}', "text/plain", 415),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415),
        (b"name=%ff%fe", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe=1", "application/x-www-form-urlencoded", 400),
        (b"name=a%00b", "application/x-www-form-urlencoded", 400),
        (b"name=a&name=b", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"f%d=1" % n for n in range(1000)), "application/x-www-form-urlencoded", 400),
        (b"name=" + b"a" * 300_000, "application/x-www-form-urlencoded", 413),
    ],
)
def test_a_body_that_no_form_sends_gets_a_page_that_says_so(
    staff: Browser, api: FakeApi, body: bytes, kind: str, status: int
) -> None:
    api.calls.clear()
    page = staff.post("/office/stock", body, Content_Type=kind)
    assert page.status == status
    assert "Nothing was changed." in page.text
    assert not api.calls


def test_no_get_changes_anything(staff: Browser, api: FakeApi) -> None:
    api.put("Mug", 5)
    api.calls.clear()
    for path in CHANGES:
        staff.get(path)
    assert not writes(api)


def test_every_form_that_changes_something_carries_a_token(staff: Browser, api: FakeApi) -> None:
    api.put("Mug", 5)
    for path in ("/office/stock", "/office/stock/1", "/office/stock/1/delete"):
        page = staff.get(path)
        for form in page.html.split("<form ")[1:]:
            form = form.partition("</form>")[0]
            own = 'action="/preferences"' in form or 'method="get"' in form
            assert own or 'name="token"' in form, form


BAD_KEYS = ["", "short", "x" * 256, "key-with\nnewline-in-it", "schlüssel-mit-umlaut-drin"]
BAD_TAGS = ["", "v1", '"v1"\n', '"ü"', '"' + "x" * 300 + '"']


@pytest.mark.parametrize(
    ("path", "page", "name", "values"),
    [
        ("/office/stock", "/office/stock", "key", BAD_KEYS),
        ("/office/stock/1/movements", "/office/stock/1", "key", BAD_KEYS),
        ("/office/stock/1/movements", "/office/stock/1", "reason", ["", "sell", "transfer", "steal"]),
        ("/office/stock/1/delete", "/office/stock/1/delete", "etag", BAD_TAGS),
        ("/office/stock/1", "/office/stock/1", "etag", BAD_TAGS[1:]),
        ("/office/stock/1/undo", "/office/stock", "etag", BAD_TAGS),
        ("/office/stock/1/undo", "/office/stock", "name", ["", "  ", "x" * 201, "\u200b"]),
        ("/office/stock/1/undo", "/office/stock", "quantity", ["", "-1", "1000001", "x"]),
    ],
)
def test_a_hidden_field_that_no_page_of_ours_sends_gets_a_400(
    staff: Browser, api: FakeApi, path: str, page: str, name: str, values: list[str]
) -> None:
    api.put("Mug", 5)
    shown = staff.send(staff.get("/office/stock"), "/office/stock", name="Mug", quantity="1")
    if not path.endswith("/undo"):
        shown = staff.get(page)
    form = shown.form(path, "data-save" if (path, page) == ("/office/stock/1", "/office/stock/1") else "")
    form = {**form, "name": form.get("name") or "Mug", "units": "1"}
    for value in values:
        api.calls.clear()
        answer = staff.post(path, {**form, name: value})
        assert (answer.status, value) == (400, value)
        assert "It is not what one of our pages sends. Nothing was changed." in answer.text
        assert not writes(api)
