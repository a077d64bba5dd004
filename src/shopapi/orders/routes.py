"""Orders as their customers see them, by number and secret; and withdrawing from a contract."""

from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from shopapi.contract.orders import CancelInput, Order, OrderTokenQuery, Withdrawal, WithdrawalInput
from shopapi.db.engine import Database
from shopapi.http.body import ShopRequest
from shopapi.http.etag import etag
from shopapi.http.guests import GuestLimits, address_of, asked_locale, take
from shopapi.http.idempotency import Answer, once
from shopapi.http.problems import NotFound, RateLimited
from shopapi.http.query import query_of
from shopapi.http.threads import in_thread
from shopapi.http.told import PUBLIC, Pdf, Route
from shopapi.invoices.reading import read_pdf
from shopapi.orders.cancel_once import cancel_once
from shopapi.orders.cancel_order import PaymentUnclear
from shopapi.orders.reading import read_order
from shopapi.orders.rules import InvalidTransition, OrderGone, access_token_hash
from shopapi.orders.store import CUSTOMER
from shopapi.orders.withdraw import withdraw
from shopapi.payments.keyed import Said
from shopapi.payments.record_charge import GivenUp
from shopapi.payments.till import Till

_encode: Final = msgspec.json.Encoder().encode


@get(
    "/v1/orders/{number:str}",
    opt={
        "told": Route(
            PUBLIC,
            "Read an order",
            answers={200: Order},
            problems=(OrderGone, RateLimited),
            query=OrderTokenQuery,
            tagged=True,
        )
    },
    dependencies=query_of(OrderTokenQuery),
)
@in_thread
def get_order(
    number: FromPath[str],
    asked: NamedDependency[OrderTokenQuery],
    request: ShopRequest,
    db: NamedDependency[Database],
    guest_limits: NamedDependency[GuestLimits],
) -> Response[Order]:
    """With the secret that came with its confirmation."""
    order = _opened(request, db, guest_limits, number, asked)
    return Response(order, headers=_headers(order))


@get(
    "/v1/orders/{number:str}/invoices/{invoice_id:str}",
    opt={
        "told": Route(
            PUBLIC,
            "Read an invoice",
            answers={200: Pdf},
            problems=(OrderGone, NotFound, RateLimited),
            query=OrderTokenQuery,
        )
    },
    dependencies=query_of(OrderTokenQuery),
)
@in_thread
def get_invoice(
    number: FromPath[str],
    invoice_id: FromPath[str],
    asked: NamedDependency[OrderTokenQuery],
    request: ShopRequest,
    db: NamedDependency[Database],
    guest_limits: NamedDependency[GuestLimits],
) -> Response[bytes]:
    """An invoice or a credit note, as PDF."""
    _opened(request, db, guest_limits, number, asked)
    with db.reading() as c:
        return pdf(*read_pdf(c, number, invoice_id))


@post(
    "/v1/orders/{number:str}/cancel",
    opt={
        "told": Route(
            PUBLIC,
            "Cancel an order",
            answers={200: Order},
            problems=(OrderGone, InvalidTransition, PaymentUnclear, RateLimited),
            query=OrderTokenQuery,
            tagged=True,
            keyed=True,
        )
    },
    dependencies=query_of(OrderTokenQuery),
    status_code=200,
)
async def cancel_own_order(
    number: FromPath[str],
    data: JSONBody[CancelInput],
    asked: NamedDependency[OrderTokenQuery],
    request: ShopRequest,
    guest_limits: NamedDependency[GuestLimits],
) -> Response[bytes]:
    """While nothing has left. What was paid goes back the way it came."""
    till: Till = request.app.state.till
    await till.run(lambda db: _opened(request, db, guest_limits, number, asked))
    given_up = GivenUp("customer", CUSTOMER, data.reason)
    return await cancel_once(
        request, number, data, given_up, lambda c: _said(read_order(c, number)), scope=f"order:{number}"
    )


@post(
    "/v1/withdrawals",
    opt={
        "told": Route(
            PUBLIC,
            "Withdraw from a contract",
            answers={201: Withdrawal},
            problems=(RateLimited,),
            keyed=True,
        )
    },
)
@in_thread
def declare_withdrawal(
    data: JSONBody[WithdrawalInput],
    request: ShopRequest,
    db: NamedDependency[Database],
    guest_limits: NamedDependency[GuestLimits],
) -> Response[bytes]:
    """Open to everybody (section 356a BGB). The answer is the same whether or not it fits an order."""
    address = address_of(request)
    take(request, guest_limits.withdrawals, address)

    def change(c: Connection) -> Answer:
        return Answer(withdraw(c, data, asked_locale(request) or "de"), 201)

    return once(request, db, data, change, scope=f"address:{address}")


def _opened(request: ShopRequest, db: Database, limits: GuestLimits, number: str, asked: OrderTokenQuery) -> Order:
    """The order, once the secret has opened it; only wrong ones count against the limit."""
    address = address_of(request)
    limits.look_ups.take(address)
    if asked.token is None:
        raise OrderGone
    with db.reading() as c:
        order = read_order(c, number, token_hash=access_token_hash(asked.token))
    limits.look_ups.give_back(address)
    return order


def pdf(content: bytes, name: str) -> Response[bytes]:
    """A PDF that is shown, and saved under ``name``."""
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


def _headers(order: Order) -> dict[str, str]:
    return {"ETag": etag(order.version), "Cache-Control": "no-store", "Content-Language": order.locale}


def _said(order: Order) -> Said:
    return 200, _headers(order), _encode(order)


HANDLERS: Final = [get_order, get_invoice, cancel_own_order, declare_withdrawal]
