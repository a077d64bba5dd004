"""Selling: a line into a cart, a cart that becomes an order, and whole purchases."""

import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from itertools import cycle
from typing import Final

import msgspec

from bench.carts import Ready, goods_on_sale, models, opened, rows_of, way_to_deliver
from bench.counter import CLIENTS, LOCALE, Counter, bare_orders, checked, checkouts, counted, put, so_many_calls
from bench.lanes import Bench, Lane, Subject, compare
from bench.load import KEY, Load, Requests, told_by
from bench.measures.measure import Measure
from bench.purchases import CALLS, Task
from bench.rows import Goal, Row
from bench.servers import api_server
from bench.shops import KINDS, Kind
from shopapi.carts.tables import cart_line
from shopapi.contract.carts import LineInput
from shopapi.orders.tables import sales_order

_CROWDS: Final = (8, CLIENTS, 64)
PRODUCTS: Final = 1_000
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


def lines(counter: Counter) -> list[Subject]:
    """Carts with one line, each of which gets another."""
    one_line = models(counter.made, [counter.skus[:1]], addressed=False)
    others = cycle(counter.skus[1:])

    def requests(keyed: bool, ready: Sequence[Ready]) -> Requests:
        headers = {**LOCALE, **({"Idempotency-Key": f"bench-{KEY.decode()}"} if keyed else {})}
        raw: list[bytes] = []
        for cart in ready:
            body = msgspec.json.encode(LineInput(next(others), 1))
            path = f"/v1/carts/{cart.token}/lines"
            raw += Requests.to(counter.api.port, "POST", path, headers=headers, bodies=[body]).raw
        return Requests(counter.api.port, tuple(raw))

    subjects = []
    for keyed, goal in ((False, Goal(">=", 0.12)), (True, None)):
        what, plan = add_line(counter.made.kind, keyed=keyed), counter.bench.plan
        lane = counted(what, one_line, cart_line, partial(put, partial(requests, keyed), plan))
        subjects.append(Subject(what, lane, [counter.hello], goal))
    return subjects


def orders_of_many(counter: Counter) -> list[Subject]:
    """Two lines an order, in as many pairs as there are skus."""
    pairs = models(counter.made, _pairs(counter.skus))
    what = spread(counter.made.kind)
    lane, bare = checkouts(counter, what, pairs, CLIENTS), bare_orders(pairs, "spread")
    return [Subject(what, lane, bare, _OF_PGBENCH), Subject(what, lane, [counter.hello])]


def orders_of_one(counter: Counter) -> list[Subject]:
    """Every order for the same row of stock, by few and by many at once."""
    kind, one = counter.made.kind, models(counter.made, [counter.skus[:1]])
    few, middle, crowd = (checkouts(counter, hot(kind, clients), one, clients) for clients in _CROWDS)
    few = replace(few, name=f"{_CROWDS[0]} clients")
    return [
        Subject(hot(kind, _CROWDS[0]), few, [counter.hello]),
        Subject(middle.name, middle, bare_orders(one, "hot"), _OF_PGBENCH),
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
        return checked(load, rows_of(counter.made, sales_order) - before)

    return [Subject(what, Lane(what, buy), [so_many_calls(counter.hello)])]


def _pairs(skus: Sequence[str]) -> list[list[str]]:
    return [[sku, skus[place - 1]] for place, sku in enumerate(skus)]


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
