"""The API under other settings than the usual ones, and callers that have said who they are."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol

import httpx
import pytest

from shopapi.app import create_app
from shopapi.contract.accounts import Role
from shopapi.db.engine import Database, open_database
from shopapi.payments.providers.interface import PaymentProvider
from shopapi.payments.providers.manual import manual
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from tests.api.bank import Bank
from tests.api.selling import Counter, stock_the_shop
from tests.app_client import client_of
from tests.conftest import SECRET_KEY, AsRole, TokenFor
from tests.templates import Filling


@pytest.fixture
def starts_with(request: pytest.FixtureRequest) -> Filling | None:
    """Goods, where the test sells any."""
    return stock_the_shop if "counter" in request.fixturenames else None


@pytest.fixture
def token_for(token_for: TokenFor) -> TokenFor:
    """As ever; and there is an owner, without whom the books of a shop with staff do not agree."""
    token_for("owner")
    return token_for


class ApiWith(Protocol):
    """Starts an API of its own over the test's database: ``api_with(SHOP_ITEMS_ACCESS="open")``."""

    def __call__(self, **environment: str) -> httpx.Client: ...


class ClientAs(Protocol):
    """A client of the test's API that calls as a member of staff with a role."""

    def __call__(self, role: Role) -> httpx.Client: ...


@pytest.fixture
def api_with(environment: dict[str, str], routes_are_made_once: None) -> Iterator[ApiWith]:
    with ExitStack() as running:

        def start(**more: str) -> httpx.Client:
            settings = read(ApiSettings, {**environment, **more})
            return running.enter_context(client_of(create_app(settings)))

        yield start


@pytest.fixture
def sqlite_api_with(sqlite_url: str, routes_are_made_once: None) -> Iterator[ApiWith]:
    """As ``api_with``, on SQLite alone: for what no database has a part in."""
    with ExitStack() as running:

        def start(**more: str) -> httpx.Client:
            usual = {"DATABASE_URL": sqlite_url, "SHOP_SECRET_KEY": SECRET_KEY, "SHOP_ACCESS_LOG": "off"}
            settings = read(ApiSettings, {**usual, "SHOP_RATE_LIMITS": "off", **more})
            return running.enter_context(client_of(create_app(settings)))

        yield start


@pytest.fixture
def sqlite_api(sqlite_api_with: ApiWith) -> httpx.Client:
    """A client without a token of an API on SQLite."""
    return sqlite_api_with()


@pytest.fixture
def open_api(api_with: ApiWith) -> httpx.Client:
    """A client without a token of an API in classroom mode."""
    return api_with(SHOP_ITEMS_ACCESS="open")


@pytest.fixture
def shopper(api_with: ApiWith) -> httpx.Client:
    """A client without a token of an API that makes every answer anew: what it keeps of them has tests of its own."""
    return api_with(SHOP_CATALOG_CACHE_MIB="0")


@pytest.fixture
def client_as(api: httpx.Client, as_role: AsRole) -> ClientAs:
    def client(role: Role) -> httpx.Client:
        api.headers.update(as_role(role))
        return api

    return client


@pytest.fixture
def clerk(client_as: ClientAs) -> httpx.Client:
    """A client that calls as a clerk."""
    return client_as("clerk")


@pytest.fixture
def owner(client_as: ClientAs) -> httpx.Client:
    """A client that calls as an owner."""
    return client_as("owner")


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """An open database on SQLite alone."""
    opened = open_database(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Bank:
    """The payment provider of the APIs and workers that start after it, in the place of the sandbox."""
    bank = Bank()

    def found(settings: ApiSettings) -> dict[str, PaymentProvider]:
        return {"manual": manual(settings), "sandbox": bank}

    monkeypatch.setattr("shopapi.app.find_providers", found)
    monkeypatch.setattr("shopapi.worker.find_providers", found)
    return bank


@pytest.fixture
def counter(bank: Bank, database: Database, api: httpx.Client, as_role: AsRole) -> Counter:
    """A shop that sells."""
    return Counter(api, as_role("owner"), database)
