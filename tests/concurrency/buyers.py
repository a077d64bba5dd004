"""Buyers who order over real connections, all at the same moment, and write down what they are told."""

import asyncio
import secrets
import time
from collections.abc import Callable

import httpx

from tests.concurrency.carts import Filled
from tests.concurrency.crowd import crowd
from tests.concurrency.history import History, Try
from tests.concurrency.standing import Shop

BROKEN = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.TimeoutException)
"""What a caller gets when nobody answers."""


def new_key() -> str:
    """An idempotency key that nobody else has."""
    return secrets.token_hex(16)


def wish(
    cart: Filled, provider: str = "manual", token: str | None = None, total: int | None = None
) -> dict[str, object]:
    """The body of an order of what is in the cart, at the total that its buyer agreed to."""
    payment = {"provider": provider} if token is None else {"provider": provider, "token": token}
    amount = cart.total if total is None else total
    return {"payment": payment, "expected_total": {"amount": amount, "currency": "EUR"}}


async def order(
    client: httpx.AsyncClient,
    history: History,
    buyer: int,
    cart: Filled,
    key: str,
    *,
    body: dict[str, object] | None = None,
) -> Try:
    """Order once, and note what came of it."""
    began = time.monotonic()
    try:
        answer = await client.post(f"{cart.path}/checkout", json=body or wish(cart), headers={"Idempotency-Key": key})
    except BROKEN:
        return history.note(buyer, cart.token, began, None)
    return history.note(buyer, cart.token, began, answer)


async def order_patiently(
    client: httpx.AsyncClient,
    history: History,
    buyer: int,
    cart: Filled,
    key: str,
    *,
    body: dict[str, object] | None = None,
    limit_s: float = 30,
) -> Try:
    """Order, and come back with the same key while nobody answers or the shop is busy, as a good client does."""
    until = time.monotonic() + limit_s
    while True:
        told = await order(client, history, buyer, cart, key, body=body)
        busy = told.status == 503 or told.code == "idempotency_in_progress"
        if not busy and told.outcome != "unknown":
            return told
        assert time.monotonic() < until, f"No answer within {limit_s:g} s; the last one was {told}."
        await asyncio.sleep(0.05)


def all_at_once(shop: Shop, carts: list[list[Filled]], body: Callable[[Filled], dict[str, object]] = wish) -> History:
    """Each buyer orders their carts, one after the other; the first calls of all begin at the same moment."""
    history = History()
    start = asyncio.Barrier(len(carts))

    async def buy(client: httpx.AsyncClient, buyer: int) -> None:
        # The connection stands before the start, so that nothing but the order itself is left to do.
        await client.get("/livez")
        await start.wait()
        for cart in carts[buyer]:
            await order_patiently(client, history, buyer, cart, new_key(), body=body(cart))

    crowd(len(carts), buy, base_urls=shop.urls)
    return history
