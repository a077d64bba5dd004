"""Orders as staff see and move them."""

from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from shopapi.contract.accounts import PageQuery
from shopapi.contract.orders import (
    AdminOrder,
    AssignInput,
    CancelInput,
    DismissInput,
    NoteInput,
    OrderPage,
    OrderQuery,
    SettleInput,
    ShipmentInput,
    Withdrawal,
    WithdrawalPage,
)
from shopapi.db.engine import Database
from shopapi.http.body import ShopRequest
from shopapi.http.cursors import Cursors
from shopapi.http.etag import etag
from shopapi.http.idempotency import Answer, once
from shopapi.http.problems import NotFound
from shopapi.http.query import query_of
from shopapi.http.threads import in_thread
from shopapi.http.told import Pdf, Route
from shopapi.invoices.reading import read_pdf
from shopapi.orders.admin_store import count_orders, list_orders, read_admin_order
from shopapi.orders.cancel_once import cancel_once
from shopapi.orders.cancel_order import PaymentUnclear
from shopapi.orders.routes import pdf
from shopapi.orders.rules import InvalidTransition, OrderGone, seen
from shopapi.orders.ship_order import ship_order
from shopapi.orders.store import lock_order
from shopapi.orders.unmatched import count_recent, count_unmatched, list_unmatched
from shopapi.orders.withdraw import assign_withdrawal, dismiss_withdrawal, read_withdrawal, settle_withdrawal
from shopapi.payments.keyed import Said
from shopapi.payments.record_charge import GivenUp

_encode: Final = msgspec.json.Encoder().encode


@get(
    "/v1/admin/orders",
    opt={"told": Route("orders:read", "List orders", answers={200: OrderPage}, query=OrderQuery)},
    dependencies=query_of(OrderQuery),
)
@in_thread
def list_all_orders(
    asked: NamedDependency[OrderQuery], db: NamedDependency[Database], cursors: NamedDependency[Cursors]
) -> OrderPage:
    """Newest first, with how many each view has."""
    before = cursors.read("orders", asked.cursor)
    with db.reading() as c:
        orders, last = list_orders(c, asked, before=before)
        total, views = count_orders(c, asked)
        unmatched = count_recent(c)
    return OrderPage(
        data=orders,
        next_cursor=cursors.after("orders", last),
        total=total,
        views=views,
        unmatched_withdrawals=unmatched,
    )


@get(
    "/v1/admin/orders/{number:str}",
    opt={
        "told": Route(
            "orders:read", "Read an order with all that belongs to it", answers={200: AdminOrder},
            problems=(OrderGone,), tagged=True,
        )
    },
)  # fmt: skip
@in_thread
def get_admin_order(number: FromPath[str], db: NamedDependency[Database]) -> Response[AdminOrder]:
    """Payments with their attempts and events, the whole timeline, declarations of withdrawal."""
    with db.reading() as c:
        order = read_admin_order(c, number)
    return Response(order, headers=_headers(order))


@get(
    "/v1/admin/orders/{number:str}/invoices/{invoice_id:str}",
    opt={"told": Route("orders:read", "Read an invoice of an order", answers={200: Pdf}, problems=(NotFound,))},
)
@in_thread
def get_admin_invoice(
    number: FromPath[str], invoice_id: FromPath[str], db: NamedDependency[Database]
) -> Response[bytes]:
    """An invoice or a credit note, as PDF."""
    with db.reading() as c:
        return pdf(*read_pdf(c, number, invoice_id))


@post(
    "/v1/admin/orders/{number:str}/shipments",
    opt={
        "told": Route(
            "orders:write", "Ship an order", answers={201: AdminOrder}, problems=(OrderGone, InvalidTransition),
            tagged=True, keyed=True,
        )
    },
)  # fmt: skip
@in_thread
def ship_whole_order(
    number: FromPath[str], data: JSONBody[ShipmentInput], request: ShopRequest, db: NamedDependency[Database]
) -> Response[bytes]:
    """All of it, in one parcel; its units leave the stock, and the customer gets an e-mail."""

    def change(c: Connection) -> Answer:
        ship_order(c, number, data, actor=request.user.actor)
        return _answer(read_admin_order(c, number), 201)

    return once(request, db, data, change)


@post(
    "/v1/admin/orders/{number:str}/cancel",
    opt={
        "told": Route(
            "orders:write",
            "Cancel an order for the shop",
            answers={200: AdminOrder},
            problems=(OrderGone, InvalidTransition, PaymentUnclear),
            tagged=True,
            keyed=True,
        )
    },
    status_code=200,
)
async def cancel_admin_order(
    number: FromPath[str], data: JSONBody[CancelInput], request: ShopRequest
) -> Response[bytes]:
    """While nothing has left. What was paid goes back; a bank transfer by the hands of whoever cancels."""
    given_up = GivenUp("staff", request.user.actor, data.reason)
    return await cancel_once(request, number, data, given_up, lambda c: _said(read_admin_order(c, number)))


