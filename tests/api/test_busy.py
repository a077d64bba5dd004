"""Slow callers, a busy database and a dead connection cost those who did nothing wrong nothing."""

import asyncio
import logging
import sqlite3
import threading
import time
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text, update

from shopapi.accounts.tables import session
from shopapi.app import create_app
from shopapi.db.engine import Database, open_database
from shopapi.db.types import clock
from shopapi.http import body
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from tests import factories
from tests.api.conftest import ApiWith
from tests.api.problems import problem
from tests.conftest import SECRET_KEY, AsRole
from tests.waiting import wait_until

HEADERS = [(b"host", b"127.0.0.1:8000"), (b"content-type", b"application/json"), (b"content-length", b"20")]


async def answer_to(app: Any, method: str, path: str, *, headers: Any = HEADERS, stalled: bool = False) -> int:
    """The status of one request; a ``stalled`` one says that a body comes and never sends it."""
    statuses = []

    async def receive() -> dict[str, Any]:
        if stalled:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers, "client": None}
    await app({**scope, "http_version": "1.1", "scheme": "http", "root_path": ""}, receive, send)
    return int(statuses[0])


@pytest.fixture
def app(sqlite_url: str) -> Any:
    settings = {"DATABASE_URL": sqlite_url, "SHOP_SECRET_KEY": SECRET_KEY, "SHOP_ACCESS_LOG": "off"}
    return create_app(read(ApiSettings, {**settings, "SHOP_MAX_IN_FLIGHT": "1"}))


def test_a_body_that_does_not_come_holds_no_place_that_others_need(app: Any) -> None:
    async def both() -> int:
        stalled = asyncio.create_task(answer_to(app, "POST", "/items", stalled=True))
        await asyncio.sleep(0)
        status = await answer_to(app, "GET", "/openapi.json", headers=HEADERS[:1])
        stalled.cancel()
        return status

    assert asyncio.run(both()) == 200


