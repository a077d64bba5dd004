"""What can be refused of a checkout; no I/O."""

import re
from collections.abc import Iterable
from typing import Final

from shopapi.contract.catalog import Money
from shopapi.contract.figures import money
from shopapi.contract.problems import FieldError
from shopapi.http.problems import InvalidRequest, ShopError

PROVIDER_TIME_S: Final = 15 * 60
"""How long an order waits for a customer who is on a provider's page."""


_CARD_NUMBER: Final = re.compile(r"[._-]*(?:[0-9][._-]*){12,19}")


class Incomplete(ShopError):
    """Something that an order needs has not been said yet."""

    status, code, title = 422, "checkout_incomplete", "Not complete yet"

    def __init__(self, errors: Iterable[FieldError]) -> None:
        told = list(errors)
        super().__init__("; ".join(f"{one.field} {one.message}" for one in told) + ".", errors=told)


class UnknownProvider(ShopError):
    """The shop is not paid that way."""

    status, code, title = 422, "unknown_provider", "Unknown payment provider"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        ways = ", ".join(known)
        super().__init__(
            f'There is no payment provider "{name}". There are: {ways}.',
            errors=[FieldError("payment.provider", f"is none of {ways}")],
        )


def check_token(token: str | None) -> None:
    """Refuse what may be a card's number, 12 to 19 digits (ISO/IEC 7812): it must reach nobody, and is not repeated.

    Raises :class:`InvalidRequest`.
    """
    if token is not None and _CARD_NUMBER.fullmatch(token):
        raise InvalidRequest.of(
            "payment.token", "looks like a card's number; send the token that the provider gave for it"
        )


class ForeignReturn(ShopError):
    """A payment page leads back to the shop, or to a site that its settings name."""

    status, code, title = 422, "foreign_return_url", "Unknown place to return to"

    def __init__(self) -> None:
        super().__init__(
            "A payment page leads back to the shop alone, or to an origin that SHOP_RETURN_ORIGINS names.",
            errors=[FieldError("return_url", "is at no site that the shop knows")],
        )


class PriceChanged(ShopError):
    """It costs something else by now than the customer agreed to."""

    status, code, title = 409, "price_changed", "The price has changed"

    def __init__(self, total: Money) -> None:
        super().__init__(
            f"It costs {money(total, 'en')} now. Show the new total and ask again.",
            total=total,
        )


class PaymentDeclined(ShopError):
    """The provider refused; nothing was charged, the order is cancelled and the cart open again."""

    status, code, title = 402, "payment_declined", "Payment declined"

    def __init__(self, reason: str = "") -> None:
        told = f" ({reason})" if reason else ""
        super().__init__(f"The payment was declined{told}. Nothing was charged, and the cart is open again.")


class OrderGivenUp(PaymentDeclined):
    """The order was cancelled, by somebody or by the clock, before it was known what became of its charge; its cart is
    open again. ``charged`` is ``None`` where nobody knows yet."""

    code, title = "order_given_up", "Order given up"

    def __init__(self, *, charged: bool | None) -> None:
        super().__init__()
        money = {
            True: "It was charged all the same: the money goes back.",
            False: "Nothing was charged.",
            None: "Whatever was charged goes back.",
        }[charged]
        self.detail = f"The order was given up while it was being paid. {money}"


NOT_TAKEN: Final = "the provider does not accept this means of payment"
"""The reason of a charge that the provider found wrong, such as one with a token that it does not know."""

PROVIDER_BUSY: Final = "provider_busy"
"""The reason of a charge that the provider was too busy to take."""


class ProviderBusy(PaymentDeclined):
    """The provider took no charge at all; otherwise as where it declines."""

    code, title = PROVIDER_BUSY, "Payment provider busy"

    def __init__(self) -> None:
        super().__init__()
        self.detail = (
            "The payment provider is busy. Nothing was charged, and the cart is open again. "
            "Try again in a minute, or pay in another way."
        )
