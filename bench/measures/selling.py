"""Selling: a line into a cart, a cart that becomes an order, and whole purchases."""

import secrets
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle
from typing import Final

import msgspec
from sqlalchemy import Table

from bench import orders, pgbench
from bench.carts import Models, Ready, Supply, copies, goods_on_sale, models, opened, rows_of, way_to_deliver
from bench.lanes import Bench, Lane, Subject, compare
from bench.load import KEY, Load, Requests, put_load, told_by
from bench.measures.measure import Measure
from bench.plan import CannotMeasureError, Plan
from bench.purchases import CALLS, Task
from bench.rows import Goal, Row
from bench.servers import Server, api_server
from bench.shops import KINDS, Kind, Shop
from shopapi.carts.tables import cart_line
from shopapi.contract.carts import CheckoutInput, LineInput, MoneyInput, PaymentInput
from shopapi.orders.tables import sales_order

CLIENTS: Final = 16
_CROWDS: Final = (8, CLIENTS, 64)
PRODUCTS: Final = 1_000
_LOCALE: Final = {"Accept-Language": "de"}
_FIRST_GUESS: Final = 1_500
_FIRST_GUESS_BARE: Final = 8_000
_OF_PGBENCH: Final = Goal(">=", 0.35)
# A crowd must not slow a hot row down. Two runs of the same thing differ by this much.
_NOT_SLOWER: Final = Goal(">=", 0.95)


def add_line(kind: Kind, *, keyed: bool) -> str:
    """The row's name."""
    return f"add a line to a cart{', with a key' if keyed else ''}, {kind}"


def spread(kind: Kind) -> str:
    """The row's name."""
    return f"place an order, 2 lines of 1,000 skus, {CLIENTS} clients, {kind}"


def hot(kind: Kind, clients: int) -> str:
    """The row's name."""
    return f"place an order, all of one sku, {clients} clients, {kind}"


def purchases(kind: Kind) -> str:
    """The row's name."""
    return f"the whole purchase in {CALLS} requests, {CLIENTS} customers, {kind}"


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


def lines(counter: Counter) -> list[Subject]:
    """Carts with one line, each of which gets another."""
    one_line = models(counter.made, [counter.skus[:1]], addressed=False)
    others = cycle(counter.skus[1:])

    def requests(keyed: bool, ready: Sequence[Ready]) -> Requests:
        headers = {**_LOCALE, **({"Idempotency-Key": f"bench-{KEY.decode()}"} if keyed else {})}
        raw: list[bytes] = []
        for cart in ready:
            body = msgspec.json.encode(LineInput(next(others), 1))
            path = f"/v1/carts/{cart.token}/lines"
            raw += Requests.to(counter.api.port, "POST", path, headers=headers, bodies=[body]).raw
        return Requests(counter.api.port, tuple(raw))

    subjects = []
    for keyed, goal in ((False, Goal(">=", 0.12)), (True, None)):
        what, plan = add_line(counter.made.kind, keyed=keyed), counter.bench.plan
        lane = counted(what, one_line, cart_line, partial(_put, partial(requests, keyed), plan))
        subjects.append(Subject(what, lane, [counter.hello], goal))
    return subjects


def orders_of_many(counter: Counter) -> list[Subject]:
    """Two lines an order, in as many pairs as there are skus."""
    pairs = models(counter.made, _pairs(counter.skus))
    what = spread(counter.made.kind)
    lane, bare = _orders(counter, what, pairs, CLIENTS), _pgbench(pairs, "spread")
    return [Subject(what, lane, bare, _OF_PGBENCH), Subject(what, lane, [counter.hello])]


def orders_of_one(counter: Counter) -> list[Subject]:
    """Every order for the same row of stock, by few and by many at once."""
    kind, one = counter.made.kind, models(counter.made, [counter.skus[:1]])
    few, middle, crowd = (_orders(counter, hot(kind, clients), one, clients) for clients in _CROWDS)
    few = replace(few, name=f"{_CROWDS[0]} clients")
    return [
        Subject(hot(kind, _CROWDS[0]), few, [counter.hello]),
        Subject(middle.name, middle, _pgbench(one, "hot"), _OF_PGBENCH),
        *(Subject(lane.name, lane, [few], _NOT_SLOWER) for lane in (middle, crowd)),
    ]


