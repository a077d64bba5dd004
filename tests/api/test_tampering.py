"""Whoever adds fields of their own to a body is refused, whatever the field: generated from the API's own document."""

import copy
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from shopapi.http.openapi import document
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from tests.api.selling import ANNA, EMAIL, KRUG, STANDARD, Counter, a_key, done, euros
from tests.conftest import SECRET_KEY
from tests.proving.proof import Proof, is_full

MONEY: Final = {"amount": 1, "currency": "EUR"}
BODIES: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("POST", "/v1/carts"): {"lines": [{"sku": KRUG, "quantity": 1}]},
    ("POST", "/v1/carts/{token}/lines"): {"sku": KRUG, "quantity": 1},
    ("PATCH", "/v1/carts/{token}/lines/{sku}"): {"quantity": 1},
    ("PUT", "/v1/carts/{token}/contact"): {"email": EMAIL, "shipping_address": ANNA, "billing_address": ANNA},
    ("PUT", "/v1/carts/{token}/shipping"): {"method": STANDARD},
    ("POST", "/v1/carts/{token}/codes"): {"code": "HERBST10"},
    ("POST", "/v1/carts/{token}/checkout"): {"payment": {"provider": "manual"}, "expected_total": MONEY},
    ("POST", "/v1/orders/{number}/cancel"): {"reason": ""},
    ("POST", "/v1/withdrawals"): {"name": "Anna Weber", "order_number": "TT-000000", "email": EMAIL},
    ("POST", "/v1/admin/orders/{number}/shipments"): {"carrier": "DHL", "tracking": "1"},
    ("POST", "/v1/admin/orders/{number}/cancel"): {"reason": ""},
    ("POST", "/v1/admin/orders/{number}/notes"): {"text": "later"},
    ("POST", "/v1/admin/orders/{number}/withdrawals/settle"): {
        "withdrawal": f"wdr_{0:020}",
        "outcome": "not_meant",
        "now_certain": True,
        "reason": "",
    },
    ("POST", "/v1/admin/withdrawals/{withdrawal_id}/assign"): {"number": "TT-000000", "now_certain": False},
    ("POST", "/v1/admin/withdrawals/{withdrawal_id}/dismiss"): {"reason": "Another shop's."},
    ("POST", "/v1/admin/payments/{payment_id}/capture"): {"reference": "1"},
    ("POST", "/v1/admin/payments/{payment_id}/refunds"): {"amount": MONEY, "reason": ""},
}
"""A body that is right, for every call that has to do with a sale."""

OF_OTHERS: Final = (
    "unit_price",
    "price",
    "account_id",
    "customer_id",
    "role",
    "is_staff",
    "tax_rate",
    "__proto__",
    "$ref",
)
QUANTITIES: Final[tuple[Any, ...]] = (-1, 1.5, 1000, 10**9, 2**63, 10**30, 1e300, "1", None, True, [1], {"n": 1})


def the_document() -> dict[str, Any]:
    settings = read(ApiSettings, {"SHOP_SECRET_KEY": SECRET_KEY, "DATABASE_URL": "sqlite:///shop.db"})
    told: dict[str, Any] = json.loads(document(settings))
    return told


def read_only_names(told: dict[str, Any]) -> list[str]:
    """Every name of a field that the API ever answers, and some that others have."""
    schemas = told["components"]["schemas"].values()
    return sorted({name for schema in schemas for name in schema.get("properties", {})} | {*OF_OTHERS})


