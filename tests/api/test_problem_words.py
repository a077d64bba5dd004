"""A text of the wrong form is told in words, with its field and its value, and never as a regular expression."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Annotated, Any

import httpx
import msgspec
import pytest

from shopapi import contract
from shopapi.contract.carts import ContactInput, LinePatch, PaymentInput
from shopapi.contract.catalog import AdminProductQuery
from shopapi.contract.forms import OTHER_FORM, WORDS, in_words
from shopapi.contract.orders import WithdrawalInput
from shopapi.http.body import decode
from shopapi.http.problems import InvalidRequest
from shopapi.http.query import parse
from tests.api.problems import problem


def structs() -> list[type[msgspec.Struct]]:
    modules = [
        importlib.import_module(f"{contract.__name__}.{one.name}") for one in pkgutil.iter_modules(contract.__path__)
    ]
    found = (kind for module in modules for kind in vars(module).values())
    return [kind for kind in found if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]


def patterns(schema: Any) -> Iterator[str]:
    """Every pattern in a JSON schema, however deep."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        schema = tuple(schema.values())
    if isinstance(schema, list | tuple):
        for part in schema:
            yield from patterns(part)


def test_every_pattern_of_the_contract_has_words_and_no_other_has() -> None:
    asked = set(patterns(msgspec.json.schema_components(structs())))
    assert len(asked) > 10
    assert asked == set(WORDS)


@pytest.mark.parametrize("pattern", WORDS)
def test_what_fits_a_pattern_not_is_told_in_its_words(pattern: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert("\n\ud800", Annotated[str, msgspec.Meta(pattern=pattern)])
    assert in_words(str(refused.value)) == WORDS[pattern]


def test_a_pattern_without_words_is_not_shown_either() -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert("b", Annotated[str, msgspec.Meta(pattern="^`'a$")])
    assert in_words(str(refused.value)) == OTHER_FORM
    assert in_words("Expected `str`, got `int`") is None


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        (
            WithdrawalInput,
            b'{"name": "Anna", "order_number": "TT-1", "email": "foo"}',
            'email: is no e-mail address, such as anna@example.org; it is "foo"',
        ),
        (
            ContactInput,
            b'{"email": "a@b.example", "shipping_address": {"name": "\\u200b"}}',
            'shipping_address.name: is blank or holds a line break or another control character; it is "?"',
        ),
        (PaymentInput, b'{"provider": "A"}', 'provider: is no payment provider\'s name, such as manual; it is "A"'),
    ],
)
def test_the_sentence_names_the_field_and_the_value(kind: Any, body: bytes, says: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode(body, kind)
    assert refused.value.detail == says
    (error,) = refused.value.errors
    assert says == f"{error.field}: {error.message}"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("1" + "0" * 20, "1" + "0" * 20),
        ("1" + "0" * 30, "1" + "0" * 30),
        ("-7" + "0" * 30, "-7" + "0" * 30),
        ("9" * 5000, "9" * 59 + "…"),
        ("[" + "9" * 5000 + "]", "[" + "9" * 58 + "…"),
    ],
)
def test_a_number_is_told_as_it_was_sent_or_as_far_as_the_dots(written: str, shown: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode(f'{{"quantity": {written}}}'.encode(), LinePatch)
    assert refused.value.errors[0].message.endswith(f"; it is {shown}")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("limit=" + "9" * 99, f'limit: is "{"9" * 39}…", which is no whole number'),
        ("x" * 200 + "=1", f"{'x' * 99}…: is not known"),
        (f"q=a&{'q' * 200}=1&{'q' * 200}=2", f"{'q' * 99}…: is given twice"),
    ],
)
def test_what_is_cut_of_a_query_ends_in_dots(query: str, says: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(query.encode(), AdminProductQuery)
    assert refused.value.detail == says


def test_the_answer_s_detail_is_the_sentence(sqlite_api: httpx.Client) -> None:
    body = {"name": "Anna", "order_number": "\u200b", "email": "anna@example.org"}
    told = problem(
        sqlite_api.post("/v1/withdrawals", json=body, headers={"Idempotency-Key": "k" * 24}),
        400,
        "invalid_request",
        "order_number",
    )
    assert told["detail"].startswith("order_number: is blank or holds a line break or another control character")
