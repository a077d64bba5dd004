"""Idempotency keys: the same request twice has one effect and one answer, on both databases."""

import threading
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, func, select, update

from shopapi.app import HANDLERS
from shopapi.db.engine import Database
from shopapi.db.types import clock
from shopapi.http.idempotency import forget_old_keys
from shopapi.http.idempotency_table import idempotency_key
from shopapi.inventory.tables import stock_movement
from shopapi.worker import KEYS_KEPT_DAYS, clean_up
from tests import factories
from tests.api.conftest import ApiWith
from tests.api.problems import problem
from tests.conftest import AsRole

KEY = "a-key-of-the-caller-s"
MUG = {"name": "Mug", "quantity": 3}
BEN = {"email": "ben@shop.example", "name": "Ben", "role": "clerk", "password": "purple-otter-quartz-lantern"}


def post(client: httpx.Client, body: Any = MUG, key: str = KEY, path: str = "/items", **headers: str) -> httpx.Response:
    return client.post(path, json=body, headers={"Idempotency-Key": key, **headers})


def same(first: httpx.Response, again: httpx.Response) -> None:
    """Check that ``again`` repeats ``first``, byte for byte."""
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("content-type", "etag"):
        assert again.headers.get(name) == first.headers.get(name)


def movements(database: Database) -> int:
    with database.reading() as c:
        return int(c.execute(select(func.count()).select_from(stock_movement)).scalar_one())


def test_two_keys_are_none(owner: httpx.Client, database: Database) -> None:
    before = movements(database)
    keys = [("Idempotency-Key", KEY), ("Idempotency-Key", KEY + "2")]
    problem(owner.post("/items", json=MUG, headers=keys), 400, "invalid_request", "Idempotency-Key")
    assert movements(database) == before


def test_every_post_but_signing_in_takes_a_key(owner: httpx.Client) -> None:
    post(owner, key="another-key-of-the-caller")
    bodies: dict[str, Any] = {
        "/items": MUG,
        "/v1/admin/stock/movements": {"sku": "ITEM-1", "delta": 1, "reason": "receive"},
        "/v1/admin/staff": BEN,
        "/v1/admin/api-keys": {"name": "till", "permissions": ["stock:read"]},
    }
    there = {path for handler in HANDLERS if "POST" in handler.http_methods for path in handler.paths}
    # Those of selling have tests of their own; a provider's webhook goes by the id of its event.
    selling = {path for path in there if path.split("/")[2:3] in (["carts"], ["orders"], ["withdrawals"])}
    staff = ("/v1/admin/orders", "/v1/admin/payments", "/v1/admin/withdrawals")
    selling |= {path for path in there if path.startswith((*staff, "/v1/payments"))}
    assert there == {*bodies, *selling, "/v1/sessions"}
    for path, body in bodies.items():
        first, again = post(owner, body, path=path), post(owner, body, path=path)
        assert first.is_success, first.text
        assert (again.status_code, again.headers["idempotent-replayed"]) == (first.status_code, "true")
        if path != "/v1/admin/api-keys":
            same(first, again)
    assert owner.get("/items").json()[0]["quantity"] == 7


def test_the_same_request_written_otherwise_is_the_same(clerk: httpx.Client) -> None:
    first = post(clerk)
    body = b' {"quantity": 3,\n "name": "  Mug "}'
    again = clerk.post("/items", content=body, headers={"Idempotency-Key": KEY, "Content-Type": "application/json"})
    same(first, again)


def test_another_request_under_the_same_key_is_422(clerk: httpx.Client, database: Database) -> None:
    first = post(clerk)
    problem(post(clerk, {"name": "Mug", "quantity": 4}), 422, "idempotency_key_reused")
    same(first, post(clerk))
    assert movements(database) == 1


def test_another_principal_and_another_route_see_nothing_of_a_key(
    api: httpx.Client, as_role: AsRole, database: Database
) -> None:
    with database.writing() as c:
        secret = factories.api_key(c, factories.staff(c, role="owner"), "stock:write")
    for headers in (as_role("clerk"), as_role("manager"), {"Authorization": f"Bearer {secret}"}):
        assert "idempotent-replayed" not in post(api, **headers).headers
    assert movements(database) == 3
    moved = {"sku": "ITEM-1", "delta": 1, "reason": "receive"}
    assert post(api, moved, path="/v1/admin/stock/movements", **as_role("clerk")).status_code == 201


def test_an_open_shop_keeps_keys_by_address(open_api: httpx.Client) -> None:
    same(post(open_api), post(open_api))


