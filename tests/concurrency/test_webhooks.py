"""What the provider tells twice, late, in the wrong order or never, and what somebody else tells in its name."""

import asyncio
import json
import random
import time
from collections import Counter
from dataclasses import dataclass
from itertools import permutations

import httpx
import pytest
from sqlalchemy import func, select, text

from shopapi.orders.tables import order_event, sales_order
from shopapi.payments.tables import payment, payment_attempt, payment_event
from shopctl.sandbox.signing import signature
from tests.concurrency import carts
from tests.concurrency.buyers import new_key, order, order_patiently, wish
from tests.concurrency.conftest import OpenShop
from tests.concurrency.crowd import crowd
from tests.concurrency.history import History
from tests.concurrency.provider_books import assert_the_provider_agrees
from tests.concurrency.settling import numbers_of, settle, states
from tests.concurrency.standing import SANDBOX_SECRET, Shop
from tests.concurrency.test_provider_faults import heal, plant, struck
from tests.concurrency.test_refunds_at_once import owner
from tests.proving.proof import Proof, load
from tests.waiting import wait_until

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]

PATH = "/v1/payments/sandbox/webhook"
OTHER_SECRET = "Yb3nMx8cVz1lKj6hGf4dSa9pOi7uTr2eWq5RtY0z"


def buy(shop: Shop, number: int, token: str | None, *, buyers: int = 4) -> list[str]:
    """The numbers of so many orders, placed with the sandbox."""
    sku = carts.goods(shop.database, 10 * number)
    filled = carts.fill(shop.database, number, lambda _: [(sku, 1)])
    history = History()

    async def buy_some(client: httpx.AsyncClient, buyer: int) -> None:
        for one in filled[buyer::buyers]:
            await order(client, history, buyer, one, new_key(), body=wish(one, "sandbox", token))

    crowd(buyers, buy_some, base_urls=shop.urls)
    wrong = [one for one in history.tries if one.status != 201]
    assert not wrong, wrong[:2]
    return numbers_of(shop, [one.token for one in filled])


def charge_of(shop: Shop, number: str) -> tuple[str, int]:
    """The key that the provider knows an order's charge by, and its amount."""
    with shop.database.reading() as c:
        row = c.execute(
            select(payment_attempt.c.provider_key, payment.c.amount)
            .join_from(payment_attempt, payment, payment.c.id == payment_attempt.c.payment_id)
            .join(sales_order, sales_order.c.id == payment.c.order_id)
            .where(sales_order.c.number == number)
        ).one()
    return row.provider_key, row.amount


def event(key: str, state: str, amount: int, *, name: str = "", currency: str = "EUR") -> bytes:
    """What the provider tells of a charge."""
    charge = {"reference": f"ch_{key[:20]}", "key": key, "amount": amount, "currency": currency, "state": state}
    return json.dumps({"id": name or f"evt_{new_key()}", "type": f"charge.{state}", "charge": charge}).encode()


def tell(
    client: httpx.Client, body: bytes, *, secret: str = SANDBOX_SECRET, age_s: int = 0, header: str | None = None
) -> int:
    """Send a webhook as the provider does; answers the status."""
    signed = signature(body, [secret], int(time.time()) - age_s) if header is None else header
    headers = {"Content-Type": "application/json"} | ({"Sandbox-Signature": signed} if signed else {})
    return client.post(PATH, content=body, headers=headers).status_code


def happened(shop: Shop, numbers: list[str], kind: str) -> int:
    """How often something has happened to these orders."""
    with shop.database.reading() as c:
        return int(
            c.execute(
                select(func.count())
                .select_from(order_event)
                .join(sales_order, sales_order.c.id == order_event.c.order_id)
                .where(sales_order.c.number.in_(numbers), order_event.c.kind == kind)
            ).scalar_one()
        )


def told_of(shop: Shop, topic: str, numbers: list[str]) -> int:
    """How many events of these orders went into the outbox."""
    with shop.database.reading() as c:
        rows = c.execute(text("SELECT aggregate FROM outbox WHERE topic = :topic"), {"topic": topic}).scalars()
        return len([row for row in rows if row.partition(":")[2] in set(numbers)])


