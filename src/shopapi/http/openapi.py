"""The OpenAPI 3.1 document, made true from what routes, contract types and errors say of themselves.

The framework's own document says less than the shop keeps: it knows no patterns, no bounds of text, no unknown-field
errors and no problem documents. This one is tested against the running API with every check of a fuzzer.
"""

import re
from collections import defaultdict
from typing import Any, Final, get_args, get_type_hints

import msgspec
from litestar.handlers import HTTPRouteHandler

from shopapi.contract.catalog import TextKind
from shopapi.contract.orders import WITHDRAWAL_ID
from shopapi.contract.problems import Problem
from shopapi.http.idempotency import KeyInProgress, KeyRequired, KeyReused
from shopapi.http.problems import (
    BodyTooLarge,
    BodyTooSlow,
    CommitUnknown,
    Draining,
    Forbidden,
    InternalError,
    InvalidRequest,
    MisdirectedRequest,
    NotFound,
    NotReady,
    Overloaded,
    RateLimited,
    ShopError,
    Stale,
    Unauthenticated,
    UnsupportedMediaType,
)
from shopapi.http.told import PUBLIC, SIGNED_IN, Pdf, Route, told_of
from shopapi.settings import ApiSettings

_REF: Final = "#/components/schemas/{name}"
_PARAMETER: Final = re.compile(r"\{(\w+):\w+\}")
_HIDDEN: Final = ("/docs", "/docs/{name}")
_IDS: Final = {
    "item_id": ("An item's id.", r"^[1-9][0-9]{0,18}$"),
    "sku": ("A stock keeping unit.", r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"),
    "staff_id": ("The id of a member of staff.", r"^stf_[0-9a-hjkmnp-tv-z]{20}$"),
    "slug": ("A product's slug.", r"^[a-z0-9]+(-[a-z0-9]+)*$"),
    "kind": ("Which text.", f"^({'|'.join(get_args(TextKind))})$"),
    "name": ("A picture's hash and kind.", r"^[0-9a-f]{64}\.(svg|webp|png|jpg)$"),
    "token": ("A cart's token.", r"^[A-Za-z0-9_-]{43}$"),
    "code": ("A code.", r"^[^/]{1,64}$"),
    "number": ("An order's number.", r"^[A-Z]{1,3}-[0-9A-HJKMNP-TV-Z]{6}$"),
    "payment_id": ("The id of a payment.", r"^pay_[0-9a-hjkmnp-tv-z]{20}$"),
    "invoice_id": ("The id of an invoice.", r"^inv_[0-9a-hjkmnp-tv-z]{20}$"),
    "email_id": ("The id of an e-mail.", r"^mail_[0-9a-hjkmnp-tv-z]{20}$"),
    "withdrawal_id": ("The id of a withdrawal.", WITHDRAWAL_ID),
    "provider": ("A payment provider.", r"^[a-z][a-z0-9-]{0,31}$"),
    "key_id": ("The id of an API key.", r"^key_[0-9a-hjkmnp-tv-z]{20}$"),
}
_ABOUT: Final = """
The shop's own interface: what the back office and every other program calls.

* `HEAD` answers as `GET` without a body. A trailing slash is another address, which is 404.
* An error is a problem document (RFC 9457). Programs look at `code`; the codes are listed in the schema `Problem`.
* A `POST` may carry `Idempotency-Key`: the same request with the same key has one effect and one answer.
* An unknown field in a body, and an unknown parameter in a query, is an error.
"""


def document(settings: ApiSettings) -> bytes:
    """The document as JSON; it depends on whether ``/items`` is open."""
    from shopapi.app import HANDLERS  # The list of routes, which holds the route of this document.

    handlers: list[HTTPRouteHandler] = list(HANDLERS)
    schemas = _schemas(handlers)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for handler in handlers:
        path = _PARAMETER.sub(r"{\1}", next(iter(handler.paths)))
        if path not in _HIDDEN:
            for method in handler.http_methods:
                paths[path][method.lower()] = _operation(handler, path, settings)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Shop API", "version": "1", "description": _ABOUT.strip(), "license": _LICENSE},
            "servers": [{"url": "/"}],
            "tags": [{"name": name, "description": meaning} for name, meaning in _TAGS.items()],
            "paths": dict(sorted(paths.items())),
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "token": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "A session's token (`POST /v1/sessions`) or an API key.",
                    }
                },
            },
        }
    )


