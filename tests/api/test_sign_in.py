"""Signing in and out: one answer for every reason to refuse, limits, and sessions that end."""

import time

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from shopapi.accounts import passwords, session_store, store
from shopapi.accounts.tables import session, staff
from shopapi.contract.accounts import Staff
from shopapi.db.engine import Database
from shopapi.db.metadata import metadata
from shopapi.db.types import clock
from shopapi.runtime.addresses import SIGNED_HEADER, signed
from tests import factories
from tests.api.conftest import ApiWith
from tests.api.problems import problem
from tests.conftest import SECRET_KEY

EMAIL = "anna@shop.example"


@pytest.fixture
def anna(database: Database) -> Staff:
    with database.writing() as c:
        return factories.staff(c, role="owner", email=EMAIL)


def sign_in(
    client: httpx.Client, email: str = EMAIL, password: str = factories.PASSWORD, **headers: str
) -> httpx.Response:
    body = {"email": email, "password": password, "realm": "staff"}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/sessions", json=body, headers=sent)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_signing_in_makes_a_session_that_says_who_it_is(api: httpx.Client, anna: Staff, database: Database) -> None:
    answer = sign_in(api, " Anna@SHOP.example ", user_agent="till/1")
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert made["permissions"] == sorted(made["permissions"])
    assert "staff:write" in made["permissions"]
    current = api.get("/v1/sessions/current", headers=bearer(made["token"])).json()
    assert current == {
        "staff_id": anna.id, "email": EMAIL, "name": anna.name, "role": "owner",
        "permissions": made["permissions"], "expires_at": made["expires_at"],
    }  # fmt: skip
    with database.reading() as c:
        row = c.execute(select(session)).one()
    assert row.user_agent == "till/1"
    assert 43_100 < (row.expires_at - row.created_at).total_seconds() <= 43_200


def test_each_call_makes_another_session_whatever_key_it_carries(api: httpx.Client, anna: Staff) -> None:
    tokens = {sign_in(api, idempotency_key="k" * 16).json()["token"] for _ in range(3)}
    assert len(tokens) == 3


def test_there_is_one_answer_for_every_reason_to_refuse(api: httpx.Client, anna: Staff, database: Database) -> None:
    with database.writing() as c:
        gone = factories.staff(c, email="gone@shop.example")
        store.disable_staff(c, gone.email, actor="shopctl")
    answers = [
        sign_in(api, "nobody@shop.example"),
        sign_in(api, password="wrong horse battery staple"),
        sign_in(api, gone.email),
        sign_in(api, password=factories.PASSWORD + " "),
        sign_in(api, password=factories.PASSWORD.upper()),
    ]
    told = [problem(answer, 401, "invalid_credentials") for answer in answers]
    assert len({tuple(sorted((k, str(v)) for k, v in t.items() if k != "request_id")) for t in told}) == 1
    assert len({tuple(sorted(set(answer.headers) - {"x-request-id"})) for answer in answers}) == 1


def test_a_hash_is_worked_out_even_where_there_is_no_account() -> None:
    assert not passwords.needs_rehash(passwords._NOBODY)
    began = time.process_time()
    assert not passwords.verify(None, "some password")
    unknown_s, began = time.process_time() - began, time.process_time()
    assert not passwords.verify(factories._hash(), "some password")
    assert unknown_s > (time.process_time() - began) / 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": EMAIL, "password": "x"}, "realm"),
        ({"email": EMAIL, "password": "x", "realm": "customer"}, "realm"),
        ({"email": "no address", "password": "x", "realm": "staff"}, "email"),
        ({"email": EMAIL, "password": "", "realm": "staff"}, "password"),
        ({"email": EMAIL, "password": "hunter2" * 30, "realm": "staff"}, "password"),
        ({"email": EMAIL, "password": ["hunter2"], "realm": "staff"}, "password"),
        ({"email": EMAIL, "password": "hunter2\x00", "realm": "staff"}, "password"),
        ({"email": EMAIL, "password": "x", "realm": "staff", "totp": "1"}, "totp"),
    ],
)
def test_what_does_not_fit_is_400_and_no_password_comes_back(
    sqlite_api: httpx.Client, body: object, field: str
) -> None:
    answer = sqlite_api.post("/v1/sessions", json=body)
    problem(answer, 400, "invalid_request", field)
    assert "hunter2" not in answer.text


