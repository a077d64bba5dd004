"""Whatever a caller sends as a body or a query is a value of the contract or an error of the shop's, never a fault."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from shopapi.contract.accounts import ApiKeyInput, SessionInput, StaffPatch
from shopapi.contract.carts import CartInput, CheckoutInput, CodeInput, ContactInput, LineInput
from shopapi.contract.items import ItemInput
from shopapi.contract.orders import OrderQuery, RefundInput, WithdrawalInput
from shopapi.contract.stock import LevelQuery, MovementInput
from shopapi.http.body import decode
from shopapi.http.problems import InvalidRequest, document
from shopapi.http.query import parse

KINDS = st.sampled_from(
    [
        *(ItemInput, MovementInput, SessionInput, StaffPatch, ApiKeyInput),
        *(CartInput, LineInput, ContactInput, CodeInput, CheckoutInput, RefundInput, WithdrawalInput),
    ]
)
NAMES = st.sampled_from(
    [
        *("name", "quantity", "sku", "delta", "email", "password", "permissions", "x` - at `$[0]", "$.a", "[0]"),
        *("lines", "shipping_address", "country", "code", "payment", "provider", "expected_total", "amount"),
    ]
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | NAMES, inner, max_size=5),
    max_leaves=25,
)


def outcome(body: bytes, kind: Any) -> Any:
    """The value of a body, or the error, which must be a document that can be sent."""
    try:
        return decode(body, kind)
    except InvalidRequest as refusal:
        error = refusal
    assert error.errors
    told = json.loads(document(error, "r"))
    assert told["status"] == 400
    assert len(told["detail"]) < 1000
    return error


@given(st.binary(max_size=400), KINDS)
@example(b'{"x - at `$[' + b"1" * 5000 + b']":1}', ItemInput)
@example(b"[" * 5000, ItemInput)
def test_no_bytes_are_a_fault(body: bytes, kind: Any) -> None:
    outcome(body, kind)


@given(PLAIN, KINDS)
def test_no_json_is_a_fault(plain: Any, kind: Any) -> None:
    outcome(json.dumps(plain).encode(), kind)


@given(st.text(), st.integers() | st.floats() | st.booleans() | st.text() | st.none())
def test_what_is_taken_is_within_its_bounds(name: str, quantity: Any) -> None:
    found = outcome(json.dumps({"name": name, "quantity": quantity}).encode(), ItemInput)
    if isinstance(found, ItemInput):
        assert 1 <= len(found.name) <= 200
        assert found.name == found.name.strip()
        assert type(found.quantity) is int
        assert 0 <= found.quantity <= 1_000_000
        assert not any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 for sign in found.name)
    else:
        assert not (
            name.isascii() and name.isprintable() and 0 < len(name.strip()) <= 200
            and type(quantity) is int and 0 <= quantity <= 1_000_000
        )  # fmt: skip


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
@example(b"limit=%ff")
@example("limit=３".encode())
@example(b"&&=&=&")
@example(b"placed_from=2026-02-30")
@example(b"placed_from=0000-01-01&placed_to=99999-01-01")
def test_no_query_is_a_fault(query: bytes) -> None:
    for kind in (LevelQuery, OrderQuery):
        check_query(query, kind)


def check_query(query: bytes, kind: type[LevelQuery] | type[OrderQuery]) -> None:
    try:
        found = parse(query, kind)
    except InvalidRequest as refusal:
        assert json.loads(document(refusal, "r"))["code"] == "invalid_request"  # noqa: PT017 - or it was taken
    else:
        assert 1 <= found.limit <= 100