_LICENSE: Final = {"name": "MIT", "identifier": "MIT"}
_TAGS: Final = {
    "items": "The classic stock interface: a name and a quantity.",
    "shop": "The shop itself, and what the law wants said.",
    "products": "What is on sale, and for staff everything else.",
    "categories": "The tree that products lie in.",
    "media": "Pictures.",
    "carts": "What somebody means to buy, and the step that makes it an order.",
    "orders": "What was bought.",
    "payments": "Money that comes in and goes back.",
    "withdrawals": "Withdrawing from a contract (section 356a BGB).",
    "emails": "What was or would be sent.",
    "sessions": "Signing in and out.",
    "stock": "Levels, and the ledger behind them.",
    "staff": "Who works in the shop.",
    "api-keys": "Keys for programs.",
    "operation": "What probes and programmers ask.",
}


def all_problems() -> list[type[ShopError]]:
    """Every error that the shop knows, by code."""
    found: dict[str, type[ShopError]] = {}
    waiting = [ShopError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind is not ShopError:
            found.setdefault(kind.code, kind)
    return [found[code] for code in sorted(found)]


def _schemas(handlers: list[HTTPRouteHandler]) -> dict[str, Any]:
    kinds: list[Any] = [Problem]
    for handler in handlers:
        kinds += [kind for kind in told_of(handler).answers.values() if kind not in (None, str, dict, bytes, Pdf)]
        if (body := get_type_hints(handler.fn).get("data")) is not None:
            kinds.append(body)
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_REF)
    problem = schemas["Problem"]
    problem["properties"]["code"]["enum"] = [kind.code for kind in all_problems()]
    plain: dict[str, Any] = _without_surrogates(schemas)
    return plain


def _without_surrogates(value: Any) -> Any:
    # JSON text cannot hold half a surrogate pair, and engines of other languages cannot read one in a pattern.
    if isinstance(value, dict):
        return {
            name: part.replace(r"\ud800-\udfff", "") if name == "pattern" else _without_surrogates(part)
            for name, part in value.items()
        }
    return [_without_surrogates(part) for part in value] if isinstance(value, list) else value


