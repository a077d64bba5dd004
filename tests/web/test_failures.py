"""When something is away, forbidden, missing or broken: a page that says what holds and what to do."""

import re
from collections.abc import Callable

import httpx
import pytest

from shopweb import visit
from shopweb.assets import Assets
from tests.web.conftest import Browser, Page
from tests.web.fake_api import FakeApi


def test_an_api_that_is_away_gets_a_page_that_looks_again_by_itself(staff: Browser, api: FakeApi) -> None:
    api.away = True
    page = staff.get("/office/stock")
    assert page.status == 503
    assert page.answer.headers["retry-after"] == "5"
    assert '<meta http-equiv="refresh" content="5">' in page.html
    assert "We are tidying up for a moment" in page.text
    api.away = False
    assert staff.get("/office/stock").status == 200


def test_the_web_part_is_ready_while_the_api_is_away(browser: Browser, api: FakeApi) -> None:
    api.away = True
    assert browser.get("/readyz").status == 200
    assert browser.get("/healthz").html == "ok"
    counters = browser.get("/metrics")
    assert "shop_requests_total" in counters.html
    assert counters.answer.headers["content-type"].count("charset") == 1
    assert not api.calls


def test_a_form_sent_while_the_api_is_away_comes_back_filled_with_its_key(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 40)
    page = staff.get("/office/stock")
    key = page.form("/office/stock")["key"]
    api.away = True
    page = staff.send(page, "/office/stock", name="Mug", quantity="24")
    assert page.status == 503
    assert "http-equiv" not in page.html, "A page that reloads itself would lose the form."
    kept = page.form("/office/stock")
    assert (kept["name"], kept["quantity"], kept["key"]) == ("Mug", "24", key)
    page = staff.send(page, "/office/stock")
    assert page.status == 503, "As often as it takes."
    api.away = False
    page = staff.send(page, "/office/stock")
    assert "24 units of “Mug” received." in page.text
    assert mug.quantity == 64


def test_an_answer_that_was_lost_counts_once_when_the_form_is_sent_again(staff: Browser, api: FakeApi) -> None:
    mug = api.put("Mug", 40)
    page = staff.get("/office/stock")
    staff.send(page, "/office/stock", name="Mug", quantity="24")
    api.away = True
    page = staff.send(page, "/office/stock", name="Mug", quantity="24")
    api.away = False
    staff.send(page, "/office/stock")
    assert mug.quantity == 64


def test_a_missing_right_is_named(browser: Browser, api: FakeApi) -> None:
    api.put("Mug", 3)
    browser.sign_in("nobody@shop.example")
    page = browser.get("/office/stock")
    assert page.status == 403
    assert "lacks the right stock:read" in page.text


def test_a_right_that_was_taken_meanwhile_is_named_too(staff: Browser, api: FakeApi) -> None:
    page = staff.get("/office/stock")
    api.sessions = dict.fromkeys(api.sessions, "viewer@shop.example")
    page = staff.send(page, "/office/stock", name="Mug", quantity="1")
    assert page.status == 403
    assert "lacks the right stock:write" in page.text


def test_a_page_that_is_not_there(browser: Browser) -> None:
    page = browser.get("/nowhere", Accept_Language="de")
    assert page.status == 404
    assert page.title.startswith("Diese Seite steht nicht im Regal")


def test_a_method_that_a_page_does_not_take(staff: Browser) -> None:
    page = staff.post("/office", {"a": "b"})
    assert page.status == 405
    assert page.title.startswith("That cannot be done here")


def test_a_bug_gets_a_page_with_the_requests_number(
    staff: Browser, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> str:
        raise RuntimeError("a secret of the program")

    monkeypatch.setattr(visit.Visit, "number", break_down)
    api.put("Mug", 3)
    page = staff.get("/office/stock", X_Request_ID="req-4711")
    assert page.status == 500
    assert "req-4711" in page.text
    assert "a secret" not in page.html
    assert "Nothing was changed beyond what you were told." in page.text


def test_an_unexpected_refusal_of_the_api_is_a_page_too(staff: Browser, api: FakeApi) -> None:
    page = staff.get("/office/stock")
    api.next_problem = (409, "something_new", {})
    page = staff.send(page, "/office/stock", name="Mug", quantity="1")
    assert page.status == 500
    assert page.title.startswith("Something broke on our side")


def test_an_outcome_that_nobody_knows_keeps_the_form(staff: Browser, api: FakeApi) -> None:
    page = staff.get("/office/stock")
    api.next_problem = (500, "outcome_unknown", {})
    page = staff.send(page, "/office/stock", name="Mug", quantity="1")
    assert page.status == 503
    assert page.form("/office/stock")["name"] == "Mug"


def test_a_name_that_is_not_ours_is_refused_with_a_page(browser: Browser) -> None:
    page = browser.get("/office/stock", Host="evil.example")
    assert page.status == 421
    assert page.title.startswith("No shop lives at this name")
    assert "Unter diesem Namen" in browser.get("/", Host="evil.example", Accept_Language="de").text


def test_head_has_headers_and_no_body(staff: Browser) -> None:
    head = staff._ask(staff._client.head("/office/stock"))
    assert head.status == 200
    assert head.answer.content == b""


def ask(staff: Browser, api: FakeApi, monkeypatch: pytest.MonkeyPatch, what: str) -> Page:
    """An answer of the kind that ``what`` names."""
    match what:
        case "redirect":
            return staff.get("/office", follow=False)
        case "too large":
            return staff.post("/office/stock", b"name=" + b"a" * 300_000)
        case "strange host":
            return staff.get("/", Host="evil.example")
        case "broken":
            monkeypatch.setattr(visit.Visit, "require_staff", lambda _: 1 / 0)
        case "api away":
            api.away = True
        case path if path.startswith("/"):
            return staff.get(path)
    return staff.get("/office/stock")


ANSWERS = [
    ("/office/stock", 200, "text/html; charset=utf-8"),
    ("/office/sign-in", 200, "text/html; charset=utf-8"),
    ("redirect", 303, "text/html; charset=utf-8"),
    ("/nowhere", 404, "text/html; charset=utf-8"),
    ("/office/stock/x", 404, "text/html; charset=utf-8"),
    ("too large", 413, "text/html; charset=utf-8"),
    ("strange host", 421, "text/html; charset=utf-8"),
    ("broken", 500, "text/html; charset=utf-8"),
    ("api away", 503, "text/html; charset=utf-8"),
    (Assets().url("css/shop.css"), 200, "text/css; charset=utf-8"),
    (Assets().url("js/office.js"), 200, "text/javascript; charset=utf-8"),
    (Assets().url("icons/mark.svg"), 200, "image/svg+xml"),
]


@pytest.mark.parametrize(("what", "status", "kind"), ANSWERS)
def test_every_answer_is_guarded_and_no_page_is_kept(
    staff: Browser, api: FakeApi, monkeypatch: pytest.MonkeyPatch, what: str, status: int, kind: str
) -> None:
    answer = ask(staff, api, monkeypatch, what).answer
    headers = answer.headers
    assert (answer.status_code, headers["content-type"]) == (status, kind)
    assert headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
    )
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["x-request-id"]
    assert headers["cache-control"] == ("public, max-age=31536000, immutable" if "/static/" in what else "no-store")
    assert "strict-transport-security" not in headers


