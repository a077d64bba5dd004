"""What an answer out of the database costs in a shop of 100,000 products, beside the same in one of 1,000."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Final

from bench import catalog, goods
from bench.lanes import Bench, Lane, compared
from bench.load import Load, Requests
from bench.measures.catalog import NO_CACHE
from bench.measures.measure import Measure
from bench.plan import CannotMeasureError
from bench.rows import Goal, Row, not_run, plain_row
from bench.servers import Server, api_server
from bench.shops import KINDS, Kind, Shop

FEW: Final = 1_000
MANY: Final = 100_000
_PAGES: Final = 20
_DETAILS: Final = 500

_DETAIL: Final = "products, 500 in turn"
_SORTS: Final = {sort: f"list by {sort}, 20 pages in turn" for sort in ("newest", "price", "-price", "name")}
_COMMON: Final = "search for common words"
_RARE: Final = "search for rare words"
_GOALS: Final = {_DETAIL: 1.3, **dict.fromkeys(_SORTS.values(), 1.3), _COMMON: 3.0, _RARE: 3.0}


def name(what: str, kind: Kind) -> str:
    """The row's name."""
    return f"{what}, {MANY:,} products, cache off, {kind}"


def growth(kind: Kind, bench: Bench, wanted: Collection[str]) -> list[Row]:
    """The same requests to two shops, in turn; the ratio is that of the time for an answer."""
    few, many = bench.goods(kind, FEW), bench.goods(kind, MANY)
    with api_server(few.url, **NO_CACHE) as small, api_server(many.url, **NO_CACHE) as large:
        rows = []
        for what in (one for one in _GOALS if name(one, kind) in wanted):
            lanes = [
                bench.http(f"{what}, {made.items:,} products, {kind}", _requests(what, made, api))
                for made, api in ((few, small), (many, large))
            ]
            rows.append(_row(bench, what, kind, lanes))
        return rows


def _requests(what: str, made: Shop, api: Server) -> Requests:
    if what == _DETAIL:
        return catalog.details(api, goods.slugs(made, _DETAILS))
    if what == _COMMON:
        return catalog.searches(api, catalog.COMMON_WORDS)
    if what == _RARE:
        return catalog.searches(api, catalog.rare_words())
    sort = next(sort for sort, called in _SORTS.items() if called == what)
    return catalog.pages(api, f"sort={sort}", _PAGES)


def _row(bench: Bench, what: str, kind: Kind, lanes: Sequence[Lane]) -> Row:
    measured = compared(bench, lanes)
    try:
        small, large = ([_cost_ms(one) for one in _loads(measured[lane.name])] for lane in lanes)
    except CannotMeasureError as error:
        return not_run(name(what, kind), str(error))
    goal = Goal("<=", _GOALS[what])
    return plain_row(name(what, kind), "ms", large, reference=f"{FEW:,} products", reference_runs=small, goal=goal)


def _loads(measured: list[Load] | CannotMeasureError) -> list[Load]:
    if isinstance(measured, CannotMeasureError):
        raise measured
    return measured


def _cost_ms(load: Load) -> float:
    """Milliseconds of the process for an answer. An error would make it look cheap or dear."""
    if load.errors:
        raise CannotMeasureError(f"{load.errors} of {load.answers} requests failed")
    return 1e3 / load.per_second


MEASURES: Final = tuple(Measure(tuple(name(what, kind) for what in _GOALS), partial(growth, kind)) for kind in KINDS)
