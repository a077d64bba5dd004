import pytest

from shopapi.runtime import addresses
from shopweb.forms import own_path
from tests.web.conftest import SECRET, Browser
from tests.web.fake_api import PASSWORD, FakeApi


def test_the_office_begins_with_the_stock(browser: Browser) -> None:
    assert browser.get("/office", follow=False).answer.headers["location"] == "/office/stock"


def test_a_stranger_is_asked_to_sign_in_and_then_led_where_they_wanted(browser: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 3)
    asked = browser.get(f"/office/stock/{mug.id}")
    assert asked.title.startswith("Sign in")
    page = browser.send(asked, "/office/sign-in", email="owner@shop.example", password=PASSWORD)
    assert str(page.answer.url).endswith(f"/office/stock/{mug.id}")
    assert "Mara Lindt" in page.text


@pytest.mark.parametrize(
    ("email", "password"),
    [("owner@shop.example", "wrong"), ("unknown@shop.example", PASSWORD), ("no address", "x"), ("", "")],
)
def test_every_failure_gets_the_same_words_and_the_address_stays(browser: Browser, email: str, password: str) -> None:
    page = browser.send(browser.get("/office/sign-in"), "/office/sign-in", email=email, password=password)
    assert page.status == 422
    assert page.answer.headers["cache-control"] == "no-store"
    assert page.title.startswith("Error: Sign in")
    assert page.text.count("E-mail and password do not match.") == 2
    assert page.form("/office/sign-in")["email"] == email
    assert password == "" or password not in page.form("/office/sign-in")["password"]


def test_too_many_tries_say_how_long_to_wait(browser: Browser, api: FakeApi) -> None:
    page = browser.get("/office/sign-in")
    api.next_problem = (429, "rate_limited", {"headers": {"Retry-After": "130"}})
    page = browser.send(page, "/office/sign-in", email="owner@shop.example", password="x")
    assert page.status == 429
    assert "Wait 2 minutes, then try again." in page.text


def test_an_api_that_is_away_keeps_the_address_and_writes_no_password_into_a_page(
    browser: Browser, api: FakeApi
) -> None:
    page = browser.get("/office/sign-in")
    api.away = True
    page = browser.send(page, "/office/sign-in", email="owner@shop.example", password="my-secret")
    assert page.status == 503
    assert "my-secret" not in page.html
    assert page.form("/office/sign-in")["email"] == "owner@shop.example"


def test_the_session_cookie_is_strict_and_worth_nothing_when_changed(browser: Browser) -> None:
    page = browser.send(
        browser.get("/office/sign-in"),
        "/office/sign-in",
        follow=False,
        email="owner@shop.example",
        password=PASSWORD,
    )
    cookie = next(value for value in page.answer.headers.get_list("set-cookie") if value.startswith("office_sid="))
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    value = browser.cookies["office_sid"]
    browser.cookies.clear()
    browser.cookies.set("office_sid", ("A" if value[0] != "A" else "B") + value[1:])
    assert browser.get("/office/stock").title.startswith("Sign in")


def test_signing_out_ends_the_session_at_the_api_too(staff: Browser, api: FakeApi) -> None:
    page = staff.send(staff.get("/office/stock"), "/office/sign-out")
    assert "You are signed out." in page.text
    assert api.sessions == {}
    assert staff.get("/office/stock").title.startswith("Sign in")


def test_a_session_that_ended_leads_to_sign_in_with_a_word_about_it_and_back(staff: Browser, api: FakeApi) -> None:
    api.sessions.clear()
    page = staff.get("/office/stock?view=low")
    assert page.title.startswith("Sign in")
    assert "Your session has ended." in page.text
    assert page.form("/office/sign-in")["next"] == "/office/stock?view=low"


