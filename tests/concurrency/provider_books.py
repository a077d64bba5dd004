"""The sandbox's own journal against the shop's books: what was charged and given back is the same in both."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from shopapi.orders.tables import sales_order
from shopapi.payments.tables import payment, payment_issue
from tests.concurrency.standing import Shop


@dataclass(frozen=True)
class Journal:
    """How many charges and refunds went through, as the provider has it."""

    charged: int
    given_back: int


def assert_the_provider_agrees(shop: Shop, numbers: Sequence[str]) -> Journal:
    """Fail where one of these orders was charged twice, or where books and journal differ about it.

    Every charge of theirs is settled by now. A payment about which a person was called in is left to that person.
    """
    ours = set(numbers)
    charges = [one for one in _everything(shop, "charges") if one["order_number"] in ours]
    refunds = [one for one in _everything(shop, "refunds") if one["charge_key"] in {one["key"] for one in charges}]
    taken: dict[str, int] = defaultdict(int)
    times: Counter[str] = Counter()
    order_of = {one["key"]: one["order_number"] for one in charges}
    for one in charges:
        if one["state"] == "succeeded":
            times[one["order_number"]] += 1
            taken[one["order_number"]] += one["amount"]
    twice = {number: n for number, n in times.items() if n > 1}
    assert not twice, f"Charged more than once: {twice}"
    returned: dict[str, int] = defaultdict(int)
    for one in refunds:
        if one["state"] == "succeeded":
            returned[order_of[one["charge_key"]]] += one["amount"]

    with shop.database.reading() as c:
        doubtful = select(payment_issue.c.payment_id).where(payment_issue.c.kind == "amount_mismatch")
        rows = c.execute(
            select(
                sales_order.c.number, payment.c.captured, payment.c.refunded, payment.c.id.in_(doubtful).label("doubt")
            )
            .join_from(payment, sales_order, sales_order.c.id == payment.c.order_id)
            .where(payment.c.provider == "sandbox", sales_order.c.number.in_(numbers))
        ).all()
    known = {row.number for row in rows}
    assert not taken.keys() - known, f"Charged for no order: {taken.keys() - known}"
    for row in rows:
        if not row.doubt:
            assert taken[row.number] == row.captured, (
                f"{row.number}: the provider took {taken[row.number]}, the books say {row.captured}."
            )
            assert returned[row.number] == row.refunded, (
                f"{row.number}: {returned[row.number]} went back, the books say {row.refunded}."
            )
    return Journal(sum(times.values()), sum(one["state"] == "succeeded" for one in refunds))


def _everything(shop: Shop, what: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: int | None = 0
    with shop.provider() as provider:
        while after is not None:
            page = provider.get(f"/{what}", params={"after": after}).raise_for_status().json()
            found += page[what]
            after = page["next"]
    return found
