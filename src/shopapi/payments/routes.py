"""Payments as staff see and move them, and what providers tell by webhook."""

from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from shopapi.contract.orders import CaptureInput, Payment, RefundInput
from shopapi.db.engine import Database
from shopapi.http.body import ShopRequest
from shopapi.http.idempotency import Answer, KeyRequired, claim_of, once, respond
from shopapi.http.problems import InvalidRequest, NotFound
from shopapi.http.threads import in_thread
from shopapi.http.told import PUBLIC, Route
from shopapi.orders.rules import InvalidTransition
from shopapi.payments.begin_refund import NotARefund, RefundTooLarge, check_refund, intend_refund, refund_key
from shopapi.payments.capture_by_hand import capture_by_hand
from shopapi.payments.keyed import Said, once_with_provider
from shopapi.payments.providers.interface import BadSignature
from shopapi.payments.reading import read_payment
from shopapi.payments.refunds import carry_out
from shopapi.payments.store import lock_payment, order_of_payment
from shopapi.payments.take_webhook import UnsignedWebhook, take_webhook
from shopapi.payments.till import Till

_encode: Final = msgspec.json.Encoder().encode


@get(
    "/v1/admin/payments/{payment_id:str}",
    opt={"told": Route("payments:read", "Read a payment", answers={200: Payment}, problems=(NotFound,))},
)
@in_thread
def get_payment(payment_id: FromPath[str], db: NamedDependency[Database]) -> Payment:
    """With its attempts, refunds, events and issues."""
    with db.reading() as c:
        return read_payment(c, payment_id)


@post(
    "/v1/admin/payments/{payment_id:str}/capture",
    opt={
        "told": Route(
            "payments:write",
            "Note that a bank transfer has come in",
            answers={200: Payment},
            problems=(NotFound, InvalidTransition, KeyRequired),
            keyed=True,
        )
    },
    status_code=200,
)
@in_thread
def capture_payment(
    payment_id: FromPath[str], data: JSONBody[CaptureInput], request: ShopRequest, db: NamedDependency[Database]
) -> Response[bytes]:
    """The whole amount; the order is paid by it. Other providers say by themselves when the money has come."""
    claim_of(request, data)

    def change(c: Connection) -> Answer:
        capture_by_hand(c, _order(c, payment_id), reference=data.reference, actor=request.user.actor)
        return Answer(read_payment(c, payment_id), 200)

    return once(request, db, data, change)


@post(
    "/v1/admin/payments/{payment_id:str}/refunds",
    opt={
        "told": Route(
            "payments:write",
            "Give money back",
            answers={201: Payment},
            problems=(NotFound, RefundTooLarge, NotARefund, InvalidTransition, KeyRequired),
            keyed=True,
        )
    },
)
async def refund_payment(
    payment_id: FromPath[str], data: JSONBody[RefundInput], request: ShopRequest
) -> Response[bytes]:
    """An amount, or all that is left; never over what was captured. A bank transfer goes back by hand."""
    till: Till = request.app.state.till
    claim, actor = claim_of(request, data), request.user.actor
    number = await till.run(lambda db: _known(db, payment_id))
    key = f"{claim.scope} {claim.key}"

    def first(c: Connection) -> None:
        _, owed = lock_payment(c, number)
        if owed is None:
            raise NotFound("No payment has this id.")
        if data.amount is not None:
            check_refund(data.amount, owed.currency)
        intend_refund(
            c,
            owed,
            owed.left if data.amount is None else data.amount.amount,
            key=key,
            reason=data.reason,
            actor=actor,
        )

    def answer(c: Connection) -> Said:
        return 201, {"Cache-Control": "no-store"}, _encode(read_payment(c, payment_id))

    return respond(
        *await once_with_provider(
            till,
            claim,
            number,
            first=first,
            then=lambda: carry_out(till, refund_key(payment_id, key), actor=actor),
            answer=answer,
        )
    )


@post(
    "/v1/payments/{provider:str}/webhook",
    opt={
        "told": Route(
            PUBLIC,
            "Hear from a payment provider",
            answers={200: dict},
            problems=(UnsignedWebhook, NotFound),
            signed=True,
        )
    },
    status_code=200,
)
async def hear_from_provider(provider: FromPath[str], request: ShopRequest) -> Response[Any]:
    """Signed by the provider. It is answered once it is stored; what is repeated or late changes nothing twice."""
    till: Till = request.app.state.till
    known = till.providers.get(provider)
    if known is None or known.offline:
        raise NotFound("No payment provider of this name sends anything here.")
    try:
        event = known.event(dict(request.headers), await request.body())
    except BadSignature as error:
        raise UnsignedWebhook(str(error)) from None
    except ValueError as error:
        raise InvalidRequest.of("", f"The event makes no sense: {error}") from None
    await take_webhook(till, known, event)
    return Response({"received": event.id}, headers={"Cache-Control": "no-store"})


def _known(db: Database, payment_id: str) -> str:
    with db.reading() as c:
        return _order(c, payment_id)


def _order(c: Any, payment_id: str) -> str:
    number = order_of_payment(c, payment_id)
    if number is None:
        raise NotFound("No payment has this id.")
    return number


HANDLERS: Final = [get_payment, capture_payment, refund_payment, hear_from_provider]