def test_signing_out_ends_this_session_at_once_and_no_other(api: httpx.Client, anna: Staff) -> None:
    here, there = (sign_in(api).json()["token"] for _ in range(2))
    assert api.delete("/v1/sessions/current", headers=bearer(here)).status_code == 204
    problem(api.get("/v1/sessions/current", headers=bearer(here)), 401, "unauthenticated")
    assert api.get("/v1/sessions/current", headers=bearer(there)).status_code == 200


def test_a_session_ends_in_every_process(api: httpx.Client, api_with: ApiWith, anna: Staff) -> None:
    other, token = api_with(), sign_in(api).json()["token"]
    assert other.get("/items", headers=bearer(token)).status_code == 200
    api.delete("/v1/sessions/current", headers=bearer(token))
    problem(other.get("/items", headers=bearer(token)), 401, "unauthenticated")


def test_another_password_ends_every_session(api: httpx.Client, anna: Staff, database: Database) -> None:
    tokens = [sign_in(api).json()["token"] for _ in range(2)]
    with database.writing() as c:
        store.set_password(c, EMAIL, passwords.hash_password("purple-otter-quartz-lantern"), actor="shopctl")
    for token in tokens:
        problem(api.get("/items", headers=bearer(token)), 401, "unauthenticated")
    problem(sign_in(api), 401, "invalid_credentials")
    assert sign_in(api, password="purple-otter-quartz-lantern").status_code == 201


