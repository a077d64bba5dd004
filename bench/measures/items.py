"""``/items``: the list, and the post, to one name and to many, with and without an idempotency key."""

from collections.abc import Collection
from functools import partial
from typing import Final

from bench import pgbench
from bench.lanes import Bench, Lane, Subject, compare, pgbench_lane
from bench.load import KEY, Requests
from bench.measures.measure import Measure
from bench.rows import Row
from bench.servers import api_server
from bench.shops import KINDS, Kind, Shop, get_items

_FEW: Final = 24


def list_few(kind: Kind) -> str:
    """The row's name."""
    return f"GET /items, {_FEW} items, {kind}"


def list_many(kind: Kind) -> str:
    """The row's name."""
    return f"GET /items, 1,000 items, {kind}"


def post(kind: Kind, *, spread: bool, keyed: bool) -> str:
    """The row's name."""
    return f"POST /items, {'1,000 names' if spread else 'one name'}{', with a key' if keyed else ''}, {kind}"


def lists(kind: Kind, bench: Bench, wanted: Collection[str]) -> list[Row]:
    """Both lists, each on a shop of its own size."""
    rows = []
    for what, items in ((list_few(kind), _FEW), (list_many(kind), bench.plan.items)):
        if what not in wanted:
            continue
        with bench.shop(kind, items) as made, api_server(made.url) as api:
            references = [bench.reference("hello"), bench.reference("asgi")]
            if kind == "PostgreSQL":
                references.append(pgbench_lane("pgbench-read", made, pgbench.READ.format(items=items)))
            rows += compare(bench, [Subject(what, bench.http(what, get_items(api.port)), references)])
    return rows


def posts(kind: Kind, bench: Bench, wanted: Collection[str]) -> list[Row]:
    """Every post on one shop; then its books are audited."""
    with bench.shop(kind) as made, api_server(made.url) as api:
        subjects = []
        for spread in (False, True):
            references = [bench.reference("hello"), *_statement(made, spread)]
            for keyed in (False, True):
                what = post(kind, spread=spread, keyed=keyed)
                if what in wanted:
                    lane = bench.http(what, _post(api.port, made, spread=spread, keyed=keyed))
                    subjects.append(Subject(what, lane, references))
        rows = compare(bench, subjects)
        bench.audit(made, f"POST /items on {kind}")
        return rows


def _post(port: int, made: Shop, *, spread: bool, keyed: bool) -> Requests:
    headers = {"Idempotency-Key": f"bench-{KEY.decode()}"} if keyed else {}
    return Requests.to(port, "POST", "/items", headers=headers, bodies=made.item_bodies(spread))


def _statement(made: Shop, spread: bool) -> list[Lane]:
    if made.kind == "SQLite":
        return []
    script = pgbench.add_item_script(names=made.items if spread else 1)
    return [pgbench_lane(f"pgbench-items, {'spread' if spread else 'hot'}", made, script)]


def _measures(kind: Kind) -> tuple[Measure, Measure]:
    ways = [(spread, keyed) for spread in (False, True) for keyed in (False, True)]
    return (
        Measure((list_few(kind), list_many(kind)), partial(lists, kind)),
        Measure(tuple(post(kind, spread=spread, keyed=keyed) for spread, keyed in ways), partial(posts, kind)),
    )


MEASURES: Final = tuple(measure for kind in KINDS for measure in _measures(kind))