@post(
    "/v1/admin/orders/{number:str}/notes",
    opt={
        "told": Route(
            "orders:write", "Leave a note on an order", answers={201: AdminOrder}, problems=(OrderGone,),
            tagged=True, keyed=True,
        )
    },
)  # fmt: skip
@in_thread
def note_on_order(
    number: FromPath[str], data: JSONBody[NoteInput], request: ShopRequest, db: NamedDependency[Database]
) -> Response[bytes]:
    """A remark in the timeline, for colleagues alone."""

    def change(c: Connection) -> Answer:
        lock_order(c, number).add_event(c, "note", actor=request.user.actor, text=seen("text", data.text))
        return _answer(read_admin_order(c, number), 201)

    return once(request, db, data, change)


@post(
    "/v1/admin/orders/{number:str}/withdrawals/settle",
    opt={
        "told": Route(
            "orders:write", "Settle a withdrawal from an order", answers={200: AdminOrder},
            problems=(OrderGone, NotFound, InvalidTransition), tagged=True, keyed=True,
        )
    },
    status_code=200,
)  # fmt: skip
@in_thread
def settle_order_withdrawal(
    number: FromPath[str], data: JSONBody[SettleInput], request: ShopRequest, db: NamedDependency[Database]
) -> Response[bytes]:
    """Say that nothing is left to do about it: the customer did not mean it, or it stands and is done, for what is due
    has gone back."""

    def change(c: Connection) -> Answer:
        settle_withdrawal(c, number, data, actor=request.user.actor)
        return _answer(read_admin_order(c, number), 200)

    return once(request, db, data, change)


@post(
    "/v1/admin/withdrawals/{withdrawal_id:str}/assign",
    opt={
        "told": Route(
            "orders:write", "Assign a withdrawal to an order", answers={200: AdminOrder},
            problems=(NotFound, OrderGone, InvalidTransition), tagged=True, keyed=True,
        )
    },
    status_code=200,
)  # fmt: skip
@in_thread
def assign_to_order(
    withdrawal_id: FromPath[str], data: JSONBody[AssignInput], request: ShopRequest, db: NamedDependency[Database]
) -> Response[bytes]:
    """Say which order it means: one that named none, or not the right one. It is seen to there from now on, until it is
    settled; the day that it came in counts."""

    def change(c: Connection) -> Answer:
        assign_withdrawal(c, withdrawal_id, data, actor=request.user.actor)
        return _answer(read_admin_order(c, data.number), 200)

    return once(request, db, data, change)


@post(
    "/v1/admin/withdrawals/{withdrawal_id:str}/dismiss",
    opt={
        "told": Route(
            "orders:write", "Dismiss a withdrawal that belongs to no order", answers={200: Withdrawal},
            problems=(NotFound, InvalidTransition), keyed=True,
        )
    },
    status_code=200,
)  # fmt: skip
@in_thread
def dismiss_unmatched(
    withdrawal_id: FromPath[str], data: JSONBody[DismissInput], request: ShopRequest, db: NamedDependency[Database]
) -> Response[bytes]:
    """Say that it belongs to no order. It leaves the list, and nothing else changes: it can be read as before, and
    assigned to an order all the same."""

    def change(c: Connection) -> Answer:
        dismiss_withdrawal(c, withdrawal_id, data, actor=request.user.actor)
        return Answer(read_withdrawal(c, withdrawal_id))

    return once(request, db, data, change)


@get(
    "/v1/admin/withdrawals",
    opt={
        "told": Route(
            "orders:read", "List withdrawals that name no known order", answers={200: WithdrawalPage}, query=PageQuery
        )
    },
    dependencies=query_of(PageQuery),
)
@in_thread
def list_unmatched_withdrawals(
    asked: NamedDependency[PageQuery], db: NamedDependency[Database], cursors: NamedDependency[Cursors]
) -> WithdrawalPage:
    """Newest first, without those that were dismissed. Somebody has to find out what they mean; those that name an
    order are with it."""
    before = cursors.read("withdrawals", asked.cursor)
    with db.reading() as c:
        found, last = list_unmatched(c, asked, before=before)
        total = count_unmatched(c)
    return WithdrawalPage(data=found, next_cursor=cursors.after("withdrawals", last), total=total)


@get(
    "/v1/admin/withdrawals/{withdrawal_id:str}",
    opt={"told": Route("orders:read", "Read a withdrawal", answers={200: Withdrawal}, problems=(NotFound,))},
)
@in_thread
def get_withdrawal(withdrawal_id: FromPath[str], db: NamedDependency[Database]) -> Withdrawal:
    """What was declared, word for word, and the order that it is with, if any."""
    with db.reading() as c:
        return read_withdrawal(c, withdrawal_id)


def _headers(order: AdminOrder) -> dict[str, str]:
    return {"ETag": etag(order.order.version), "Cache-Control": "no-store"}


def _answer(order: AdminOrder, status: int) -> Answer:
    return Answer(order, status, _headers(order))


def _said(order: AdminOrder) -> Said:
    return 200, _headers(order), _encode(order)


HANDLERS: Final = [
    list_all_orders,
    get_admin_order,
    get_admin_invoice,
    ship_whole_order,
    cancel_admin_order,
    note_on_order,
    settle_order_withdrawal,
    list_unmatched_withdrawals,
    get_withdrawal,
    assign_to_order,
    dismiss_unmatched,
]
