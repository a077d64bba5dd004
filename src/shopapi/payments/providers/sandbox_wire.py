"""What the sandbox sends, as far as the shop reads it: unknown fields are none of its business, unknown values are."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from shopapi.payments.providers.interface import Answered, ChargeAnswer, RefundAnswer

Amount = Annotated[int, Meta(ge=0, le=2**53)]

# PostgreSQL's text holds no NUL.
_TEXT: Final = r"^[^\u0000\ud800-\udfff]*$"
_Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=_TEXT)]
_Reason = Annotated[str, Meta(max_length=255, pattern=_TEXT)]

_STATES: Final[dict[str, Answered]] = {
    "open": "open",
    "confirming": "open",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "failed",
}


class SandboxCharge(Struct, frozen=True):
    """A charge as the sandbox has it."""

    reference: _Name
    key: _Name
    amount: Amount
    currency: Annotated[str, Meta(max_length=3, pattern=_TEXT)]
    state: Literal["open", "confirming", "succeeded", "failed", "cancelled"]
    reason: _Reason = ""
    url: Annotated[str, Meta(pattern=r"^https?://[^\u0000\ud800-\udfff]*$", max_length=2048)] | None = None

    def told(self) -> ChargeAnswer:
        """In the shop's words; whether it is what was asked for is the shop's to judge."""
        state = _STATES[self.state]
        url = self.url if state == "open" else None
        return ChargeAnswer(state, self.reference, self.amount, self.currency, url, self.reason)


class SandboxRefund(Struct, frozen=True):
    """A refund as the sandbox has it."""

    reference: _Name
    key: _Name
    amount: Amount
    state: Literal["succeeded", "failed"]
    reason: _Reason = ""

    def told(self) -> RefundAnswer:
        """In the shop's words."""
        return RefundAnswer(self.state, self.reference, self.amount, self.reason)


class SandboxEvent(Struct, frozen=True):
    """A webhook's body."""

    id: _Name
    type: Annotated[str, Meta(min_length=1, max_length=64, pattern=_TEXT)]
    charge: SandboxCharge | None = None
    refund: SandboxRefund | None = None


class SandboxRefusal(Struct, frozen=True):
    """Why a call was not carried out."""

    code: str
