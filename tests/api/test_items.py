"""The classic stock interface, /items, on both databases."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import func, insert, select, update

from shopapi.catalog.tables import product, product_slug, variant
from shopapi.db.engine import Database
from shopapi.inventory.tables import MAIN_LOCATION, stock_level, stock_movement
from tests import factories
from tests.api.problems import problem
from tests.conftest import AsRole

MILLION = 1_000_000
MISSING = object()


def ledger(database: Database, item_id: int) -> list[tuple[str, int]]:
    """An item's movements, oldest first."""
    statement = select(stock_movement.c.reason, stock_movement.c.delta).where(stock_movement.c.variant_id == item_id)
    with database.reading() as c:
        return [(row.reason, row.delta) for row in c.execute(statement.order_by(stock_movement.c.id))]


def product_of(database: Database, item_id: int) -> Any:
    """The row of an item's product."""
    with database.reading() as c:
        joined = select(product, variant.c.sku, variant.c.price).join_from(variant, product)
        return c.execute(joined.where(variant.c.id == item_id)).one()


def add_a_variant(database: Database, item_id: int, name: str) -> int:
    """A second variant of an item's product, and its id."""
    with database.writing() as c:
        row = c.execute(select(variant).where(variant.c.id == item_id)).one()
        values = {"product_id": row.product_id, "sku": f"{row.sku}-B", "item_name": name}
        added = c.execute(insert(variant).values(values).returning(variant.c.id)).scalar_one()
        c.execute(insert(stock_level).values(variant_id=added, location_id=MAIN_LOCATION, on_hand=0))
    return int(added)


# --- adding and listing


def test_a_new_name_answers_201_and_a_known_one_200_with_the_sum(clerk: httpx.Client) -> None:
    made = clerk.post("/items", json={"name": "Mug", "quantity": 3})
    assert made.status_code == 201
    assert made.headers["etag"] == '"v1"'
    assert made.json() == {"id": made.json()["id"], "name": "Mug", "quantity": 3}
    added = clerk.post("/items", json={"name": "Mug", "quantity": 4})
    assert added.status_code == 200
    assert added.json() == {"id": made.json()["id"], "name": "Mug", "quantity": 7}
    assert added.headers["etag"] == '"v2"'


def test_the_list_is_a_bare_array_by_id(clerk: httpx.Client) -> None:
    assert clerk.get("/items").json() == []
    made = [clerk.post("/items", json={"name": name, "quantity": 1}).json() for name in ("Z", "a", "M")]
    clerk.post("/items", json={"name": "Z", "quantity": 1})
    made[0]["quantity"] = 2
    assert clerk.get("/items").json() == sorted(made, key=lambda item: item["id"])


def test_one_item_is_read_with_its_etag(clerk: httpx.Client) -> None:
    made = clerk.post("/items", json={"name": "Mug", "quantity": 3})
    read = clerk.get(f"/items/{made.json()['id']}")
    assert read.status_code == 200
    assert read.json() == made.json()
    assert read.headers["etag"] == made.headers["etag"]


def test_a_new_item_is_a_draft_without_a_price(clerk: httpx.Client, database: Database) -> None:
    item_id = clerk.post("/items", json={"name": "Großer Becher", "quantity": 3}).json()["id"]
    row = product_of(database, item_id)
    assert (row.state, row.price, row.name) == ("draft", None, "Großer Becher")
    assert (row.sku, row.slug) == (f"ITEM-{item_id}", "grosser-becher")


def test_a_taken_slug_gets_a_number(clerk: httpx.Client, database: Database) -> None:
    ids = [clerk.post("/items", json={"name": name, "quantity": 1}).json()["id"] for name in ("Mug", "mug", "MUG!")]
    assert [product_of(database, item_id).slug for item_id in ids] == ["mug", "mug-2", "mug-3"]


def test_the_first_movement_is_a_receive_and_adding_is_another(clerk: httpx.Client, database: Database) -> None:
    for quantity in (3, 0, 4):
        item_id = clerk.post("/items", json={"name": "Mug", "quantity": quantity}).json()["id"]
    assert ledger(database, item_id) == [("receive", 3), ("receive", 4)]


def test_adding_to_an_item_uses_up_no_ids(clerk: httpx.Client) -> None:
    first = clerk.post("/items", json={"name": "Mug", "quantity": 1}).json()["id"]
    for _ in range(5):
        clerk.post("/items", json={"name": "Mug", "quantity": 1})
    assert clerk.post("/items", json={"name": "Plate", "quantity": 1}).json()["id"] == first + 1


