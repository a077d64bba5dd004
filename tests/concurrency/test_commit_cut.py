"""A connection that is cut between COMMIT and its answer: who asks again finds what was done, once."""

from contextlib import closing

import httpx
import pytest

from tests.concurrency import carts
from tests.concurrency.buyers import new_key, wish
from tests.concurrency.conftest import OpenShop
from tests.concurrency.crowd import crowd
from tests.concurrency.cut_off import Scissors
from tests.concurrency.history import History, assert_every_answer_is_true
from tests.concurrency.provider_books import assert_the_provider_agrees
from tests.concurrency.settling import numbers_of, settle
from tests.concurrency.standing import Shop
from tests.concurrency.test_crashes import order_until_it_is_known
from tests.proving.proof import Proof, load

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]


def order_over_a_cut_line(shop: Shop, *, orders: int) -> History:
    """Every buyer asks again with the same key until they know; raises where a cart has no order, or two."""
    sku = carts.goods(shop.database, 10 * orders)
    filled = carts.fill(shop.database, orders, lambda _: [(sku, 1)])
    history, buyers = History(), 4

    async def buy(client: httpx.AsyncClient, buyer: int) -> None:
        for place in range(buyer, orders, buyers):
            body = wish(filled[place], "sandbox", "tok_ok") if place % 2 else wish(filled[place])
            told = await order_until_it_is_known(client, shop, history, buyer, filled[place], new_key(), body)
            assert told.outcome == "ok", told

    crowd(buyers, buy, base_urls=shop.urls, limit_s=600)
    numbers = numbers_of(shop, [one.token for one in filled])
    assert len(numbers) == orders, f"{len(numbers)} orders of {orders} carts."
    settle(shop, numbers)
    assert_the_provider_agrees(shop, numbers)
    assert_every_answer_is_true(shop.database, history)
    assert carts.reserved(shop.database, sku) == orders
    return history


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_line_that_is_cut_between_commit_and_its_answer_makes_no_second_order(
    request: pytest.FixtureRequest, opened: OpenShop, database_url: str
) -> None:
    cuts, orders = load(5, 200), load(12, 100)
    proof = Proof(
        request,
        "T26",
        "cut between COMMIT and its answer: found again, no double",
        f"{orders} orders until {cuts} cuts",
    )
    scissors = Scissors(database_url.replace("+psycopg2", ""), marker=b"INSERT INTO sales_order", share=0.0)
    with closing(scissors):
        shop = opened(apis=1, sandbox=True, api_database=scissors.url)
        scissors.share = 0.3
        while scissors.cuts < cuts:
            history = order_over_a_cut_line(shop, orders=orders)
            proof.count("requests without an answer", len(history.of("unknown")))
    proof.sometimes("cuts at COMMIT", scissors.cuts)
