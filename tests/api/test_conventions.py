"""What holds for every route: problem documents, bodies, queries, hosts, overload. None of it is stored, so SQLite."""

import asyncio
import gc
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shopapi.app import HANDLERS
from shopapi.catalog.shop_store import save_text
from shopapi.contract.items import ItemInput
from shopapi.contract.orders import WithdrawalInput
from shopapi.db.engine import Database, make_sqlite_file, open_database
from shopapi.events.take_in import take_in
from shopapi.http.body import MAX_JSON, BodyLimit, decode
from shopapi.http.in_flight import InFlight, OneWriter
from shopapi.http.problems import InvalidRequest
from shopapi.orders.reading import read_order
from shopapi.orders.withdraw import withdraw
from shopapi.payments.reading import payments_of
from shopapi.settings import ApiSettings
from tests import factories
from tests.api.conftest import ApiWith
from tests.api.problems import problem
from tests.conftest import AsRole, assert_the_books_agree

JSON = {"Content-Type": "application/json"}
MUG = b'{"name": "Mug", "quantity": 1}'


@pytest.fixture
def database_url(sqlite_url: str) -> Iterator[str]:
    yield sqlite_url
    assert_the_books_agree(sqlite_url)


def post(client: httpx.Client, body: bytes, kind: str = "application/json") -> httpx.Response:
    return client.post("/items", content=body, headers={"Content-Type": kind})


# --- the request id and what every answer carries


@pytest.mark.parametrize("sane", ["a", "A-z.0_9", "x" * 128])
def test_a_sane_request_id_comes_back(open_api: httpx.Client, sane: str) -> None:
    assert open_api.get("/items", headers={"X-Request-ID": sane}).headers["x-request-id"] == sane
    assert problem(open_api.get("/nothing", headers={"X-Request-ID": sane}), 404, "not_found")["request_id"] == sane


@pytest.mark.parametrize("insane", ["", "x" * 129, "a b", "<script>", 'a"b', "ä".encode()])
def test_an_insane_request_id_is_replaced(open_api: httpx.Client, insane: str) -> None:
    found = open_api.get("/items", headers={"X-Request-ID": insane}).headers["x-request-id"]
    assert len(found) == 32
    assert found.isalnum()


