"""When the database goes away, shoppers get no answer rather than an old one."""

import time
from collections.abc import Iterator
from typing import Protocol

import pytest

from shopapi.db.engine import open_database
from tests import factories
from tests.concurrency.cut_off import LockedFile, cable
from tests.concurrency.shoppers import Shopper, hits, looking
from tests.conftest import ApiProcesses
from tests.waiting import wait_until

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]

SEEN = 25


class Goes(Protocol):
    """A database that can go away."""

    url: str

    def cut(self) -> None: ...
    def mend(self) -> None: ...


@pytest.fixture(params=["sqlite locked", "postgresql closed", "postgresql silent"])
def goes(request: pytest.FixtureRequest) -> Iterator[Goes]:
    """A migrated database with one product, and a way for it to go."""
    kind, _, how = request.param.partition(" ")
    url: str = request.getfixturevalue(f"{kind}_url")
    database = open_database(url)
    factories.save(database, factories.goods("Krug", price=100))
    database.close()
    if kind == "sqlite":
        yield LockedFile(url)
    else:
        with cable(url, how) as laid:
            yield laid


@pytest.fixture
def database_url(goes: Goes) -> str:
    return goes.url


def test_when_the_database_is_away_no_answer_is_older_than_a_second(goes: Goes, api_processes: ApiProcesses) -> None:
    api = api_processes(1)[0]
    shopper = Shopper(api.url, "/v1/products/krug")
    with looking([shopper], timeout_s=0.5):
        wait_until(lambda: hits(api) > SEEN, 10, "answers from memory")
        goes.cut()
        away = time.monotonic()
        wait_until(lambda: shopper.seen[-1][0] > away + 2.5, 30, "two and a half seconds without the database")
        until = time.monotonic()
        goes.mend()
        wait_until(lambda: shopper.last_saw(100) >= SEEN, 40, "answers, now that the database is back")
    meanwhile = [(at - away, price) for at, price in shopper.seen if away < at < until - 0.5]
    assert any(price == 100 for after, price in meanwhile if after < 1), "Memory helps over a short break."
    without = [price for after, price in meanwhile if after > 1]
    assert without
    assert set(without) == {0}
    for problem in shopper.problems:
        assert problem.status_code == 503
        assert problem.json()["code"] == "overloaded"
        assert "Retry-After" in problem.headers
