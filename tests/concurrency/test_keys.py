"""The same request again, at once and later: one order, and the same answer to the byte."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import func, select

from shopapi.carts.tables import cart as cart_table
from shopapi.db.engine import Database
from shopapi.http.idempotency_table import idempotency_key
from shopapi.orders.tables import sales_order
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from tests.concurrency import carts
from tests.concurrency.buyers import new_key, order, order_patiently, wish
from tests.concurrency.carts import Filled
from tests.concurrency.conftest import OpenShop
from tests.concurrency.crowd import crowd
from tests.concurrency.history import History, assert_every_answer_is_true
from tests.concurrency.provider_books import assert_the_provider_agrees
from tests.concurrency.standing import Shop
from tests.processes import ShopProcess
from tests.proving.proof import Proof, load

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]


def orders_of(database: Database, one: Filled) -> int:
    """How many orders came of a cart."""
    with database.reading() as c:
        found = c.execute(
            select(func.count())
            .select_from(sales_order)
            .join(cart_table, cart_table.c.id == sales_order.c.cart_id)
            .where(cart_table.c.token == one.token)
        )
        return int(found.scalar_one())


def send_at_once(
    shop: Shop, one: Filled, key: str, times: int, provider: str, token: str | None, *, patiently: bool = False
) -> History:
    """The same request so many times at the same moment; raises where the answers differ or two orders came of it.

    ``patiently``: who is told that the shop is busy comes back.
    """
    history, start = History(), asyncio.Barrier(times)

    async def send(client: httpx.AsyncClient, number: int) -> None:
        await client.get("/livez")
        await start.wait()
        send_it = order_patiently if patiently else order
        await send_it(client, history, number, one, key, body=wish(one, provider, token))

    crowd(times, send, base_urls=shop.urls)
    made = history.of("ok")
    assert made, f"Nobody was given the order: {history.refusals()}"
    bodies = {told.body for told in made}
    assert len(bodies) == 1, f"{len(bodies)} different answers to one request."
    others = {told.code for told in history.of("fail")} - {"idempotency_in_progress", "overloaded"}
    assert not others, history.refusals()
    assert not history.of("unknown"), history.of("unknown")[0]
    assert orders_of(shop.database, one) == 1
    return history


def test_one_request_fifty_times_at_once_again_and_after_a_restart_is_one_order(
    request: pytest.FixtureRequest, opened: OpenShop
) -> None:
    times = load(25, 50)
    proof = Proof(request, "T05", "the same key at once, again, after a restart: one order", f"2 x 3 x {times} at once")
    shop = opened(sandbox=True)
    wanted: list[tuple[Filled, str, int, str, str | None]] = [
        (carts.one(shop.database), new_key(), times, "manual", None),
        (carts.one(shop.database), new_key(), times, "sandbox", "tok_ok"),
    ]
    first = [send_at_once(shop, *one) for one in wanted]
    again = [send_at_once(shop, *one, patiently=True) for one in wanted]
    restart(shop)
    again += [send_at_once(shop, *one, patiently=True) for one in wanted]

    proof.sometimes("came while the first was at work", sum(len(one.of("fail")) for one in first))
    for one in again:
        proof.sometimes("replayed", _replays(one))
        assert _replays(one) == times, "Every later one is a replay."
    for number, made in enumerate(first):
        told = [*made.of("ok"), *again[number].of("ok"), *again[number + 2].of("ok")]
        assert len({one.body for one in told}) == 1, "All are the same to the byte."
        assert_every_answer_is_true(shop.database, made)
    number = first[1].of("ok")[0].told["number"]
    assert assert_the_provider_agrees(shop, [number]) == 1


def restart(shop: Shop) -> None:
    """All API processes stop, and others take their places."""
    with ThreadPoolExecutor() as pool:
        assert set(pool.map(ShopProcess.terminate, shop.apis)) == {0}
        shop.apis[:] = pool.map(shop.start_api, [process.port for process in shop.apis])


def _replays(history: History) -> int:
    return sum(one.outcome == "ok" and one.replayed for one in history.tries)


def reuse_a_key(shop: Shop) -> int:
    """A key that comes with another request is refused and changes nothing; raises otherwise. How often it was."""
    sku = carts.goods(shop.database, 100)
    one, other = carts.fill(shop.database, 2, lambda _: [(sku, 1)])
    key = {"Idempotency-Key": new_key()}
    with httpx.Client(base_url=shop.urls[0], timeout=20, trust_env=False) as client:
        first = client.post(f"{one.path}/checkout", json=wish(one), headers=key)
        assert first.status_code == 201, first.text
        refused = 0
        changed = [
            wish(one, total=one.total - 1),
            wish(one, "sandbox"),
            wish(one) | {"return_url": f"{read(ApiSettings, shop.environment).public_url.geturl()}/orders"},
        ]
        for body in changed:
            answer = client.post(f"{one.path}/checkout", json=body, headers=key)
            assert answer.status_code == 422, f"A key with another request: {answer.status_code}."
            assert answer.json()["code"] == "idempotency_key_reused"
            refused += 1
        # Another cart is somebody else: their keys have nothing to do with each other.
        foreign = client.post(f"{other.path}/checkout", json=wish(other), headers=key)
        assert foreign.status_code == 201, foreign.text
        assert foreign.json()["number"] != first.json()["number"]
        # Another route is another request too.
        added = client.post(f"/v1/carts/{one.token}/lines", json={"sku": sku, "quantity": 1}, headers=key)
        assert added.json()["code"] == "cart_already_ordered", added.text
        again = client.post(f"{one.path}/checkout", json=wish(one), headers=key)
        assert again.content == first.content, "The first answer is unharmed."
    assert orders_of(shop.database, one) == 1
    return refused


def test_a_key_that_comes_with_another_request_is_refused_and_the_first_answer_stays(
    request: pytest.FixtureRequest, shop: Shop
) -> None:
    proof = Proof(request, "T06", "a key with another request: refused, the first answer unharmed", "6 requests")
    proof.sometimes("keys reused", reuse_a_key(shop))


GARBAGE = [
    b"",
    b"Idempotency-Key: \r\n",
    b"Idempotency-Key: fifteen-signs-x\r\n",
    b"Idempotency-Key: " + 256 * b"x" + b"\r\n",
    "Idempotency-Key: sechzehn-Zeichen-ü-und-mehr\r\n".encode(),
    b"Idempotency-Key: sixteen-signs-and\x00a-nul\r\n",
    b"Idempotency-Key: sixteen-signs-and\x01more\r\n",
    b"Idempotency-Key: sixteen-signs-and\ta-tab\r\n",
    b"Idempotency-Key: sixteen-signs-and\r\n a-second-line\r\n",
]


def _raw(url: str, path: str, header: bytes) -> bytes:
    """Send a checkout with this header, byte for byte, and answer all that comes back."""
    parts = urlsplit(url)
    body = b'{"payment":{"provider":"manual"},"expected_total":{"amount":1,"currency":"EUR"}}'
    head = f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\n"
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as line:
        line.sendall(head.encode() + header + b"\r\n" + body)
        answer = b""
        while part := line.recv(65_536):
            answer += part
    return answer


def keys_kept(database: Database) -> int:
    with database.reading() as c:
        return int(c.execute(select(func.count()).select_from(idempotency_key)).scalar_one())


def test_a_key_that_is_none_is_refused_and_nothing_is_kept(request: pytest.FixtureRequest, shop: Shop) -> None:
    proof = Proof(request, "T07", "keys that are none: refused, nothing kept", f"{len(GARBAGE)} kinds of garbage")
    one = carts.one(shop.database)
    before = keys_kept(shop.database)
    answers = [_raw(shop.urls[0], f"{one.path}/checkout", header) for header in GARBAGE]
    assert [answer.split(b" ", 2)[1] for answer in answers] == [b"400"] * len(GARBAGE), answers
    assert keys_kept(shop.database) == before
    assert orders_of(shop.database, one) == 0
    proof.sometimes("refused", len(answers))


def test_whoever_floods_a_cart_with_keys_is_slowed_down_and_fills_no_table(
    request: pytest.FixtureRequest, opened: OpenShop
) -> None:
    calls = load(60, 2000)
    proof = Proof(request, "T07", "a flood of keys: limited, and the table stays small", f"{calls} keys on one cart")
    shop = opened(apis=1, SHOP_RATE_LIMITS="on")
    one = carts.one(shop.database)
    history = History()

    async def flood(client: httpx.AsyncClient, number: int) -> None:
        for _ in range(calls // 4):
            # At a total that nobody agreed to: a refusal that is kept.
            await order(client, history, number, one, new_key(), body=wish(one, total=1))

    crowd(4, flood, base_urls=shop.urls)
    limited = sum(told.status == 429 for told in history.tries)
    proof.sometimes("429", limited)
    assert history.refusals().keys() == {"rate_limited", "price_changed"}, history.refusals()
    # Ten a minute, and what came back to the bucket while this ran.
    assert keys_kept(shop.database) == calls - limited
    assert keys_kept(shop.database) <= 10 + 10 * sum(told.s for told in history.tries) / 60 + 1