def tell_twenty_times(shop: Shop, *, orders: int, copies: int) -> int:
    """The answer of the provider and copies of its webhook race; raises where an order is paid other than once."""
    plant(shop, "webhook_delayed", seconds=30)  # Its own would come between ours.
    filled = [carts.one(shop.database) for _ in range(orders)]
    history = History()
    statuses: list[int] = []

    async def race(client: httpx.AsyncClient, number: int) -> None:
        await client.get("/livez")
        if number < orders:
            body = wish(filled[number], "sandbox", "tok_ok")
            await order_patiently(client, history, number, filled[number], new_key(), body=body)

    async def echo(client: httpx.AsyncClient, number: int) -> None:
        key, amount = charges[number % orders]
        # Copies of two events that say the same: a known event is not recorded again, and neither is known money.
        body = event(key, "succeeded", amount, name=f"evt_{key[:24]}_{number // orders % 2}")
        # What was signed a moment ago is as good.
        headers = {
            "Content-Type": "application/json",
            "Sandbox-Signature": signature(body, [SANDBOX_SECRET], int(time.time())),
        }
        answer = await client.post(PATH, content=body, headers=headers)
        while answer.status_code == 503:
            await asyncio.sleep(0.05)
            answer = await client.post(PATH, content=body, headers=headers)
        statuses.append(answer.status_code)

    plant(shop, "charged_no_answer", calls=["charge"], seconds=0.2)
    crowd(orders, race, base_urls=shop.urls)
    assert {one.status for one in history.tries} - {503} == {201}
    numbers = numbers_of(shop, [one.token for one in filled])
    assert len(numbers) == orders
    charges = [charge_of(shop, number) for number in numbers]
    crowd(orders * copies, echo, base_urls=shop.urls)
    heal(shop)

    assert set(statuses) == {200}, f"Copies were answered {Counter(statuses)}."
    assert set(states(shop, numbers).values()) == {("confirmed", "captured")}, states(shop, numbers)
    assert happened(shop, numbers, "paid") == orders, "Each order is paid once."
    assert told_of(shop, "order.paid", numbers) == orders
    with shop.database.reading() as c:
        kept = c.execute(
            select(func.count()).where(
                payment_event.c.provider_event_id.in_([f"evt_{key[:24]}_{n}" for key, _ in charges for n in (0, 1)])
            )
        )
        assert kept.scalar_one() == 2 * orders, "Each event is kept once."
    assert_the_provider_agrees(shop, numbers)
    return len(statuses) - orders


def test_what_is_told_twenty_times_at_once_is_recorded_once(request: pytest.FixtureRequest, shop: Shop) -> None:
    orders, copies = load(3, 50), load(10, 20)
    proof = Proof(
        request, "T13", "a webhook many times at once: one capture, one event", f"{orders} payments x {copies} copies"
    )
    proof.sometimes("copies", tell_twenty_times(shop, orders=orders, copies=copies))


def test_the_sandbox_s_own_copies_and_the_answer_race_and_one_is_recorded(
    request: pytest.FixtureRequest, shop: Shop
) -> None:
    orders = load(6, 200)
    proof = Proof(request, "T13", "answer and five copies of the webhook race: one capture", f"{orders} payments")
    plant(shop, "webhook_duplicate")
    numbers = buy(shop, orders, "tok_ok")
    settle(shop, numbers)
    assert set(states(shop, numbers).values()) == {("confirmed", "captured")}
    assert happened(shop, numbers, "paid") == orders
    proof.sometimes("webhooks sent five times", struck(shop)["webhook_duplicate"])
    assert_the_provider_agrees(shop, numbers)


STORY = ("open", "confirming", "succeeded", "failed", "refund succeeded", "refund failed")
"""What is told of one payment, in any order: of its charge, and of two refunds, of which one goes wrong."""


@dataclass
class Expected:
    """What a payment comes to, worked out beside the shop: money that came counts, whatever was said before or after,
    and of it goes back what was asked for here and told to have gone."""

    amount: int
    state: tuple[str, str] = ("placed", "pending")
    refunded: int = 0

    def hear(self, told: str) -> None:
        paid = self.state[0] == "confirmed"
        if told == "succeeded" and not paid:
            self.state = ("confirmed", "captured")
        elif told == "failed" and not paid:
            self.state = ("cancelled", "failed")
        elif told == "refund succeeded" and paid:
            self.state, self.refunded = ("confirmed", "partly_refunded"), self.amount // 2


