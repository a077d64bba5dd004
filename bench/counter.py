"""Lanes of selling: requests and statements that use up carts, each good for one."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import msgspec
from sqlalchemy import Table

from bench import orders, pgbench
from bench.carts import Models, Ready, Supply, copies, rows_of
from bench.lanes import Bench, Lane
from bench.load import Load, Requests, put_load
from bench.plan import CannotMeasureError, Plan
from bench.purchases import CALLS
from bench.servers import Server
from bench.shops import Shop
from shopapi.contract.carts import CheckoutInput, MoneyInput, PaymentInput
from shopapi.orders.tables import sales_order

CLIENTS: Final = 16
"""As many order at once, where nothing else is said."""

LOCALE: Final = {"Accept-Language": "de"}

# More a second than there will be, for want of a measurement.
_OVER_HTTP: Final = 1_500
_BARE: Final = 8_000


@dataclass(frozen=True)
class Counter:
    """A shop with goods on sale, and the process that sells them."""

    bench: Bench
    made: Shop
    api: Server
    skus: list[str]

    @property
    def hello(self) -> Lane:
        """What an answer costs."""
        return self.bench.reference("hello")


def checkouts(counter: Counter, what: str, of: Models, clients: int) -> Lane:
    """Carts ordered over HTTP by so many at once, paid in advance."""

    def requests(ready: Sequence[Ready]) -> Requests:
        raw: list[bytes] = []
        for cart in ready:
            # Always the same key for a cart: one that comes twice is answered, but it makes no order and is counted.
            headers = {**LOCALE, "Idempotency-Key": secrets.token_hex(16)}
            body = msgspec.json.encode(CheckoutInput(MoneyInput(cart.total, of.currency), PaymentInput("manual")))
            path = f"/v1/carts/{cart.token}/checkout"
            raw += Requests.to(counter.api.port, "POST", path, headers=headers, bodies=[body]).raw
        return Requests(counter.api.port, tuple(raw))

    plan = replace(counter.bench.plan, connections=clients)
    return counted(what, of, sales_order, partial(put, requests, plan))


def put(requests: Callable[[Sequence[Ready]], Requests], plan: Plan, ready: Sequence[Ready], seconds: float) -> Load:
    """Put the load of ``requests`` for these carts on the shop."""
    return put_load(requests(ready), plan, seconds)


def bare_orders(of: Models, name: str) -> list[Lane]:
    """The statement of checkout alone, by :data:`CLIENTS`; SQLite has no such thing."""
    if of.made.kind == "SQLite":
        return []
    script, fixed = orders.script(of)

    def run(ready: Sequence[Ready], seconds: float) -> Load:
        if ready[-1].id - ready[0].id != len(ready) - 1:
            raise CannotMeasureError("the carts' ids do not follow one another")
        values = {**fixed, "first": str(ready[0].id), "clients": str(CLIENTS), "turn": "-1"}
        return pgbench.run(of.made.url, script, seconds, clients=CLIENTS, fixed=values)

    return [counted(f"pgbench-order, {name}", of, sales_order, run, rate=_BARE, lines=False)]


def counted(
    name: str,
    of: Models,
    table: Table,
    put: Callable[[Sequence[Ready], float], Load],
    *,
    rate: float = _OVER_HTTP,
    lines: bool = True,
) -> Lane:
    """A lane that uses up copies of ``of``, each for one row in ``table``; what makes no row is an error."""
    supply = Supply(rate)

    def measure(seconds: float) -> Load:
        ready = copies(of, supply.count(seconds), lines=lines)
        before = rows_of(of.made, table)
        load = put(ready, seconds)
        done = rows_of(of.made, table) - before
        supply.heed(done, load.duration_s)
        return checked(load, done)

    return Lane(name, measure)


def checked(load: Load, done: int) -> Load:
    """The load, with answers as errors that left nothing in the shop's books; ``done`` is what did."""
    return msgspec.structs.replace(load, refused=max(load.refused, load.answers - done))


def so_many_calls(lane: Lane) -> Lane:
    """A lane whose answers count for one in so many as a purchase has."""

    def measure(seconds: float) -> Load:
        load = lane.measure(seconds)
        return msgspec.structs.replace(load, answers=load.answers // CALLS, refused=load.refused // CALLS)

    return Lane(f"{lane.name}, {CALLS} calls", measure)