def test_a_merchant_s_own_sku_that_looks_like_ours_is_stepped_over(clerk: httpx.Client, database: Database) -> None:
    first = clerk.post("/items", json={"name": "Mug", "quantity": 1}).json()["id"]
    with database.writing() as c:
        c.execute(update(variant).values(sku=f"ITEM-{first + 1}"))
    made = clerk.post("/items", json={"name": "Plate", "quantity": 1})
    assert made.status_code == 201
    assert product_of(database, made.json()["id"]).sku == f"ITEM-{made.json()['id']}"


def test_the_clerk_stands_in_the_ledger(clerk: httpx.Client, database: Database) -> None:
    clerk.post("/items", json={"name": "Mug", "quantity": 3})
    me = clerk.get("/v1/sessions/current").json()["staff_id"]
    with database.reading() as c:
        assert c.execute(select(stock_movement.c.actor)).scalar_one() == me


# --- names


NAMES = [
    ("  Mug  ", "Mug"),
    ("\u00a0Mug\u2003", "Mug"),
    ("Mug\n", "Mug"),
    ("Cafe\u0301", "Café"),
    ("A" * 200, "A" * 200),
    ("  " + "A" * 200 + "  ", "A" * 200),
    ("e\u0301" * 200, "é" * 200),
    ("😀" * 200, "😀" * 200),
    ('O\'Brien "x"; DROP TABLE variant;--', 'O\'Brien "x"; DROP TABLE variant;--'),
    ("%s %(name)s {0} :name", "%s %(name)s {0} :name"),
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
]
NO_NAMES = [
    MISSING, "", "   ", "\u00a0\u2003\t", "A" * 201, "A\x00B", "A\x07B", "A\nB", "A\x7fB", "A\x85B",
    5, True, None, ["Mug"], {"a": 1},
]  # fmt: skip


def test_a_name_is_trimmed_and_composed_and_else_kept(clerk: httpx.Client, subtests: pytest.Subtests) -> None:
    for sent, kept in NAMES:
        with subtests.test(sent[:20]):
            made = clerk.post("/items", json={"name": sent, "quantity": 1})
            assert made.is_success, made.text
            assert made.json()["name"] == kept
            again = clerk.post("/items", json={"name": kept, "quantity": 1})
            assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])


def test_names_that_differ_in_case_are_two_items(clerk: httpx.Client) -> None:
    clerk.post("/items", json={"name": "Mug", "quantity": 1})
    assert clerk.post("/items", json={"name": "mug", "quantity": 1}).status_code == 201
    assert [item["name"] for item in clerk.get("/items").json()] == ["Mug", "mug"]


def test_a_name_that_is_none_is_400_and_names_the_field(clerk: httpx.Client, subtests: pytest.Subtests) -> None:
    for name in NO_NAMES:
        with subtests.test(repr(name)[:20]):
            body = {"quantity": 1} | ({} if name is MISSING else {"name": name})
            problem(clerk.post("/items", json=body), 400, "invalid_request", "name")
    assert clerk.get("/items").json() == []


# --- quantities


NO_QUANTITIES = [
    "true", '"5"', "1.5", "1e0", "1.0", "-1", "-0.0", "1000001", "1" + "0" * 30, "null", "[1]", '""', "1e400",
    "9223372036854775808",
]  # fmt: skip


def test_a_quantity_that_is_no_number_of_units_is_400(clerk: httpx.Client, subtests: pytest.Subtests) -> None:
    made = clerk.post("/items", json={"name": "Mug", "quantity": 1}).json()
    for method, path in (("POST", "/items"), ("PUT", f"/items/{made['id']}")):
        for quantity in NO_QUANTITIES:
            with subtests.test(f"{method} {quantity}"):
                body = '{"name": "Mug", "quantity": ' + quantity + "}"
                answer = clerk.request(method, path, content=body, headers={"Content-Type": "application/json"})
                problem(answer, 400, "invalid_request", "quantity")
    assert clerk.get("/items").json() == [made]


def test_a_missing_quantity_is_400(clerk: httpx.Client) -> None:
    told = problem(clerk.post("/items", json={"name": "Mug"}), 400, "invalid_request", "quantity")
    assert told["errors"] == [{"field": "quantity", "message": "is missing"}]


