"""Checkout: the one call that makes an order of a cart."""

from typing import Final
from urllib.parse import urlsplit

from litestar import Response, post
from litestar.params import FromPath, JSONBody

from shopapi.carts.rules import CartAlreadyOrdered, CartGone, TooFewInStock
from shopapi.checkout.check_out import Asked, check_out
from shopapi.checkout.rules import (
    ForeignReturn,
    Incomplete,
    OrderGivenUp,
    PaymentDeclined,
    PriceChanged,
    ProviderBusy,
    UnknownProvider,
    check_token,
)
from shopapi.contract.carts import CheckoutInput
from shopapi.contract.orders import Order
from shopapi.http.body import ShopRequest
from shopapi.http.guests import GuestLimits, asked_locale, cart_scope, give_back, take
from shopapi.http.idempotency import KeyRequired, claim_of, respond
from shopapi.http.problems import RateLimited
from shopapi.http.told import PUBLIC, Route
from shopapi.payments.till import Till
from shopapi.promotions.rules import CodeExpired, CodeUsedUp
from shopapi.settings import ApiSettings


@post(
    "/v1/carts/{token:str}/checkout",
    opt={
        "told": Route(
            PUBLIC,
            "Order what is in the cart",
            answers={201: Order},
            problems=(
                CartGone,
                CartAlreadyOrdered,
                TooFewInStock,
                PriceChanged,
                CodeExpired,
                CodeUsedUp,
                PaymentDeclined,
                OrderGivenUp,
                ProviderBusy,
                Incomplete,
                UnknownProvider,
                ForeignReturn,
                KeyRequired,
                RateLimited,
            ),
            tagged=True,
            keyed=True,
        )
    },
)
async def check_out_cart(token: FromPath[str], data: JSONBody[CheckoutInput], request: ShopRequest) -> Response[bytes]:
    """The stock is reserved, and the payment begun. Repeated with the same key, it is the same order."""
    settings: ApiSettings = request.app.state.settings
    till: Till = request.app.state.till
    limits: GuestLimits = request.app.state.guest_limits
    take(request, limits.checkouts, token)
    if data.payment is not None:
        check_token(data.payment.token)
    claim = claim_of(request, data, scope=cart_scope(token))
    if data.return_url is not None and _origin(data.return_url) not in _origins(settings):
        raise ForeignReturn
    asked = Asked(
        cart_token=token,
        order=data,
        locale=asked_locale(request),
        claim=claim,
        secret_key=settings.secret_key,
        public_url=settings.public_url.geturl(),
        manual_payment_days=settings.manual_payment_days,
    )
    status, headers, body = await check_out(till, asked)
    if "Idempotent-Replayed" in headers:
        give_back(request)
    return respond(status, headers, body)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _origins(settings: ApiSettings) -> tuple[str, ...]:
    return settings.public_url.geturl(), *settings.return_origins


HANDLERS: Final = [check_out_cart]