def test_every_answer_carries_the_security_headers(clerk: httpx.Client, api_with: ApiWith) -> None:
    answers = [
        clerk.get("/items"),
        post(clerk, MUG),
        clerk.get("/nothing"),
        clerk.get("/items/"),
        clerk.delete("/items/1"),
        post(clerk, b"{"),
        post(clerk, b" " * (MAX_JSON + 1)),
        clerk.get("/items", headers={"Authorization": ""}),
        clerk.get("/items", headers={"Host": "evil.example"}),
        clerk.patch("/items"),
        clerk.get("/healthz"),
    ]
    assert {answer.status_code for answer in answers} >= {200, 201, 204, 400, 401, 404, 405, 413, 421}
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in answer.headers["permissions-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["server"] == "shop", "Neither its kind nor its version."
        assert "strict-transport-security" not in answer.headers
    https = api_with(SHOP_PUBLIC_URL="https://shop.example")
    for path in ("/items", "/nothing"):
        answer = https.get(path, headers={"Host": "shop.example"})
        assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_strict_transport_can_wait_for_a_certificate_that_browsers_trust(sqlite_api_with: ApiWith) -> None:
    https = sqlite_api_with(SHOP_PUBLIC_URL="https://shop.example", SHOP_HSTS="off")
    answer = https.get("/items", headers={"Host": "shop.example"})
    assert answer.status_code == 401
    assert "strict-transport-security" not in answer.headers


# --- methods and addresses


@pytest.fixture
def addresses(owner: httpx.Client, database: Database, settings: ApiSettings) -> dict[str, set[str]]:
    """Every address of the API, with what stands in for its parameters, and the methods that it answers to."""
    item_id = owner.post("/items", json={"name": "Mug", "quantity": 1}).json()["id"]
    staff_id = owner.get("/v1/admin/staff").json()["data"][0]["id"]
    key_id = owner.post("/v1/admin/api-keys", json={"name": "till", "permissions": ["stock:read"]}).json()["key"]["id"]
    known = {"{item_id:str}": item_id, "{sku:str}": f"ITEM-{item_id}", "{staff_id:str}": staff_id}
    factories.save(database, factories.goods("Krug", on_hand=9))
    with database.writing() as c:
        save_text(c, "imprint", "de", "Wir.")
        picture = f"{factories.picture(c)}.svg"
        cart, number = factories.cart(c, ("KRUG", 1)), factories.paid_order(c, ("KRUG", 1))
        declared = withdraw(c, WithdrawalInput("Anna", number, "anna@kundin.example"), "de").id
    take_in(database, settings)
    with database.reading() as c:
        known |= {
            "{token:str}": cart.token,
            "{number:str}": number,
            "{code:str}": "HERBST10",
            "{provider:str}": "manual",
            "{withdrawal_id:str}": declared,
        }
        known["{invoice_id:str}"] = read_order(c, number).invoices[0].id
        known["{payment_id:str}"] = payments_of(c, number)[0].id
        known["{email_id:str}"] = c.execute(text("SELECT public_id FROM email_message LIMIT 1")).scalar_one()
    known |= {"{key_id:str}": key_id, "{slug:str}": "krug", "{kind:str}": "imprint"}
    found: dict[str, set[str]] = {}
    for handler in HANDLERS:
        (path,) = handler.paths
        path = path.replace("{name:str}", "page.js" if path.startswith("/docs") else picture)
        for name, value in known.items():
            path = path.replace(name, str(value))
        methods = {str(method) for method in handler.http_methods}
        found.setdefault(path, set()).update(methods, {"HEAD"} if "GET" in methods else ())
    return found


@pytest.fixture
def readable(addresses: dict[str, set[str]]) -> list[str]:
    """Every address that answers to GET."""
    return [path for path, methods in addresses.items() if "GET" in methods]


def test_head_is_get_without_a_body(owner: httpx.Client, readable: list[str]) -> None:
    assert len(readable) >= 15
    for path in readable:
        secret = {"token": factories.ACCESS} if path.startswith("/v1/orders/") else {}
        got, head = owner.get(path, params=secret), owner.head(path, params=secret)
        assert got.status_code == head.status_code == 200, path
        assert head.content == b""
        same = {"content-type", "etag", "cache-control"} | (set() if path == "/metrics" else {"content-length"})
        assert {n: got.headers.get(n) for n in same} == {n: head.headers.get(n) for n in same}, path
    assert owner.head("/nothing").status_code == 404


def test_a_resource_has_one_address(owner: httpx.Client, readable: list[str]) -> None:
    for path in readable:
        for other in (f"{path}/", f"/{path}", path.replace("/", "//", 1)):
            answer = owner.get(f"http://127.0.0.1:8000{other}")
            assert answer.status_code == 404, other
    problem(owner.get("/ITEMS"), 404, "not_found")
    problem(owner.get("/items/1/"), 404, "not_found")
    problem(owner.get("/"), 404, "not_found")


def test_another_method_is_405_and_says_which_there_are(owner: httpx.Client, addresses: dict[str, set[str]]) -> None:
    for path, methods in addresses.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} - methods:
            answer = owner.request(method, path)
            problem(answer, 405, "method_not_allowed")
            assert set(answer.headers["allow"].split(", ")) == methods, path


