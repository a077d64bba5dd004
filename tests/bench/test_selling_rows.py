"""What the rows of selling rest on: carts that can each be ordered once, the shop's own statement, whole purchases."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from bench import carts, goods, orders, pgbench
from bench.carts import Supply
from bench.counter import counted
from bench.lanes import Bench
from bench.load import Load
from bench.measures import selling
from bench.plan import CannotMeasureError, Plan
from bench.servers import Server, shop_environment
from bench.shops import KINDS, Kind
from shopapi.orders.tables import sales_order
from tests.processes import start_serving
from tests.waiting import free_port

PRODUCTS = 20


@pytest.fixture
def bench(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    """The shortest run there is, on a few goods, the tests' own PostgreSQL, and servers that start as theirs do."""

    @contextmanager
    def api_server(database_url: str) -> Iterator[Server]:
        environment, log = shop_environment(DATABASE_URL=database_url), tmp_path / "api.log"
        api = start_serving(["serve-api", "--no-access-log"], environment, free_port(), log, tmp_path)
        try:
            yield Server(api.port, api.popen.pid, 0.0)
        finally:
            api.kill()

    monkeypatch.setattr(selling, "api_server", api_server)
    monkeypatch.setenv("BENCH_POSTGRES", postgresql_url.replace("postgresql+psycopg2", "postgresql"))
    monkeypatch.setattr(goods, "KEPT", tmp_path_factory.getbasetemp() / "kept-goods")
    monkeypatch.setattr(selling, "PRODUCTS", PRODUCTS)
    with Bench(Plan(seconds=0.3, runs=1, items=PRODUCTS), print) as one:
        yield one


@pytest.mark.processes
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.thorough if kind == "PostgreSQL" else ()) for kind in KINDS]
)
def test_a_tiny_run_sells_without_an_error_and_the_books_agree(kind: Kind, bench: Bench) -> None:
    measures = [one for one in selling.MEASURES if one.rows[0].endswith(kind)]
    if kind == "SQLite":  # What differs there is seen in the rows of one measure; each costs a server and its load.
        measures = [one for one in measures if one.rows == (selling.spread(kind),)]
    names = [name for measure in measures for name in measure.rows]
    rows = [row for measure in measures for row in measure.run(bench, measure.rows)]
    assert list(dict.fromkeys(row.what for row in rows)) == names
    assert [row for row in rows if row.errors or row.reference_errors or row.note] == []
    assert all(row.figure and row.ratio for row in rows)
    assert any(row.reference.startswith("pgbench-order") for row in rows) == (kind == "PostgreSQL")
    assert len(bench.audits) == len(measures)


def test_pgbench_orders_by_the_very_statement_of_checkout(bench: Bench) -> None:
    with bench.own_goods("PostgreSQL", PRODUCTS) as made:
        skus = carts.goods_on_sale(made, 3)
        pairs = carts.models(made, [skus[:2], skus[1:], [skus[0], skus[2]]])
        script, fixed = orders.script(pairs)
        assert _as_the_shop_has_it(script) == str(orders.rendered(orders.PLACE_ORDER)).strip()
        ready = carts.copies(pairs, 7, lines=False)
        one_each = {**fixed, "first": str(ready[0].id), "clients": "1", "turn": "-1"}
        load = pgbench.run(made.url, script, 1, clients=1, fixed=one_each)
        assert load.answers > len(ready)
        assert carts.rows_of(made, sales_order) == len(ready)
        made.audit()


def _as_the_shop_has_it(script: str) -> str:
    statement = re.sub(r"^\\set .*\n", "", script, flags=re.MULTILINE)
    assert orders.MODEL in statement
    statement = statement.replace(f"{orders.MODEL},\n", "")
    statement = re.sub(r"\(SELECT (\w+) FROM model\)", r":\1", statement)
    for name, term in orders.DRAWN.items():
        statement = statement.replace(term, f":{name}")
    return statement.strip().removesuffix(";")


def test_a_checkout_with_a_parameter_that_no_draft_names_is_refused(bench: Bench) -> None:
    with bench.own_goods("PostgreSQL", PRODUCTS) as made:
        one = carts.models(made, [carts.goods_on_sale(made, 1)])
        with pytest.raises(CannotMeasureError, match="colour"):
            orders.script(one, text("SELECT :number, :colour"))


def test_an_answer_that_made_no_order_is_an_error(bench: Bench) -> None:
    with bench.own_goods("SQLite", PRODUCTS) as made:
        one = carts.models(made, [carts.goods_on_sale(made, 1)])
        lane = counted("it", one, sales_order, lambda ready, seconds: Load(len(ready), seconds))
        load = lane.measure(1)
        assert load.answers > 0
        assert load.errors == load.answers


def test_more_carts_are_made_than_the_last_measurement_used_up() -> None:
    supply = Supply(100)
    assert supply.count(10) >= 2000
    supply.heed(9000, 3.0)
    assert supply.count(10) >= 60_000
