"""The storefront's pages: how many a second, how even, and how heavy the first one is."""

from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import quote

from bench import catalog, goods
from bench.lanes import Bench, Subject, compare
from bench.load import Requests, send
from bench.measures.catalog import PRODUCTS
from bench.measures.measure import Measure
from bench.plan import CannotMeasureError
from bench.rows import Goal, Row, plain_row
from bench.servers import Server, api_server, web_server
from bench.weight import Weight, weigh

HOME: Final = "storefront: home"
CATEGORY: Final = "storefront: category"
PRODUCT: Final = "storefront: product, 1,000 in turn"
EVERY: Final = f"storefront: product, {PRODUCTS:,} in turn"
SEARCH: Final = "storefront: search, 30 words in turn"
_EVEN: Final = ", 99 of 100"

WEIGHT: Final = "home with 12 products: weight"
COUNT: Final = "home with 12 products: requests"
CODE: Final = "home with 12 products: CSS and JS, compressed"

_PAGES: Final = (HOME, CATEGORY, PRODUCT, EVERY, SEARCH)
_GOAL: Final = {HOME: 0.25, CATEGORY: 0.25, PRODUCT: 0.25}


def pages(bench: Bench, wanted: Collection[str]) -> list[Row]:
    """The web part over an API, a process each, as a visitor in German without cookies.

    There is no room for 10,000 pages: asked for in turn, each is made anew.
    """
    made = bench.goods("SQLite", PRODUCTS)
    with api_server(made.url) as api, web_server(api) as web:
        slugs = goods.slugs(made, PRODUCTS)
        words = [*catalog.COMMON_WORDS, *catalog.rare_words()]
        paths: dict[str, Sequence[str]] = {
            HOME: ["/"],
            CATEGORY: [f"/categories/{_category(api)}"],
            PRODUCT: [f"/products/{slug}" for slug in slugs[:: max(1, len(slugs) // 1_000)][:1_000]],
            EVERY: [f"/products/{slug}" for slug in slugs],
            SEARCH: [f"/search?q={quote(word)}" for word in words],
        }
        asked = {what: Requests.gets(web.port, paths[what], catalog.HEADERS) for what in _PAGES if _of(what, wanted)}
        if PRODUCT in asked:
            bench.say(f"{PRODUCT}: each page once, so that all are kept that there is room for")
            send(asked[PRODUCT], bench.plan, len(paths[PRODUCT]))
        hello = [bench.reference("hello")]
        rows = compare(
            bench,
            [
                Subject(what, bench.http(what, requests), hello, Goal(">=", _GOAL[what]) if what in _GOAL else None)
                for what, requests in asked.items()
            ],
        )
    return [row for row in (*rows, *(_even(row) for row in rows)) if row.what in wanted]


def weight(bench: Bench, wanted: Collection[str]) -> list[Row]:
    """What a browser fetches for the demo shop's home before anybody scrolls."""
    bench.say("the weight of home")
    with bench.demo("SQLite") as made, api_server(made.url) as api, web_server(api) as web:
        found = weigh(web)
    rows = [
        plain_row(WEIGHT, "KiB", [found.kib()], goal=Goal("<=", 150, of="figure"), note=_parts(found)),
        plain_row(COUNT, "requests", [len(found.parts)], goal=Goal("<=", 20, of="figure")),
        plain_row(CODE, "KiB", [found.kib("css", "js")], goal=Goal("<=", 40, of="figure")),
    ]
    if found.elsewhere:
        raise CannotMeasureError(f"home wants something of {', '.join(found.elsewhere)}")
    return [row for row in rows if row.what in wanted]


def _even(row: Row) -> Row:
    """A few slow answers among many quick ones: the 99th percentile beside the median."""
    if row.p50_ms is None or row.p99_ms is None:
        return row
    goal = Goal("<=", 10) if row.what in _GOAL else None
    what = row.what + _EVEN
    return plain_row(what, "ms", [row.p99_ms], reference="median", reference_runs=[row.p50_ms], goal=goal)


def _of(what: str, wanted: Collection[str]) -> bool:
    return what in wanted or what + _EVEN in wanted


def _category(api: Server) -> str:
    """The one with the most products."""
    tree = catalog.answer(api, "/v1/categories").json()["data"]
    return str(max(tree, key=lambda one: one["count"])["slug"])


def _parts(found: Weight) -> str:
    each = {kind: found.kib(kind) for kind in dict.fromkeys(part.kind for part in found.parts)}
    said = ", ".join(f"{kind} {kib:.1f}" for kind, kib in each.items())
    return f"KiB of bodies as sent: {said}; pictures that load when they are scrolled to do not count"


MEASURES: Final = (
    Measure((*_PAGES, *(what + _EVEN for what in _PAGES)), pages),
    Measure((WEIGHT, COUNT, CODE), weight),
)
