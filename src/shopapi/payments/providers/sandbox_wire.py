"""What the sandbox sends, as far as the shop reads it: unknown fields are none of its business, unknown values are."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from shopapi.payments.providers.interface import Answered, ChargeAnswer, RefundAnswer

Amount = Annotated[int, Meta(ge=0, le=2**53)]

_STATES: Final[dict[str, Answered]] = {
    "open": "open",
    "confirming": "open",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "failed",
}


class SandboxCharge(Struct, frozen=True):
    """A charge as the sandbox has it."""

    reference: Annotated[str, Meta(min_length=1, max_length=255)]
    key: Annotated[str, Meta(min_length=1, max_length=255)]
    amount: Amount
    currency: Annotated[str, Meta(max_length=3)]
    state: Literal["open", "confirming", "succeeded", "failed", "cancelled"]
    reason: Annotated[str, Meta(max_length=255)] = ""
    url: Annotated[str, Meta(pattern=r"^https?://", max_length=2048)] | None = None

    def told(self) -> ChargeAnswer:
        """In the shop's words; whether it is what was asked for is the shop's to judge."""
        state = _STATES[self.state]
        url = self.url if state == "open" else None
        return ChargeAnswer(state, self.reference, self.amount, self.currency, url, self.reason)


class SandboxRefund(Struct, frozen=True):
    """A refund as the sandbox has it."""

    reference: Annotated[str, Meta(min_length=1, max_length=255)]
    key: Annotated[str, Meta(min_length=1, max_length=255)]
    amount: Amount
    state: Literal["succeeded", "failed"]
    reason: Annotated[str, Meta(max_length=255)] = ""

    def told(self) -> RefundAnswer:
        """In the shop's words."""
        return RefundAnswer(self.state, self.reference, self.amount, self.reason)


class SandboxEvent(Struct, frozen=True):
    """A webhook's body."""

    id: Annotated[str, Meta(min_length=1, max_length=255)]
    type: Annotated[str, Meta(min_length=1, max_length=64)]
    charge: SandboxCharge | None = None
    refund: SandboxRefund | None = None


class SandboxRefusal(Struct, frozen=True):
    """Why a call was not carried out."""

    code: str
