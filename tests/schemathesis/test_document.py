"""The OpenAPI document is true: a fuzzer that believes it finds no answer that contradicts it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

import pytest
from sqlalchemy import update

from shopapi.carts.tables import cart
from shopapi.catalog.shop_store import save_text
from shopapi.contract.accounts import Permission
from shopapi.db.engine import Database
from tests import factories
from tests.conftest import ApiProcesses
from tests.processes import clean_environment

pytestmark = [pytest.mark.schemathesis, pytest.mark.processes]

_CONFIG = Path(__file__).with_name("schemathesis.toml")
_THOROUGHLY = ("--checks", "all", "--seed", "1", "--generation-deterministic", "--continue-on-failure")
_LIMIT_S = 400
CART: Final = "C" * 43
"""The cart that the fuzzer knows of, by its configuration."""

# What would end the caller's own session or key, or its maker, is asked by callers of its own.
_SUICIDAL = ("revoke_api_key", "change_staff", "sign_out")


@pytest.fixture
def api_url(database: Database, api_processes: ApiProcesses) -> str:
    with database.writing() as c:
        factories.items(c, 3)
        factories.category(c, "Geschirr", "Krüge")
        save_text(c, "imprint", "de", "Wir.")
    factories.save(database, factories.in_colours("Krug", {"Ton": (1000, 3), "Moos": (1200, 0)}, categories=["kruege"]))
    with database.writing() as c:
        factories.promotion(c, "HERBST10")
        factories.paid_order(c, ("KRUG-TON", 1))
        factories.order(c, ("KRUG-TON", 1))
        filled = factories.cart(c, ("KRUG-TON", 1), code="HERBST10")
        c.execute(update(cart).where(cart.c.token == filled.token).values(token=CART))
    return api_processes(1)[0].url


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """One database for each caller, both kinds in all."""
    from tests.conftest import assert_the_books_agree

    url: str = request.getfixturevalue(f"{request.param}_url")
    yield url
    assert_the_books_agree(url)


def fuzz(url: str, directory: Path, *options: str, token: str = "") -> None:
    """Run the fuzzer with every check; fail with what it found."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(_CONFIG), "--no-color", "run"]
    headers = ["-H", f"Authorization: Bearer {token}"] if token else []
    done = subprocess.run(
        [*command, f"{url}/openapi.json", *headers, *_THOROUGHLY, *options],
        cwd=directory,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]
    assert "Test cases:" in done.stdout


def examples(few: int, *, thoroughly: int) -> pytest.MarkDecorator:
    """So many requests of each kind, as the option of the fuzzer that says so."""
    many = pytest.param(f"--max-examples={thoroughly}", marks=pytest.mark.thorough)
    return pytest.mark.parametrize("most", [f"--max-examples={few}", many])


def excluding(*names: str) -> list[str]:
    return [word for name in names for word in ("--exclude-operation-id", name)]


def including(*names: str) -> list[str]:
    return [word for name in names for word in ("--include-operation-id", name)]


@examples(3, thoroughly=25)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nothing_contradicts_the_document_for_a_key_with_every_permission(
    api_url: str, database: Database, tmp_path: Path, most: str
) -> None:
    with database.writing() as c:
        key = factories.api_key(c, factories.staff(c, role="owner"), *get_args(Permission))
    fuzz(api_url, tmp_path, most, *excluding(*_SUICIDAL), token=key)


@examples(6, thoroughly=25)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_contradicts_the_document_for_an_owner_with_a_session(
    api_url: str, database: Database, tmp_path: Path, most: str
) -> None:
    with database.writing() as c:
        token = factories.session(c, factories.staff(c, role="owner"))
    wanted = including("current_session", "change_staff", "get_staff", "create_staff", "revoke_api_key", "add_item")
    fuzz(api_url, tmp_path, most, *wanted, token=token)
    fuzz(api_url, tmp_path, most, *including("sign_out"), token=token)


@examples(2, thoroughly=8)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_contradicts_the_document_for_nobody(api_url: str, tmp_path: Path, most: str) -> None:
    fuzz(api_url, tmp_path, most)  # Nearly all of it is refused at the door.
