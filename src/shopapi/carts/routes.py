"""Carts: each call on one answers the whole cart, priced as of now. Who knows its token, has it."""

from collections.abc import Callable
from typing import Final

from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from shopapi.carts import store
from shopapi.carts.pricing import price_cart, shipping_options, told
from shopapi.carts.reading import StoredCart, read_cart
from shopapi.carts.rules import (
    CartAlreadyOrdered,
    CartGone,
    NoDelivery,
    NotForSale,
    NotInCart,
    TooFewInStock,
    TooMuch,
)
from shopapi.contract.carts import (
    Cart,
    CartInput,
    CodeInput,
    ContactInput,
    LineInput,
    LinePatch,
    ShippingInput,
    ShippingOptions,
)
from shopapi.db.engine import Database
from shopapi.http.body import ShopRequest
from shopapi.http.etag import etag
from shopapi.http.guests import GuestLimits, address_of, asked_locale, cart_scope, take
from shopapi.http.idempotency import Answer, once
from shopapi.http.problems import RateLimited
from shopapi.http.threads import in_thread
from shopapi.http.told import PUBLIC, Route
from shopapi.promotions.rules import CodeExpired, CodeNotApplicable, CodeUnknown, CodeUsedUp, customer_key

_GONE: Final = (CartGone, CartAlreadyOrdered)
_ADDING: Final = (NotForSale, TooFewInStock, TooMuch)


@post(
    "/v1/carts",
    opt={"told": Route(PUBLIC, "Make a cart", answers={201: Cart}, problems=_ADDING, tagged=True, keyed=True)},
)
@in_thread
def create_cart(data: JSONBody[CartInput], request: ShopRequest, db: NamedDependency[Database]) -> Response[bytes]:
    """Empty, or with lines: all of them or none."""

    def change(c: Connection) -> Answer:
        return _answer(request, store.create_cart(c, data.lines, asked_locale(request)), 201)

    return once(request, db, data, change, scope=f"address:{address_of(request)}")


@get(
    "/v1/carts/{token:str}",
    opt={"told": Route(PUBLIC, "Read a cart", answers={200: Cart}, problems=(CartGone,), tagged=True)},
)
@in_thread
def get_cart(token: FromPath[str], request: ShopRequest, db: NamedDependency[Database]) -> Response[Cart]:
    """A cart, priced as of now; ``problems`` says what is no longer as it was."""
    with db.reading() as c:
        return _cart(request, read_cart(c, token, asked_locale(request)))


@post(
    "/v1/carts/{token:str}/lines",
    opt={
        "told": Route(
            PUBLIC,
            "Add units of a sku",
            answers={200: Cart},
            problems=(*_GONE, *_ADDING),
            tagged=True,
            keyed=True,
        )
    },
    status_code=200,
)
@in_thread
def add_to_cart(
    token: FromPath[str], data: JSONBody[LineInput], request: ShopRequest, db: NamedDependency[Database]
) -> Response[bytes]:
    """What is in the cart already counts as well: the sum must be there."""

    def change(c: Connection) -> Answer:
        store.add_line(c, token, data)
        return _answer(request, read_cart(c, token, asked_locale(request)))

    return once(request, db, data, change, one_statement=True, scope=cart_scope(token))


@patch(
    "/v1/carts/{token:str}/lines/{sku:str}",
    opt={
        "told": Route(
            PUBLIC,
            "Set how many units a line has",
            answers={200: Cart},
            problems=(*_GONE, *_ADDING, NotInCart),
            tagged=True,
        )
    },
)
@in_thread
def set_cart_line(
    token: FromPath[str],
    sku: FromPath[str],
    data: JSONBody[LinePatch],
    request: ShopRequest,
    db: NamedDependency[Database],
) -> Response[Cart]:
    """0 removes the line."""
    return _changed(request, db, token, lambda c: store.set_line(c, token, sku, data.quantity))


@delete(
    "/v1/carts/{token:str}/lines/{sku:str}",
    opt={"told": Route(PUBLIC, "Take a line out", answers={200: Cart}, problems=(*_GONE, NotInCart), tagged=True)},
    status_code=200,
)
@in_thread
def remove_cart_line(
    token: FromPath[str], sku: FromPath[str], request: ShopRequest, db: NamedDependency[Database]
) -> Response[Cart]:
    """The cart without that sku."""
    return _changed(request, db, token, lambda c: store.set_line(c, token, sku, 0))


