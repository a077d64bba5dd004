"""The catalog as shoppers read it: out of memory while nothing changes, and out of the database."""

from collections.abc import Collection
from functools import partial
from typing import Final

from bench import catalog, goods
from bench.lanes import Bench, Subject, compare
from bench.load import send
from bench.measures.measure import Measure
from bench.rows import Goal, Row
from bench.servers import api_server
from bench.shops import KINDS, Kind

PRODUCTS: Final = 10_000
NO_CACHE: Final = {"SHOP_CATALOG_CACHE_MIB": "0"}

LIST: Final = "GET /v1/products, 24 products, nothing changes"
DETAIL: Final = f"GET /v1/products/..., {PRODUCTS:,} in turn, nothing changes"
UNCHANGED: Final = "GET /v1/products, If-None-Match: 304"


def list_uncached(kind: Kind) -> str:
    """The row's name."""
    return f"GET /v1/products, 24 products, cache off, {kind}"


def search_uncached(kind: Kind) -> str:
    """The row's name."""
    return f"GET /v1/products?q=..., 30 words in turn, cache off, {kind}"


def cached(bench: Bench, wanted: Collection[str]) -> list[Row]:
    """On SQLite: what answers out of memory does not ask which database it has."""
    made = bench.goods("SQLite", PRODUCTS)
    with api_server(made.url) as api:
        every = catalog.details(api, goods.slugs(made, PRODUCTS))
        asked = {
            LIST: (catalog.product_list(api), 0.70),
            DETAIL: (every, 0.50),
            UNCHANGED: (catalog.unchanged(api), 0.85),
        }
        if DETAIL in wanted:
            bench.say(f"every one of {PRODUCTS:,} products once, so that all are kept that there is room for")
            send(every, bench.plan, PRODUCTS)
        reference = [bench.reference("asgi")]
        return compare(
            bench,
            [
                Subject(what, bench.http(what, requests), reference, Goal(">=", bound))
                for what, (requests, bound) in asked.items()
                if what in wanted
            ],
        )


def uncached(kind: Kind, bench: Bench, wanted: Collection[str]) -> list[Row]:
    """Every answer out of the database."""
    made = bench.goods(kind, PRODUCTS)
    words = [*catalog.COMMON_WORDS, *catalog.rare_words()]
    with api_server(made.url, **NO_CACHE) as api:
        asked = {
            list_uncached(kind): (catalog.product_list(api), Goal(">=", 0.25)),
            search_uncached(kind): (catalog.searches(api, words), None),
        }
        return compare(
            bench,
            [
                Subject(what, bench.http(what, requests), [bench.reference("hello")], goal)
                for what, (requests, goal) in asked.items()
                if what in wanted
            ],
        )


MEASURES: Final = (
    Measure((LIST, DETAIL, UNCHANGED), cached),
    *(Measure((list_uncached(kind), search_uncached(kind)), partial(uncached, kind)) for kind in KINDS),
)
