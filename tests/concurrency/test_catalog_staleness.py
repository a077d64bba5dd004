"""No process tells shoppers what has been otherwise for more than a second."""

import time
from dataclasses import dataclass, field

import pytest

from shopapi.catalog.set_variant import VariantChange, set_variant
from shopapi.db.engine import Database
from tests import factories
from tests.concurrency.shoppers import Shopper, hits, looking
from tests.conftest import ApiProcesses
from tests.waiting import wait_until

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]

CHANGES = 6
SEEN = 25
PATHS = ("/v1/products", "/v1/products/krug")


@dataclass
class Prices:
    """The prices that were committed, each with the moment from which everybody could have known it."""

    committed: dict[int, float] = field(default_factory=dict)

    def set(self, database: Database, price: int) -> None:
        with database.writing() as c:
            set_variant(c, "KRUG", VariantChange(price=price), actor="shopctl")
        self.committed[price] = time.monotonic()

    def age(self, price: int, at: float) -> float:
        """For how many seconds ``price`` had not been the price any more at the moment ``at``."""
        return max((at - since for other, since in self.committed.items() if other > price), default=0.0)


def test_no_process_tells_a_price_older_than_a_second(database: Database, api_processes: ApiProcesses) -> None:
    factories.save(database, factories.goods("Krug", price=100))
    prices = Prices()
    prices.set(database, 101)
    processes = api_processes(2)
    shoppers = [Shopper(process.url, path) for process in processes for path in PATHS]
    with looking(shoppers):
        for price in range(102, 102 + CHANGES):
            prices.set(database, price)
            wait_until(
                lambda price=price: all(shopper.last_saw(price) >= SEEN for shopper in shoppers),  # type: ignore[misc]
                10,
                f"the sight of {price}",
            )
    for shopper in shoppers:
        assert not shopper.problems
        too_old = [(price, prices.age(price, at)) for at, price in shopper.seen if prices.age(price, at) > 1]
        assert not too_old, (shopper.url, shopper.path)
        assert [seen for _, seen in shopper.seen] == sorted(seen for _, seen in shopper.seen), "A price came back."
    assert all(hits(process) > 2 * CHANGES * SEEN for process in processes), "Hardly anything came from memory."
