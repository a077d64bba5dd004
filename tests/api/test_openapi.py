"""The OpenAPI document: valid, complete, and with a bound on everything that comes in."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest

from shopapi.app import HANDLERS
from shopapi.http.openapi import all_problems, document
from shopapi.http.told import PUBLIC, told_of
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from tests.api.conftest import ApiWith
from tests.conftest import SECRET_KEY

METHODS = {"get", "post", "put", "patch", "delete"}
SAFE = 2**53 - 1


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    settings = read(ApiSettings, {"SHOP_SECRET_KEY": SECRET_KEY, "DATABASE_URL": "sqlite:///shop.db"})
    found: dict[str, Any] = json.loads(document(settings))
    return found


def operations(told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in told["paths"].items():
        assert methods.keys() <= METHODS
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def inputs(told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The schema of everything that a caller may send, with its name."""
    for name, operation in operations(told):
        for parameter in operation.get("parameters", []):
            # Lists of any length: what cannot be read in them says nothing.
            if parameter["name"] not in ("If-Match", "If-None-Match", "Accept-Language"):
                yield f"{name} {parameter['name']}", parameter["schema"]
        if "requestBody" in operation:
            (media,) = operation["requestBody"]["content"].items()
            assert media[0] == "application/json"
            yield name, media[1]["schema"]


def within(schema: dict[str, Any], told: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema and everything in it, references followed."""
    if "$ref" in schema:
        schema = told["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    yield name, schema
    parts = {**schema.get("properties", {}), "[]": schema.get("items")}
    parts |= {f"|{n}": part for key in ("anyOf", "oneOf", "allOf") for n, part in enumerate(schema.get(key, []))}
    for key, part in parts.items():
        if isinstance(part, dict):
            yield from within(part, told, f"{name}.{key}")


def test_the_document_is_served_and_is_the_same(open_api: httpx.Client, told: dict[str, Any]) -> None:
    answer = open_api.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["paths"].keys() == told["paths"].keys()


def test_the_document_has_the_form_of_openapi_3_1(told: dict[str, Any]) -> None:
    assert told["openapi"] == "3.1.0"
    assert told.keys() <= {"openapi", "info", "servers", "paths", "components", "tags"}
    assert {"title", "version"} <= told["info"].keys()
    ids = [operation["operationId"] for _, operation in operations(told)]
    assert len(ids) == len(set(ids))
    for name, operation in operations(told):
        assert operation["summary"], name
        assert operation["responses"], name
        in_path = {part["name"] for part in operation.get("parameters", []) if part["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", name)), name
        keys = [(part["name"], part["in"]) for part in operation.get("parameters", [])]
        assert len(keys) == len(set(keys)), name
        for part in operation.get("parameters", []):
            assert part["in"] in ("path", "query", "header"), name
            assert part.get("required") is True or part["in"] != "path", name
            assert part["schema"], name
        for status, answer in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d", status), name
            assert answer["description"], (name, status)
            assert ("content" in answer) == (status not in ("204", "301", "304")), (name, status)


def test_every_schema_is_one_and_every_reference_leads_somewhere(told: dict[str, Any]) -> None:
    for schema in told["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)
    for reference in re.findall(r'"\$ref":\s*"([^"]+)"', json.dumps(told)):
        place: Any = told
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    for _, schema in inputs(told):
        jsonschema_rs.meta.validate(schema)


def test_every_route_is_in_the_document(told: dict[str, Any]) -> None:
    there = {
        f"{method} {re.sub(r':str', '', path)}"
        for handler in HANDLERS
        for method in handler.http_methods
        for path in handler.paths
        if not path.startswith("/docs")
    }
    assert {name for name, _ in operations(told)} == there


def test_everything_that_comes_in_is_bounded(told: dict[str, Any]) -> None:
    looked_at = 0
    for name, outer in inputs(told):
        for where, schema in within(outer, told, name):
            kind = schema.get("type")
            looked_at += 1
            if kind == "integer":
                assert -SAFE <= schema["minimum"] <= schema["maximum"] <= SAFE, where
                assert isinstance(schema["minimum"], int), where
                assert isinstance(schema["maximum"], int), where
            elif kind == "string":
                assert schema.keys() & {"maxLength", "enum", "format", "pattern"}, where
            elif kind == "array":
                assert "maxItems" in schema, where
            elif kind == "object":
                assert schema["additionalProperties"] is False, where
    assert looked_at > 40


def test_no_number_in_the_document_is_beyond_what_every_reader_can_hold(told: dict[str, Any]) -> None:
    for number in re.findall(r"(?<![\w.])-?\d{16,}(?![\w.])", re.sub(r'"(?:[^"\\]|\\.)*"', '""', json.dumps(told))):
        assert abs(int(number)) <= SAFE


def test_every_code_is_listed_once(told: dict[str, Any]) -> None:
    codes = told["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert len(codes) == len(set(codes))
    assert codes == [kind.code for kind in all_problems()]
    used = set(re.findall(r'"([a-z_]+)"', " ".join(re.findall(r'"code": \{"enum": (\[[^\]]*\])', json.dumps(told)))))
    assert used <= set(codes)
    assert {"invalid_request", "not_found", "name_taken", "reserved_stock", "stale", "last_owner", "overloaded"} <= used


def test_every_problem_of_an_operation_is_a_problem_document(told: dict[str, Any]) -> None:
    permissions = {
        f"{method} {path.replace(':str', '')}": told_of(handler).permission
        for handler in HANDLERS
        for method in handler.http_methods
        for path in handler.paths
    }
    for name, operation in operations(told):
        bad = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert all(answer["content"].keys() == {"application/problem+json"} for answer in bad.values()), name
        assert {"400", "408", "413", "500", "503"} <= bad.keys(), name
        if permissions[name] != PUBLIC:
            assert {"401", "403", "429"} <= bad.keys(), name
            assert operation["security"], name
        # A provider's webhook is read as it was signed, whatever it calls itself.
        assert ("requestBody" in operation) == ("415" in bad or "webhook" in name), name
        for status in {"429", "503"} & bad.keys():
            assert "Retry-After" in bad[status]["headers"], name


def test_the_document_says_whether_items_are_open(sqlite_api_with: ApiWith, told: dict[str, Any]) -> None:
    opened = sqlite_api_with(SHOP_ITEMS_ACCESS="open").get("/openapi.json").json()
    assert {} not in told["paths"]["/items"]["get"]["security"]
    assert {} in opened["paths"]["/items"]["get"]["security"]
    assert {} not in opened["paths"]["/v1/admin/stock"]["get"]["security"]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url
