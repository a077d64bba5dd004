"""Forty refunds at once on one payment: never more goes back than came in."""

import asyncio
import secrets
from collections import Counter
from typing import Any, NamedTuple

import httpx
import pytest
from sqlalchemy import select

from shopapi.orders.tables import sales_order
from shopapi.payments.tables import payment
from tests import factories
from tests.concurrency import carts
from tests.concurrency.buyers import new_key, order, wish
from tests.concurrency.crowd import crowd
from tests.concurrency.history import History
from tests.concurrency.provider_books import assert_the_provider_agrees
from tests.concurrency.settling import settle
from tests.concurrency.standing import Shop
from tests.proving.proof import Proof, load

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]


class Paid(NamedTuple):
    """An order, its payment's id, and the amount."""

    number: str
    payment_id: str
    amount: int


def owner(shop: Shop) -> dict[str, str]:
    """Headers of somebody who may give money back."""
    token = shop.database.write(
        lambda c: factories.session(c, factories.staff(c, role="owner", email=f"{secrets.token_hex(6)}@shop.example"))
    )
    return {"Authorization": f"Bearer {token}"}


def paid_order(shop: Shop, *, provider: str = "sandbox", token: str = "tok_ok") -> Paid:
    """An order that was paid just now."""
    one = carts.one(shop.database, quantity=5)
    history = History()

    async def buy(client: httpx.AsyncClient, buyer: int) -> None:
        await order(client, history, buyer, one, new_key(), body=wish(one, provider, token))

    crowd(1, buy, base_urls=shop.urls)
    number = history.of("ok")[0].told["number"]
    with shop.database.reading() as c:
        row = c.execute(
            select(payment.c.public_id, payment.c.amount)
            .join_from(payment, sales_order, sales_order.c.id == payment.c.order_id)
            .where(sales_order.c.number == number)
        ).one()
    return Paid(number, row.public_id, row.amount)


def ask_back(payment_id: str, amount: int, currency: str = "EUR") -> tuple[str, dict[str, Any]]:
    """The path and body of a refund."""
    body = {"amount": {"amount": amount, "currency": currency}, "reason": "broken"}
    return f"/v1/admin/payments/{payment_id}/refunds", body


def refund_three_times_over(shop: Shop, staff: dict[str, str], *, times: int) -> int:
    """So many refunds at once, three times the payment in all; raises where more goes back than came in."""
    order_number, payment_id, captured = paid_order(shop)
    amount = 3 * captured // times
    statuses: list[int] = []
    start = asyncio.Barrier(times)

    async def give_back(client: httpx.AsyncClient, number: int) -> None:
        path, body = ask_back(payment_id, amount)
        headers = {**staff, "Idempotency-Key": new_key()}
        await client.get("/livez")
        await start.wait()
        answer = await client.post(path, json=body, headers=headers)
        while answer.status_code == 503 or answer.json().get("code") == "idempotency_in_progress":
            await asyncio.sleep(0.05)
            answer = await client.post(path, json=body, headers=headers)
        statuses.append(answer.status_code)

    crowd(times, give_back, base_urls=shop.urls)
    settle(shop, [order_number])
    with shop.database.reading() as c:
        row = c.execute(select(payment).where(payment.c.public_id == payment_id)).one()
    assert set(statuses) <= {201, 422}, f"Refunds were answered {Counter(statuses)}."
    assert row.refunded == statuses.count(201) * amount, (
        f"{statuses.count(201)} of {amount} were told, {row.refunded} went."
    )
    assert row.refunded <= captured, f"{row.refunded} of {captured} went back."
    assert captured - row.refunded < amount, "As much as fits goes back."
    assert row.refund_pending == 0
    assert_the_provider_agrees(shop, [order_number])
    return statuses.count(422)


def test_forty_refunds_at_once_never_give_back_more_than_came_in(request: pytest.FixtureRequest, shop: Shop) -> None:
    rounds, times = load(1, 10), 40
    proof = Proof(
        request, "T23", "refunds at once: never more than was captured", f"{rounds} x {times} at once, 3 x the sum"
    )
    staff = owner(shop)
    for _ in range(rounds):
        proof.sometimes("refused as too much", refund_three_times_over(shop, staff, times=times))


def test_a_refund_of_nothing_of_another_currency_or_of_what_is_unknown_is_refused(
    request: pytest.FixtureRequest, shop: Shop
) -> None:
    proof = Proof(request, "T23", "refunds that make no sense: refused, nothing moves", "5 kinds")
    staff = owner(shop)
    _, payment_id, captured = paid_order(shop)
    _, open_id, _ = paid_order(shop, token="tok_3ds")
    cases = [
        (*ask_back(payment_id, 0), 422),
        (*ask_back(payment_id, -1), 400),
        (*ask_back(payment_id, 1, "USD"), 422),
        (*ask_back(payment_id, captured + 1), 422),
        (*ask_back(open_id, 1), 409),
    ]
    with httpx.Client(base_url=shop.urls[0], timeout=20, trust_env=False) as client:
        for path, body, status in cases:
            answer = client.post(path, json=body, headers={**staff, "Idempotency-Key": new_key()})
            assert answer.status_code == status, answer.text
            proof.sometimes("refused", 1)
    with shop.database.reading() as c:
        rows = c.execute(
            select(payment.c.refunded, payment.c.refund_pending).where(payment.c.public_id.in_([payment_id, open_id]))
        ).all()
    assert [(row.refunded, row.refund_pending) for row in rows] == [(0, 0), (0, 0)]


@pytest.mark.parametrize("mode", ["charged_no_answer", "not_charged_no_answer", "charged_500", "reset"])
def test_a_refund_without_an_answer_is_asked_for_and_happens_once(
    request: pytest.FixtureRequest, shop: Shop, mode: str
) -> None:
    each = load(2, 20)
    proof = Proof(request, "T23", f"a refund with {mode}: asked for, never assumed, once", f"{each} refunds")
    staff = owner(shop)
    paid = [paid_order(shop) for _ in range(each)]
    with shop.provider() as provider:
        quick = {"seconds": 0.2} if mode.endswith("no_answer") else {}
        provider.post("/faults", json={"mode": mode, "calls": ["refund"], "count": each, **quick}).raise_for_status()
    with httpx.Client(base_url=shop.urls[0], timeout=30, trust_env=False) as client:
        for _, payment_id, captured in paid:
            path, body = ask_back(payment_id, captured)
            answer = client.post(path, json=body, headers={**staff, "Idempotency-Key": new_key()})
            assert answer.status_code == 201, answer.text
            assert answer.json()["state"] in ("captured", "refunded"), "Never failed: nobody knows that."
    with shop.provider() as provider:
        proof.sometimes("refunds without an answer", provider.get("/faults").json()[0]["struck"])
    settle(shop, [one.number for one in paid])
    with shop.database.reading() as c:
        left = c.execute(
            select(payment.c.captured - payment.c.refunded).where(
                payment.c.public_id.in_([one.payment_id for one in paid])
            )
        ).scalars()
        assert set(left) == {0}, "All of it went back."
    assert_the_provider_agrees(shop, [one.number for one in paid])
