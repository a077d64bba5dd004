"""Staff as owners manage them, on both databases."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from shopapi.accounts.tables import audit_entry, session
from shopapi.accounts.tables import staff as staff_table
from shopapi.contract.accounts import Staff
from shopapi.db.engine import Database
from tests import factories
from tests.api.conftest import ApiWith
from tests.api.problems import problem

BEN = {"email": "ben@shop.example", "name": "Ben Roth", "role": "clerk", "password": "purple-otter-quartz-lantern"}


def together(*calls: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """Make every call at the same moment, each in a thread of its own, and answer what they answered."""
    barrier, answers = threading.Barrier(len(calls)), []

    def run(call: Callable[[], httpx.Response]) -> None:
        barrier.wait(10)
        answers.append(call())

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == len(calls)
    return answers


def entries(database: Database) -> list[Any]:
    with database.reading() as c:
        return list(c.execute(select(audit_entry).order_by(audit_entry.c.id)))


def test_a_new_member_of_staff_can_be_read_and_listed_and_signs_in(owner: httpx.Client) -> None:
    made = owner.post("/v1/admin/staff", json={**BEN, "email": " Ben@SHOP.example "})
    assert made.status_code == 201, made.text
    ben = made.json()
    assert ben.items() >= {"email": "ben@shop.example", "name": "Ben Roth", "role": "clerk", "disabled": False}.items()
    assert "password" not in made.text
    assert made.headers["etag"] == '"v1"'
    read = owner.get(f"/v1/admin/staff/{ben['id']}")
    assert (read.json(), read.headers["etag"]) == (ben, '"v1"')
    page = owner.get("/v1/admin/staff").json()
    assert page["data"][0] == ben
    assert page["total"] == len(page["data"])
    body = {"email": BEN["email"], "password": BEN["password"], "realm": "staff"}
    assert owner.post("/v1/sessions", json=body).status_code == 201


def test_a_change_needs_if_match_and_the_version_that_was_read(owner: httpx.Client) -> None:
    path = f"/v1/admin/staff/{owner.post('/v1/admin/staff', json=BEN).json()['id']}"
    problem(owner.patch(path, json={"name": "B."}), 428, "precondition_required")
    changed = owner.patch(path, json={"name": "Ben R."}, headers={"If-Match": '"v1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["version"]) == (200, '"v2"', 2)
    stale = owner.patch(path, json={"name": "B."}, headers={"If-Match": '"v1"'})
    problem(stale, 412, "stale")
    assert stale.headers["etag"] == '"v2"'
    assert owner.get(path).json()["name"] == "Ben R."
    problem(owner.patch("/v1/admin/staff/stf_nobody", json={}, headers={"If-Match": "*"}), 404, "not_found")


def test_one_of_two_changes_of_the_same_version_is_stale(owner: httpx.Client) -> None:
    path = f"/v1/admin/staff/{owner.post('/v1/admin/staff', json=BEN).json()['id']}"

    def rename(name: str) -> Callable[[], httpx.Response]:
        return lambda: owner.patch(path, json={"name": name}, headers={"If-Match": '"v1"'})

    assert sorted(a.status_code for a in together(rename("A"), rename("B"), rename("C"))) == [200, 412, 412]


def test_an_address_that_somebody_has_is_409_in_whatever_case(owner: httpx.Client) -> None:
    owner.post("/v1/admin/staff", json=BEN)
    for email in (BEN["email"], "BEN@shop.EXAMPLE", " ben@shop.example "):
        problem(owner.post("/v1/admin/staff", json={**BEN, "email": email}), 409, "email_taken", "email")
    answers = together(*[lambda: owner.post("/v1/admin/staff", json={**BEN, "email": "cem@shop.example"})] * 4)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


def test_nobody_changes_the_own_role_or_shuts_themselves_out(owner: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        factories.staff(c, role="owner")
    me = owner.get("/v1/sessions/current").json()["staff_id"]
    for change in ({"role": "manager"}, {"disabled": True}, {"role": "viewer", "name": "X"}):
        told = owner.patch(f"/v1/admin/staff/{me}", json=change, headers={"If-Match": "*"})
        problem(told, 409, "own_account")
    assert owner.patch(f"/v1/admin/staff/{me}", json={"name": "Me"}, headers={"If-Match": "*"}).status_code == 200


def test_the_last_owner_stays(owner: httpx.Client, database: Database) -> None:
    me = owner.get("/v1/sessions/current").json()["staff_id"]
    with database.writing() as c:
        key = factories.api_key(c, factories.staff(c, role="owner", email="second@shop.example"), "staff:write")
    second = owner.get("/v1/admin/staff").json()["data"][0]["id"]
    with_key = {"Authorization": f"Bearer {key}", "If-Match": "*"}
    assert owner.patch(f"/v1/admin/staff/{me}", json={"role": "manager"}, headers=with_key).status_code == 200
    for change in ({"role": "clerk"}, {"disabled": True}):
        told = owner.patch(f"/v1/admin/staff/{second}", json=change, headers=with_key)
        problem(told, 409, "last_owner")
    ok = owner.patch(f"/v1/admin/staff/{second}", json={"role": "owner", "name": "S"}, headers=with_key)
    assert ok.status_code == 200


@pytest.mark.concurrency
def test_two_owners_who_shut_each_other_out_at_once_leave_one(api_with: ApiWith, database: Database) -> None:
    apis = [api_with(), api_with()]
    for round_ in range(5):
        with database.writing() as c:
            pair: list[Staff] = [factories.staff(c, role="owner", email=f"{round_}-{n}@x.example") for n in "ab"]
            tokens = [factories.session(c, who) for who in pair]
            others = select(staff_table.c.public_id).where(staff_table.c.public_id.not_in([who.id for who in pair]))
            for (public_id,) in c.execute(others).all():
                c.execute(staff_table.update().where(staff_table.c.public_id == public_id).values(role="viewer"))

        def shut(n: int, pair: list[Staff] = pair, tokens: list[str] = tokens) -> Callable[[], httpx.Response]:
            headers = {"Authorization": f"Bearer {tokens[n]}", "If-Match": "*"}
            path = f"/v1/admin/staff/{pair[1 - n].id}"
            return lambda: apis[n].patch(path, json={"disabled": True}, headers=headers)

        statuses = sorted(answer.status_code for answer in together(shut(0), shut(1)))
        assert statuses[0] == 200
        assert statuses[1] in (401, 409)
        with database.reading() as after:
            rows = after.execute(select(staff_table.c.disabled_at).where(staff_table.c.role == "owner")).all()
        assert sorted(row.disabled_at is None for row in rows) == [False, True]


@pytest.mark.parametrize(
    "change", [{"password": "quartz-lantern-purple-otter"}, {"role": "viewer"}, {"disabled": True}]
)
def test_a_change_of_role_password_or_state_ends_the_sessions(
    owner: httpx.Client, database: Database, change: dict[str, Any]
) -> None:
    with database.writing() as c:
        ben = factories.staff(c, role="clerk")
        token = factories.session(c, ben)
    path, other = f"/v1/admin/staff/{ben.id}", {"Authorization": f"Bearer {token}"}
    owner.patch(path, json={"name": "Ben"}, headers={"If-Match": "*"})
    assert owner.get("/items", headers=other).status_code == 200
    assert owner.patch(path, json=change, headers={"If-Match": "*"}).status_code == 200
    problem(owner.get("/items", headers=other), 401, "unauthenticated")
    with database.reading() as c:
        rows = c.execute(select(session.c.id).join_from(session, staff_table).where(staff_table.c.public_id == ben.id))
        assert rows.first() is None


NO_LENGTH = ["short", "elevenchars", "a" * 129]
WEAK = ["password1234", "123456789012", "aaaaaaaaaaaa", "qwertyuiopas", "shopctlshopctl", "P@ssw0rd1234"]


def test_a_password_that_is_quickly_guessed_is_refused_and_never_told_back(owner: httpx.Client) -> None:
    ben = owner.post("/v1/admin/staff", json=BEN).json()
    for password in NO_LENGTH + WEAK:
        made = owner.post("/v1/admin/staff", json={**BEN, "email": "cem@shop.example", "password": password})
        path, change = f"/v1/admin/staff/{ben['id']}", {"password": password}
        for answer in (made, owner.patch(path, json=change, headers={"If-Match": "*"})):
            if password in WEAK:
                problem(answer, 422, "weak_password", "password")
            else:
                problem(answer, 400, "invalid_request", "password")
            assert password not in answer.text
    own = {"email": "cem@shop.example", "password": "cem@shop.example"}
    problem(owner.post("/v1/admin/staff", json={**BEN, **own}), 422, "weak_password", "password")


@pytest.mark.parametrize(
    "password", [" purple otter quartz lantern ", "pürple-Otter-🦦-lantern", "x" * 64 + "Q7!kz" * 12]
)
def test_a_password_is_kept_as_it_was_written(owner: httpx.Client, password: str) -> None:
    assert owner.post("/v1/admin/staff", json={**BEN, "password": password}).status_code == 201
    body = {"email": BEN["email"], "realm": "staff"}
    assert owner.post("/v1/sessions", json={**body, "password": password}).status_code == 201
    if password != password.strip():
        problem(owner.post("/v1/sessions", json={**body, "password": password.strip()}), 401, "invalid_credentials")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "x@y.example"}, "email"),
        ({"role": "admin"}, "role"),
        ({"disabled": "true"}, "disabled"),
        ({"disabled": 1}, "disabled"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": None}, "name"),
        ({"version": 9}, "version"),
        ({"id": "stf_x"}, "id"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_change_that_does_not_fit_is_400(owner: httpx.Client, change: dict[str, Any], field: str) -> None:
    me = owner.get("/v1/sessions/current").json()["staff_id"]
    answer = owner.patch(f"/v1/admin/staff/{me}", json=change, headers={"If-Match": "*"})
    problem(answer, 400, "invalid_request", field)


def test_what_was_done_stands_in_the_audit_log_without_any_secret(owner: httpx.Client, database: Database) -> None:
    me = owner.get("/v1/sessions/current").json()["staff_id"]
    ben = owner.post("/v1/admin/staff", json=BEN).json()["id"]
    change = {"role": "manager", "password": "quartz-lantern-purple-otter"}
    owner.patch(f"/v1/admin/staff/{ben}", json=change, headers={"If-Match": "*"})
    owner.patch(f"/v1/admin/staff/{ben}", json={"disabled": True}, headers={"If-Match": '"v1"'})
    made, changed = [entry for entry in entries(database) if entry.subject == ben]
    told = {"email": BEN["email"], "name": BEN["name"], "role": "clerk", "disabled": False}
    assert (made.actor, made.action, made.before, made.after) == (me, "staff.create", None, told)
    assert (changed.actor, changed.action, changed.before) == (me, "staff.change", told)
    assert changed.after == {**told, "role": "manager", "password": "changed"}
    assert made.address == changed.address == "127.0.0.1"
    everything = str(entries(database))
    for hidden in (BEN["password"], change["password"], "argon2"):
        assert hidden not in everything


def test_the_list_is_walked_whole_and_without_doubles(owner: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        made = [factories.staff(c).id for _ in range(5)]
    found, cursor = [], ""
    while cursor is not None:
        page = owner.get("/v1/admin/staff?limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
        found += [who["id"] for who in page["data"]]
        cursor = page["next_cursor"]
        assert len(page["data"]) <= 2
    assert found[:5] == made[::-1]
    assert len(found) == len(set(found)) == page["total"]