def test_the_bounds_of_a_quantity_belong_to_it(clerk: httpx.Client) -> None:
    for quantity in (0, 1, MILLION):
        made = clerk.post("/items", json={"name": f"Mug {quantity}", "quantity": quantity})
        assert (made.status_code, made.json()["quantity"]) == (201, quantity)
        assert clerk.put(f"/items/{made.json()['id']}", json={"name": "Cup", "quantity": quantity}).status_code == 200
        assert clerk.delete(f"/items/{made.json()['id']}").status_code == 204


def test_a_sum_over_a_million_is_422_and_changes_nothing(clerk: httpx.Client, database: Database) -> None:
    made = clerk.post("/items", json={"name": "Mug", "quantity": MILLION})
    answer = clerk.post("/items", json={"name": "Mug", "quantity": 1})
    problem(answer, 422, "quantity_too_large", "quantity")
    keyed = clerk.post("/items", json={"name": "Mug", "quantity": 1}, headers={"Idempotency-Key": "k" * 16})
    problem(keyed, 422, "quantity_too_large", "quantity")
    assert clerk.get("/items").json() == [made.json()]
    assert ledger(database, made.json()["id"]) == [("receive", MILLION)]
    assert clerk.post("/items", json={"name": "Mug", "quantity": 0}).status_code == 200


# --- setting


def test_put_sets_name_and_quantity_and_the_ledger_says_how(clerk: httpx.Client, database: Database) -> None:
    made = clerk.post("/items", json={"name": "Mug", "quantity": 10}).json()
    answer = clerk.put(f"/items/{made['id']}", json={"name": " Cup ", "quantity": 4})
    assert answer.status_code == 200
    assert answer.json() == {"id": made["id"], "name": "Cup", "quantity": 4}
    assert clerk.get(f"/items/{made['id']}").headers["etag"] == answer.headers["etag"] != '"v1"'
    assert ledger(database, made["id"]) == [("receive", 10), ("correct", -6)]
    clerk.put(f"/items/{made['id']}", json={"name": "Cup", "quantity": 9})
    assert ledger(database, made["id"])[-1] == ("correct", 5)


def test_put_of_what_is_there_already_writes_no_movement(clerk: httpx.Client, database: Database) -> None:
    made = clerk.post("/items", json={"name": "Mug", "quantity": 10})
    answer = clerk.put(f"/items/{made.json()['id']}", json={"name": "Mug", "quantity": 10})
    assert (answer.json(), answer.headers["etag"]) == (made.json(), made.headers["etag"])
    assert ledger(database, made.json()["id"]) == [("receive", 10)]


def test_the_product_takes_the_new_name_of_its_only_variant_and_keeps_its_slug(
    clerk: httpx.Client, database: Database
) -> None:
    item_id = clerk.post("/items", json={"name": "Mug", "quantity": 1}).json()["id"]
    clerk.put(f"/items/{item_id}", json={"name": "Cup", "quantity": 1})
    row = product_of(database, item_id)
    assert (row.name, row.slug) == ("Cup", "mug")


def test_the_product_of_several_variants_keeps_its_name(clerk: httpx.Client, database: Database) -> None:
    item_id = clerk.post("/items", json={"name": "Shirt", "quantity": 1}).json()["id"]
    add_a_variant(database, item_id, "Shirt, M")
    clerk.put(f"/items/{item_id}", json={"name": "Shirt, S", "quantity": 1})
    assert product_of(database, item_id).name == "Shirt"


def test_a_name_of_another_item_is_409_and_changes_nothing(clerk: httpx.Client, database: Database) -> None:
    mug, cup = (clerk.post("/items", json={"name": name, "quantity": 5}).json() for name in ("Mug", "Cup"))
    problem(clerk.put(f"/items/{cup['id']}", json={"name": " Mug", "quantity": 1}), 409, "name_taken", "name")
    assert clerk.get("/items").json() == [mug, cup]
    assert ledger(database, cup["id"]) == [("receive", 5)]


def test_reserved_units_cannot_be_set_away(clerk: httpx.Client, database: Database) -> None:
    made = clerk.post("/items", json={"name": "Mug", "quantity": 10}).json()
    with database.writing() as c:
        factories.reserve(c, made["id"], 4)
    told = problem(clerk.put(f"/items/{made['id']}", json={"name": "Mug", "quantity": 3}), 409, "reserved_stock")
    assert told["reserved"] == 4
    assert clerk.put(f"/items/{made['id']}", json={"name": "Mug", "quantity": 4}).json()["quantity"] == 4


