"""A code with ten uses among many who have it, and codes that come twice."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import func, select

from shopapi.orders.tables import sales_order
from shopapi.promotions.tables import code_redemption, promotion_code
from tests.concurrency import carts
from tests.concurrency.buyers import new_key, wish
from tests.concurrency.crowd import crowd
from tests.concurrency.single_packet import Held, release
from tests.concurrency.standing import Shop
from tests.proving.proof import Proof, load

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]

BUYERS, EACH = 64, 4
USES = 10
_ROUNDS = 10


def spelled(customer: int, buyer: int, round_: str) -> str:
    """A customer's address in one of its forms: case and what follows a plus do not count."""
    return [f"kunde{customer}@{round_}.example", f"Kunde{customer}+{buyer}@{round_}.example"][buyer % 2]


def use_it_up(shop: Shop, word: str, *, buyers: int, each: int) -> Counter[int]:
    """All who have the code order at one moment; raises unless exactly ten get it, each customer once at the most.

    ``each`` is as how many buyers the same customer comes.
    """
    carts.code(shop.database, word, max_uses=USES, max_uses_per_customer=1)
    sku = carts.goods(shop.database, 10 * buyers)
    filled = carts.fill(
        shop.database,
        buyers,
        lambda _: [(sku, 1)],
        code=word,
        # Neighbours are the same customer, so that their orders meet.
        email=lambda n: spelled(n // each, n, word.lower()),
    )
    held = [
        Held(shop.urls[n % len(shop.urls)], f"{cart.path}/checkout", {"Idempotency-Key": new_key()}, wish(cart))
        for n, cart in enumerate(filled)
    ]
    answers = asyncio.run(release(held))
    for _ in range(_ROUNDS):  # Busy is no answer: they come back with the same key.
        late = [n for n, (status, _) in enumerate(answers) if status == 503]
        if not late:
            break
        for n, answer in zip(late, asyncio.run(release([held[n] for n in late])), strict=True):
            answers[n] = answer
    statuses = Counter(status for status, _ in answers)
    assert statuses[201] == USES, f"{statuses[201]} of {USES} uses: {statuses}"
    assert statuses.keys() <= {201, 409, 422}, statuses
    _assert_used(shop, word)
    # Whoever asks again hears of their own order, and is not told that the code is used up: they used it.
    again = asyncio.run(release([one for one, (status, _) in zip(held, answers, strict=True) if status == 201]))
    assert sorted(again) == sorted(answer for answer in answers if answer[0] == 201)
    return statuses


def _assert_used(shop: Shop, word: str) -> None:
    with shop.database.reading() as c:
        row = c.execute(select(promotion_code).where(promotion_code.c.code == word)).one()
        uses = c.execute(
            select(
                code_redemption.c.customer_key, func.count().label("n"), func.min(sales_order.c.discount).label("least")
            )
            .join_from(code_redemption, sales_order, sales_order.c.id == code_redemption.c.order_id)
            .where(code_redemption.c.code_id == row.id)
            .group_by(code_redemption.c.customer_key)
        ).all()
    assert row.used == USES
    assert [use.n for use in uses] == [1] * USES, "Each customer once at the most."
    assert all(use.least > 0 for use in uses), "Every order that used the code got its discount."


def test_a_code_with_ten_uses_is_used_by_exactly_ten_of_sixty_four(request: pytest.FixtureRequest, shop: Shop) -> None:
    times = load(1, 20)
    proof = Proof(
        request,
        "T20",
        "a code with 10 uses: exactly 10, one for each customer",
        f"{times} x {BUYERS} buyers of {BUYERS // EACH}",
    )
    for n in range(times):
        statuses = use_it_up(shop, f"ZEHN{new_key()[:8]}{n}".upper(), buyers=BUYERS, each=EACH)
        proof.sometimes("refused", statuses[409] + statuses[422])


def test_one_code_in_every_spelling_counts_once_however_often_it_is_added(
    request: pytest.FixtureRequest, shop: Shop
) -> None:
    times = load(20, 100)
    proof = Proof(request, "T21", "codes that come twice or together: the best legal ones, once", f"{times} at once")
    word = f"TWICE{new_key()[:8]}".upper()
    carts.code(shop.database, word)
    carts.code(shop.database, f"{word}X", kind="percent", value=10_000)
    one = carts.one(shop.database, quantity=3)
    spellings = [word, word.lower(), f" {word} ", f"{word[:5]}-{word[5:]}", f"{word[:5]}\N{EN DASH}{word[5:]}"]
    seen: Counter[int] = Counter()

    async def add(client: httpx.AsyncClient, number: int) -> None:
        answer = await client.post(f"{one.path}/codes", json={"code": spellings[number % len(spellings)]})
        seen[answer.status_code] += 1

    crowd(times, add, base_urls=shop.urls)
    assert seen.keys() <= {200, 503}, seen
    proof.sometimes("added at once", seen[200])
    cart = _read(shop, one.path)
    assert cart["codes"] == [word]
    tenth = (cart["subtotal"]["amount"] + 5) // 10
    assert [told["amount"]["amount"] for told in cart["discounts"]] == [tenth]

    async def swap(client: httpx.AsyncClient, number: int) -> None:
        answer = await client.post(f"{one.path}/codes", json={"code": word + "X" * (number % 2)})
        seen[answer.status_code] += 1

    crowd(times, swap, base_urls=shop.urls)
    cart = _read(shop, one.path)
    assert cart["codes"] == [f"{word}X"], "The better one stays, whoever was last: the other is refused beside it."
    assert cart["total"]["amount"] >= 0
    assert seen.keys() <= {200, 422, 503}, seen
    free = httpx.post(f"{shop.urls[0]}{one.path}/codes", json={"code": f"{word}x"}, trust_env=False).json()
    assert free["total"] == free["shipping"], "Goods for nothing still have to be sent."


def _read(shop: Shop, path: str) -> dict[str, Any]:
    answer = httpx.get(shop.urls[0] + path, trust_env=False)
    told: dict[str, Any] = msgspec.json.decode(answer.content)
    return told
