"""Shops of real processes. Most tests here share one for each kind of database, in which each has goods of its own."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.concurrency.standing import Shop, open_shop
from tests.conftest import _LOGS, assert_the_books_agree
from tests.postgres import Postgres


@pytest.fixture(scope="session")
def sqlite_shop(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A standing shop on SQLite."""
    directory = tmp_path_factory.mktemp("sqlite-shop")
    shutil.copy(sqlite_template, directory / "shop.db")
    with open_shop(f"sqlite:///{directory}/shop.db", directory, worker=True, sandbox=True) as shop:
        yield shop


@pytest.fixture(scope="session")
def postgresql_shop(
    postgres: Postgres, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """A standing shop on PostgreSQL."""
    name = postgres.create(postgres_template)
    directory = tmp_path_factory.mktemp("postgresql-shop")
    with open_shop(postgres.url_of(name), directory, worker=True, sandbox=True) as shop:
        yield shop
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A standing shop on each kind of database in turn; its books are audited after each test."""
    standing: Shop = request.getfixturevalue(f"{request.param}_shop")
    request.node.stash.setdefault(_LOGS, []).extend(standing.logs)
    yield standing
    with standing.provider() as provider:
        provider.delete("/faults").raise_for_status()
    assert_the_books_agree(standing.database_url)


OpenShop = Callable[..., Shop]


@pytest.fixture
def opened(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    """``opened(sandbox=True, SHOP_FAILPOINTS="...")``: a shop of the test's own, as :func:`open_shop` makes it."""
    with ExitStack() as stack:

        def start(**how: object) -> Shop:
            made: Shop = stack.enter_context(open_shop(database_url, tmp_path, **how))  # type: ignore[arg-type]
            request.node.stash.setdefault(_LOGS, []).extend(made.logs)
            return made

        yield start