def objects(
    body: Any, schema: dict[str, Any], told: dict[str, Any], path: tuple[Any, ...] = ()
) -> Iterator[tuple[tuple[Any, ...], set[str]]]:
    """Where in a body there is an object, and which fields may be in it."""
    for part in [schema, *schema.get("anyOf", []), *schema.get("oneOf", [])]:
        known = told["components"]["schemas"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        if isinstance(body, dict) and "properties" in known:
            yield path, {*known["properties"]}
            for name, inner in body.items():
                yield from objects(inner, known["properties"][name], told, (*path, name))
        if isinstance(body, list) and "items" in known:
            for place, inner in enumerate(body):
                yield from objects(inner, known["items"], told, (*path, place))


def tampered(told: dict[str, Any], every: int) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Method, path, name of the field and body of each try; ``every`` n-th of them."""
    names, n = read_only_names(told), 0
    for (method, path), body in BODIES.items():
        operation = told["paths"][path][method.lower()]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        for where, allowed in objects(body, schema, told):
            for name in names:
                n += 1
                if name in allowed or n % every:
                    continue
                changed: Any = copy.deepcopy(body)
                inner = changed
                for step in where:
                    inner = inner[step]
                inner[name] = 1
                yield method, path, name, changed


def test_no_field_that_is_not_asked_for_is_ever_taken(request: pytest.FixtureRequest, counter: Counter) -> None:
    told = the_document()
    every = 1 if is_full() else 7
    selling = (
        "/v1/carts",
        "/v1/orders",
        "/v1/withdrawals",
        "/v1/admin/orders",
        "/v1/admin/payments",
        "/v1/admin/withdrawals",
    )
    writes = {
        (method.upper(), path)
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
        if path.startswith(selling) and "requestBody" in operation
    }
    assert writes == {*BODIES}, "Every call that sells is tampered with."
    tries = list(tampered(told, every))
    proof = Proof(request, "T41", "fields of one's own in any body: refused, nothing changed", f"{len(tries)} bodies")
    cart = counter.cart()
    order = counter.order()
    payment = counter.payment(order)["id"]
    before = counter.read_cart(cart["token"]), counter.seen(order)
    for method, path, name, body in tries:
        address = path.format(
            token=cart["token"], sku=KRUG, number=order["number"], payment_id=payment, withdrawal_id=f"wdr_{0:020}"
        )
        if path.startswith("/v1/orders"):
            address += f"?token={order['access_token']}"
        headers = {**a_key(), **(counter.staff_headers if "/admin/" in path else {})}
        answer = counter.api.request(method, address, json=body, headers=headers)
        assert answer.status_code == 400, f"{method} {path} took {name}: {answer.status_code} {answer.text}"
        proof.count("refused", 1)
    assert (counter.read_cart(cart["token"]), counter.seen(order)) == before
    proof.sometimes("refused", 0)


def test_no_quantity_that_is_none_changes_a_cart(request: pytest.FixtureRequest, counter: Counter) -> None:
    proof = Proof(request, "T41", "quantities that are none: refused, nothing changed", f"3 x {len(QUANTITIES)}")
    token = counter.new_cart(**{KRUG: 1})
    path = f"/v1/carts/{token}"
    for quantity in (*QUANTITIES, 0):
        tries: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", "/v1/carts", {"lines": [{"sku": KRUG, "quantity": quantity}]})
        ]
        tries.append(("POST", f"{path}/lines", {"sku": KRUG, "quantity": quantity}))
        if quantity != 0:  # That takes the line out.
            tries.append(("PATCH", f"{path}/lines/{KRUG}", {"quantity": quantity}))
        for method, address, body in tries:
            answer = counter.api.request(
                method, address, content=json.dumps(body), headers={"Content-Type": "application/json"}
            )
            assert answer.status_code == 400, f"{quantity!r}: {answer.status_code} {answer.text}"
            proof.sometimes("refused", 1)
    assert [line["quantity"] for line in counter.read_cart(token)["lines"]] == [1]


def test_the_price_of_an_order_is_the_shop_s(request: pytest.FixtureRequest, counter: Counter) -> None:
    totals = [0, 1, 10**13]
    proof = Proof(request, "T41", "a total of one's own: refused with the right one", f"{len(totals)} totals")
    cart = counter.cart()
    for total in totals:
        answer = counter.check_out(cart, expected_total=euros(total))
        assert (answer.status_code, answer.json()["total"]) == (409, cart["total"])
        proof.sometimes("refused", 1)
    assert done(counter.check_out(cart), 201)["total"] == cart["total"]