@pytest.mark.parametrize("key", ["", "x" * 15, "x" * 256, "ä" * 16, "tab\tin-the-middle-of-it", "x" * 15 + "\x7f"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_key_of_another_shape_is_400(clerk: httpx.Client, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    problem(clerk.post("/items", json=MUG, headers=headers), 400, "invalid_request", "Idempotency-Key")
    assert clerk.get("/items").json() == []


@pytest.mark.parametrize("key", ["x" * 16, "x" * 255, "a key with spaces and ~!@#"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_bounds_of_a_key_belong_to_it(clerk: httpx.Client, key: str) -> None:
    same(post(clerk, key=key), post(clerk, key=key))


@pytest.mark.concurrency
def test_fifty_calls_with_one_key_have_one_effect_and_one_answer(clerk: httpx.Client, database: Database) -> None:
    barrier, answers = threading.Barrier(50), []

    def call() -> None:
        barrier.wait(10)
        for _ in range(20):
            answer = post(clerk)
            if answer.status_code not in (409, 503):
                break
        answers.append(answer)

    threads = [threading.Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [answer.status_code for answer in answers] == [201] * 50
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert movements(database) == 1


# SQLite has one writer: there the second request waits for the first, and never meets it.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_key_whose_first_request_still_runs_is_409(database: Database, clerk: httpx.Client) -> None:
    post(clerk)
    with database.writing() as c:
        c.execute(idempotency_key.delete())
        scope = {"scope": f"{clerk.get('/v1/sessions/current').json()['staff_id']} POST /items", "key": KEY}
        c.execute(idempotency_key.insert().values({**scope, "fingerprint": b"", "state": "claimed"}))
        answer = post(clerk)
        problem(answer, 409, "idempotency_in_progress")
        assert answer.headers["retry-after"] == "1"
        c.execute(idempotency_key.delete())
    assert post(clerk).status_code == 200


def test_what_the_value_or_the_state_refused_is_an_answer_too(clerk: httpx.Client, database: Database) -> None:
    post(clerk, {"name": "Mug", "quantity": 1_000_000}, key="the-first-key-of-all")
    first = post(clerk, {"name": "Mug", "quantity": 1})
    problem(first, 422, "quantity_too_large")
    clerk.put("/items/1", json={"name": "Mug", "quantity": 5})
    again = post(clerk, {"name": "Mug", "quantity": 1})
    same(first, again)
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    taken = {"sku": "ITEM-1", "delta": -6, "reason": "correct"}
    first = post(clerk, taken, path="/v1/admin/stock/movements")
    problem(first, 409, "insufficient_stock")
    same(first, post(clerk, taken, path="/v1/admin/stock/movements"))
    assert clerk.get("/items").json()[0]["quantity"] == 5


def test_what_did_not_fit_or_was_not_allowed_leaves_the_key_free(api: httpx.Client, as_role: AsRole) -> None:
    problem(post(api), 401, "unauthenticated")
    problem(post(api, **as_role("viewer")), 403, "forbidden")
    problem(post(api, {"name": ""}, **as_role("clerk")), 400, "invalid_request")
    made = post(api, **as_role("clerk"))
    assert (made.status_code, "idempotent-replayed" in made.headers) == (201, False)


def test_a_defect_leaves_the_key_free_and_half_done_work_undone(
    clerk: httpx.Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("shopapi.inventory.classic.etag", lambda _: 1 / 0)
        problem(post(clerk), 500, "internal_error")
    assert movements(database) == 0
    assert post(clerk).status_code == 201


def test_an_answer_outlives_the_process(clerk: httpx.Client, api_with: ApiWith, as_role: AsRole) -> None:
    first = post(clerk)
    same(first, post(api_with(), **as_role("clerk")))


def test_old_keys_go_in_batches_until_all_are_gone(
    clerk: httpx.Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(6):
        post(clerk, key=f"a-key-of-the-caller-{n}")
    with database.writing() as c:
        c.execute(
            update(idempotency_key)
            .where(idempotency_key.c.key != "a-key-of-the-caller-5")
            .values(created_at=clock(-86_400 * 31))
        )
    dropped: list[int] = []

    def forget(c: Connection, *, days: int) -> int:
        dropped.append(forget_old_keys(c, days=days, most=2))
        return dropped[-1]

    monkeypatch.setattr("shopapi.worker.forget_old_keys", forget)
    clean_up(database)
    assert dropped == [2, 2, 1, 0]
    with database.reading() as r:
        assert r.execute(select(idempotency_key.c.key)).scalars().all() == ["a-key-of-the-caller-5"]


def test_keys_are_kept_for_thirty_days(clerk: httpx.Client, database: Database) -> None:
    assert KEYS_KEPT_DAYS == 30
    for n, key in enumerate(("an-old-key-of-31-days", "a-key-of-29-days-age")):
        post(clerk, key=key)
        with database.writing() as c:
            age = clock(-86_400 * (31 if n == 0 else 29))
            c.execute(update(idempotency_key).where(idempotency_key.c.key == key).values(created_at=age))
    clean_up(database)
    with database.reading() as c:
        assert c.execute(select(idempotency_key.c.key)).scalars().all() == ["a-key-of-29-days-age"]
