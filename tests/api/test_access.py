"""Who may call what: every route is asked as every kind of caller, against a table that is written out here."""

from collections.abc import Callable
from typing import Final

import httpx
import pytest
from litestar import get
from sqlalchemy import Connection, text, update

from shopapi.accounts import store
from shopapi.accounts.rules import PERMISSIONS, SESSION_IDLE_S, SESSION_LIFE_S
from shopapi.accounts.tables import api_key, session
from shopapi.app import HANDLERS
from shopapi.contract.accounts import StaffPatch
from shopapi.db.engine import Database
from shopapi.db.types import clock
from shopapi.http.etag import IfMatch
from shopapi.http.told import told_of
from tests import factories
from tests.api.problems import problem

OWNER: Final = frozenset({"owner"})
MANAGERS: Final = frozenset({"owner", "manager"})
CLERKS: Final = frozenset({"owner", "manager", "clerk"})
STAFF: Final = frozenset({"owner", "manager", "clerk", "viewer"})
READ_KEY: Final = frozenset({"key that reads stock"})
EVERYBODY: Final = frozenset({"everybody"})

ROUTES: Final[dict[str, frozenset[str]]] = {
    "GET /healthz": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /metrics": EVERYBODY,
    "GET /openapi.json": EVERYBODY,
    "GET /docs": EVERYBODY,
    "GET /docs/{name:str}": EVERYBODY,
    "GET /v1/shop": EVERYBODY,
    "GET /v1/shop/texts/{kind:str}": EVERYBODY,
    "GET /v1/products": EVERYBODY,
    "GET /v1/products/{slug:str}": EVERYBODY,
    "GET /v1/categories": EVERYBODY,
    "GET /v1/media/{name:str}": EVERYBODY,
    "GET /v1/admin/products": STAFF,
    "GET /v1/admin/products/{slug:str}": STAFF,
    "POST /v1/sessions": EVERYBODY,
    "POST /v1/carts": EVERYBODY,
    "GET /v1/carts/{token:str}": EVERYBODY,
    "POST /v1/carts/{token:str}/lines": EVERYBODY,
    "PATCH /v1/carts/{token:str}/lines/{sku:str}": EVERYBODY,
    "DELETE /v1/carts/{token:str}/lines/{sku:str}": EVERYBODY,
    "PUT /v1/carts/{token:str}/contact": EVERYBODY,
    "GET /v1/carts/{token:str}/shipping-options": EVERYBODY,
    "PUT /v1/carts/{token:str}/shipping": EVERYBODY,
    "POST /v1/carts/{token:str}/codes": EVERYBODY,
    "DELETE /v1/carts/{token:str}/codes/{code:str}": EVERYBODY,
    "POST /v1/carts/{token:str}/checkout": EVERYBODY,
    "GET /v1/orders/{number:str}": EVERYBODY,
    "GET /v1/orders/{number:str}/invoices/{invoice_id:str}": EVERYBODY,
    "POST /v1/orders/{number:str}/cancel": EVERYBODY,
    "POST /v1/withdrawals": EVERYBODY,
    "GET /v1/admin/orders": STAFF,
    "GET /v1/admin/orders/{number:str}": STAFF,
    "GET /v1/admin/orders/{number:str}/invoices/{invoice_id:str}": STAFF,
    "POST /v1/admin/orders/{number:str}/shipments": CLERKS,
    "POST /v1/admin/orders/{number:str}/cancel": CLERKS,
    "POST /v1/admin/orders/{number:str}/notes": CLERKS,
    "POST /v1/admin/orders/{number:str}/withdrawals/settle": CLERKS,
    "GET /v1/admin/withdrawals": STAFF,
    "GET /v1/admin/withdrawals/{withdrawal_id:str}": STAFF,
    "POST /v1/admin/withdrawals/{withdrawal_id:str}/assign": CLERKS,
    "POST /v1/admin/withdrawals/{withdrawal_id:str}/dismiss": CLERKS,
    "GET /v1/admin/payments/{payment_id:str}": STAFF,
    "POST /v1/admin/payments/{payment_id:str}/capture": MANAGERS,
    "POST /v1/admin/payments/{payment_id:str}/refunds": MANAGERS,
    "POST /v1/payments/{provider:str}/webhook": EVERYBODY,
    "GET /v1/admin/emails": STAFF,
    "GET /v1/admin/emails/{email_id:str}": STAFF,
    "GET /items": STAFF | READ_KEY,
    "POST /items": CLERKS,
    "GET /items/{item_id:str}": STAFF | READ_KEY,
    "PUT /items/{item_id:str}": CLERKS,
    "DELETE /items/{item_id:str}": CLERKS,
    "GET /v1/admin/stock": STAFF | READ_KEY,
    "GET /v1/admin/stock/{sku:str}": STAFF | READ_KEY,
    "GET /v1/admin/stock/{sku:str}/movements": STAFF | READ_KEY,
    "POST /v1/admin/stock/movements": CLERKS,
    "GET /v1/admin/staff": MANAGERS,
    "POST /v1/admin/staff": OWNER,
    "GET /v1/admin/staff/{staff_id:str}": MANAGERS,
    "PATCH /v1/admin/staff/{staff_id:str}": OWNER,
    "GET /v1/admin/api-keys": OWNER,
    "POST /v1/admin/api-keys": OWNER,
    "GET /v1/admin/api-keys/{key_id:str}": OWNER,
    "DELETE /v1/admin/api-keys/{key_id:str}": OWNER,
    "GET /v1/sessions/current": STAFF,
    # Last, because it ends the session of whoever asks.
    "DELETE /v1/sessions/current": STAFF,
}
"""A new route is added here, with those who may call it."""


