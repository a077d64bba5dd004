"""A request to cancel an order, whoever sends it."""

from collections.abc import Callable

from litestar import Response
from sqlalchemy import Connection

from shopapi.contract.orders import CancelInput
from shopapi.http.body import ShopRequest
from shopapi.http.idempotency import claim_of, respond
from shopapi.orders.cancel_order import begin_cancel, cancel_order
from shopapi.payments.keyed import Said, once_with_provider
from shopapi.payments.record_charge import GivenUp
from shopapi.payments.till import Till


async def cancel_once(
    request: ShopRequest,
    number: str,
    data: CancelInput,
    given_up: GivenUp,
    answer: Callable[[Connection], Said],
    *,
    scope: str | None = None,
) -> Response[bytes]:
    """Cancel an order, once however often the request comes with its key; without one it is just done.

    ``scope`` is whose keys they are, where nobody is signed in. Raises what :func:`cancel_order` does.
    """
    till: Till = request.app.state.till
    keyed = "idempotency-key" in request.headers
    said = await once_with_provider(
        till,
        claim_of(request, data, scope=scope) if keyed else None,
        number,
        first=lambda c: begin_cancel(c, number, given_up),
        then=lambda: cancel_order(till, number, given_up),
        answer=answer,
    )
    return respond(*said)
