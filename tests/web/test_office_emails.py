import pytest

from tests.web.conftest import Browser
from tests.web.fake_api import FakeApi

NUMBER = "TT-7K4M2P"
HTML = '<html lang="de"><head><title>x</title></head><body><script>alert(1)</script><a href="/x">y</a></body></html>'


@pytest.fixture
def clerk(browser: Browser) -> Browser:
    """A browser in which somebody is signed in who sells."""
    browser.sign_in("clerk@shop.example")
    return browser


def test_without_a_mail_server_the_list_says_that_nothing_leaves(clerk: Browser, api: FakeApi) -> None:
    api.orders.put()
    api.orders.write(NUMBER, "Your order TT-7K4M2P")
    page = clerk.get("/office/emails")
    assert "No mail server is set, so nothing leaves: this is what would have been sent." in page.text
    assert "SHOP_MAIL_URL" in page.text
    assert "Your order TT-7K4M2P Confirmation" in page.text
    assert f'href="/office/orders/{NUMBER}"' in page.html
    api.orders.sending = True
    assert "No mail server" not in clerk.get("/office/emails").text


def test_the_list_has_pages_and_can_be_one_orders(clerk: Browser, api: FakeApi) -> None:
    for n in range(25):
        api.orders.write(None, f"Letter {n}")
    api.orders.write(NUMBER, "Hers")
    page = clerk.get("/office/emails")
    assert "1 to 24 of 26" in page.text
    page = clerk.get("/office/emails?cursor=c24&start=24")
    assert "25 to 26 of 26" in page.text
    page = clerk.get(f"/office/emails?order={NUMBER}")
    assert "Hers" in page.text
    assert "Letter" not in page.text
    api.next_problem = (400, "invalid_request", {"errors": [{"field": "cursor", "message": "no"}]})
    assert clerk.get("/office/emails?cursor=old").answer.url.query == b""


def test_an_email_is_shown_as_text_and_in_a_frame_that_may_do_nothing(clerk: Browser, api: FakeApi) -> None:
    email = api.orders.write(NUMBER, "Subject & more", HTML)
    page = clerk.get(f"/office/emails/{email}")
    assert page.title.startswith("Subject & more")
    assert "To anna.weber@example.de" in page.text
    assert 'href="http://127.0.0.1:5050/orders/TT-7K4M2P?token=abc" hx-boost="false"' in page.html, (
        "No full stop in it."
    )
    assert f'<iframe class="letter" src="/office/emails/{email}/html" sandbox="' in page.html
    assert "allow-scripts" not in page.html
    assert "allow-same-origin" not in page.html
    policy = page.answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-src 'self'" in policy


def test_the_letter_itself_runs_no_script_and_loads_nothing(clerk: Browser, api: FakeApi) -> None:
    email = api.orders.write(NUMBER, "Subject", HTML)
    answer = clerk.get(f"/office/emails/{email}/html").answer
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups" in policy
    assert "frame-ancestors 'self'" in policy
    assert "http" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert '<head><base target="_blank"><title>' in answer.text, "Its links open in a window of their own."


@pytest.mark.parametrize("path", ["/office/emails/eml_9", "/office/emails/eml_9/html", "/office/emails/a.b"])
def test_an_email_that_is_none_is_not_found(clerk: Browser, path: str) -> None:
    assert clerk.get(path).status == 404


def test_letters_are_for_staff(browser: Browser, api: FakeApi) -> None:
    email = api.orders.write(NUMBER, "Subject", HTML)
    assert browser.get(f"/office/emails/{email}/html", follow=False).status == 303
    browser.sign_in()
    assert browser.get(f"/office/emails/{email}/html").status == 403
