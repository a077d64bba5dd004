"""The web part in this process, its API a stand-in, and a browser without scripts to use it."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from shopapi.runtime import settings as runtime_settings
from shopweb import visit
from shopweb.app import create_app
from shopweb.settings import WebSettings
from shopweb.storefront import shelf
from tests.web.fake_api import PASSWORD, FakeApi

SECRET = "Zk3vQ8wX1pL6mN9rT2yU5sA7dF0gH4jB"


@dataclass
class Page:
    """An answer, with what a reader looks for in it."""

    answer: httpx.Response

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def html(self) -> str:
        return self.answer.text

    @property
    def text(self) -> str:
        """What is read: no tags, entities resolved, single spaces."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.html)).split())

    @property
    def title(self) -> str:
        found = re.search(r"<title>(.*?)</title>", self.html, re.DOTALL)
        return html.unescape(found[1]).strip() if found else ""

    def form(self, action: str, containing: str = "") -> dict[str, str]:
        """The fields of the form that posts to ``action``, with the values that a browser would send."""
        for form in re.findall(r"<form\b.*?</form>", self.html, re.DOTALL):
            if f'action="{action}"' in form and 'method="post"' in form and containing in form:
                return _fields(form)
        raise AssertionError(f"no form posts to {action}:\n{self.html}")


def _fields(form: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in re.findall(r"<(?:input|button)\b[^>]*>", form):
        attributes = {name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        chosen = attributes.get("type") not in ("radio", "checkbox") or re.search(r"\schecked\b", tag)
        if "name" in attributes and chosen:
            found[attributes["name"]] = attributes.get("value", "")
    for name, options in re.findall(r'<select\b[^>]*name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        values = re.findall(r'value="([^"]*)"( selected)?', options)
        found[name] = next((value for value, selected in values if selected), values[0][0])
    return found


class Browser:
    """Keeps cookies, follows redirects, and says where its forms come from, as a browser does."""

    def __init__(self, app: object, base_url: str) -> None:
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=base_url)  # type: ignore[arg-type]
        self._loop = asyncio.new_event_loop()
        self.headers = {"Accept-Language": "en", "Sec-Fetch-Site": "same-origin"}

    @property
    def cookies(self) -> httpx.Cookies:
        return self._client.cookies

    def close(self) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.close()

    def get(self, path: str, *, follow: bool = True, **headers: str) -> Page:
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self._ask(self._client.get(path, headers=sent, follow_redirects=follow))

    def post(self, path: str, fields: dict[str, str] | str | bytes, *, follow: bool = True, **headers: str) -> Page:
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if isinstance(fields, dict):
            return self._ask(self._client.post(path, data=fields, headers=sent, follow_redirects=follow))
        sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return self._ask(self._client.post(path, content=fields, headers=sent, follow_redirects=follow))

    def post_twice(self, path: str, fields: dict[str, str], *, apart: int) -> None:
        """The double click of an eager hand: the second press begins ``apart`` turns of the loop after the first."""

        async def press(turns: int) -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            await self._client.post(path, data=fields, headers=self.headers)

        async def both() -> None:
            await asyncio.gather(press(0), press(apart))

        self._loop.run_until_complete(both())

    def send_as(self, method: str, path: str) -> Page:
        """Nothing, by any method."""
        return self._ask(self._client.request(method, path, headers=self.headers))

    def send(self, page: Page, action: str, containing: str = "", *, follow: bool = True, **typed: str) -> Page:
        """Fill in a form of ``page`` and send it."""
        return self.post(action, {**page.form(action, containing), **typed}, follow=follow)

    def sign_in(self, email: str = "owner@shop.example") -> Page:
        page = self.get("/office/sign-in")
        return self.send(page, "/office/sign-in", email=email, password=PASSWORD)

    def _ask(self, call: object) -> Page:
        return Page(self._loop.run_until_complete(call))  # type: ignore[arg-type]


def web_settings(**environ: str) -> WebSettings:
    return runtime_settings.read(WebSettings, {"SHOP_SECRET_KEY": SECRET, "SHOP_ACCESS_LOG": "off", **environ})


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def open_browser(routes_are_made_once: None) -> Iterator[Callable[..., Browser]]:
    """Makes browsers; each has the site to itself."""
    opened: list[Browser] = []

    def make(api: FakeApi, **environ: str) -> Browser:
        settings = web_settings(**environ)
        opened.append(Browser(create_app(settings, transport=api.transport), settings.public_url.geturl()))
        return opened[-1]

    yield make
    for browser in opened:
        browser.close()


@pytest.fixture
def browser(api: FakeApi, open_browser: Callable[..., Browser]) -> Browser:
    """A browser in which nobody is signed in."""
    return open_browser(api)


@pytest.fixture
def staff(browser: Browser) -> Browser:
    """A browser in which the owner is signed in."""
    browser.sign_in()
    return browser


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages look at the goods anew each time."""
    monkeypatch.setattr(shelf, "FRESH_S", 0.0)


@pytest.fixture
def tuesday(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Tuesday, 24 November 2026, in the afternoon."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Clock:
            return cls(2026, 11, 24, 16, 5, tzinfo=UTC)

    monkeypatch.setattr(visit, "datetime", Clock)