# --- queries


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("x=1", "x"),
        ("limit=1&limit=2", "limit"),
        ("q=a&q=a", "q"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("limit=1e1", "limit"),
        ("limit=3.0", "limit"),
        ("limit=%2B3", "limit"),
        ("limit=+3", "limit"),
        ("limit=3+", "limit"),
        ("limit=03", "limit"),
        ("limit=1_0", "limit"),
        ("limit=%D9%A3", "limit"),
        ("limit=true", "limit"),
        ("limit=null", "limit"),
        ("limit=" + "9" * 31, "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("item_id=0", "item_id"),
        (f"item_id={2**53}", "item_id"),
        ("view=none", "view"),
        ("view=", "view"),
        ("cursor=", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=%C3%A4", "cursor"),
        ("q=" + "a" * 129, "q"),
        ("q=%00", "q"),
        ("q=a%0Ab", "q"),
        ("q=%FF", ""),
        ("%FF=1", ""),
        ("&".join(f"x{n}=1" for n in range(101)), ""),
    ],
)
def test_a_query_that_does_not_fit_is_400(clerk: httpx.Client, query: str, field: str) -> None:
    told = problem(clerk.get(f"/v1/admin/stock?{query}"), 400, "invalid_request", field)
    assert len(told["detail"]) < 300


@pytest.mark.parametrize("limit", ["1", "100"])
def test_the_bounds_of_limit_belong_to_it(clerk: httpx.Client, limit: str) -> None:
    assert clerk.get(f"/v1/admin/stock?limit={limit}").status_code == 200


def test_an_address_without_parameters_takes_none(owner: httpx.Client, readable: list[str]) -> None:
    for path in readable:
        problem(owner.get(f"{path}?nonsense=1"), 400, "invalid_request", "nonsense")
    for path in ("/items", "/v1/sessions", "/v1/admin/stock/movements"):
        problem(owner.post(f"{path}?x=1", json={}), 400, "invalid_request", "x")


def test_a_cursor_works_on_its_own_list_alone(owner: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        made = factories.items(c, 3)
        for _ in range(2):
            factories.item(c, name=made[0].name)
        skus = [factories.sku_of(c, item.id) for item in made[:2]]
    levels = owner.get("/v1/admin/stock?limit=1").json()["next_cursor"]
    ledger = owner.get(f"/v1/admin/stock/{skus[0]}/movements?limit=1").json()["next_cursor"]
    assert owner.get(f"/v1/admin/stock?limit=1&cursor={levels}").status_code == 200
    assert owner.get(f"/v1/admin/stock/{skus[0]}/movements?limit=1&cursor={ledger}").status_code == 200
    for path, cursor in (
        ("/v1/admin/stock", ledger),
        ("/v1/admin/staff", levels),
        ("/v1/admin/api-keys", levels),
        (f"/v1/admin/stock/{skus[0]}/movements", levels),
        (f"/v1/admin/stock/{skus[1]}/movements", ledger),
    ):
        problem(owner.get(f"{path}?cursor={cursor}"), 400, "invalid_request", "cursor")


def test_a_cursor_that_was_changed_anywhere_is_400(owner: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        factories.items(c, 2)
    cursor = owner.get("/v1/admin/stock?limit=1").json()["next_cursor"]
    changed = [cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :] for at in range(len(cursor))]
    changed += [cursor + "=", cursor + ".", "." + cursor, cursor[:-1], cursor + "A"]
    for other in changed:
        problem(owner.get(f"/v1/admin/stock?cursor={other}"), 400, "invalid_request", "cursor")


# --- bodies (N1 to N6, N9, N10)

BODIES: list[tuple[str, bytes, str]] = [
    ("empty", b"", ""),
    ("blank", b"  \n", ""),
    ("cut short", b'{"name": "Mug", "quanti', ""),
    ("two values", MUG + MUG, ""),
    ("trailing comma", b'{"name": "Mug", "quantity": 1,}', ""),
    ("comment", MUG + b"// no", ""),
    ("single quotes", b"{'name': 'Mug', 'quantity': 1}", ""),
    ("byte order mark", b"\xef\xbb\xbf" + MUG, ""),
    ("UTF-16", MUG.decode().encode("utf-16"), ""),
    ("array", b"[]", ""),
    ("array of what is wanted", b"[" + MUG + b"]", ""),
    ("null", b"null", ""),
    ("text", b'"Mug"', ""),
    ("number", b"5", ""),
    ("unknown field", b'{"name": "Mug", "quantity": 1, "price": 0}', "price"),
    ("read-only field", b'{"name": "Mug", "quantity": 1, "id": 7}', "id"),
    ("field in another case", b'{"name": "Mug", "quantity": 1, "Quantity": 2}', "Quantity"),
    ("duplicate field", b'{"name": "Mug", "quantity": 1, "quantity": 2}', "quantity"),
    ("duplicate of an unknown field", b'{"name": "Mug", "quantity": 1, "x": {"a": 1, "a": 2}}', "a"),
    ("N1 deep known field", b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b', "quantity": 1}', ""),
    ("N1 deep unknown field", b'{"x": ' + b'{"a":' * 33 + b"1" + b"}" * 33 + b"}", ""),
    ("N1 deep and never closed", b"[" * 200_000, ""),
    ("N1 deep behind a quoted bracket", b'{"x": "' + b"]" * 50 + b'", "y": ' + b"[" * 33 + b"]" * 33 + b"}", ""),
    ("N2 invalid UTF-8", b'{"name": "M\xff", "quantity": 1}', ""),
    ("N2 overlong UTF-8", b'{"name": "\xc0\xaf", "quantity": 1}', ""),
    ("N2 a surrogate as UTF-8", b'{"name": "\xed\xa0\x80", "quantity": 1}', ""),
    ("N2 invalid UTF-8 in a name", b'{"n\xffme": "M", "quantity": 1}', ""),
    ("N5 thirty zeros", b'{"name": "Mug", "quantity": 1' + b"0" * 30 + b"}", "quantity"),
    ("N10 five thousand digits", b'{"name": "Mug", "quantity": ' + b"1" * 5000 + b"}", ""),
    ("NaN", b'{"name": "Mug", "quantity": NaN}', ""),
    ("Infinity", b'{"name": "Mug", "quantity": Infinity}', ""),
    ("-Infinity", b'{"name": "Mug", "quantity": -Infinity}', ""),
    ("N6 NUL", b'{"name": "M\\u0000g", "quantity": 1}', "name"),
    ("N6 NUL as a byte", b'{"name": "M\x00g", "quantity": 1}', ""),
    ("N6 NUL in a field's name", b'{"na\\u0000me": "M", "name": "Mug", "quantity": 1}', "na?me"),
    ("N6 lone surrogate", b'{"name": "M\\ud800", "quantity": 1}', "name"),
    ("N6 lone low surrogate", b'{"name": "\\udfffM", "quantity": 1}', "name"),
    ("N6 surrogate in a field's name", b'{"\\ud800": 1, "name": "Mug", "quantity": 1}', "?"),
    ("N6 control character", b'{"name": "M\\u001bg", "quantity": 1}', "name"),
    ("N6 C1 control character", b'{"name": "M\xc2\x9bg", "quantity": 1}', "name"),
    ("a field that is called as an error is told", b'{"x - at `$[' + b"1" * 5000 + b']": 1}', ""),
]


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body, _ in BODIES])
def test_a_bad_body_is_400_and_the_server_is_still_there(open_api: httpx.Client, body: bytes) -> None:
    field = next(field for _, known, field in BODIES if known == body)
    told = problem(post(open_api, body), 400, "invalid_request")
    if field:
        assert told["errors"][0]["field"] == field
    assert len(told["detail"]) < 400, "A caller's own bytes are not told back at length."
    assert open_api.get("/items").json() == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"name": "Mug", "quantity": 1e400}', "quantity"),
        (b'{"name": [{"text": -1E400}], "quantity": 1}', "name[0].text"),
        (b"1e400", ""),
    ],
)
def test_a_number_beyond_all_bounds_is_told_by_no_word_of_ours(open_api: httpx.Client, body: bytes, field: str) -> None:
    told = problem(post(open_api, body), 400, "invalid_request", field)
    assert "too large" in told["detail"]
    assert "Infinity" not in str(told)