# --- archiving


def test_delete_archives_and_the_ledger_stays_whole(clerk: httpx.Client, database: Database) -> None:
    made = clerk.post("/items", json={"name": "Mug", "quantity": 7}).json()
    answer = clerk.delete(f"/items/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert clerk.get("/items").json() == []
    for gone in (
        clerk.get(f"/items/{made['id']}"),
        clerk.put(f"/items/{made['id']}", json={"name": "Mug", "quantity": 1}),
        clerk.delete(f"/items/{made['id']}"),
    ):
        problem(gone, 404, "not_found")
    assert ledger(database, made["id"]) == [("receive", 7), ("write_off", -7)]
    assert product_of(database, made["id"]).state == "archived"


def test_an_archived_name_is_free_again_for_a_new_item(clerk: httpx.Client, database: Database) -> None:
    old = clerk.post("/items", json={"name": "Mug", "quantity": 7}).json()
    clerk.delete(f"/items/{old['id']}")
    new = clerk.post("/items", json={"name": "Mug", "quantity": 2})
    assert (new.status_code, new.json()["quantity"]) == (201, 2)
    assert new.json()["id"] != old["id"]
    assert product_of(database, new.json()["id"]).slug == "mug-2"
    with database.reading() as c:
        assert c.execute(select(func.count()).select_from(product_slug)).scalar_one() == 2


def test_an_item_with_reserved_units_stays(clerk: httpx.Client, database: Database) -> None:
    made = clerk.post("/items", json={"name": "Mug", "quantity": 7}).json()
    with database.writing() as c:
        order = factories.reserve(c, made["id"], 2)
    assert problem(clerk.delete(f"/items/{made['id']}"), 409, "reserved_stock")["reserved"] == 2
    assert clerk.get("/items").json() == [made]
    with database.writing() as c:
        factories.release(c, order)
    assert clerk.delete(f"/items/{made['id']}").status_code == 204


def test_a_product_is_archived_with_its_last_variant_and_not_before(clerk: httpx.Client, database: Database) -> None:
    first = clerk.post("/items", json={"name": "Shirt", "quantity": 1}).json()["id"]
    second = add_a_variant(database, first, "Shirt, M")
    clerk.delete(f"/items/{first}")
    assert product_of(database, first).state == "draft"
    clerk.delete(f"/items/{second}")
    assert product_of(database, first).state == "archived"


# --- ETag and If-Match


IF_MATCH = [
    (None, True),
    ('"v1"', True),
    ("*", True),
    (" * ", True),
    ('"v0", "v1"', True),
    ('"v0","v1" , "v2"', True),
    ('W/"v0", "v1"', True),
    ('"v2"', False),
    ('"v11"', False),
    ('W/"v1"', False),
    ('"v0", W/"v1"', False),
    ("v1", False),
    ('"V1"', False),
    ('""', False),
    ("", False),
    ('x"v1"', False),
    ('"v1"x', False),
]


def test_if_match_is_honoured_and_never_required(clerk: httpx.Client, subtests: pytest.Subtests) -> None:
    for header, good in IF_MATCH:
        for method in ("PUT", "DELETE"):
            with subtests.test(f"{method} {header}"):
                made = clerk.post("/items", json={"name": f"Mug {method} {header}", "quantity": 1})
                path, headers = f"/items/{made.json()['id']}", {} if header is None else {"If-Match": header}
                wanted = {**made.json(), "quantity": 2} if method == "PUT" else None
                body = {"name": made.json()["name"], "quantity": 2} if method == "PUT" else None
                answer = clerk.request(method, path, json=body, headers=headers)
                if good:
                    assert answer.is_success, answer.text
                    assert wanted is None or answer.json() == wanted
                else:
                    problem(answer, 412, "stale")
                    assert answer.headers["etag"] == made.headers["etag"]
                    assert clerk.get(path).json() == made.json()


def test_every_change_of_an_item_changes_its_etag(clerk: httpx.Client, database: Database) -> None:
    made = clerk.post("/items", json={"name": "Mug", "quantity": 5})
    path, seen = f"/items/{made.json()['id']}", [made.headers["etag"]]
    for change in ({"name": "Mug", "quantity": 6}, {"name": "Cup", "quantity": 6}, {"name": "Mug", "quantity": 5}):
        seen.append(clerk.put(path, json=change).headers["etag"])
    with database.writing() as c:
        factories.reserve(c, made.json()["id"], 1)
    seen.append(clerk.get(path).headers["etag"])
    assert len(set(seen)) == len(seen)
    problem(clerk.put(path, json={"name": "Mug", "quantity": 9}, headers={"If-Match": seen[0]}), 412, "stale")


# --- ids


NO_IDS = [
    "0", "01", "+1", "-1", "1_0", "1_", "١", "１", "1" * 20, "9" * 19, str(2**63), "%201", "1%20",
    "1.0", "1e0", "0x1", "x", "null", "1%0A",
]  # fmt: skip


def test_an_id_that_is_spelt_otherwise_is_404(clerk: httpx.Client, subtests: pytest.Subtests) -> None:
    made = clerk.post("/items", json={"name": "Mug", "quantity": 1})
    assert made.json()["id"] == 1, "Each of the spellings below might be taken for this one."
    for written in NO_IDS:
        for method in ("GET", "PUT", "DELETE"):
            with subtests.test(f"{method} {written}"):
                body = {"name": "Mug", "quantity": 1} if method == "PUT" else None
                problem(clerk.request(method, f"/items/{written}", json=body), 404, "not_found")
    assert clerk.get("/items").json() == [made.json()]


def test_the_largest_id_is_only_unknown(clerk: httpx.Client) -> None:
    problem(clerk.get(f"/items/{2**63 - 1}"), 404, "not_found")


# --- access


def test_the_default_refuses_whoever_brings_no_token(api: httpx.Client) -> None:
    for asked in ("GET /items", "POST /items", "GET /items/1", "PUT /items/1", "DELETE /items/1"):
        method, path = asked.split()
        answer = api.request(method, path, json={"name": "Mug", "quantity": 1} if method in ("POST", "PUT") else None)
        problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_viewer_reads_and_does_not_write(api: httpx.Client, as_role: AsRole) -> None:
    headers = as_role("viewer")
    assert api.get("/items", headers=headers).status_code == 200
    problem(api.post("/items", json={"name": "Mug", "quantity": 1}, headers=headers), 403, "forbidden")


def test_a_client_written_for_the_classic_item_service_works_in_open_mode(open_api: httpx.Client) -> None:
    assert open_api.get("/items").json() == []
    body, plain = json.dumps({"name": "Mug", "quantity": 2}), {"Content-Type": "application/json"}
    made = open_api.post("/items", content=body, headers=plain)
    assert made.status_code == 201
    assert open_api.post("/items", json={"name": "Mug", "quantity": 2}).status_code == 200
    path = f"/items/{made.json()['id']}"
    assert open_api.put(path, json={"name": "Cup", "quantity": 9}).json() == {
        **made.json(),
        "name": "Cup",
        "quantity": 9,
    }
    assert open_api.get("/items").json() == [{**made.json(), "name": "Cup", "quantity": 9}]
    assert open_api.delete(path).status_code == 204
    assert open_api.delete(path).status_code == 404
    assert open_api.put(path, json={"name": "Cup", "quantity": 1}).status_code == 404
    assert open_api.get("/items").json() == []


def test_whoever_writes_in_open_mode_is_anyone_in_the_ledger(open_api: httpx.Client, database: Database) -> None:
    open_api.post("/items", json={"name": "Mug", "quantity": 2})
    with database.reading() as c:
        assert c.execute(select(stock_movement.c.actor)).scalar_one() == "anyone"


def test_a_wrong_token_is_401_even_in_open_mode(open_api: httpx.Client) -> None:
    for token in ("nonsense", "shk_live_aaaaaaaa_" + "a" * 43 + "_aaaaaa", "shs_" + "a" * 43):
        problem(open_api.get("/items", headers={"Authorization": f"Bearer {token}"}), 401, "unauthenticated")


def test_open_mode_opens_nothing_but_items(open_api: httpx.Client) -> None:
    for path in ("/v1/admin/stock", "/v1/admin/staff", "/v1/admin/api-keys", "/v1/sessions/current"):
        problem(open_api.get(path), 401, "unauthenticated")


def test_a_viewer_s_token_counts_in_open_mode_too(open_api: httpx.Client, as_role: AsRole) -> None:
    problem(open_api.post("/items", json={"name": "Mug", "quantity": 1}, headers=as_role("viewer")), 403, "forbidden")
