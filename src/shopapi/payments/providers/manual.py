"""Bank transfer in advance: the customer sends the money, and staff say that it came."""

from collections.abc import Mapping

from shopapi.payments.providers.interface import (
    CALLED_OFF,
    BadSignature,
    Charge,
    ChargeAnswer,
    PaymentProvider,
    ProviderEvent,
    RefundAnswer,
)
from shopapi.settings import ApiSettings


def manual(_: ApiSettings) -> PaymentProvider:
    """The provider; every shop has it."""
    return Manual()


class Manual:
    """Nobody is called: a charge waits for its transfer, and a refund is made by staff at their bank."""

    name = "manual"
    offline = True

    async def charge(self, charge: Charge) -> ChargeAnswer:
        """Open, without a page to go to."""
        return ChargeAnswer("open", amount=charge.amount, currency=charge.currency)

    async def ask(self, key: str) -> ChargeAnswer:
        """There is nobody to ask: the transfer is still to come."""
        return ChargeAnswer("open")

    async def cancel(self, key: str) -> ChargeAnswer:
        """No money moves by itself, so nothing has to be stopped."""
        return ChargeAnswer("failed", reason=CALLED_OFF)

    async def refund(self, key: str, charge_key: str, amount: int, currency: str) -> RefundAnswer:
        """Done by staff at their bank: to ask for it is to say that it is done."""
        return RefundAnswer("succeeded", amount=amount)

    async def ask_refund(self, key: str) -> RefundAnswer:
        """There is nobody to ask."""
        return RefundAnswer("unheard")

    def event(self, headers: Mapping[str, str], body: bytes) -> ProviderEvent:
        """A bank sends no webhooks, so whoever sends one is not it."""
        raise BadSignature("Bank transfers have no webhooks.")

    async def close(self) -> None:
        """There is nothing to give back."""
