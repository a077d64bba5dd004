"""What a payment provider is to the shop. Plug-ins are found under the entry-point group ``shopctl.payment_providers``.

An entry point names a function that takes the settings of the API and answers a :class:`PaymentProvider`, or ``None``
where the settings do not ask for it. Every call carries a key that the shop made and stored before: the provider must
treat a repeated key as the same call. No card number ever passes through here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

Answered = Literal["succeeded", "failed", "open", "unheard"]
"""``open``: the customer has to do something first. ``unheard``: the provider knows nothing of this key."""


CALLED_OFF: Final = "cancelled"
"""The reason of a charge that the shop called off by ``cancel``: in its answer, by webhook, and when asked for it."""

BY_CUSTOMER: Final = "cancelled_by_customer"
"""The reason of a charge that its customer called off on the provider's page."""


class NoAnswer(Exception):
    """The provider gave none that can be relied on: the money may or may not have moved. Ask again later."""


class TooBusy(Exception):
    """The provider refused to take the call at all (429 or the like): nothing has moved."""


class NotTaken(TooBusy):
    """The provider refused the call for what is in it, such as a token that it does not know: nothing has moved, and
    the same call would be refused again."""


class BadSignature(Exception):
    """A webhook that the provider did not sign, or signed too long ago."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be charged. ``token`` stands for a means of payment; without it, the provider asks the customer on a
    page of its own, which leads back to ``return_url``."""

    key: str
    amount: int
    currency: str
    order_number: str
    token: str | None
    return_url: str
    locale: str


@dataclass(frozen=True, slots=True)
class ChargeAnswer:
    """What became of a charge. ``reference`` is the provider's own name for it, ``url`` its page where ``open``.

    ``reason`` says why it ``failed``, and is :data:`CALLED_OFF`, or none, where nothing but the shop's own ``cancel``
    did it.
    """

    state: Answered
    reference: str | None = None
    amount: int = 0
    currency: str = ""
    url: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """What became of a refund; never ``open``, but ``unheard`` where the provider knows nothing of the key."""

    state: Answered
    reference: str | None = None
    amount: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A webhook whose signature is good. ``key`` is the charge or refund that it tells of."""

    id: str
    kind: str
    subject: Literal["charge", "refund", "other"]
    key: str
    charge: ChargeAnswer | None
    refund: RefundAnswer | None


class PaymentProvider(Protocol):
    """One way to be paid. All calls may raise :class:`NoAnswer`; ``charge`` and ``refund`` also :class:`TooBusy` and
    :class:`NotTaken`."""

    name: str
    offline: bool
    """Whether the money comes without the shop asking anybody: staff say that it came."""

    async def charge(self, charge: Charge) -> ChargeAnswer:
        """Charge, or begin to."""
        ...

    async def ask(self, key: str) -> ChargeAnswer:
        """What became of the charge with this key."""
        ...

    async def cancel(self, key: str) -> ChargeAnswer:
        """Let the charge not happen any more. Answers ``succeeded`` where it has happened, else ``failed`` for good:
        a charge with this key can never succeed afterwards, even one that the provider had not heard of."""
        ...

    async def refund(self, key: str, charge_key: str, amount: int, currency: str) -> RefundAnswer:
        """Give back money of a charge."""
        ...

    async def ask_refund(self, key: str) -> RefundAnswer:
        """What became of the refund with this key."""
        ...

    def event(self, headers: Mapping[str, str], body: bytes) -> ProviderEvent:
        """Read a webhook; raises :class:`BadSignature`, and ``ValueError`` where it is signed but makes no sense."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