@put(
    "/v1/carts/{token:str}/contact",
    opt={
        "told": Route(
            PUBLIC,
            "Say who buys and where it goes",
            answers={200: Cart},
            problems=(*_GONE, NoDelivery),
            tagged=True,
        )
    },
)
@in_thread
def set_cart_contact(
    token: FromPath[str], data: JSONBody[ContactInput], request: ShopRequest, db: NamedDependency[Database]
) -> Response[Cart]:
    """Taxes and the ways to deliver go by the country of the shipping address."""
    whose = customer_key(data.email, request.app.state.settings.secret_key)
    return _changed(request, db, token, lambda c: store.set_contact(c, token, data, customer_key=whose))


@get(
    "/v1/carts/{token:str}/shipping-options",
    opt={"told": Route(PUBLIC, "List the ways to deliver", answers={200: ShippingOptions}, problems=(CartGone,))},
)
@in_thread
def list_shipping_options(token: FromPath[str], request: ShopRequest, db: NamedDependency[Database]) -> ShippingOptions:
    """Each with its price for this cart and address, cheapest first; none before there is an address."""
    with db.reading() as c:
        return ShippingOptions(shipping_options(price_cart(read_cart(c, token, asked_locale(request)))))


@put(
    "/v1/carts/{token:str}/shipping",
    opt={
        "told": Route(
            PUBLIC, "Choose a way to deliver", answers={200: Cart}, problems=(*_GONE, NoDelivery), tagged=True
        )
    },
)
@in_thread
def set_cart_shipping(
    token: FromPath[str], data: JSONBody[ShippingInput], request: ShopRequest, db: NamedDependency[Database]
) -> Response[Cart]:
    """One of the shipping options."""
    return _changed(request, db, token, lambda c: store.set_shipping(c, token, data.method))


@post(
    "/v1/carts/{token:str}/codes",
    opt={
        "told": Route(
            PUBLIC,
            "Enter a code",
            answers={200: Cart},
            problems=(*_GONE, CodeUnknown, CodeExpired, CodeUsedUp, CodeNotApplicable, RateLimited),
            tagged=True,
            keyed=True,
        )
    },
    status_code=200,
)
@in_thread
def add_cart_code(
    token: FromPath[str],
    data: JSONBody[CodeInput],
    request: ShopRequest,
    db: NamedDependency[Database],
    guest_limits: NamedDependency[GuestLimits],
) -> Response[bytes]:
    """One code at a time: it takes the place of one that was there, unless that one takes more off."""
    take(request, guest_limits.codes_of_cart, token)
    take(request, guest_limits.codes_of_address, address_of(request))

    def change(c: Connection) -> Answer:
        return _answer(request, store.add_code(c, token, data.code, asked_locale(request)))

    return once(request, db, data, change, scope=cart_scope(token))


@delete(
    "/v1/carts/{token:str}/codes/{code:str}",
    opt={"told": Route(PUBLIC, "Take a code out", answers={200: Cart}, problems=_GONE, tagged=True)},
    status_code=200,
)
@in_thread
def remove_cart_code(
    token: FromPath[str], code: FromPath[str], request: ShopRequest, db: NamedDependency[Database]
) -> Response[Cart]:
    """A code that is not there is no mistake."""
    return _changed(request, db, token, lambda c: store.remove_code(c, token, code))


def _changed(request: ShopRequest, db: Database, token: str, change: Callable[[Connection], None]) -> Response[Cart]:
    def changed(c: Connection) -> StoredCart:
        change(c)
        return read_cart(c, token, asked_locale(request))

    return _cart(request, db.write(changed))


def _told(request: ShopRequest, stored: StoredCart) -> Cart:
    return told(price_cart(stored), list(request.app.state.providers))


def _cart(request: ShopRequest, stored: StoredCart) -> Response[Cart]:
    return Response(_told(request, stored), headers=_headers(stored))


def _answer(request: ShopRequest, stored: StoredCart, status: int = 200) -> Answer:
    return Answer(_told(request, stored), status, _headers(stored))


def _headers(stored: StoredCart) -> dict[str, str]:
    return {"ETag": etag(stored.version), "Cache-Control": "no-store", "Content-Language": stored.locale}


HANDLERS: Final = [
    create_cart,
    get_cart,
    add_to_cart,
    set_cart_line,
    remove_cart_line,
    set_cart_contact,
    list_shipping_options,
    set_cart_shipping,
    add_cart_code,
    remove_cart_code,
]
