"""How much memory a process keeps after it has worked, and whether that still grows."""

import re
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

import httpx

from bench import catalog, goods
from bench.lanes import Bench
from bench.load import Requests, send
from bench.measures.catalog import PRODUCTS
from bench.measures.measure import Measure
from bench.measures.staff import stock_page
from bench.plan import CannotMeasureError
from bench.rows import Goal, Row, plain_row
from bench.servers import Server, api_server, shop_server, web_server
from bench.shops import Shop, get_items

API: Final = "memory of the API"
WEB: Final = "memory of the web part"
API_OF_GOODS: Final = "memory of the API, 10,000 products"
WEB_OF_GOODS: Final = "memory of the web part, 10,000 products"
WORKER: Final = "memory of the worker"
_FLAT: Final = Goal("<=", 1.05)
_KIB: Final = 1024


def memory(bench: Bench, wanted: Collection[str]) -> list[Row]:
    """The API lists and adds items, the web part shows its stock page, the worker audits what that left."""
    rows: list[Row] = []
    with bench.shop("SQLite", 24) as made:
        with api_server(made.url) as api:
            if API in wanted or WORKER in wanted:
                adding = Requests.to(api.port, "POST", "/items", bodies=made.item_bodies(spread=True))
                both = Requests(api.port, (*get_items(api.port).raw, *adding.raw))
                rows += _rows(bench, API, api, both, 120)
            if WEB in wanted:
                with web_server(api) as web:
                    rows += _rows(bench, WEB, web, stock_page(web), 110)
        if WORKER in wanted:
            rows.append(_worker(bench, made))
        bench.audit(made, "the look at memory")
    return [row for row in rows if any(row.what.startswith(name) for name in wanted)]


def memory_of_goods(bench: Bench, wanted: Collection[str]) -> list[Row]:
    """With all that a part keeps of the catalog: half of the requests are enough to fill that, uncompressed."""
    made = bench.goods("SQLite", PRODUCTS)
    half = bench.plan.requests // 2
    products = goods.slugs(made, half - half // 10)
    cheap = [f"?sort=price&price_max={10 * number}" for number in range(1, half // 10 + 1)]
    rows: list[Row] = []
    with api_server(made.url) as api:
        if API_OF_GOODS in wanted:
            paths = [*(f"{catalog.LIST}/{slug}" for slug in products), *(catalog.LIST + query for query in cheap)]
            rows += _rows(bench, API_OF_GOODS, api, Requests.gets(api.port, paths, {"Accept-Language": "de"}), 120)
        if WEB_OF_GOODS in wanted:
            with web_server(api) as web:
                paths = ["/", *(f"/products/{slug}" for slug in products)]
                rows += _rows(bench, WEB_OF_GOODS, web, Requests.gets(web.port, paths, {"Accept-Language": "de"}), 110)
    return rows


def _rows(bench: Bench, what: str, server: Server, requests: Requests, most_mib: float) -> list[Row]:
    resident = []
    for half in ("the first", "the second"):
        bench.say(f"{what}, {half} {bench.plan.requests // 2:,} requests")
        load = send(requests, bench.plan, bench.plan.requests // 2)
        if load.errors:
            raise CannotMeasureError(f"{what}: {load.errors} of {load.answers} requests failed")
        resident.append(resident_mib(server.pid))
    goal = Goal("<=", most_mib, of="figure")
    many = f"{bench.plan.requests:,} requests"
    return [
        plain_row(f"{what} after {many}", "MiB", resident[1:], goal=goal),
        plain_row(
            f"{what}, whether it grows",
            "MiB",
            resident[1:],
            reference=f"itself after {bench.plan.requests // 2:,}",
            reference_runs=resident[:1],
            goal=_FLAT,
        ),
    ]


def _worker(bench: Bench, made: Shop) -> Row:
    bench.say(WORKER)
    with shop_server(["worker"], DATABASE_URL=made.url) as worker:
        # Ready to be asked at once; its first audit takes a moment more, and the memory that it needs.
        _settle(worker.pid)
        asked = [httpx.get(f"http://127.0.0.1:{worker.port}/readyz", trust_env=False).status_code for _ in range(100)]
        if set(asked) != {200}:
            raise CannotMeasureError(f"the worker is not ready: it answers {sorted(set(asked))}")
        note = "after its first round of chores and 100 probes"
        goal = Goal("<=", 90, of="figure")
        return plain_row(WORKER, "MiB", [resident_mib(worker.pid)], goal=goal, note=note)


def resident_mib(pid: int) -> float:
    """What a process and all it started hold in memory: the largest whole, of the others what they share with nobody.

    A server's parent is forked before it loads anything heavy, so what it shares must not be counted twice.
    """
    if not Path("/proc/self/smaps_rollup").exists():
        raise CannotMeasureError("memory is read from /proc, which this system has not")
    family = _family(pid)
    largest = max(family, key=lambda one: _kib(one, "Rss"))
    own = sum(_kib(one, "Private_Clean") + _kib(one, "Private_Dirty") for one in family if one != largest)
    return (_kib(largest, "Rss") + own) / _KIB


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _kib(pid: int, what: str) -> int:
    found = re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def _settle(pid: int) -> None:
    """Wait until a process has done nothing for a second, 30 s at the most."""
    until, idle_since, ticks = time.monotonic() + 30, time.monotonic(), _ticks(pid)
    while time.monotonic() < until and time.monotonic() - idle_since < 1:
        time.sleep(0.1)
        if (now := _ticks(pid)) > ticks + 1:
            idle_since, ticks = time.monotonic(), now


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


MEASURES: Final = (
    Measure((API, WEB, WORKER), memory),
    Measure((API_OF_GOODS,), memory_of_goods),
    Measure((WEB_OF_GOODS,), memory_of_goods),
)