@pytest.mark.parametrize("change", ["password", "disabled"])
def test_who_is_shut_out_while_signing_in_gets_no_session(
    api: httpx.Client, anna: Staff, database: Database, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    verify = passwords.Passwords.verify
    with database.writing() as c:
        factories.staff(c, role="owner")

    async def and_meanwhile(self: passwords.Passwords, stored: str | None, password: str) -> bool:
        good = await verify(self, stored, password)
        with database.writing() as c:
            if change == "password":
                store.set_password(c, EMAIL, passwords.hash_password("purple-otter-quartz-lantern"), actor="shopctl")
            else:
                store.disable_staff(c, EMAIL, actor="shopctl")
        return good

    monkeypatch.setattr(passwords.Passwords, "verify", and_meanwhile)
    problem(sign_in(api), 401, "invalid_credentials")
    with database.reading() as after:
        assert after.execute(select(session)).first() is None


def test_no_token_and_no_password_lies_in_the_database(api: httpx.Client, anna: Staff, database: Database) -> None:
    token = sign_in(api).json()["token"]
    wanted, keyed = {"name": "till", "permissions": ["stock:read"]}, {**bearer(token), "Idempotency-Key": "k" * 16}
    secret = api.post("/v1/admin/api-keys", json=wanted, headers=keyed).json()["secret"]
    password = "purple-otter-quartz-lantern"
    made = api.post(
        "/v1/admin/staff",
        json={"email": "ben@shop.example", "name": "Ben", "role": "clerk", "password": password},
        headers={**bearer(token), "Idempotency-Key": "s" * 16},
    )
    assert made.status_code == 201
    with database.reading() as c:
        everything = "".join(str(row) for table in metadata.sorted_tables for row in c.execute(select(table)))
    assert EMAIL in everything
    for hidden in (token, token[4:], secret, secret.split("_")[3], password, factories.PASSWORD):
        assert hidden not in everything


def test_a_hash_of_yesterday_is_renewed(api: httpx.Client, anna: Staff, database: Database) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(factories.PASSWORD)
    with database.writing() as c:
        c.execute(update(staff).values(password_hash=weak))
    assert sign_in(api).status_code == 201
    with database.reading() as c:
        stored = c.execute(select(staff.c.password_hash)).scalar_one()
    assert stored != weak
    assert not passwords.needs_rehash(stored)
    assert sign_in(api).status_code == 201


# --- limits


def test_the_sixth_try_in_a_minute_is_429_whether_or_not_there_is_an_account(sqlite_api_with: ApiWith) -> None:
    client = sqlite_api_with(SHOP_RATE_LIMITS="on")
    for email in ("nobody@shop.example", "else@shop.example"):
        for _ in range(5):
            problem(sign_in(client, email, "x"), 401, "invalid_credentials")
        answer = sign_in(client, email.upper(), "x")
        problem(answer, 429, "rate_limited")
        assert 1 <= int(answer.headers["retry-after"]) <= 12
    problem(sign_in(client, "third@shop.example", "x"), 401, "invalid_credentials")


def test_an_address_has_twenty_tries_a_minute(sqlite_api_with: ApiWith) -> None:
    client = sqlite_api_with(SHOP_RATE_LIMITS="on")
    statuses = [sign_in(client, f"n{n}@shop.example", "x").status_code for n in range(21)]
    assert statuses == [401] * 20 + [429]


def test_the_web_part_s_word_for_an_address_is_believed_and_a_forged_one_is_not(sqlite_api_with: ApiWith) -> None:
    client = sqlite_api_with(SHOP_RATE_LIMITS="on")

    def statuses(tries: int, **headers: str) -> list[int]:
        return [sign_in(client, EMAIL, "x", **headers).status_code for _ in range(tries)]

    name = SIGNED_HEADER.replace("-", "_")
    assert statuses(6, **{name: signed("203.0.113.7", SECRET_KEY)}) == [401] * 5 + [429]
    assert statuses(1, **{name: signed("203.0.113.8", SECRET_KEY)}) == [401]
    forged = signed("203.0.113.9", "another key that has 32 bytes or more")
    assert statuses(6, **{name: forged}) == [401] * 5 + [429]
    # The forged ones counted for the caller's own address, whatever he writes next.
    assert statuses(1, **{name: signed("203.0.113.10", "yet another key of 32 bytes or more")}) == [429]
    assert statuses(1, x_forwarded_for="203.0.113.11") == [429]
    assert statuses(1, **{name: signed("203.0.113.12", SECRET_KEY, now=time.time() - 301)}) == [429]


def test_calls_of_one_principal_are_limited_and_a_replay_does_not_count(
    api_with: ApiWith, anna: Staff, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.writing() as c:
        token = factories.session(c, anna)
    client = api_with(SHOP_RATE_LIMITS="on")
    monkeypatch.setattr("shopapi.http.limits.time.monotonic", lambda: 1000.0)
    keyed = {**bearer(token), "Idempotency-Key": "k" * 16}
    for _ in range(20):
        assert client.post("/items", json={"name": "Mug", "quantity": 1}, headers=keyed).is_success
    statuses = [client.get("/v1/sessions/current", headers=bearer(token)).status_code for _ in range(600)]
    assert statuses == [200] * 599 + [429]


def test_a_crowd_at_the_door_is_503(monkeypatch: pytest.MonkeyPatch, sqlite_api: httpx.Client) -> None:
    monkeypatch.setattr(passwords, "_MOST_WAITING", 0)
    problem(sign_in(sqlite_api), 503, "overloaded")


def test_ended_sessions_are_forgotten_by_the_worker(anna: Staff, database: Database) -> None:
    with database.writing() as c:
        for _ in range(3):
            factories.session(c, anna)
        ids = [row.id for row in c.execute(select(session.c.id).order_by(session.c.id))]
        c.execute(update(session).where(session.c.id == ids[0]).values(expires_at=clock(-1)))
        c.execute(update(session).where(session.c.id == ids[1]).values(last_seen_at=clock(-1801)))
        assert session_store.drop_dead_sessions(c) == 2