def staff_of(role: str) -> Callable[[Connection], str]:
    """The token of somebody with a role."""
    return lambda c: factories.session(c, factories.staff(c, role=role))  # type: ignore[arg-type]


def nobody(_: Connection) -> str:
    return ""


def forged(_: Connection) -> str:
    return "shs_" + "A" * 43


def reading_key(c: Connection) -> str:
    return factories.api_key(c, factories.staff(c, role="owner"), "stock:read")


def forged_key(c: Connection) -> str:
    secret = reading_key(c)
    return secret[:20] + ("A" if secret[20] != "A" else "B") + secret[21:]


def disabled(c: Connection) -> str:
    who = factories.staff(c, role="owner")
    token = factories.session(c, who)
    c.execute(text("UPDATE staff SET disabled_at = created_at WHERE public_id = :id"), {"id": who.id})
    return token


def ended(c: Connection) -> str:
    token = factories.session(c, factories.staff(c, role="owner"))
    c.execute(update(session).values(expires_at=clock(-1)))
    return token


def idle(c: Connection) -> str:
    token = factories.session(c, factories.staff(c, role="owner"))
    c.execute(update(session).values(last_seen_at=clock(-SESSION_IDLE_S - 1)))
    return token


def signed_out(c: Connection) -> str:
    token = factories.session(c, factories.staff(c, role="owner"))
    c.execute(session.delete())
    return token


def revoked_key(c: Connection) -> str:
    secret = reading_key(c)
    c.execute(update(api_key).values(revoked_at=clock()))
    return secret


def expired_key(c: Connection) -> str:
    secret = reading_key(c)
    c.execute(update(api_key).values(expires_at=clock(-1)))
    return secret


def key_of_a_disabled_maker(c: Connection) -> str:
    secret = reading_key(c)
    c.execute(text("UPDATE staff SET disabled_at = created_at"))
    factories.staff(c, role="owner")
    return secret


CALLERS: Final = {
    **{role: staff_of(role) for role in ("owner", "manager", "clerk", "viewer")},
    "key that reads stock": reading_key,
    "nobody": nobody,
    "forged": forged,
    "forged key": forged_key,
    "disabled": disabled,
    "ended": ended,
    "idle": idle,
    "signed out": signed_out,
    "revoked key": revoked_key,
    "expired key": expired_key,
    "key of a disabled maker": key_of_a_disabled_maker,
}
KNOWN: Final = STAFF | READ_KEY


def test_every_route_is_in_the_table() -> None:
    there = {f"{method} {path}" for handler in HANDLERS for method in handler.http_methods for path in handler.paths}
    assert there == ROUTES.keys()


def test_every_route_declares_a_permission() -> None:
    for handler in HANDLERS:
        assert "told" in handler.opt, f"{handler.fn.__name__} declares no permission."
        assert told_of(handler).permission, f"{handler.fn.__name__} declares no permission."


def test_a_route_without_a_permission_is_for_nobody(
    monkeypatch: pytest.MonkeyPatch, database: Database, request: pytest.FixtureRequest
) -> None:
    @get("/forgotten", sync_to_thread=False)
    def forgotten() -> None: ...

    monkeypatch.setattr("shopapi.app.HANDLERS", [*HANDLERS, forgotten])
    with database.writing() as c:
        token = staff_of("owner")(c)
    api: httpx.Client = request.getfixturevalue("api")
    problem(api.get("/forgotten", headers={"Authorization": f"Bearer {token}"}), 500, "internal_error")