class Teller:
    """Tells the shop of one payment, event by event; what was told can be told again."""

    def __init__(self, shop: Shop, client: httpx.Client, number: str, staff: dict[str, str]) -> None:
        self._shop, self._client, self._number, self._staff = shop, client, number, staff
        self._key, self.amount = charge_of(shop, number)
        self._told: list[bytes] = []

    def tell(self, told: str) -> None:
        """One event of :data:`STORY`, or one of a kind that the shop does not know."""
        if told.startswith("refund"):
            body = refund_event(self._ask_back(), told.removeprefix("refund "), self.amount // 2)
        elif told == "disputed":
            body = json.dumps({"id": f"evt_{new_key()}", "type": "charge.disputed"}).encode()
        else:
            body = event(self._key, told, self.amount)
        assert tell(self._client, body) == 200
        self._told.append(body)

    def tell_all_again(self) -> None:
        """Every event once more, the last one first."""
        for body in reversed(self._told):
            assert tell(self._client, body) == 200

    def _ask_back(self) -> str:
        """The key of a refund of half of it, whose fate the shop does not know; of one of another shop's where it
        knows of no money that could go back."""
        with self._shop.database.reading() as c:
            row = c.execute(_MONEY, {"number": self._number}).one()
        if row.captured == 0:
            return new_key()
        amount = {"amount": self.amount // 2, "currency": "EUR"}
        answer = self._client.post(
            f"/v1/admin/payments/{row.public_id}/refunds",
            json={"amount": amount, "reason": "broken"},
            headers={**self._staff, "Idempotency-Key": new_key()},
        )
        assert answer.status_code == 201, answer.text
        with self._shop.database.reading() as c:
            return str(c.execute(_LAST_REFUND, {"number": self._number}).scalar_one())


_MONEY = text(
    """SELECT o.state, p.state AS paid, p.public_id, p.captured, p.refunded, p.refund_pending
    FROM sales_order o JOIN payment p ON p.order_id = o.id WHERE o.number = :number"""
)
_LAST_REFUND = text(
    """SELECT r.provider_key FROM sales_order o JOIN payment p ON p.order_id = o.id JOIN refund r ON r.payment_id = p.id
    WHERE o.number = :number AND r.state = 'unknown'"""
)


def refund_event(key: str, state: str, amount: int) -> bytes:
    """What the provider tells of a refund."""
    refund = {"reference": f"re_{key[:20]}", "key": key, "amount": amount, "state": state}
    return json.dumps({"id": f"evt_{new_key()}", "type": f"refund.{state}", "refund": refund}).encode()


def test_in_whatever_order_it_is_told_a_payment_never_goes_backwards(
    request: pytest.FixtureRequest, shop: Shop
) -> None:
    stories, dice = list(permutations(STORY)), random.Random(14)
    dice.shuffle(stories)
    orders = load(4, len(stories))
    promise = "webhooks in any order, refunds among them: never backwards"
    proof = Proof(request, "T14", promise, f"{orders} of {len(stories)} orders of {len(STORY)} events, 1 unknown")
    staff = owner(shop)
    plant(shop, "webhook_lost")
    # What goes back goes without an answer: only what we tell of it is known.
    plant(shop, "not_charged_500", calls=["refund"])
    # Nobody pays on the page: only what we tell is known.
    numbers = [number for first in range(0, orders, 120) for number in buy(shop, min(120, orders - first), None)]
    seen: Counter[str] = Counter()
    with httpx.Client(base_url=shop.urls[0], timeout=20, trust_env=False) as client:
        for number, story in zip(numbers, stories, strict=False):
            teller = Teller(shop, client, number, staff)
            expected = Expected(teller.amount)
            told = list(story)
            told.insert(dice.randrange(len(told) + 1), "disputed")
            for one in told:
                teller.tell(one)
                expected.hear(one)
                _assert_it_came_to(shop, number, expected, told)
            before = _rows(shop, number)
            teller.tell_all_again()
            assert _rows(shop, number) == before, f"{told}, told again: {_rows(shop, number)}"
            paid = told.index("succeeded")
            seen['"failed" after "succeeded"'] += told.index("failed") > paid
            seen["refunds before the money"] += told.index("refund succeeded") < paid
            seen["refunds that went"] += told.index("refund succeeded") > paid
            seen["refunds that failed"] += told.index("refund failed") > paid
    for what, times in seen.items():
        proof.sometimes(what, times)
    assert happened(shop, numbers, "paid") == orders


def _assert_it_came_to(shop: Shop, number: str, expected: Expected, told: list[str]) -> None:
    with shop.database.reading() as c:
        row = c.execute(_MONEY, {"number": number}).one()
    came_to = (row.state, row.paid), row.refunded, row.refund_pending
    assert came_to == (expected.state, expected.refunded, 0), f"{told}: {came_to}, not {expected}"


def test_what_is_never_told_is_asked_for(request: pytest.FixtureRequest, shop: Shop) -> None:
    orders = load(4, 100)
    proof = Proof(
        request, "T15", "every webhook lost: the worker alone settles all", f"{orders} payments, no answer either"
    )
    plant(shop, "webhook_lost")
    plant(shop, "charged_no_answer", calls=["charge"], seconds=0.2)
    numbers = buy(shop, orders, "tok_ok")
    lost = struck(shop)["webhook_lost"]
    with shop.provider() as provider:
        provider.delete("/faults")
    proof.sometimes("settled by asking", settle(shop, numbers))
    proof.sometimes("webhooks lost", lost)
    assert set(states(shop, numbers).values()) == {("confirmed", "captured")}
    assert_the_provider_agrees(shop, numbers)


def forge(shop: Shop) -> int:
    """Nothing that the provider did not sign just now moves anything; raises where it does. How many were tried."""
    plant(shop, "webhook_lost")
    (number,) = buy(shop, 1, None, buyers=1)
    key, amount = charge_of(shop, number)
    good = event(key, "succeeded", amount)
    now = int(time.time())
    right = signature(good, [SANDBOX_SECRET], now)
    forged: list[tuple[bytes, str]] = [
        (good, ""),
        (good, "t=,v1="),
        (good, "v1=" + right.partition("v1=")[2]),
        (good, right.partition(",")[0]),
        (good, right.replace("v1", "v0")),
        (good, right[:-1]),
        (good, right[:-1] + ("0" if right[-1] != "0" else "1")),
        (good, right.upper()),
        (good, signature(good, [OTHER_SECRET], now)),
        (good, signature(good, [""], now)),
        (good, signature(good, [SANDBOX_SECRET], now - 301)),
        (good, signature(good, [SANDBOX_SECRET], now + 330)),
        (good, f"t={now + 1}," + right.partition(",")[2]),
        (good, f"t={now},t={now}," + right.partition(",")[2]),
        (good, "t=1e9," + right.partition(",")[2]),
        (good, ",".join([f"t={now}", *["v1=" + 64 * "0"] * 9])),
        (good.replace(b"succeeded", b"succeedeD"), right),
        (good + b" ", right),
        (good.replace(str(amount).encode(), b"1"), right),
        (b"{}", right),
        (b"", right),
    ]
    before = _rows(shop, number)
    with httpx.Client(base_url=shop.urls[0], timeout=20, trust_env=False) as client:
        for body, header in forged:
            status = tell(client, body, header=header)
            assert status in (400, 401), f"Signed {header!r}, and answered {status}."
        big = signature(2 * 1024 * 1024 * b"x", [SANDBOX_SECRET], now)
        assert tell(client, 2 * 1024 * 1024 * b"x", header=big) == 413
        assert _rows(shop, number) == before, "Nothing was written."
        assert set(states(shop, [number]).values()) == {("placed", "pending")}
        # The real one is good, by whichever of two secrets it is signed, and once.
        signed = signature(good, [OTHER_SECRET, SANDBOX_SECRET], int(time.time()))
        assert tell(client, good, header=signed) == 200
        assert set(states(shop, [number]).values()) == {("confirmed", "captured")}
        paid = _rows(shop, number)
        assert paid["payment_event"] == before["payment_event"] + 1
        assert tell(client, good, header=signed) == 200
        assert _rows(shop, number) == paid, "A replay of a good one changes nothing."
    return len(forged) + 1


# A worker may write the invoice of what is paid at any moment: that is left out.
_TOLD = text(
    """SELECT (SELECT count(*) FROM payment_event e WHERE e.payment_id = p.id) AS payment_event,
      (SELECT count(*) FROM payment_issue i WHERE i.payment_id = p.id) AS payment_issue,
      (SELECT count(*) FROM payment_issue i WHERE i.payment_id = p.id AND i.resolved_at IS NULL) AS open_issue,
      o.event_count - (SELECT count(*) FROM order_event e WHERE e.order_id = o.id AND e.kind = 'invoiced') AS events,
      o.version - (SELECT count(*) FROM order_event e WHERE e.order_id = o.id AND e.kind = 'invoiced') AS version,
      p.version AS payment_version
    FROM sales_order o JOIN payment p ON p.order_id = o.id WHERE o.number = :number"""
)


def _rows(shop: Shop, number: str) -> dict[str, int]:
    with shop.database.reading() as c:
        return dict(c.execute(_TOLD, {"number": number}).one()._mapping)


def test_what_the_provider_did_not_sign_changes_nothing(request: pytest.FixtureRequest, shop: Shop) -> None:
    proof = Proof(request, "T16", "forged webhooks: refused, nothing written", "22 kinds of forgery")
    proof.sometimes("refused", forge(shop))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_while_a_secret_is_changed_the_old_one_is_good_too(request: pytest.FixtureRequest, opened: OpenShop) -> None:
    proof = Proof(request, "T16", "a secret that changes: both are good meanwhile", "1 webhook of each")
    shop = opened(apis=1, SHOP_SANDBOX_URL="http://127.0.0.1:9", SHOP_SANDBOX_SECRET=f"{OTHER_SECRET},{SANDBOX_SECRET}")
    with httpx.Client(base_url=shop.urls[0], timeout=20, trust_env=False) as client:
        for secret in (OTHER_SECRET, SANDBOX_SECRET):
            assert tell(client, event(new_key(), "succeeded", 1), secret=secret) == 200
            proof.sometimes("taken", 1)
        assert tell(client, event(new_key(), "succeeded", 1), secret="x" * 40) == 401


def wrong_sum(shop: Shop, mode: str, number: int) -> int:
    """The provider took another sum than it was to take: nobody is told that it is paid, and a person is called in.

    What that person has settled stays settled: raises where the same event opens it again. How many were told again.
    """
    plant(shop, mode, calls=["charge"])
    numbers = buy(shop, number, "tok_ok")
    heal(shop)
    settle(shop, numbers)
    assert set(states(shop, numbers).values()) == {("placed", "unknown")}, (
        f"Paid by another sum: {states(shop, numbers)}"
    )
    assert happened(shop, numbers, "payment_issue") == number, "A person is called in, once."
    assert happened(shop, numbers, "paid") == 0
    wait_until(lambda: all(_rows(shop, one)["payment_event"] for one in numbers), 30, "the provider's own webhooks")
    # Not the sum that is given back: of that one the shop knows by itself that it is settled.
    staff, (amount_off, currency) = owner(shop), (2, "EUR") if mode == "wrong_amount" else (1, "USD")
    with httpx.Client(base_url=shop.urls[0], timeout=20, trust_env=False) as client:
        for one in numbers:
            key, amount = charge_of(shop, one)
            told = event(key, "succeeded", amount - amount_off, currency=currency)
            assert tell(client, told) == 200
            headers = {**staff, "Idempotency-Key": new_key()}
            answer = client.post(f"/v1/admin/orders/{one}/cancel", json={"reason": "wrong sum"}, headers=headers)
            assert answer.status_code == 200, answer.text
            settled = _rows(shop, one)
            assert settled["open_issue"] == 0
            assert tell(client, told) == 200
            again = _rows(shop, one)
            assert again == settled, f"Settled by staff, and told once more: {settled} became {again}"
    return len(numbers)


@pytest.mark.parametrize("mode", ["wrong_amount", "wrong_currency"])
def test_another_sum_than_was_asked_for_pays_nothing_and_calls_a_person(
    request: pytest.FixtureRequest, shop: Shop, mode: str
) -> None:
    number = load(2, 20)
    proof = Proof(request, "T13", f"{mode}: not paid, a person is called", f"{number} payments")
    proof.sometimes("told once more after it was settled", wrong_sum(shop, mode, number))
    proof.sometimes(mode, number)