def test_the_api_hears_the_visitors_address_and_the_requests_id(staff: Browser, api: FakeApi) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    staff.get("/office/stock", X_Request_ID="my-request", traceparent=trace)
    heard = api.calls[-1].headers
    assert heard["x-request-id"] == "my-request"
    assert heard["traceparent"] == trace
    assert addresses.believed(heard["x-shop-client"], SECRET) == "127.0.0.1"


HOSTILE = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%2fevil.example",
    "/%2Fevil.example",
    "/%252fevil.example",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/office//evil.example",
    "/\tevil.example",
    "/\n/evil.example",
    "/%09/evil.example",
    "/%0d%0aLocation:%20https://evil.example",
    "/%00",
    "/ /evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "http:/evil.example",
    "http:evil.example",
    "evil.example",
    "@evil.example",
    "",
    " /office",
    ".//evil.example",
    "/é//evil.example",
    "/／evil.example",
    "/office#//evil.example",
    "/?next=\\evil",
    "/" + "a" * 3000,
]


@pytest.mark.parametrize("path", HOSTILE)
def test_no_link_to_us_leads_elsewhere_after_signing_in(path: str) -> None:
    assert own_path(path) == "/office/stock"


@pytest.mark.parametrize(
    "path", ["/office", "/office/stock?view=low&q=M%C3%BCsli", "/office/stock/7?cursor=a.b-c_=", "/search?q=%23%5C"]
)
def test_our_own_paths_are_kept(path: str) -> None:
    assert own_path(path) == path


def test_the_way_on_is_checked_when_the_form_comes_back_too(browser: Browser) -> None:
    page = browser.get("/office/sign-in?next=//evil.example")
    assert page.form("/office/sign-in")["next"] == "/office/stock"
    page = browser.send(
        page, "/office/sign-in", follow=False, email="owner@shop.example", password=PASSWORD, next="//evil.example"
    )
    assert page.answer.headers["location"] == "/office/stock"


def test_signing_in_works_in_a_tab_that_was_open_before_another_tab_signed_in(browser: Browser, api: FakeApi) -> None:
    first, second = browser.get("/office/sign-in?next=/office/stock?view=low"), browser.get("/office/sign-in")
    browser.send(second, "/office/sign-in", email="viewer@shop.example", password=PASSWORD)
    page = browser.send(first, "/office/sign-in", email="owner@shop.example", password=PASSWORD)
    assert page.status == 200
    assert str(page.answer.url).endswith("/office/stock?view=low")
    assert "Mara Lindt" in page.text
    assert list(api.sessions.values()) == ["owner@shop.example"], "The session that is replaced is ended."
    made = [call for call in api.calls if call.url.path == "/v1/sessions"]
    assert "authorization" not in made[-1].headers, "Signing in is nobody's call: an old token must not spoil it."


def test_a_sign_in_form_without_its_cookie_is_shown_again_with_all_but_the_password(
    browser: Browser, api: FakeApi
) -> None:
    page = browser.get("/office/sign-in?next=/office/stock/7")
    browser.cookies.clear()
    api.calls.clear()
    page = browser.send(page, "/office/sign-in", email="owner@shop.example", password="my-secret")
    assert page.status == 403
    assert page.title.startswith("Error: Sign in")
    assert page.text.count("This page was open for too long. Enter your password again.") == 2
    assert "my-secret" not in page.html
    assert not api.calls
    again = page.form("/office/sign-in")
    assert (again["email"], again["next"]) == ("owner@shop.example", "/office/stock/7")
    page = browser.send(page, "/office/sign-in", password=PASSWORD)
    assert page.status == 404, "Signed in, and led on to an item that is not there."
    assert api.sessions


def test_signing_out_in_a_second_tab_leads_to_sign_in(staff: Browser) -> None:
    page = staff.get("/office/stock")
    staff.send(page, "/office/sign-out")
    page = staff.send(page, "/office/sign-out")
    assert page.status == 200
    assert page.title.startswith("Sign in")
    assert "You are signed out." in page.text