@pytest.mark.parametrize("caller", CALLERS)
def test_every_route_is_asked_as_every_caller(api: httpx.Client, database: Database, caller: str) -> None:
    with database.writing() as c:
        factories.staff(c, role="owner")
        token = CALLERS[caller](c)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    found, expected = {}, {}
    for route, allowed in ROUTES.items():
        method, path = route.split()
        body: dict[str, str] | None = {} if method in ("POST", "PUT", "PATCH") else None
        answer = api.request(method, path.replace("{", "").replace(":str}", ""), json=body, headers=headers)
        assert answer.status_code < 500, (route, answer.text)
        found[route] = answer.status_code if answer.status_code in (401, 403) else "let in"
        let_in = allowed == EVERYBODY or caller in allowed
        expected[route] = "let in" if let_in else 403 if caller in KNOWN else 401
    assert found == expected


def test_the_roles_are_those_of_the_data_model() -> None:
    assert {role: set(held) for role, held in PERMISSIONS.items()} == {
        "owner": {
            *("products:read", "stock:read", "stock:write", "orders:read", "orders:write"),
            *("payments:read", "payments:write"),
            *("staff:read", "staff:write", "api-keys:read", "api-keys:write"),
        },
        "manager": {
            *("products:read", "stock:read", "stock:write", "orders:read", "orders:write"),
            *("payments:read", "payments:write", "staff:read"),
        },
        "clerk": {"products:read", "stock:read", "stock:write", "orders:read", "orders:write", "payments:read"},
        "viewer": {"products:read", "stock:read", "orders:read", "payments:read"},
    }


@pytest.mark.parametrize("permission", sorted(PERMISSIONS["owner"]))
def test_a_key_with_one_permission_does_that_alone(api: httpx.Client, database: Database, permission: str) -> None:
    with database.writing() as c:
        secret = factories.api_key(c, factories.staff(c, role="owner"), permission)  # type: ignore[arg-type]
    asked = {
        "products:read": ("GET", "/v1/admin/products"),
        "stock:read": ("GET", "/items"),
        "stock:write": ("POST", "/items"),
        "orders:read": ("GET", "/v1/admin/orders"),
        "orders:write": ("POST", "/v1/admin/orders/S-000000/notes"),
        "payments:read": ("GET", "/v1/admin/payments/x"),
        "payments:write": ("POST", "/v1/admin/payments/x/refunds"),
        "staff:read": ("GET", "/v1/admin/staff"),
        "staff:write": ("POST", "/v1/admin/staff"),
        "api-keys:read": ("GET", "/v1/admin/api-keys"),
        "api-keys:write": ("POST", "/v1/admin/api-keys"),
    }
    headers = {"Authorization": f"bearer {secret}"}
    for needed, (method, path) in asked.items():
        status = api.request(method, path, json={} if method == "POST" else None, headers=headers).status_code
        assert (status == 403) == (needed != permission), needed


@pytest.mark.parametrize("header", ["Basic eDp5", "Bearer", "Bearer ", "Token x", "Bearer a b", "Bearer ä", "x" * 4000])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_no_bearer_token_is_401(api: httpx.Client, header: str) -> None:
    problem(api.get("/items", headers=[(b"Authorization", header.encode("latin-1"))]), 401, "unauthenticated")


def test_a_cookie_or_a_parameter_is_no_token(api: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        token = staff_of("owner")(c)
    problem(api.get("/items", headers={"Cookie": f"token={token}; session={token}"}), 401, "unauthenticated")
    problem(api.get(f"/items?access_token={token}"), 401, "unauthenticated")


def test_a_change_of_role_counts_from_the_next_request_on(api: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        boss, who = factories.staff(c, role="owner"), factories.staff(c, role="manager")
        token, key = factories.session(c, who), factories.api_key(c, who, "stock:read", "stock:write")
    signed_in, keyed = ({"Authorization": f"Bearer {secret}"} for secret in (token, key))
    assert api.get("/v1/admin/staff", headers=signed_in).status_code == 200
    database.write(lambda c: store.change_staff(c, who.id, StaffPatch(role="viewer"), IfMatch(None), actor=boss.id))
    problem(api.get("/v1/admin/staff", headers=signed_in), 401, "unauthenticated")
    assert api.get("/items", headers=keyed).status_code == 200
    problem(api.post("/items", json={}, headers=keyed), 403, "forbidden")


def test_a_session_lives_on_while_it_is_used_and_not_beyond_its_end(api: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        token = staff_of("owner")(c)
        c.execute(update(session).values(last_seen_at=clock(60 - SESSION_IDLE_S)))
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(2):
        assert api.get("/v1/sessions/current", headers=headers).status_code == 200
        with database.writing() as c:  # Half an idle time passes; only what the request wrote down keeps it alive.
            c.execute(text("SELECT 1"))
            seen = c.execute(session.select()).one()
            assert (seen.expires_at - seen.last_seen_at).total_seconds() > SESSION_LIFE_S - 60
    with database.writing() as c:
        c.execute(update(session).values(expires_at=clock(-1)))
    problem(api.get("/v1/sessions/current", headers=headers), 401, "unauthenticated")
