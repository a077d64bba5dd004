"""What each buyer was told, and whether the shop's books say the same.

A call ends as ``ok``, ``fail`` (a definite no) or ``unknown`` (nobody answered). What was ``ok`` may never vanish, what
failed may never have had an effect, and what is unknown may be either.
"""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
import msgspec
from sqlalchemy import select

from shopapi.carts.tables import cart
from shopapi.db.engine import Database
from shopapi.orders.tables import sales_order

Outcome = Literal["ok", "fail", "unknown"]


@dataclass(frozen=True)
class Try:
    """One call of one buyer. ``code`` is the problem's, where it was refused; ``s`` how long it took."""

    buyer: int
    cart: str
    outcome: Outcome
    status: int
    s: float
    code: str = ""
    body: bytes = b""
    replayed: bool = False

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.json.decode(self.body)
        return told


@dataclass
class History:
    """Every try, in the order in which they ended."""

    tries: list[Try] = field(default_factory=list)

    def note(self, buyer: int, cart_token: str, began: float, answer: httpx.Response | None) -> Try:
        """Write down what came of a call; ``None`` stands for no answer."""
        s = time.monotonic() - began
        if answer is None:
            told = Try(buyer, cart_token, "unknown", 0, s)
        else:
            status = answer.status_code
            # What failed inside may have had its effect all the same; a 503 says that it had none.
            outcome: Outcome = "ok" if status < 300 else "unknown" if status >= 500 and status != 503 else "fail"
            code = "" if status < 300 else str(answer.json().get("code", ""))
            replayed = "idempotent-replayed" in answer.headers
            told = Try(buyer, cart_token, outcome, status, s, code, answer.content, replayed)
        self.tries.append(told)
        return told

    def of(self, outcome: Outcome) -> list[Try]:
        """Those that ended like that."""
        return [one for one in self.tries if one.outcome == outcome]

    def refusals(self) -> Counter[str]:
        """How often each refusal came, by its code."""
        return Counter(one.code for one in self.of("fail"))

    def slowest_ms(self, share: float = 0.99) -> int:
        """Within so many milliseconds that share of the calls was answered."""
        times = sorted(one.s for one in self.tries)
        return round(1000 * times[min(len(times) - 1, int(share * len(times)))]) if times else 0


def assert_every_answer_is_true(database: Database, history: History) -> None:
    """Compare what buyers were told of their orders with the orders that there are."""
    with database.reading() as c:
        rows = c.execute(
            select(sales_order.c.number, sales_order.c.total, sales_order.c.state, cart.c.token).join_from(
                sales_order, cart, cart.c.id == sales_order.c.cart_id
            )
        ).all()
    known = {row.number: row for row in rows}
    outcomes: dict[str, set[Outcome]] = defaultdict(set)
    for one in history.tries:
        outcomes[one.cart].add(one.outcome)
    for one in history.of("ok"):
        number, total = one.told["number"], one.told["total"]["amount"]
        assert number in known, f"Order {number} was acknowledged, and is gone."
        assert known[number].total == total, f"Order {number} costs {known[number].total}; its buyer was told {total}."
        assert known[number].token == one.cart, f"Order {number} is of another cart."
    for row in rows:
        if row.state != "cancelled" and row.token in outcomes:
            assert outcomes[row.token] & {"ok", "unknown"}, f"Order {row.number} was refused, and is there."
