"""PostgreSQL, migrate, seed, two of the API, two of the pages, one worker, Traefik: started once for the tests of this
package. Each leaves it whole."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.shop import Shop, open_shop
from tests.postgres import Postgres

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.processes)


@pytest.fixture(scope="package")
def shop(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop of this package's tests."""
    home = tmp_path_factory.mktemp("contract")
    name = postgres.create()
    with open_shop(home, postgres.url_of(name)) as running_shop:
        yield running_shop
    postgres.drop(name)


Caller = Callable[..., httpx.Client]


@pytest.fixture
def caller(shop: Shop) -> Iterator[Caller]:
    """Opens callers; all are closed at the end."""
    opened: list[httpx.Client] = []

    def open_one(base_url: str = "", **how: object) -> httpx.Client:
        opened.append(shop.caller(base_url, **how))
        return opened[-1]

    yield open_one
    for client in opened:
        client.close()