def test_https_makes_cookies_and_transport_strict(api: FakeApi, open_browser: Callable[..., Browser]) -> None:
    browser = open_browser(api, SHOP_PUBLIC_URL="https://shop.example")
    page = browser.get("/office/sign-in")
    assert "max-age" in page.answer.headers["strict-transport-security"]
    visitor = page.answer.headers["set-cookie"]
    assert visitor.startswith("__Host-office_visitor=")
    assert "Secure" in visitor
    browser.sign_in()
    assert "__Host-office_sid" in browser.cookies


def test_strict_transport_can_wait_for_a_certificate_that_browsers_trust(
    api: FakeApi, open_browser: Callable[..., Browser]
) -> None:
    browser = open_browser(api, SHOP_PUBLIC_URL="https://shop.example", SHOP_HSTS="off")
    page = browser.get("/office/sign-in")
    assert page.answer.status_code == 200
    assert "strict-transport-security" not in page.answer.headers
    assert "Secure" in page.answer.headers["set-cookie"], "The cookies stay strict."


def test_plain_http_on_a_network_lets_forms_say_where_they_come_from(
    api: FakeApi, open_browser: Callable[..., Browser]
) -> None:
    # Browsers send no Sec-Fetch-Site there, and under no-referrer an Origin of "null".
    browser = open_browser(api, SHOP_PUBLIC_URL="http://192.168.1.20:5050")
    assert browser.get("/office/sign-in").answer.headers["referrer-policy"] == "same-origin"


def test_no_page_has_inline_code_or_style(staff: Browser, api: FakeApi) -> None:
    api.put("Mug", 3)
    for path in ("/office/stock", "/office/stock/1", "/office/stock/1/delete", "/office/sign-in", "/nowhere"):
        page = staff.get(path).html
        assert not re.search(
            r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|javascript:|https?://(?!www\.w3\.org)", page
        )


def test_looking_again_by_script_leaves_the_note_to_the_page(staff: Browser, api: FakeApi) -> None:
    page = staff.send(staff.get("/office/stock"), "/office/stock", follow=False, name="Mug", quantity="1")
    api.away = True
    page = staff.get(page.answer.headers["location"])
    assert page.status == 503
    assert "office_note" in page.answer.headers["set-cookie"], "It is kept for as long as the API is away."
    assert "Max-Age=0" not in page.answer.headers["set-cookie"]
    api.away = False
    assert staff.get("/office/stock", X_Looks_Again="1").status == 200
    page = staff.get("/office/stock")
    assert "“Mug” is new" in page.text
    assert staff.send(page, "/office/stock/1/undo").status == 200
    assert not api.items


def test_a_page_waits_only_a_moment_for_an_api_that_hangs(staff: Browser, api: FakeApi) -> None:
    def hang(request: httpx.Request) -> httpx.Response:
        api.calls.append(request)
        raise httpx.ReadTimeout("hangs", request=request)

    api.calls.clear()
    api.transport.handler = hang
    assert staff.get("/office/stock").status == 503
    assert sum(call.extensions["timeout"]["read"] for call in api.calls) <= 8


def test_what_the_edge_refuses_speaks_the_chosen_language_in_the_chosen_theme(browser: Browser) -> None:
    browser.cookies.set("shop_language", "de")
    browser.cookies.set("shop_theme", "dark")
    page = browser.get("/office/stock/")
    assert page.status == 404
    assert 'lang="de"' in page.html
    assert 'data-theme="dark"' in page.html


def test_under_https_every_cookie_is_of_this_host_alone(api: FakeApi, open_browser: Callable[..., Browser]) -> None:
    browser = open_browser(api, SHOP_PUBLIC_URL="https://127.0.0.1")
    browser.sign_in()
    browser.post("/preferences", {"theme": "dark", "language": "de", "back": "/office/stock"})
    names = {cookie.name for cookie in browser.cookies.jar}
    assert {"__Host-office_sid", "__Host-shop_theme", "__Host-shop_language"} <= names
    assert all(name.startswith("__Host-") for name in names)
