"""The test bed itself: what it promises to every other test."""

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from sqlalchemy import select, update

from shopapi.db.engine import Database
from shopapi.inventory.tables import stock_level
from tests import factories
from tests.app_client import client_of
from tests.conftest import SECRET_KEY, ApiProcesses, TokenFor, assert_the_books_agree
from tests.postgres import Postgres
from tests.processes import clean_environment, start_serving
from tests.waiting import free_port, wait_until
from tests.warm import Forked, Streams, start_shopctl

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["Mug", "Plate"])
def test_each_test_has_an_empty_database_of_its_own(database: Database, name: str) -> None:
    with database.writing() as c:
        factories.item(c, name=name)
    with database.reading() as c:
        assert len(c.execute(select(stock_level)).all()) == 1


@pytest.mark.spoils_the_books
def test_a_book_that_does_not_agree_is_found(database: Database, database_url: str) -> None:
    with database.writing() as c:
        item = factories.item(c)
        factories.release(c, factories.reserve(c, item.id, 3))
        factories.reserve(c, item.id, 3)
    assert_the_books_agree(database_url)
    with database.writing() as c:
        c.execute(update(stock_level).values(on_hand=stock_level.c.on_hand + 1))
    with pytest.raises(AssertionError, match="The audit found"):
        assert_the_books_agree(database_url)


def test_a_token_is_made_once_for_each_role(token_for: TokenFor) -> None:
    assert token_for("owner") == token_for("owner") != token_for("clerk")


def test_postgresql_drops_a_database_whoever_is_connected(postgres: Postgres) -> None:
    server = Postgres(postgres.url_of("postgres"))
    name = server.create()
    connection = psycopg2.connect(server.url_of(name))
    server.drop(name)
    server.close()
    with pytest.raises(psycopg2.OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()


async def tiny_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answers with what it was sent; its lifespan must have begun."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 201, "headers": [(b"set-cookie", b"a=b")]})
    await send({"type": "http.response.body", "body": scope["path"].encode() + body})


def test_an_app_is_called_as_if_over_the_network() -> None:
    with client_of(tiny_app) as client:
        answer = client.post("/echo", content=b" hello", headers={"Content-Type": "text/plain"})
        assert (answer.status_code, answer.text, client.cookies["a"]) == (201, "/echo hello", "b")


def test_an_app_that_cannot_start_fails_the_test() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(RuntimeError, match="no database"), client_of(broken):
        pass


def test_a_process_that_ends_too_soon_shows_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"exit code 2:\n.*SHOP_SECRET_KEY is not set"):
        start_serving(["serve-api"], {}, free_port(), tmp_path / "log", tmp_path)


@pytest.mark.parametrize("how", [{}, {"PYTHONPATH": "/nowhere"}], ids=["forked", "the long way"])
def test_a_command_has_a_process_directory_and_settings_of_its_own(tmp_path: Path, how: dict[str, str]) -> None:
    with (tmp_path / "in").open("w+") as typed, (tmp_path / "out").open("w+") as out:
        streams = Streams(typed, out, out)
        process = start_shopctl(["migrate"], clean_environment(**how), tmp_path, streams)
        assert isinstance(process, Forked) != bool(how)
        assert process.wait(30) == 0
        assert process.poll() == 0
        refused = start_shopctl(["serve-api"], clean_environment(PORT="none", **how), tmp_path, streams)
        assert refused.wait(30) == 2
        out.seek(0)
        assert re.search(r"schema \d+.*'PORT'", out.read(), re.DOTALL)
    assert (tmp_path / "shop.db").exists()


def test_a_killed_process_says_so(tmp_path: Path) -> None:
    settings = {"SHOP_SANDBOX_SECRET": SECRET_KEY}
    process = start_serving(["serve-sandbox-provider"], settings, free_port(), tmp_path / "log", tmp_path)
    assert process.popen.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.popen.wait(0.01)
    process.kill()
    assert process.popen.poll() == -signal.SIGKILL


def test_what_a_run_started_ends_with_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = ["serve-sandbox-provider", "--port", str(free_port())]
    starts = f"""if True:
        import pathlib, sys
        from tests.processes import clean_environment
        from tests.warm import Streams, start_shopctl
        file = open({str(log)!r}, "w+")
        here = pathlib.Path({str(tmp_path)!r})
        secret = clean_environment(SHOP_SANDBOX_SECRET={SECRET_KEY!r})
        print(start_shopctl({command}, secret, here, Streams(file, file, file)).pid)"""
    ended = subprocess.run([sys.executable, "-c", starts], cwd=ROOT, capture_output=True, text=True, check=True)
    wait_until(lambda: not Path(f"/proc/{int(ended.stdout)}").exists(), 10, "the end of what was started")


def test_nobody_s_own_settings_reach_the_shop_under_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_ITEMS_ACCESS", "open")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///mine.db")
    found = clean_environment(SHOP_DOCS="off")
    assert {name for name in found if name.startswith(("SHOP_", "DATABASE_"))} == {"SHOP_DOCS"}


def test_a_condition_that_never_comes_true_fails_by_name() -> None:
    with pytest.raises(AssertionError, match=r"the moon did not come true within 0\.05 s"):
        wait_until(lambda: False, 0.05, "the moon")
    assert wait_until(lambda: "there", 0.05) == "there"


def test_the_api_answers_in_this_process(api: httpx.Client) -> None:
    assert api.get("/healthz").status_code == 200


@pytest.mark.processes
def test_real_processes_are_started_and_stopped(api_processes: ApiProcesses, database: Database) -> None:
    with database.writing() as c:
        token = factories.session(c, factories.staff(c, role="viewer"))
    for process in api_processes(2):
        answer = httpx.get(f"{process.url}/items", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        assert (answer.status_code, answer.json()) == (200, [])
        assert process.terminate() == 0