def test_a_body_that_does_not_come_in_time_is_408(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_TIME_S", 0.05)
    assert asyncio.run(answer_to(app, "POST", "/items", stalled=True)) == 408


def test_a_reader_does_not_wait_for_a_writer_to_be_noted_as_seen(
    sqlite_api: httpx.Client, sqlite_database: Database, sqlite_url: str
) -> None:
    with sqlite_database.writing() as c:
        token = factories.session(c, factories.staff(c, role="owner"))
        c.execute(update(session).values(last_seen_at=clock(-90)))
    headers = {"Authorization": f"Bearer {token}"}
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        assert sqlite_api.get("/items", headers=headers).status_code == 200
        # The writer holds the lock for ever; SQLite would have waited for five seconds.
        assert time.monotonic() - began < 4
        other.execute("ROLLBACK")
    assert sqlite_api.get("/items", headers=headers).status_code == 200
    with sqlite_database.reading() as c:
        seen_late = select(func.count()).select_from(session).where(session.c.last_seen_at < clock(-60))
        assert c.execute(seen_late).scalar_one() == 0


def test_a_connection_that_dies_before_it_is_given_back_costs_no_place_in_the_pool(postgresql_url: str) -> None:
    database, other = open_database(postgresql_url, threads=1), open_database(postgresql_url, threads=1)

    def die(c: Any) -> int:
        pid = int(c.execute(text("SELECT pg_backend_pid()")).scalar_one())
        with other.reading() as killer:
            killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            gone = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
            wait_until(lambda: killer.execute(gone, {"pid": pid}).scalar_one() == 0, 10)
        return pid

    for _ in range(3):
        with database.reading() as c:
            die(c)
        with database.reading() as c:  # Meets the dead one, and takes another.
            assert c.execute(text("SELECT 1")).scalar_one() == 1
        assert database.write(die, one_statement=True) > 0
        with database.reading() as c:
            assert c.execute(text("SELECT 1")).scalar_one() == 1
    database.close()
    other.close()


@pytest.mark.spoils_the_books
def test_a_statement_that_breaks_leaves_none_of_its_values_in_the_log(
    api: httpx.Client, database: Database, as_role: AsRole, caplog: pytest.LogCaptureFixture
) -> None:
    headers = as_role("owner")
    with database.writing() as c:
        c.execute(text("ALTER TABLE stock_movement RENAME COLUMN actor TO gone"))
    with caplog.at_level(logging.DEBUG):
        named = {"name": "a secret new product", "quantity": 7}
        problem(api.post("/items", json=named, headers=headers), 500, "internal_error")
    assert "ERROR" in caplog.text
    assert "a secret new product" not in caplog.text


def test_twelve_right_sign_ins_at_once_all_succeed_while_the_hash_is_made_anew(
    api_with: ApiWith, database: Database
) -> None:
    from argon2 import PasswordHasher

    from shopapi.accounts.tables import staff

    api = api_with()
    with database.writing() as c:
        who = factories.staff(c, role="owner")
        weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(factories.PASSWORD)
        c.execute(update(staff).values(password_hash=weak))
    body_of = {"email": who.email, "password": factories.PASSWORD, "realm": "staff"}
    statuses: list[int] = []
    crowd = [
        threading.Thread(target=lambda: statuses.append(api.post("/v1/sessions", json=body_of).status_code))
        for _ in range(12)
    ]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join(30)
    assert statuses == [201] * 12


def test_a_password_signs_in_however_its_accents_are_written(owner: httpx.Client) -> None:
    composed, decomposed = "blaue Tür, grüne Öfen 12", "blaue Tu\u0308r, gru\u0308ne O\u0308fen 12"
    who = {"email": "eva@shop.example", "name": "Eva", "role": "clerk", "password": composed}
    assert owner.post("/v1/admin/staff", json=who).status_code == 201
    for password in (composed, decomposed):
        signing = {"email": who["email"], "password": password, "realm": "staff"}
        assert owner.post("/v1/sessions", json=signing).status_code == 201


def test_a_replay_is_answered_also_when_the_calls_are_used_up(
    sqlite_api_with: ApiWith, sqlite_database: Database
) -> None:
    with sqlite_database.writing() as c:
        token = factories.session(c, factories.staff(c, role="owner"))
    api = sqlite_api_with(SHOP_RATE_LIMITS="on")
    api.headers["Authorization"] = f"Bearer {token}"
    item, key = {"name": "Krug", "quantity": 1}, {"Idempotency-Key": "a key for one mug"}
    first = api.post("/items", json=item, headers=key)
    while api.get("/v1/sessions/current").status_code == 200:
        pass
    again = api.post("/items", json=item, headers=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    # A call is given back every tenth of a second: on a slow machine one is there again.
    nothing = {"name": "Krug", "quantity": 0}
    keys = ({"Idempotency-Key": f"another key, number {n}"} for n in range(1000))
    refused = next(a for key in keys if (a := api.post("/items", json=nothing, headers=key)).status_code != 200)
    problem(refused, 429, "rate_limited")
    assert api_items(sqlite_database) == 1


def api_items(database: Database) -> int:
    with database.reading() as c:
        return int(c.execute(text("SELECT sum(on_hand) FROM stock_level")).scalar_one())


def test_a_number_of_five_thousand_digits_names_its_field(owner: httpx.Client) -> None:
    content = b'{"name": "Krug", "quantity": ' + b"9" * 5000 + b"}"
    answer = owner.post("/items", content=content, headers={"Content-Type": "application/json"})
    problem(answer, 400, "invalid_request", "quantity")


@pytest.mark.parametrize("name", ["\u200b", "\u2060\ufeff", "\u202e", "\ufffe"])
def test_a_name_with_nothing_to_see_is_blank(owner: httpx.Client, name: str) -> None:
    problem(owner.post("/items", json={"name": name, "quantity": 1}), 400, "invalid_request", "name")
