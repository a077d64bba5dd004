"""Catalog reads while stock changes that shoppers see: how many there still are, and how old what they tell becomes."""

import subprocess
import sys
from collections.abc import Collection
from functools import partial
from typing import Any, Final

import msgspec
from sqlalchemy import select

from bench import catalog, goods
from bench.changes import A_SECOND, Item, Task, Told
from bench.lanes import Bench, Lane, Subject, compare
from bench.load import ROOT, Load, Requests, heard, put_load
from bench.measures.catalog import PRODUCTS
from bench.measures.measure import Measure
from bench.plan import CannotMeasureError, Plan
from bench.rows import Goal, Row, not_run, plain_row
from bench.servers import Server, api_server
from bench.shops import KINDS, Kind, Shop
from shopapi.catalog.tables import product, variant

_OTHERS: Final = 200
_ENOUGH: Final = 0.9


def reads(kind: Kind) -> str:
    """The row's name."""
    return f"GET /v1/products while {A_SECOND} stock changes a second show, {kind}"


def age(kind: Kind) -> str:
    """The row's name."""
    return f"the oldest stock that is shown meanwhile, {kind}"


def changing(kind: Kind, bench: Bench, wanted: Collection[str]) -> list[Row]:
    """The same list, from the same process, with nobody and with somebody who changes stock."""
    made = bench.goods(kind, PRODUCTS)
    told: list[Told] = []
    with api_server(made.url) as api:
        requests, task = catalog.product_list(api), _task(api, made)
        busy = Lane(reads(kind), partial(_under_changes, requests, task, bench.plan, told))
        subject = Subject(reads(kind), busy, [bench.http("nothing changes", requests)], Goal(">=", 0.50))
        rows = compare(bench, [subject])
    bench.audit(made, f"stock changes on {kind}")
    if not told:
        return [*rows, not_run(age(kind), rows[0].note)]
    return [row for row in (*_judged(rows, told), _age(kind, told)) if row.what in wanted]


def _under_changes(requests: Requests, task: Task, plan: Plan, told: list[Told], seconds: float) -> Load:
    command = [sys.executable, "-m", "bench.changes", str(requests.port)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as popen:
        assert popen.stdin is not None
        assert popen.stdout is not None
        popen.stdin.write(msgspec.json.encode(task).decode() + "\n")
        popen.stdin.flush()
        popen.stdout.readline()  # It says when it begins.
        try:
            return put_load(requests, plan, seconds)
        finally:
            popen.stdin.close()
            found = heard(popen.stdout.read(), Told)
            if found is None:
                raise CannotMeasureError("whoever changes stock told nothing")
            told.append(found)


def _judged(rows: list[Row], told: list[Told]) -> list[Row]:
    """Fewer changes than there should have been prove nothing."""
    rate = sum(one.changes for one in told) / sum(one.duration_s for one in told)
    note = f"{rate:.1f} changes a second, {sum(one.refused for one in told)} refused"
    met = None if rate < _ENOUGH * A_SECOND else rows[0].met
    return [msgspec.structs.replace(row, note=row.note or note, met=met) for row in rows]


def _age(kind: Kind, told: list[Told]) -> Row:
    if never := sum(one.never_true for one in told):
        raise CannotMeasureError(f"{never} answers showed a stock that never was")
    note = (
        f"in {sum(one.looks for one in told):,} looks at the list and at a product, counted in the product's disfavour"
    )
    runs = [one.oldest_s * 1e3 for one in told]
    return plain_row(age(kind), "ms", [max(runs)], goal=Goal("<=", 1000, of="figure"), note=note)


def _task(api: Server, made: Shop) -> Task:
    """Watched is a product with one variant that the first page of the list shows; changed are others too."""
    cards: list[dict[str, Any]] = catalog.answer(api, catalog.LIST).json()["data"]
    slug = next((str(card["slug"]) for card in cards if card["variant_count"] == 1), None)
    if slug is None:
        raise CannotMeasureError("the list's first page shows no product with one variant")
    items = select(variant.c.id, variant.c.item_name).join(product, product.c.id == variant.c.product_id)
    living = variant.c.item_name.is_not(None), variant.c.price.is_not(None)
    (watched,) = _items(made, items.where(product.c.slug == slug, *living))
    others = _items(made, items.where(product.c.slug != slug, *living).order_by(variant.c.id).limit(_OTHERS))
    return Task(watched, slug, others)


def _items(made: Shop, statement: Any) -> list[Item]:
    return [Item(int(number), str(name)) for number, name in goods.ask(made, statement)]


MEASURES: Final = tuple(Measure((reads(kind), age(kind)), partial(changing, kind)) for kind in KINDS)
