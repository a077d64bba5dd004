"""What goes over the wire between the sandbox and whoever charges by it. Amounts are whole minor units."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shopctl.sandbox.faults import Call, Mode

Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{1,255}\Z")]
Amount = Annotated[int, Meta(ge=1, le=10**15)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
ChargeState = Literal["open", "confirming", "succeeded", "failed", "cancelled"]
RefundState = Literal["succeeded", "failed"]


class NewCharge(Struct, forbid_unknown_fields=True, frozen=True):
    """A charge that is asked for. Without a ``token`` the customer pays on the hosted page."""

    key: Key
    amount: Amount
    currency: Currency
    order_number: Annotated[str, Meta(min_length=1, max_length=64)]
    return_url: Annotated[str, Meta(pattern=r"^https?://[^\s<>\"]+\Z", max_length=2048)]
    locale: Literal["de", "en"] = "en"
    token: Annotated[str, Meta(max_length=64)] | None = None


class Charge(Struct, frozen=True):
    """A charge as it is. ``amount`` and ``currency`` are what was charged, before that what is to be.

    ``confirming``: the customer's bank wants to be sure first. ``cancelled``: it can never be charged any more.
    """

    reference: str
    key: str
    order_number: str
    amount: int
    currency: str
    state: ChargeState
    reason: str
    url: str | None
    refunded: int
    version: int
    created_at: float


class NewRefund(Struct, forbid_unknown_fields=True, frozen=True):
    """A refund that is asked for."""

    key: Key
    amount: Amount
    currency: Currency


class Refund(Struct, frozen=True):
    """A refund as it is."""

    reference: str
    key: str
    charge_key: str
    amount: int
    currency: str
    state: RefundState
    reason: str
    created_at: float


class Event(Struct, frozen=True):
    """A webhook's body. ``type`` begins with ``charge.`` or ``refund.`` and ends with what happened."""

    id: str
    type: str
    created_at: float
    charge: Charge | None = None
    refund: Refund | None = None


class SentEvent(Struct, frozen=True):
    """An event and how its delivery stands."""

    id: str
    type: str
    key: str
    attempts: int
    delivered: bool
    lost: bool


class NewFault(Struct, forbid_unknown_fields=True, frozen=True):
    """A fault for calls to come: ``count`` times at most, each time with ``probability``, drawn from ``seed``."""

    mode: Mode
    calls: list[Call] | None = None
    count: Annotated[int, Meta(ge=1, le=10**6)] | None = None
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    seed: int | None = None
    seconds: Annotated[float, Meta(ge=0, le=600)] | None = None


class PlantedFault(Struct, frozen=True):
    """A fault that waits for calls, and how often it struck."""

    mode: Mode
    calls: list[Call]
    count: int | None
    probability: float
    seconds: float | None
    struck: int


class Resend(Struct, forbid_unknown_fields=True, frozen=True):
    """Which events to send once more: one by ``id``, those of a charge or refund by ``key``, else all."""

    id: str | None = None
    key: str | None = None


class Resent(Struct, frozen=True):
    """How many events are sent once more."""

    events: int


class Charges(Struct, frozen=True):
    """Charges in the order in which they were made; ``next`` is the next page's ``after``."""

    charges: list[Charge]
    next: int | None


class Refunds(Struct, frozen=True):
    """Refunds in the order in which they were made; ``next`` is the next page's ``after``."""

    refunds: list[Refund]
    next: int | None


class Refusal(Struct, frozen=True):
    """An answer to a call that was not carried out."""

    code: str
    detail: str
