"""API keys: shown once, never more than their maker, and ended at once."""

import re

import httpx
import pytest
from sqlalchemy import select, update

from shopapi.accounts import store
from shopapi.accounts.rules import PermissionNotHeld, api_key_prefix
from shopapi.accounts.tables import api_key, audit_entry
from shopapi.contract.accounts import StaffPatch
from shopapi.db.engine import Database
from shopapi.db.types import clock
from shopapi.http.etag import IfMatch
from tests import factories
from tests.api.problems import problem

TILL = {"name": " Till ", "permissions": ["stock:write", "stock:read", "stock:read"]}


def with_key(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_a_secret_is_shown_once(owner: httpx.Client) -> None:
    answer = owner.post("/v1/admin/api-keys", json=TILL)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    key, secret = made["key"], made["secret"]
    assert re.fullmatch(r"shk_live_[A-Za-z0-9]{8}_[A-Za-z0-9]{43}_[A-Za-z0-9]{6}", secret)
    assert secret.startswith(f"{key['prefix']}_")
    assert (key["name"], key["permissions"]) == ("Till", ["stock:read", "stock:write"])
    assert (key["last_used_at"], key["revoked_at"]) == (None, None)
    assert key["created_by"].endswith("@shop.example")
    for shown in (owner.get(f"/v1/admin/api-keys/{key['id']}"), owner.get("/v1/admin/api-keys")):
        assert key["prefix"] in shown.text
        assert secret.split("_")[3] not in shown.text
    assert owner.get("/items", headers=with_key(secret)).status_code == 200


def test_a_replay_shows_null_and_makes_no_second_key(owner: httpx.Client) -> None:
    headers = {"Idempotency-Key": "one-key-and-no-second"}
    first = owner.post("/v1/admin/api-keys", json=TILL, headers=headers)
    again = owner.post("/v1/admin/api-keys", json=TILL, headers=headers)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json() == {"key": first.json()["key"], "secret": None}
    assert owner.get("/v1/admin/api-keys").json()["total"] == 1


def test_a_key_works_until_it_is_revoked(owner: httpx.Client, database: Database) -> None:
    made = owner.post("/v1/admin/api-keys", json=TILL).json()
    path, headers = f"/v1/admin/api-keys/{made['key']['id']}", with_key(made["secret"])
    assert owner.post("/items", json={"name": "Mug", "quantity": 1}, headers=headers).status_code == 201
    assert owner.get(path).json()["last_used_at"] is not None
    gone = owner.delete(path)
    assert gone.status_code == 200
    assert gone.json()["revoked_at"] is not None
    problem(owner.get("/items", headers=headers), 401, "unauthenticated")
    assert owner.delete(path).json() == gone.json()
    problem(owner.delete("/v1/admin/api-keys/key_nothing"), 404, "not_found")
    problem(owner.get("/v1/admin/api-keys/key_nothing"), 404, "not_found")
    with database.reading() as c:
        told = c.execute(select(audit_entry).where(audit_entry.c.subject == made["key"]["id"])).all()
    assert [entry.action for entry in told] == ["api-key.create", "api-key.revoke"]
    assert made["secret"].split("_")[3] not in str(told)


def test_a_key_ends_by_itself(owner: httpx.Client, database: Database) -> None:
    for days, wanted in ((None, 90), (1, 1), (3650, 3650)):
        body = TILL if days is None else {**TILL, "expires_in_days": days}
        made = owner.post("/v1/admin/api-keys", json=body).json()
        with database.reading() as c:
            row = c.execute(select(api_key).where(api_key.c.public_id == made["key"]["id"])).one()
        assert abs((row.expires_at - row.created_at).total_seconds() - wanted * 86_400) < 2
    assert owner.get("/items", headers=with_key(made["secret"])).status_code == 200
    with database.writing() as c:
        c.execute(update(api_key).values(expires_at=clock(-1)))
    problem(owner.get("/items", headers=with_key(made["secret"])), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"permissions": []}, "permissions"),
        ({"permissions": ["stock:everything"]}, "permissions[0]"),
        ({"permissions": "stock:read"}, "permissions"),
        ({"permissions": ["stock:read"] * 65}, "permissions"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 3651}, "expires_in_days"),
        ({"expires_in_days": 1.5}, "expires_in_days"),
        ({"name": ""}, "name"),
        ({"name": "a" * 201}, "name"),
        ({"secret": "x"}, "secret"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_key_that_does_not_fit_is_400(owner: httpx.Client, change: dict[str, object], field: str) -> None:
    problem(owner.post("/v1/admin/api-keys", json={**TILL, **change}), 400, "invalid_request", field)


def test_a_key_that_makes_a_key_gives_no_more_than_it_holds(owner: httpx.Client) -> None:
    body = {"name": "maker", "permissions": ["api-keys:write", "stock:read"]}
    maker = with_key(owner.post("/v1/admin/api-keys", json=body).json()["secret"])
    for more in (["staff:write"], ["stock:read", "stock:write"], ["api-keys:read"]):
        answer = owner.post("/v1/admin/api-keys", json={"name": "more", "permissions": more}, headers=maker)
        problem(answer, 422, "permission_not_held", "permissions")
    less = owner.post("/v1/admin/api-keys", json={"name": "less", "permissions": ["stock:read"]}, headers=maker)
    assert less.status_code == 201


def test_a_key_holds_at_most_what_its_maker_holds_now(api: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        boss, maker = factories.staff(c, role="owner"), factories.staff(c, role="owner")
        secret = factories.api_key(c, maker, "stock:read", "stock:write", "staff:read")
        with pytest.raises(PermissionNotHeld):
            factories.api_key(c, factories.staff(c, role="clerk"), "staff:read")

    def change(patch: StaffPatch) -> None:
        database.write(lambda c: store.change_staff(c, maker.id, patch, IfMatch(None), actor=boss.id))

    headers = with_key(secret)
    assert api.get("/v1/admin/staff", headers=headers).status_code == 200
    change(StaffPatch(role="viewer"))
    problem(api.get("/v1/admin/staff", headers=headers), 403, "forbidden")
    problem(api.post("/items", json={}, headers=headers), 403, "forbidden")
    assert api.get("/items", headers=headers).status_code == 200
    change(StaffPatch(disabled=True))
    problem(api.get("/items", headers=headers), 401, "unauthenticated")
    change(StaffPatch(disabled=False, role="owner"))
    assert api.get("/v1/admin/staff", headers=headers).status_code == 200


def test_a_key_has_no_session(api: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        secret = factories.api_key(c, factories.staff(c, role="owner"), "stock:read")
    for method in ("GET", "DELETE"):
        problem(api.request(method, "/v1/sessions/current", headers=with_key(secret)), 403, "forbidden")


def test_a_key_that_is_no_key_costs_the_database_nothing(owner: httpx.Client) -> None:
    secret = owner.post("/v1/admin/api-keys", json=TILL).json()["secret"]
    assert api_key_prefix(secret) == secret.rpartition("_")[0].rpartition("_")[0]
    for at in range(9, len(secret)):
        wrong = secret[:at] + ("a" if secret[at] != "a" else "b") + secret[at + 1 :]
        assert api_key_prefix(wrong) is None, at
    problem(owner.get("/items", headers=with_key(secret[:-1])), 401, "unauthenticated")


def test_the_list_is_walked_whole_and_newest_first(owner: httpx.Client) -> None:
    made = [owner.post("/v1/admin/api-keys", json={**TILL, "name": f"k{n}"}).json()["key"]["id"] for n in range(5)]
    found, cursor = [], ""
    while cursor is not None:
        page = owner.get("/v1/admin/api-keys?limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
        found += [key["id"] for key in page["data"]]
        cursor = page["next_cursor"]
    assert found == made[::-1]
    assert page["total"] == 5
