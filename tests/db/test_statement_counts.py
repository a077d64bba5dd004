"""How many SQL statements each route costs: a number that grows is seen, and so is one that grows with the rows."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from msgspec import to_builtins
from sqlalchemy import Engine, event, text

from shopapi.app import HANDLERS
from shopapi.catalog.shop_store import save_text
from shopapi.contract.orders import WithdrawalInput
from shopapi.db.engine import Database
from shopapi.events.take_in import take_in
from shopapi.orders.reading import read_order
from shopapi.orders.withdraw import withdraw
from shopapi.payments.reading import payments_of
from shopapi.settings import ApiSettings
from tests import factories
from tests.api.bank import SECRET, charge_event, signature
from tests.api.selling import STANDARD
from tests.conftest import AsRole

# Statements on PostgreSQL and on SQLite, the one that finds the session included; BEGIN and COMMIT are not counted.
COUNTS: dict[str, tuple[int, int]] = {
    "GET /healthz": (0, 0),
    "GET /readyz": (2, 2),
    "GET /metrics": (0, 0),
    "GET /openapi.json": (0, 0),
    "GET /docs": (0, 0),
    "GET /docs/{name:str}": (0, 0),
    "GET /v1/shop": (1, 1),
    "GET /v1/shop/texts/{kind:str}": (1, 1),
    "GET /v1/products": (1, 1),
    "GET /v1/products/{slug:str}": (1, 1),
    "GET /v1/categories": (1, 1),
    "GET /v1/media/{name:str}": (1, 1),
    "GET /v1/admin/products": (4, 4),
    "GET /v1/admin/products/{slug:str}": (14, 14),
    "POST /v1/carts": (3, 5),
    "GET /v1/carts/{token:str}": (1, 1),
    "POST /v1/carts/{token:str}/lines": (2, 4),
    "PATCH /v1/carts/{token:str}/lines/{sku:str}": (5, 5),
    "DELETE /v1/carts/{token:str}/lines/{sku:str}": (5, 5),
    "PUT /v1/carts/{token:str}/contact": (6, 6),
    "GET /v1/carts/{token:str}/shipping-options": (1, 1),
    "PUT /v1/carts/{token:str}/shipping": (5, 5),
    "POST /v1/carts/{token:str}/codes": (7, 7),
    "DELETE /v1/carts/{token:str}/codes/{code:str}": (4, 4),
    "POST /v1/carts/{token:str}/checkout": (2, 18),
    "GET /v1/orders/{number:str}": (1, 1),
    "GET /v1/orders/{number:str}/invoices/{invoice_id:str}": (2, 2),
    "POST /v1/orders/{number:str}/cancel": (25, 25),
    "POST /v1/withdrawals": (7, 7),
    "GET /v1/admin/orders": (5, 5),
    "GET /v1/admin/orders/{number:str}": (10, 10),
    "GET /v1/admin/orders/{number:str}/invoices/{invoice_id:str}": (2, 2),
    "POST /v1/admin/orders/{number:str}/shipments": (31, 31),
    "POST /v1/admin/orders/{number:str}/cancel": (48, 48),
    "POST /v1/admin/orders/{number:str}/notes": (15, 15),
    "POST /v1/admin/orders/{number:str}/withdrawals/settle": (18, 18),
    "GET /v1/admin/withdrawals": (3, 3),
    "GET /v1/admin/withdrawals/{withdrawal_id:str}": (2, 2),
    "POST /v1/admin/withdrawals/{withdrawal_id:str}/assign": (20, 20),
    "POST /v1/admin/withdrawals/{withdrawal_id:str}/dismiss": (4, 4),
    "GET /v1/admin/payments/{payment_id:str}": (6, 6),
    "POST /v1/admin/payments/{payment_id:str}/capture": (25, 25),
    "POST /v1/admin/payments/{payment_id:str}/refunds": (29, 29),
    "POST /v1/payments/{provider:str}/webhook": (2, 2),
    "GET /v1/admin/emails": (3, 3),
    "GET /v1/admin/emails/{email_id:str}": (2, 2),
    "POST /v1/sessions": (4, 4),
    "GET /v1/sessions/current": (2, 2),
    "DELETE /v1/sessions/current": (2, 2),
    "GET /items": (2, 2),
    "POST /items": (2, 5),
    "GET /items/{item_id:str}": (2, 2),
    "PUT /items/{item_id:str}": (5, 5),
    "DELETE /items/{item_id:str}": (6, 6),
    "GET /v1/admin/stock": (3, 3),
    "GET /v1/admin/stock/{sku:str}": (2, 2),
    "GET /v1/admin/stock/{sku:str}/movements": (3, 3),
    "POST /v1/admin/stock/movements": (6, 6),
    "GET /v1/admin/staff": (3, 3),
    "POST /v1/admin/staff": (4, 4),
    "GET /v1/admin/staff/{staff_id:str}": (2, 2),
    "PATCH /v1/admin/staff/{staff_id:str}": (6, 6),
    "GET /v1/admin/api-keys": (3, 3),
    "POST /v1/admin/api-keys": (5, 5),
    "GET /v1/admin/api-keys/{key_id:str}": (2, 2),
    "DELETE /v1/admin/api-keys/{key_id:str}": (4, 4),
}

# However much more comes to be done for a shopper, these two stay so on PostgreSQL: one hot sku serves so many.
assert COUNTS["POST /v1/carts/{token:str}/lines"][0] <= 2
assert COUNTS["POST /v1/carts/{token:str}/checkout"][0] <= 2


# Lists that ask for more than the plain one, on PostgreSQL and on SQLite.
LISTS: dict[str, tuple[int, int]] = {
    "": (1, 1),
    "limit=100&sort=-price": (1, 1),
    "category=geschirr&sort=name": (1, 1),
    "in_stock=true&price_min=1&option=farbe:ton": (1, 1),
    "related_to=krug": (1, 1),
    "q=krug": (1, 1),
    "facets=true": (7, 7),
    "facets=true&option=farbe:ton&q=krug": (7, 7),
    "category=leer": (3, 3),
}


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every statement that any connection of this process runs meanwhile."""
    statements: list[str] = []

    def note(c: Any, cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """With every answer made anew: what the cache asks the database, and when, has tests of its own. There is a payment
    provider that sends webhooks."""
    sandbox = {"SHOP_SANDBOX_URL": "http://127.0.0.1:9", "SHOP_SANDBOX_SECRET": SECRET}
    return {**environment, **sandbox, "SHOP_CATALOG_CACHE_MIB": "0"}


@pytest.fixture
def addresses(database: Database) -> dict[str, str]:
    with database.writing() as c:
        factories.category(c, "Geschirr")
        factories.category(c, "Leer")
        save_text(c, "imprint", "de", "Wir.")
        picture = f"{factories.picture(c)}.svg"
    factories.save(database, factories.in_colours("Krug", {"Ton": (1, 1), "Moos": (2, 1)}, categories=["geschirr"]))
    with database.writing() as c:
        item = factories.item(c, name="Mug")
        boss, other = factories.staff(c, role="owner"), factories.staff(c, email="other@shop.example")
        factories.api_key(c, boss, "stock:read")
        key = c.exec_driver_sql("SELECT public_id FROM api_key").scalar_one()
        sku = factories.sku_of(c, item.id)
    known = {"item_id": item.id, "sku": sku, "staff_id": other.id, "key_id": key, "name": picture}
    known |= {"slug": "krug", "kind": "imprint"}
    return {f"{{{name}:str}}": str(value) for name, value in known.items()}


Call = tuple[str, dict[str, Any]]


@pytest.fixture
def sales(database: Database, settings: ApiSettings, addresses: dict[str, str]) -> dict[str, Call]:
    """Where each route of selling finds what it is about, and what it is sent."""
    lines = ("KRUG-MOOS", 1), ("VASE", 1)
    factories.save(database, factories.in_colours("Krug", {"Ton": (1, 1), "Moos": (2, 500)}), set_stock=True)
    factories.save(database, factories.goods("Vase", on_hand=500))
    with database.writing() as c:
        factories.promotion(c, "HERBST10")
        cart, ready = factories.cart(c, *lines), factories.cart(c, *lines, code="HERBST10")
        waiting, to_pay = factories.order(c, *lines), factories.order(c, *lines)
        given_up, paid, to_refund = (factories.paid_order(c, *lines) for _ in range(3))
        unpaid, withdrawn = factories.order(c, *lines), factories.order(c, *lines)
        declared = withdraw(c, WithdrawalInput("Anna", withdrawn, "anna@kundin.example"), "de").id
        unmatched, spam = (
            withdraw(c, WithdrawalInput("Anna", "the blue one", "anna@kundin.example"), "de").id for _ in range(2)
        )
    take_in(database, settings)
    with database.reading() as c:
        invoice = read_order(c, paid).invoices[0].id
        email = c.execute(text("SELECT public_id FROM email_message LIMIT 1")).scalar_one()
        payments = {number: payments_of(c, number)[0].id for number in (to_pay, to_refund)}
    token, secret, admin = f"/v1/carts/{cart.token}", f"?token={factories.ACCESS}", "/v1/admin"
    key = {"Idempotency-Key": "a-key-that-is-required"}
    total = {"amount": ready.total, "currency": "EUR"}
    told = json.dumps(charge_event("a-key-of-nobody", "succeeded", 1)).encode()
    signed = {"Sandbox-Signature": signature(told), "Content-Type": "application/json"}
    line, where = {"sku": "KRUG-MOOS", "quantity": 1}, to_builtins(factories.ANNA)
    checkout = {"payment": {"provider": "manual"}, "expected_total": total}
    return {
        "POST /v1/carts": ("/v1/carts", {"json": {"lines": [line]}}),
        "GET /v1/carts/{token:str}": (token, {}),
        "POST /v1/carts/{token:str}/lines": (f"{token}/lines", {"json": line}),
        "PATCH /v1/carts/{token:str}/lines/{sku:str}": (f"{token}/lines/KRUG-MOOS", {"json": {"quantity": 2}}),
        "DELETE /v1/carts/{token:str}/lines/{sku:str}": (f"{token}/lines/VASE", {}),
        "PUT /v1/carts/{token:str}/contact": (
            f"{token}/contact",
            {"json": {"email": "a@b.example", "shipping_address": where}},
        ),
        "GET /v1/carts/{token:str}/shipping-options": (f"{token}/shipping-options", {}),
        "PUT /v1/carts/{token:str}/shipping": (f"{token}/shipping", {"json": {"method": STANDARD}}),
        "POST /v1/carts/{token:str}/codes": (f"{token}/codes", {"json": {"code": "HERBST10"}}),
        "DELETE /v1/carts/{token:str}/codes/{code:str}": (f"{token}/codes/HERBST10", {}),
        "POST /v1/carts/{token:str}/checkout": (
            f"/v1/carts/{ready.token}/checkout",
            {"json": checkout, "headers": key},
        ),
        "GET /v1/orders/{number:str}": (f"/v1/orders/{paid}{secret}", {}),
        "GET /v1/orders/{number:str}/invoices/{invoice_id:str}": (f"/v1/orders/{paid}/invoices/{invoice}{secret}", {}),
        "POST /v1/orders/{number:str}/cancel": (f"/v1/orders/{unpaid}/cancel{secret}", {"json": {}}),
        "POST /v1/withdrawals": (
            "/v1/withdrawals",
            {"json": {"name": "Anna", "order_number": waiting, "email": "anna@kundin.example"}},
        ),
        "GET /v1/admin/orders": (f"{admin}/orders?limit=100", {}),
        "GET /v1/admin/orders/{number:str}": (f"{admin}/orders/{paid}", {}),
        "GET /v1/admin/orders/{number:str}/invoices/{invoice_id:str}": (
            f"{admin}/orders/{paid}/invoices/{invoice}",
            {},
        ),
        "POST /v1/admin/orders/{number:str}/shipments": (f"{admin}/orders/{paid}/shipments", {"json": {}}),
        "POST /v1/admin/orders/{number:str}/cancel": (f"{admin}/orders/{given_up}/cancel", {"json": {}}),
        "POST /v1/admin/orders/{number:str}/notes": (f"{admin}/orders/{waiting}/notes", {"json": {"text": "x"}}),
        "POST /v1/admin/orders/{number:str}/withdrawals/settle": (
            f"{admin}/orders/{withdrawn}/withdrawals/settle",
            {"json": {"withdrawal": declared, "outcome": "not_meant", "now_certain": True}},
        ),
        "GET /v1/admin/withdrawals": (f"{admin}/withdrawals?limit=100", {}),
        "GET /v1/admin/withdrawals/{withdrawal_id:str}": (f"{admin}/withdrawals/{declared}", {}),
        "POST /v1/admin/withdrawals/{withdrawal_id:str}/assign": (
            f"{admin}/withdrawals/{unmatched}/assign",
            {"json": {"number": waiting, "now_certain": False}},
        ),
        "POST /v1/admin/withdrawals/{withdrawal_id:str}/dismiss": (
            f"{admin}/withdrawals/{spam}/dismiss",
            {"json": {"reason": "Another shop's."}},
        ),
        "GET /v1/admin/payments/{payment_id:str}": (f"{admin}/payments/{payments[to_pay]}", {}),
        "POST /v1/admin/payments/{payment_id:str}/capture": (
            f"{admin}/payments/{payments[to_pay]}/capture",
            {"json": {}, "headers": key},
        ),
        "POST /v1/admin/payments/{payment_id:str}/refunds": (
            f"{admin}/payments/{payments[to_refund]}/refunds",
            {"json": {}, "headers": key},
        ),
        "POST /v1/payments/{provider:str}/webhook": (
            "/v1/payments/sandbox/webhook",
            {"content": told, "headers": signed},
        ),
        "GET /v1/admin/emails": (f"{admin}/emails?limit=100", {}),
        "GET /v1/admin/emails/{email_id:str}": (f"{admin}/emails/{email}", {}),
    }


def test_every_route_is_counted() -> None:
    there = {f"{method} {path}" for handler in HANDLERS for method in handler.http_methods for path in handler.paths}
    assert there == COUNTS.keys()


@pytest.mark.parametrize("more", [0, 40])
def test_each_route_costs_so_many_statements_however_many_rows_there_are(
    api: httpx.Client,
    as_role: AsRole,
    database: Database,
    addresses: dict[str, str],
    sales: dict[str, Call],
    more: int,
) -> None:
    owner = as_role("owner")["Authorization"]
    api.headers["Accept-Language"] = "en"
    factories.save(database, *(factories.goods(f"Krug {n}", categories=["geschirr"]) for n in range(more + 1)))
    with database.writing() as c:
        for n in range(more):
            factories.item(c, name=f"n{n}")
        for _ in range(more):
            factories.order(c, ("KRUG-MOOS", 1))
        for n in range(more):
            factories.staff(c, email=f"n{n}@shop.example")
    bodies: dict[str, Any] = {
        "POST /v1/sessions": {"email": "other@shop.example", "password": factories.PASSWORD, "realm": "staff"},
        "POST /items": {"name": "Mug", "quantity": 1},
        "PUT /items/{item_id:str}": {"name": "Mug", "quantity": 7},
        "POST /v1/admin/stock/movements": {"sku": addresses["{sku:str}"], "delta": 1, "reason": "receive"},
        "POST /v1/admin/staff": {"email": "x@y.example", "name": "X", "role": "clerk", "password": factories.PASSWORD},
        "PATCH /v1/admin/staff/{staff_id:str}": {"name": "Y"},
        "POST /v1/admin/api-keys": {"name": "till", "permissions": ["stock:read"]},
    }
    found = {}
    # What ends an item, a key or the session comes last.
    for route in sorted(COUNTS, key=lambda route: (route.startswith("DELETE"), route.endswith("/current"))):
        method, path = route.split()
        path = path.replace("/docs/{name:str}", "/docs/page.js")
        for name, value in addresses.items():
            path = path.replace(name, value)
        path, sent = sales.get(route, (path, {"json": bodies.get(route), "headers": {"If-Match": "*"}}))
        # Customers of selling have no session: what finds that of staff is not theirs to pay for.
        caller = {"Authorization": "" if route in sales and "/admin/" not in route else owner}
        with counted() as statements:
            answer = api.request(method, path, **sent | {"headers": caller | sent.get("headers", {})})
        assert answer.is_success, (route, answer.text)
        found[route] = len(statements)
    place = 0 if database.dialect == "postgresql" else 1
    assert found == {route: counts[place] for route, counts in COUNTS.items()}


@pytest.mark.parametrize("more", [0, 40])
@pytest.mark.usefixtures("addresses")
def test_a_list_costs_so_many_statements_however_many_rows_there_are(
    api: httpx.Client, database: Database, more: int
) -> None:
    factories.save(database, *(factories.goods(f"Krug {n}", categories=["geschirr"]) for n in range(more + 1)))
    found = {}
    for query in LISTS:
        with counted() as statements:
            answer = api.get(f"/v1/products?{query}" if query else "/v1/products", headers={"Accept-Language": "en"})
        assert answer.is_success, (query, answer.text)
        found[query] = len(statements)
    place = 0 if database.dialect == "postgresql" else 1
    assert found == {query: counts[place] for query, counts in LISTS.items()}


def test_the_shop_s_own_language_is_asked_for_once(api: httpx.Client, addresses: dict[str, str]) -> None:
    paths = ("/v1/products", "/v1/products/krug", "/v1/categories", "/v1/shop/texts/imprint")
    assert api.get("/v1/products").is_success
    for path in paths:
        with counted() as statements:
            assert api.get(path).is_success
        assert len(statements) == 1, (path, statements)
