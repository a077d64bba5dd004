"""A payment provider in this process, in the place of the sandbox: it does what a test says, and remembers its calls.

What it tells by webhook is signed and read as the sandbox's own.
"""

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, TypeVar

import httpx

from shopapi.payments.providers.interface import Charge, ChargeAnswer, NoAnswer, NotTaken, RefundAnswer, TooBusy
from shopapi.payments.providers.sandbox import Sandbox

T = TypeVar("T", ChargeAnswer, RefundAnswer)
SECRET: Final = "b8d1f2c7a4e95036b8d1f2c7a4e95036"
PAGE: Final = "https://pay.example/page"
_numbers = count(1)


@dataclass
class Bank(Sandbox):
    """``says`` what becomes of the next charge; ``"lost"`` never arrives. While it is ``silent`` it does as it is told
    and answers nobody; while it is ``away`` it does nothing and answers nobody. It ``takes`` and ``returns`` what it is
    asked for, unless a test says how much."""

    says: str = "succeeded"
    refunds_say: str = "succeeded"
    silent: bool = False
    away: bool = False
    takes: int | None = None
    returns: int | None = None
    charges: dict[str, ChargeAnswer] = field(default_factory=dict)
    returned: dict[str, RefundAnswer] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    charged: list[Charge] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__("http://127.0.0.1:9", (SECRET,))

    async def charge(self, charge: Charge) -> ChargeAnswer:
        self._heard("charge", charge.key)
        self.charged.append(charge)
        if self.says == "busy":
            raise TooBusy("try later")
        if self.says == "refused":
            raise NotTaken("no such token")
        if self.says == "lost":
            raise NoAnswer("The line was cut.")
        self.charges.setdefault(charge.key, self._answer(charge))
        return self._told(self.charges[charge.key])

    async def ask(self, key: str) -> ChargeAnswer:
        self._heard("ask", key)
        return self._told(self.charges.get(key, ChargeAnswer("unheard")))

    async def cancel(self, key: str) -> ChargeAnswer:
        self._heard("cancel", key)
        if self.charges.get(key, ChargeAnswer("unheard")).state not in ("succeeded", "failed"):
            self.charges[key] = ChargeAnswer("failed", reason="cancelled")
        return self._told(self.charges[key])

    async def refund(self, key: str, charge_key: str, amount: int, currency: str) -> RefundAnswer:
        self._heard("refund", key)
        if self.refunds_say == "busy":
            raise TooBusy("try later")
        back = amount if self.returns is None else self.returns
        known = RefundAnswer(self.refunds_say, f"re-{key[:8]}", back, "the card is closed")  # type: ignore[arg-type]
        self.returned.setdefault(key, known)
        return self._told(self.returned[key])

    async def ask_refund(self, key: str) -> RefundAnswer:
        self._heard("ask_refund", key)
        return self._told(self.returned.get(key, RefundAnswer("unheard")))

    def pay(self) -> str:
        """The customer pays on the page of the last charge; answers its key."""
        last = self.charged[-1]
        self.charges[last.key] = ChargeAnswer("succeeded", f"ch-{last.key[:8]}", last.amount, last.currency)
        return last.key

    def taken(self) -> int:
        """What customers have paid and not got back, in minor units."""
        paid = sum(one.amount for one in self.charges.values() if one.state == "succeeded")
        return paid - sum(one.amount for one in self.returned.values() if one.state == "succeeded")

    def _heard(self, what: str, key: str) -> None:
        self.asked.append((what, key))
        if self.away:
            raise NoAnswer("Nobody is there.")

    def _told(self, answer: T) -> T:
        if self.silent:
            raise NoAnswer("The answer was lost.")
        return answer

    def _answer(self, charge: Charge) -> ChargeAnswer:
        reference = f"ch-{charge.key[:8]}"
        if self.says == "open":
            return ChargeAnswer("open", reference, charge.amount, charge.currency, f"{PAGE}/{charge.key[:8]}")
        if self.says == "declined":
            return ChargeAnswer("failed", reference, reason="no funds")
        amount = charge.amount if self.takes is None else self.takes
        return ChargeAnswer("succeeded", reference, amount, charge.currency)


def charge_event(
    key: str, state: str, amount: int, *, currency: str = "EUR", name: str = "", reason: str = ""
) -> dict[str, Any]:
    """What the provider tells of a charge."""
    charge = {"reference": f"ch-{key[:8]}", "key": key, "amount": amount, "currency": currency, "state": state}
    charge |= {"reason": reason} if reason else {}
    return {"id": name or f"evt-{next(_numbers)}", "type": f"charge.{state}", "charge": charge}


def refund_event(key: str, state: str, amount: int) -> dict[str, Any]:
    """What the provider tells of a refund."""
    refund = {"reference": f"re-{key[:8]}", "key": key, "amount": amount, "state": state}
    return {"id": f"evt-{next(_numbers)}", "type": f"refund.{state}", "refund": refund}


def signature(body: bytes, *, secret: str = SECRET, age_s: int = 0) -> str:
    """The header that the provider signs a webhook with, so many seconds ago."""
    at = str(int(time.time()) - age_s)
    mac = hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


def webhooks_overtake(bank: Bank, api: httpx.Client) -> None:
    """From now on the provider's webhook of a charge that is called off arrives before its answer does."""
    calling_off = bank.cancel

    async def overtaken(key: str) -> ChargeAnswer:
        answer = await calling_off(key)
        told = await asyncio.to_thread(tell, api, charge_event(key, "cancelled", 0, reason="cancelled"))
        assert told.status_code == 200, told.text
        return answer

    bank.cancel = overtaken  # type: ignore[method-assign]


def tell(api: httpx.Client, event: dict[str, Any], **signed: Any) -> httpx.Response:
    """The provider's webhook arrives."""
    body = json.dumps(event).encode()
    headers = {"Content-Type": "application/json", "Sandbox-Signature": signature(body, **signed)}
    return api.post("/v1/payments/sandbox/webhook", content=body, headers=headers)