def whole_purchases(counter: Counter) -> list[Subject]:
    """From an empty hand to an order; the reference answers as many requests."""
    with opened(counter.made) as db, db.reading() as c:
        task = Task(_pairs(counter.skus), way_to_deliver(c))
    command = [sys.executable, "-m", "bench.purchases", str(counter.api.port), "--customers", str(CLIENTS)]
    said = msgspec.json.encode(task).decode()
    what = purchases(counter.made.kind)

    def buy(seconds: float) -> Load:
        before = rows_of(counter.made, sales_order)
        load = told_by([*command, "--seconds", str(seconds)], {}, said)
        return _checked(load, rows_of(counter.made, sales_order) - before)

    return [Subject(what, Lane(what, buy), [_so_many_calls(counter.hello)])]


def _pairs(skus: Sequence[str]) -> list[list[str]]:
    return [[sku, skus[place - 1]] for place, sku in enumerate(skus)]


def _orders(counter: Counter, what: str, of: Models, clients: int) -> Lane:
    def requests(ready: Sequence[Ready]) -> Requests:
        raw: list[bytes] = []
        for cart in ready:
            # Always the same key for a cart: one that comes twice is answered, but it makes no order and is counted.
            headers = {**_LOCALE, "Idempotency-Key": secrets.token_hex(16)}
            body = msgspec.json.encode(CheckoutInput(PaymentInput("manual"), MoneyInput(cart.total, of.currency)))
            path = f"/v1/carts/{cart.token}/checkout"
            raw += Requests.to(counter.api.port, "POST", path, headers=headers, bodies=[body]).raw
        return Requests(counter.api.port, tuple(raw))

    plan = replace(counter.bench.plan, connections=clients)
    return counted(what, of, sales_order, partial(_put, requests, plan))


def _put(requests: Callable[[Sequence[Ready]], Requests], plan: Plan, ready: Sequence[Ready], seconds: float) -> Load:
    return put_load(requests(ready), plan, seconds)


def _pgbench(of: Models, name: str) -> list[Lane]:
    """The statement alone, by as many clients."""
    if of.made.kind == "SQLite":
        return []
    script, fixed = orders.script(of)

    def put(ready: Sequence[Ready], seconds: float) -> Load:
        if ready[-1].id - ready[0].id != len(ready) - 1:
            raise CannotMeasureError("the carts' ids do not follow one another")
        values = {**fixed, "first": str(ready[0].id), "clients": str(CLIENTS), "turn": "-1"}
        return pgbench.run(of.made.url, script, seconds, clients=CLIENTS, fixed=values)

    return [counted(f"pgbench-order, {name}", of, sales_order, put, rate=_FIRST_GUESS_BARE, lines=False)]


def counted(
    name: str,
    of: Models,
    table: Table,
    put: Callable[[Sequence[Ready], float], Load],
    *,
    rate: float = _FIRST_GUESS,
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
        return _checked(load, done)

    return Lane(name, measure)


def _checked(load: Load, done: int) -> Load:
    return msgspec.structs.replace(load, refused=max(load.refused, load.answers - done))


def _so_many_calls(lane: Lane) -> Lane:
    def measure(seconds: float) -> Load:
        load = lane.measure(seconds)
        return msgspec.structs.replace(load, answers=load.answers // CALLS, refused=load.refused // CALLS)

    return Lane(f"{lane.name}, {CALLS} calls", measure)


def selling(
    kind: Kind, what: str, prepare: Callable[[Counter], list[Subject]], bench: Bench, wanted: Collection[str]
) -> list[Row]:
    """One part of it on a shop of its own; then its books are audited."""
    with bench.own_goods(kind, max(PRODUCTS, bench.plan.items)) as made, api_server(made.url) as api:
        counter = Counter(bench, made, api, goods_on_sale(made, bench.plan.items))
        rows = compare(bench, [one for one in prepare(counter) if one.what in wanted])
        bench.audit(made, f"{what} on {kind}")
    return rows


def _measures(kind: Kind) -> tuple[Measure, ...]:
    parts: list[tuple[str, tuple[str, ...], Callable[[Counter], list[Subject]]]] = [
        ("lines in carts", tuple(add_line(kind, keyed=keyed) for keyed in (False, True)), lines),
        ("orders of 1,000 skus", (spread(kind),), orders_of_many),
        ("orders of one sku", tuple(hot(kind, clients) for clients in _CROWDS), orders_of_one),
        ("whole purchases", (purchases(kind),), whole_purchases),
    ]
    return tuple(Measure(rows, partial(selling, kind, what, prepare)) for what, rows, prepare in parts)


MEASURES: Final = tuple(measure for kind in KINDS for measure in _measures(kind))