def test_nesting_up_to_the_bound_is_only_unknown(open_api: httpx.Client) -> None:
    told = problem(post(open_api, b'{"x": ' + b"[" * 31 + b"]" * 31 + b"}"), 400, "invalid_request")
    assert "nests" not in told["detail"]
    assert post(open_api, b'{"name": "' + b"[{" * 60 + b'", "quantity": 1}').status_code == 201


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/jsonx",
        "application/problem+json",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/json, text/plain",
        "",
    ],
)
def test_json_under_another_name_is_415(open_api: httpx.Client, kind: str) -> None:
    problem(post(open_api, MUG, kind), 415, "unsupported_media_type")
    assert open_api.get("/items").json() == []


@pytest.mark.parametrize(
    "kind",
    ["application/json", "Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'],
)
def test_json_under_its_own_name_is_read(open_api: httpx.Client, kind: str) -> None:
    assert post(open_api, MUG, kind).status_code == 201


@pytest.mark.parametrize(("coding", "status"), [("gzip", 415), ("br", 415), ("identity, x", 415), ("identity", 201)])
def test_a_body_is_read_as_it_is_or_not_at_all(open_api: httpx.Client, coding: str, status: int) -> None:
    answer = open_api.post("/items", content=MUG, headers=JSON | {"Content-Encoding": coding})
    if status == 201:
        assert answer.status_code == status, answer.text
        return
    refused = problem(answer, 415, "unsupported_media_type")
    assert refused["detail"] == f"Send the body as it is: Content-Encoding {coding} is not read here."
    assert answer.headers["accept-encoding"] == "identity"


def test_a_body_without_a_content_type_is_415(open_api: httpx.Client) -> None:
    problem(open_api.post("/items", content=MUG), 415, "unsupported_media_type")


def filled(size: int) -> bytes:
    return MUG + b" " * (size - len(MUG))


def test_a_body_may_have_256_kib_and_not_a_byte_more(open_api: httpx.Client) -> None:
    assert post(open_api, filled(MAX_JSON)).status_code == 201
    answer = post(open_api, filled(MAX_JSON + 1))
    problem(answer, 413, "body_too_large")
    assert answer.headers["connection"] == "close"


def test_a_body_of_unknown_length_is_bounded_as_well(open_api: httpx.Client) -> None:
    def parts(size: int) -> Iterator[bytes]:
        yield filled(size)[:1000]
        yield filled(size)[1000:]

    assert open_api.post("/items", content=parts(MAX_JSON), headers=JSON).status_code == 201
    problem(open_api.post("/items", content=parts(MAX_JSON + 1), headers=JSON), 413, "body_too_large")


class Sent:
    """What an ASGI app sends, and a body for it to receive that says nothing of its length."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = list(parts)
        self.messages: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        part = self._parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(self._parts)}

    async def send(self, message: Any) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])


def scope(path: str = "/items", method: str = "POST", version: str = "1.1", **headers: str) -> dict[str, Any]:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http", "http_version": version, "method": method, "path": path, "headers": pairs,
        "state": {"request_id": "r"},
    }  # fmt: skip


async def swallow(scope: Any, receive: Any, send: Any) -> None:
    """An app that reads its whole body and answers 200."""
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    ("version", "headers"),
    [
        ("1.1", {"transfer_encoding": "chunked"}),
        ("2", {}),
        ("1.1", {"content_length": "17"}),
        ("2", {"content_length": "0"}),
    ],
)
def test_no_way_to_frame_a_body_passes_the_bound(version: str, headers: dict[str, str]) -> None:
    for size, status in ((100, 200), (101, 413)):
        sent = Sent(b"x" * 60, b"x" * (size - 60))
        asyncio.run(BodyLimit(swallow, 100)(scope(version=version, **headers), sent.receive, sent.send))
        assert sent.status == status


def test_the_guard_s_work_grows_with_the_body_and_not_with_its_square() -> None:
    half = MAX_JSON // 2 - 100
    hostile = [
        b"{}" * 17 + b"[]" * 17 + b'"' + b'\\"' * half,
        b"{}" * 17 + b"[]" * 17 + b'"' + b'\\"' * half + b"\\",
        b"{" + b",".join(b'"k%d":1' % n for n in range(20_000)) + b',"k19999":2}',
        b'"' + b"\\" * (2 * half),
    ]
    for body in hostile:
        assert len(body) <= MAX_JSON
        # Else the collector walks through all that the run has gathered, which is not the guard's work.
        gc.disable()
        began = time.process_time()
        try:
            with pytest.raises(InvalidRequest):
                decode(body, ItemInput)
            assert time.process_time() - began < 0.5
        finally:
            gc.enable()


# --- in which order


def test_whoever_may_not_call_learns_nothing_about_the_body(api: httpx.Client, as_role: AsRole) -> None:
    problem(post(api, b"{"), 401, "unauthenticated")
    problem(post(api, MUG, "text/plain"), 401, "unauthenticated")
    problem(api.get("/v1/admin/stock?nonsense=1"), 401, "unauthenticated")
    api.headers.update(as_role("viewer"))
    problem(post(api, b"{"), 403, "forbidden")
    problem(api.delete("/items/nonsense"), 403, "forbidden")


def test_only_the_size_comes_before_the_token(api: httpx.Client) -> None:
    problem(post(api, filled(MAX_JSON + 1)), 413, "body_too_large")


def test_an_unknown_address_is_404_for_whoever_asks(api: httpx.Client) -> None:
    for path in ("/v1", "/v1/admin", "/v1/admin/nothing", "/v1/items", "/admin", "/items/1/2", "/.env", "/docs/../x"):
        problem(api.get(path), 404, "not_found")


# --- hosts

HOSTS = [
    ("127.0.0.1:8000", "http://127.0.0.1:5050", "", 200),
    ("localhost", "http://127.0.0.1:5050", "", 200),
    ("localhost:1", "http://localhost:5050", "", 200),
    ("[::1]:8000", "http://127.0.0.1:5050", "", 200),
    ("shop.example", "http://127.0.0.1:5050", "", 421),
    ("localhost.evil.example", "http://127.0.0.1:5050", "", 421),
    ("shop.example", "https://shop.example", "", 200),
    ("SHOP.example:443", "https://shop.example", "", 200),
    ("127.0.0.1:8000", "https://shop.example", "", 421),
    ("localhost", "https://shop.example", "", 421),
    ("evil.example", "https://shop.example", "", 421),
    ("shop.example.evil.example", "https://shop.example", "", 421),
    ("shopXexample", "https://shop.example", "", 421),
    ("shop.example@evil.example", "https://shop.example", "", 421),
    ("", "https://shop.example", "", 421),
    ("shopapi:8000", "https://shop.example", "shopapi,api.shop.example", 200),
    ("api.shop.example", "https://shop.example", "shopapi,api.shop.example", 200),
]


@pytest.mark.parametrize(("host", "public", "allowed", "status"), HOSTS)
def test_a_host_that_is_not_ours_is_421(api_with: ApiWith, host: str, public: str, allowed: str, status: int) -> None:
    client = api_with(SHOP_PUBLIC_URL=public, SHOP_ALLOWED_HOSTS=allowed, SHOP_ITEMS_ACCESS="open")
    answer = client.get("/items", headers={"Host": host, "X-Forwarded-Host": "shop.example"})
    if status == 421:
        problem(answer, 421, "misdirected_request")
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("10.1.2.3:8000", True),
        ("[fd00::1]:8000", True),
        ("localhost", True),
        ("shopapi:8000", True),
        ("shop.example", False),
        ("", False),
    ],
)
def test_probes_are_answered_under_names_that_no_edge_routes(api_with: ApiWith, host: str, found: bool) -> None:
    client = api_with(SHOP_PUBLIC_URL="https://shop.example")
    for path in ("/healthz", "/readyz", "/metrics"):
        answer = client.get(path, headers={"Host": host})
        if found:
            assert answer.status_code == 200, answer.text
        else:
            problem(answer, 404, "not_found")


# --- health, documents, defects


def test_health_says_little_and_metrics_what_they_must(open_api: httpx.Client) -> None:
    assert (open_api.get("/healthz").text, open_api.get("/readyz").text) == ("ok\n", "ready\n")
    open_api.get("/items/1")
    open_api.get("/items/1?secret=1")
    told = open_api.get("/metrics").text
    assert 'route="/items/{item_id:str}"' in told.replace("/items/{item_id}", "/items/{item_id:str}")
    assert "secret" not in told
    for name in ("requests_total", "request_duration_seconds", "requests_in_flight", "db_connections_in_use"):
        assert f"shop_{name}" in told


def test_a_database_without_tables_is_not_ready_and_says_so(api_with: ApiWith, tmp_path: Any) -> None:
    client = api_with(DATABASE_URL=f"sqlite:///{tmp_path}/empty.db")
    assert client.get("/healthz").status_code == 200
    told = problem(client.get("/readyz"), 503, "not_ready")
    assert "database" in told["detail"]
    assert not (tmp_path / "empty.db").exists(), "The driver would make it readable by everybody."
    make_sqlite_file(f"sqlite:///{tmp_path}/empty.db")
    open_database(f"sqlite:///{tmp_path}/empty.db").write(lambda c: c.execute(text("CREATE TABLE x (y)")))
    told = problem(client.get("/readyz"), 503, "not_ready")
    assert "step 0001" in told["detail"]
    assert "shopctl migrate" in told["detail"]


def test_a_step_with_another_content_is_not_ready_and_says_which(api: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        c.execute(text("UPDATE schema_step SET checksum = 'edited' WHERE version = '0001'"))
    assert "0001" in problem(api.get("/readyz"), 503, "not_ready")["detail"]


def test_a_step_of_a_later_release_is_no_obstacle(api: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        later = "INSERT INTO schema_step SELECT '9999', 'x', started_at, finished_at FROM schema_step LIMIT 1"
        c.execute(text(later))
    assert api.get("/readyz").status_code == 200


def test_the_docs_page_loads_nothing_from_elsewhere(api: httpx.Client) -> None:
    page = api.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in page.headers["content-security-policy"]
    assert "://" not in page.text
    assert "<script>" not in page.text
    loaded = [part.partition('"')[0] for part in page.text.replace('src="', 'href="').split('href="')[1:]]
    assert len(loaded) >= 3
    for path in set(loaded) - {"data:,"}:
        assert api.get(httpx.URL("http://127.0.0.1:8000/docs").join(path)).status_code == 200, path
    assert "://" not in api.get("/docs/page.js").text
    for other in ("/docs/nothing.js", "/docs/index.html", "/docs/..%2fopenapi.py", "/docs/%2e%2e"):
        problem(api.get(other), 404, "not_found")


def test_the_docs_page_can_be_left_out(api_with: ApiWith) -> None:
    client = api_with(SHOP_DOCS="off")
    for path in ("/docs", "/docs/page.js", "/docs/swagger-ui.css"):
        problem(client.get(path), 404, "not_found")
    assert client.get("/openapi.json").status_code == 200


def test_a_defect_tells_nothing_of_the_server(
    open_api: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("SELECT secret FROM /srv/shop/store.py")

    monkeypatch.setattr("shopapi.inventory.item_store.list_items", broken)
    told = problem(open_api.get("/items"), 500, "internal_error")
    assert not any(word in json.dumps(told) for word in ("SELECT", "/srv", "store.py", "RuntimeError", "Traceback"))
    assert "SELECT secret" in caplog.text


def test_a_broken_statement_is_a_defect_without_its_sql(open_api: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        c.execute(text("ALTER TABLE variant RENAME COLUMN item_name TO other_name"))
    told = problem(open_api.get("/items"), 500, "internal_error")
    assert not any(word in json.dumps(told) for word in ("variant", "item_name", "sqlite", "SELECT"))
    with database.writing() as c:
        c.execute(text("ALTER TABLE variant RENAME COLUMN other_name TO item_name"))


# --- too much at once


def busy(layer: Any, first: dict[str, Any], second: dict[str, Any]) -> tuple[Sent, Sent]:
    """Ask ``second`` while ``first`` is under way behind ``layer``; what each was sent."""
    one, two = Sent(b""), Sent(b"")

    async def run() -> None:
        running = asyncio.create_task(layer(first, one.receive, one.send))
        await layer.started.wait()
        await layer(second, two.receive, two.send)
        layer.let_go.set()
        await running

    asyncio.run(run())
    return one, two


def slow(layer: Any, *more: Any) -> Any:
    """``layer`` around an app that answers the first request only when it is let go."""
    started, let_go = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if not started.is_set():
            started.set()
            await let_go.wait()
        await swallow(scope, receive, send)

    made = layer(app, *more)
    made.started, made.let_go = started, let_go
    return made


def test_a_request_too_many_is_503_at_once() -> None:
    began = time.monotonic()
    one, two = busy(slow(InFlight, 1), scope(method="GET"), scope(method="GET"))
    assert (one.status, two.status) == (200, 503)
    assert time.monotonic() - began < 0.5
    assert dict(two.messages[0]["headers"])[b"retry-after"] == b"1"
    assert json.loads(two.messages[1]["body"])["code"] == "overloaded"


def test_probes_have_a_lane_of_their_own() -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert busy(slow(InFlight, 1), scope(method="GET"), scope(path, "GET"))[1].status == 200


def test_a_place_is_free_again_after_an_answer_and_after_a_fault() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError

    async def run(layer: Any) -> None:
        for _ in range(3):
            with pytest.raises(RuntimeError):
                await layer(scope(method="GET"), None, None)

    asyncio.run(run(InFlight(broken, 1)))
    asyncio.run(run(OneWriter(broken, asyncio.Semaphore(1))))


def test_a_second_writer_waits_for_its_turn_and_then_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopapi.http.in_flight._TURN_S", 0.05)
    one, two = busy(slow(OneWriter, asyncio.Semaphore(1)), scope(), scope())
    assert (one.status, two.status) == (200, 503)
    assert dict(two.messages[0]["headers"])[b"retry-after"] == b"1"


def test_readers_do_not_wait_for_a_writer() -> None:
    assert busy(slow(OneWriter, asyncio.Semaphore(1)), scope(), scope(method="GET"))[1].status == 200


def test_a_database_that_is_away_is_503(api_with: ApiWith) -> None:
    client = api_with(DATABASE_URL="postgresql://nobody:hunter2@127.0.0.1:1/shop", SHOP_ITEMS_ACCESS="open")
    signed_in = client.get("/items", headers={"Authorization": "Bearer x"})
    for answer in (client.get("/items"), post(client, MUG), signed_in):
        told = problem(answer, 503, "overloaded")
        assert answer.headers["retry-after"] == "1"
        assert "127.0.0.1" not in told["detail"]
    ready = problem(client.get("/readyz"), 503, "not_ready")
    assert "database" in ready["detail"]
    assert "hunter2" not in ready["detail"]
    assert client.get("/healthz").status_code == 200


def test_metrics_are_in_the_format_that_prometheus_reads(sqlite_api: httpx.Client) -> None:
    kind = sqlite_api.get("/metrics").headers["content-type"]
    assert kind.startswith("text/plain; version=")
    assert kind.count("charset=utf-8") == 1