def _operation(handler: HTTPRouteHandler, path: str, settings: ApiSettings) -> dict[str, Any]:
    route = told_of(handler)
    body = get_type_hints(handler.fn).get("data")
    operation: dict[str, Any] = {
        "operationId": handler.fn.__name__,
        "summary": route.summary,
        "description": _prose(handler.fn.__doc__ or ""),
        "tags": [_tag(path)],
        "parameters": [*_path_parameters(path), *_query_parameters(route.query), *_header_parameters(route, path)],
        "responses": {**_answers(route, path), **_problems(route, body is not None, path)},
        "security": _security(route, settings),
    }
    if route.permission not in (PUBLIC, SIGNED_IN):
        operation["x-permission"] = route.permission
    if body is not None:
        schema = {"$ref": _REF.format(name=body.__name__)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif route.signed:
        schema = {"description": "What the provider has signed, as it documents it."}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {name: part for name, part in operation.items() if part != []}


def _prose(docstring: str) -> str:
    return " ".join(docstring.replace("``", "`").split())


def _tag(path: str) -> str:
    parts = path.strip("/").split("/")
    if parts[0] == "v1":
        return parts[2] if parts[1] == "admin" else parts[1]
    return parts[0] if parts[0] == "items" else "operation"


def _security(route: Route, settings: ApiSettings) -> list[dict[str, list[str]]]:
    if route.permission == PUBLIC:
        return [{}]
    with_token: list[dict[str, list[str]]] = [{"token": []}]
    return [{}, *with_token] if route.open_in_classroom and settings.items_access == "open" else with_token


def _path_parameters(path: str) -> list[dict[str, Any]]:
    told = []
    for name in re.findall(r"\{(\w+)\}", path):
        meaning, pattern = _IDS[name]
        schema = {"type": "string", "pattern": pattern}
        told.append({"name": name, "in": "path", "required": True, "description": meaning, "schema": schema})
    return told


def _query_parameters(kind: type[msgspec.Struct] | None) -> list[dict[str, Any]]:
    if kind is None:
        return []
    schema = _without_surrogates(msgspec.json.schema_components([kind])[1][kind.__name__])
    told = []
    for name, part in schema["properties"].items():
        # A parameter that is left out is no null.
        choices = [choice for choice in part.pop("anyOf", []) if choice != {"type": "null"}]
        part = choices[0] if choices else {key: value for key, value in part.items() if value is not None}
        told.append({"name": name, "in": "query", "required": False, "schema": part})
    return told


def _header_parameters(route: Route, path: str) -> list[dict[str, Any]]:
    told = []
    if _is_catalog(route, path):
        told.append(_header("If-None-Match", "ETags that the caller has.", {"type": "string"}))
        told.append(_header("Accept-Language", "`de` or `en`; else the shop's own language.", {"type": "string"}))
    if route.if_match is not None:
        told.append(_header("If-Match", "The ETag that was read.", {"type": "string"}, required=route.if_match))
    if route.keyed:
        schema = {"type": "string", "minLength": 16, "maxLength": 255, "pattern": "^[ -~]{16,255}$"}
        required = KeyRequired in route.problems
        told.append(_header("Idempotency-Key", "Made by the caller, new for each request.", schema, required=required))
    return told


def _header(name: str, meaning: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "description": meaning, "schema": schema}


_TAG_HEADER: Final = {"ETag": {"schema": {"type": "string"}}}


def _answers(route: Route, path: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for status, kind in route.answers.items():
        answer: dict[str, Any] = {"description": _REASONS[status]}
        if kind is str:
            answer["content"] = {"text/plain": {"schema": {"type": "string"}}}
        elif kind is bytes:
            binary = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
            answer["content"] = dict.fromkeys(("image/svg+xml", "image/webp", "image/png", "image/jpeg"), binary)
        elif kind is Pdf:
            schema = {"type": "string", "contentMediaType": "application/pdf"}
            answer["content"] = {"application/pdf": {"schema": schema}}
        elif kind is dict:
            answer["content"] = {"application/json": {"schema": {"type": "object"}}}
        elif kind is not None:
            (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
            answer["content"] = {"application/json": {"schema": schema}}
        headers = dict(_TAG_HEADER) if route.tagged else {}
        if status == 301:
            headers["Location"] = {"schema": {"type": "string"}}
        if route.keyed:
            headers["Idempotent-Replayed"] = {"schema": {"const": "true"}, "description": "On a repeated answer."}  # type: ignore[dict-item]
        if headers:
            answer["headers"] = headers
        told[str(status)] = answer
    if _is_catalog(route, path):
        told["304"] = {"description": _REASONS[304], "headers": _TAG_HEADER}
    return told


def _is_catalog(route: Route, path: str) -> bool:
    # Carts and orders have tags as well, by their versions, but nobody asks whether those are still the same.
    return route.tagged and route.permission == PUBLIC and not path.startswith(("/v1/carts", "/v1/orders"))


_REASONS: Final = {
    200: "Done.",
    201: "Made.",
    204: "Done; there is nothing to say.",
    301: "It has another address by now.",
    304: "It is what `If-None-Match` named.",
}


def _problems(route: Route, has_body: bool, path: str) -> dict[str, Any]:
    kinds: set[type[ShopError]] = {InvalidRequest, MisdirectedRequest, InternalError, Overloaded, *route.problems}
    kinds |= {BodyTooLarge, BodyTooSlow}  # A body is read before anybody knows whether it is wanted.
    if route.permission != PUBLIC:
        kinds |= {Unauthenticated, Forbidden, RateLimited, CommitUnknown}
    if path == "/v1/sessions":
        kinds |= {RateLimited}
    if has_body:
        kinds |= {UnsupportedMediaType}
    if route.keyed:
        kinds |= {KeyInProgress, KeyReused}
    if route.if_match is not None:
        kinds |= {Stale}
    if path in ("/healthz", "/readyz", "/metrics"):
        # Refused by name: these answer to probes alone.
        kinds = (kinds - {MisdirectedRequest}) | {NotFound} | ({NotReady, Draining} if path == "/readyz" else set())
    by_status: dict[int, list[type[ShopError]]] = defaultdict(list)
    for kind in sorted(kinds, key=lambda kind: (kind.status, kind.code)):
        by_status[kind.status].append(kind)
    return {str(status): _problem(status, same) for status, same in sorted(by_status.items())}


def _problem(status: int, kinds: list[type[ShopError]]) -> dict[str, Any]:
    codes = sorted({kind.code for kind in kinds})
    told: dict[str, Any] = {
        "description": "; ".join(f"`{kind.code}`: {_prose(kind.__doc__ or kind.title)}" for kind in kinds),
        "content": {
            "application/problem+json": {
                "schema": {"allOf": [{"$ref": _REF.format(name="Problem")}, {"properties": {"code": {"enum": codes}}}]}
            }
        },
    }
    if status in (429, 503) or any(kind is KeyInProgress for kind in kinds):
        told["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    if status == 401:
        told["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return told
