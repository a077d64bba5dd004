"""The API of the sandbox: charges, refunds, events and faults. Every call carries the bearer of a secret."""

import random
from typing import Any, Final

from litestar import Request, Response, delete, get, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from shopctl.sandbox import charges, events, refunds
from shopctl.sandbox.desk import Desk
from shopctl.sandbox.faults import DECLINES, WEBHOOK, Call, Fault, Mode, calls_of, mode_of
from shopctl.sandbox.misbehaving import misbehave
from shopctl.sandbox.refusals import Refused
from shopctl.sandbox.signing import is_known
from shopctl.sandbox.wire import (
    Charges,
    NewCharge,
    NewFault,
    NewRefund,
    PlantedFault,
    Refunds,
    Resend,
    Resent,
    SentEvent,
)

AnyRequest = Request[Any, Any, Any]
TheDesk = NamedDependency[Desk]
After = FromQuery[int]
Limit = FromQuery[int]
MOST: Final = 500
"""Charges or refunds of one page."""


def let_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse callers who do not know a secret."""
    kind, _space, token = connection.headers.get("authorization", "").partition(" ")
    desk: Desk = connection.app.state.desk
    if kind.lower() != "bearer" or not is_known(token, desk.secrets):
        raise Refused(401, "unauthenticated", "The bearer belongs to no secret of this sandbox.")


@post("/charges", guards=[let_in], status_code=200)
async def create_charge(request: AnyRequest, desk: TheDesk, data: JSONBody[NewCharge]) -> Response[Any]:
    """Charge, or begin to; a key that is known answers its charge."""
    mode = _mode_of(data.token)
    seconds = None
    if mode in ("ok", "3ds") and (fault := desk.faults.striking("charge")) is not None:
        mode, seconds = fault.mode, fault.seconds
    ignore_key = desk.faults.keys_are_ignored()
    base = desk.base(request)

    async def work() -> Response[Any]:
        row = await desk.change(lambda c: charges.create(c, data, mode, ignore_key=ignore_key, base=base))
        return Response(charges.document(row, base))

    return await misbehave(mode, seconds, work)


@get("/charges", guards=[let_in])
async def list_charges(request: AnyRequest, desk: TheDesk, after: After = 0, limit: Limit = MOST) -> Charges:
    """Every charge, a page at a time."""
    rows = await desk.journal.run(lambda c: charges.listed(c, _id(after), _bounded(limit)))
    base = desk.base(request)
    following = rows[-1]["id"] if len(rows) == _bounded(limit) else None
    return Charges([charges.document(row, base) for row in rows], following)


@get("/charges/{key:str}", guards=[let_in])
async def ask_charge(request: AnyRequest, desk: TheDesk, key: FromPath[str]) -> Response[Any]:
    """What became of a charge."""
    base = desk.base(request)

    async def work() -> Response[Any]:
        row = await desk.journal.run(lambda c: charges.by_key(c, key))
        if row is None:
            raise Refused(404, "unheard", "There is no charge with this key.")
        return Response(charges.document(row, base))

    return await _answered(desk, "ask", work)


@post("/charges/{key:str}/cancel", guards=[let_in], status_code=200)
async def cancel_charge(request: AnyRequest, desk: TheDesk, key: FromPath[str]) -> Response[Any]:
    """Let it not happen any more; a key that was never heard of can never be charged afterwards."""
    base = desk.base(request)

    async def work() -> Response[Any]:
        return Response(charges.document(await desk.change(lambda c: charges.cancel(c, key, base)), base))

    return await _answered(desk, "cancel", work)


@post("/charges/{key:str}/refunds", guards=[let_in], status_code=200)
async def create_refund(desk: TheDesk, key: FromPath[str], data: JSONBody[NewRefund]) -> Response[Any]:
    """Give money back; a key that is known answers its refund."""
    fault = desk.faults.striking("refund")
    mode: Mode = "ok" if fault is None else fault.mode
    ignore_key = desk.faults.keys_are_ignored()
    webhooks = mode if mode in WEBHOOK else ""

    async def work() -> Response[Any]:
        row = await desk.change(lambda c: refunds.create(c, key, data, mode, webhooks, ignore_key=ignore_key))
        return Response(refunds.document(row))

    return await misbehave(mode, None if fault is None else fault.seconds, work)


@get("/refunds", guards=[let_in])
async def list_refunds(desk: TheDesk, after: After = 0, limit: Limit = MOST) -> Refunds:
    """Every refund, a page at a time."""
    rows = await desk.journal.run(lambda c: refunds.listed(c, _id(after), _bounded(limit)))
    return Refunds([refunds.document(row) for row in rows], rows[-1]["id"] if len(rows) == _bounded(limit) else None)


@get("/refunds/{key:str}", guards=[let_in])
async def ask_refund(desk: TheDesk, key: FromPath[str]) -> Response[Any]:
    """What became of a refund."""

    async def work() -> Response[Any]:
        row = await desk.journal.run(lambda c: refunds.by_key(c, key))
        if row is None:
            raise Refused(404, "unheard", "There is no refund with this key.")
        return Response(refunds.document(row))

    return await _answered(desk, "ask_refund", work)


@get("/events", guards=[let_in])
async def list_events(desk: TheDesk, key: FromQuery[str | None] = None) -> list[SentEvent]:
    """Events and how their delivery stands."""
    return await desk.journal.run(lambda c: events.listed(c, key))


@post("/events/resend", guards=[let_in], status_code=200)
async def resend_events(desk: TheDesk, data: JSONBody[Resend]) -> Resent:
    """Send events once more, also those that were lost."""
    return Resent(await desk.change(lambda c: events.resend(c, data.id, data.key)))


@get("/faults", guards=[let_in])
async def list_faults(desk: TheDesk) -> list[PlantedFault]:
    """The faults that wait for calls, and how often each struck."""
    return _planted(desk)


@post("/faults", guards=[let_in], status_code=200)
async def plant_fault(desk: TheDesk, data: JSONBody[NewFault]) -> list[PlantedFault]:
    """Let calls to come go wrong; faults that were asked for earlier strike first."""
    calls: tuple[Call, ...] = tuple(data.calls or calls_of(data.mode))
    if data.mode in ("ok", "3ds") or ("webhook" in calls) != (data.mode in WEBHOOK):
        raise Refused(400, "invalid_request", f"{data.mode} does not go with calls of {', '.join(calls)}.")
    if (data.mode in DECLINES or data.mode.startswith("wrong")) and {*calls} - {"charge", "refund"}:
        raise Refused(400, "invalid_request", f"{data.mode} goes with charge and refund alone.")
    rolls = random.Random(data.seed)  # noqa: S311 - no secret
    fault = Fault(data.mode, calls, data.count, data.probability, data.seconds, rolls)
    desk.faults.planted.append(fault)
    return _planted(desk)


@delete("/faults", guards=[let_in], status_code=204)
async def drop_faults(desk: TheDesk) -> None:
    """Let nothing go wrong any more."""
    desk.faults.planted.clear()


# By this name the doctor knows whose port it is.
@get(["/healthz", "/livez", "/readyz"], response_headers={"server": "shop"})
async def ready(desk: TheDesk) -> dict[str, str]:
    """Whether the journal can be used."""
    await desk.journal.run(lambda c: c.execute("SELECT 1").fetchone())
    return {"status": "ok"}


async def _answered(desk: Desk, call: Call, work: Any) -> Response[Any]:
    fault = desk.faults.striking(call)
    return await work() if fault is None else await misbehave(fault.mode, fault.seconds, work)


def _id(after: int) -> int:
    return min(max(after, 0), 2**62)  # SQLite takes none beyond.


def _bounded(limit: int) -> int:
    return min(max(limit, 1), MOST)


def _planted(desk: Desk) -> list[PlantedFault]:
    return [
        PlantedFault(one.mode, list(one.calls), one.count, one.probability, one.seconds, one.struck)
        for one in desk.faults.planted
    ]


def _mode_of(token: str | None) -> Mode:
    if token is None:
        return "ok"
    mode = mode_of(token)
    if mode is None:
        raise Refused(400, "invalid_request", "The token is no test card's; tok_ok is one.")
    return mode


HANDLERS: Final = [
    create_charge,
    list_charges,
    ask_charge,
    cancel_charge,
    create_refund,
    list_refunds,
    ask_refund,
    list_events,
    resend_events,
    list_faults,
    plant_fault,
    drop_faults,
    ready,
]
