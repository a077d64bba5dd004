"""What staff do: sign in, ask for stock levels, look at the stock page."""

from collections.abc import Collection
from functools import partial
from html.parser import HTMLParser
from typing import Final

import httpx

from bench.lanes import Bench, Subject, argon2, compare
from bench.load import Requests
from bench.measures.measure import Measure
from bench.plan import CannotMeasureError
from bench.rows import Row
from bench.servers import Server, api_server, web_server
from bench.shops import EMAIL, KINDS, PASSWORD, Kind, Shop


def names(kind: Kind) -> tuple[str, str, str]:
    """The rows' names: signing in, levels, the page."""
    return (
        f"POST /v1/sessions (sign-in), {kind}",
        f"GET /v1/admin/stock, 24 of 1,000, {kind}",
        f"the web's stock page, signed in, {kind}",
    )


def staff(kind: Kind, bench: Bench, wanted: Collection[str]) -> list[Row]:
    """All three on one shop; then its books are audited."""
    sign_in, levels, page = names(kind)
    rows = []
    with bench.shop(kind) as made, api_server(made.url) as api:
        hello = [bench.reference("hello")]
        if sign_in in wanted:
            requests = Requests.to(api.port, "POST", "/v1/sessions", bodies=[made.sign_in_body()])
            rows += compare(bench, [Subject(sign_in, bench.http(sign_in, requests), [argon2()])])
        if levels in wanted:
            who = {"Authorization": f"Bearer {_token(api, made)}"}
            requests = Requests.to(api.port, "GET", "/v1/admin/stock", headers=who)
            rows += compare(bench, [Subject(levels, bench.http(levels, requests), hello)])
        if page in wanted:
            with web_server(api) as web:
                rows += compare(bench, [Subject(page, bench.http(page, stock_page(web)), hello)])
        bench.audit(made, f"staff's work on {kind}")
    return rows


def _token(api: Server, made: Shop) -> str:
    url = f"http://127.0.0.1:{api.port}/v1/sessions"
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(url, content=made.sign_in_body(), headers=headers, timeout=30, trust_env=False)
    if answer.status_code != 201:
        raise CannotMeasureError(f"signing in answers {answer.status_code}")
    return str(answer.json()["token"])


def stock_page(web: Server) -> Requests:
    """The stock page as somebody asks for it who has signed in by the form, as a browser does."""
    own = {"Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=f"http://127.0.0.1:{web.port}", headers=own, timeout=30, trust_env=False) as browser:
        form = _Hidden(browser.get("/office/sign-in").text).fields
        answer = browser.post("/office/sign-in", data={**form, "email": EMAIL, "password": PASSWORD})
        if answer.status_code != 303:
            raise CannotMeasureError(f"signing in at the web part answers {answer.status_code}")
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return Requests.to(web.port, "GET", "/office/stock", headers={"Cookie": cookies, "Accept-Encoding": "gzip"})


class _Hidden(HTMLParser):
    """The hidden fields of a page's forms."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "input" and told.get("type") == "hidden":
            self.fields[told["name"] or ""] = told.get("value") or ""


MEASURES: Final = tuple(Measure(names(kind), partial(staff, kind)) for kind in KINDS)
