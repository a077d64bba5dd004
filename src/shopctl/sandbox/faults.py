"""What goes wrong on purpose, and when.

A fault is chosen by the token of a charge (``tok_`` and the mode), on the hosted page, or for the next calls by
``POST /faults``. Those of ``POST /faults`` live in memory: a restart ends them.
"""

import random
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

DeclinedBy = Literal["declined", "insufficient_funds"]
CallMode = Literal[
    "slow",
    "charged_no_answer",
    "not_charged_no_answer",
    "charged_500",
    "not_charged_500",
    "reset",
    "not_charged_reset",
    "wrong_amount",
    "wrong_currency",
    "429",
    "503",
]
"""``charged_…``: the call is carried out, and its answer gets lost. ``not_charged_…``: it is never carried out."""

WebhookMode = Literal["webhook_duplicate", "webhook_reordered", "webhook_lost", "webhook_delayed"]
Mode = Literal["ok", "3ds", DeclinedBy, CallMode, WebhookMode, "ignore_keys"]
Call = Literal["charge", "ask", "cancel", "refund", "ask_refund", "webhook"]

DECLINES: Final = frozenset(get_args(DeclinedBy))
WEBHOOK: Final = frozenset(get_args(WebhookMode))
CALL: Final = frozenset(get_args(CallMode))
_TOKENS: Final = frozenset({"ok", "3ds", *DECLINES, *CALL, *WEBHOOK})
USUAL_S: Final = {"slow": 3.0, "webhook_delayed": 5.0, "webhook_reordered": 1.0}
HANGS_S: Final = 60.0
"""How long a call without an answer is held before its connection breaks."""

COPIES: Final = 5
"""How often a duplicated webhook is sent, all at once."""


def mode_of(token: str) -> Mode | None:
    """What a charge with this token meets; ``None`` where the token is no test card's."""
    mode = token.removeprefix("tok_")
    return mode if token.startswith("tok_") and mode in _TOKENS else None  # type: ignore[return-value]


@dataclass
class Fault:
    """One fault that waits for calls. ``count`` is how often it may still strike, ``None`` without end."""

    mode: Mode
    calls: tuple[Call, ...]
    count: int | None
    probability: float
    seconds: float | None
    rolls: random.Random
    struck: int = 0

    def strikes(self, call: Call) -> bool:
        """Whether it strikes this call."""
        if call not in self.calls or self.count == 0 or self.rolls.random() >= self.probability:
            return False
        self.count = None if self.count is None else self.count - 1
        self.struck += 1
        return True


@dataclass
class Faults:
    """All that were asked for, the oldest first."""

    planted: list[Fault] = field(default_factory=list)

    def striking(self, call: Call) -> Fault | None:
        """The first fault that strikes this call."""
        return next((fault for fault in self.planted if fault.mode != "ignore_keys" and fault.strikes(call)), None)

    def keys_are_ignored(self) -> bool:
        """Whether this call's key is to mean nothing, so that it is carried out once more."""
        return any(fault.strikes("charge") for fault in self.planted if fault.mode == "ignore_keys")


def calls_of(mode: Mode) -> tuple[Call, ...]:
    """The calls that a mode strikes where nobody says which."""
    return ("webhook",) if mode in WEBHOOK else ("charge",)
