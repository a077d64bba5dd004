"""Stock as staff see it: levels, the ledger of one sku, and movements with a reason."""

from typing import Any

import httpx
import pytest
from sqlalchemy import update

from shopapi.accounts.tables import staff
from shopapi.catalog.tables import product
from shopapi.db.engine import Database
from shopapi.inventory import level_store
from tests import factories
from tests.api.problems import problem

MOVE = "/v1/admin/stock/movements"


@pytest.fixture
def mug(database: Database) -> str:
    """The sku of an item with ten units, four of them reserved."""
    with database.writing() as c:
        item = factories.item(c, name="Mug", quantity=10)
        factories.reserve(c, item.id, 4)
        return factories.sku_of(c, item.id)


def walk(client: httpx.Client, path: str) -> list[Any]:
    """Every row of a list, page by page."""
    found, cursor = [], ""
    while cursor is not None:
        page = client.get(path + (f"&cursor={cursor}" if cursor else "")).json()
        found += page["data"]
        cursor = page["next_cursor"]
    return found


def moved(client: httpx.Client, sku: str, delta: Any, reason: str = "correct", **more: Any) -> httpx.Response:
    return client.post(MOVE, json={"sku": sku, "delta": delta, "reason": reason, **more})


# --- levels


def test_a_level_says_what_is_there_and_what_can_be_had(clerk: httpx.Client, mug: str) -> None:
    answer = clerk.get(f"/v1/admin/stock/{mug}")
    level = answer.json()
    assert level.items() >= {"sku": mug, "name": "Mug", "location": "main", "state": "draft"}.items()
    assert (level["on_hand"], level["reserved"], level["available"]) == (10, 4, 6)
    assert answer.headers["etag"] == f'"v{level["version"]}"'
    assert level["updated_at"].endswith("Z")
    assert clerk.get("/v1/admin/stock").json()["data"] == [level]


def test_an_unknown_or_archived_sku_is_404(clerk: httpx.Client, database: Database) -> None:
    made = clerk.post("/items", json={"name": "Mug", "quantity": 1}).json()
    clerk.delete(f"/items/{made['id']}")
    for sku in (f"ITEM-{made['id']}", "item-1", "nothing", "%25", "ä", "a" * 3000):
        problem(clerk.get(f"/v1/admin/stock/{sku}"), 404, "not_found")
        problem(clerk.get(f"/v1/admin/stock/{sku}/movements"), 404, "not_found")


def test_views_are_counted_and_each_shows_its_own(clerk: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        made = {n: factories.item(c, name=f"n{n}", quantity=n) for n in (0, 1, 5, 6, 9)}
        factories.reserve(c, made[9].id, 9)
        factories.reserve(c, made[6].id, 1)
        c.execute(update(product).where(product.c.name.in_(["n0", "n1"])).values(state="active"))
    expected = {
        "all": {"n0", "n1", "n5", "n6", "n9"},
        "low": {"n1", "n5", "n6"},
        "out": {"n0", "n9"},
        "draft": {"n5", "n6", "n9"},
    }
    for view, names in expected.items():
        page = clerk.get(f"/v1/admin/stock?view={view}").json()
        assert {level["name"] for level in page["data"]} == names, view
        assert page["total"] == len(names)
        assert page["views"] == {view: len(names) for view, names in expected.items()}
    page = clerk.get("/v1/admin/stock?view=low&q=n1").json()
    assert (page["total"], page["views"]["low"]) == (1, 3)


NAMES = ["Öl-Krug", "Große Schale", "100 % Leinen", "a_b", "axb", "back\\slash", "Mug", "MUG 2", "Éclair", "o'clock"]


FOUND: list[tuple[str, list[str]]] = [
    ("öl", ["Öl-Krug"]),
    ("ÖL", ["Öl-Krug"]),
    ("große", ["Große Schale"]),
    ("e\u0301CLAIR", ["Éclair"]),
    ("%", ["100 % Leinen"]),
    ("_", ["a_b"]),
    ("a_b", ["a_b"]),
    ("\\", ["back\\slash"]),
    ("\\s", ["back\\slash"]),
    ("'", ["o'clock"]),
    (" mug ", ["MUG 2", "Mug"]),
    ("item-", NAMES[::-1]),
    ("", NAMES[::-1]),
    ("nothing", []),
]


def test_the_filter_finds_names_and_skus_and_takes_every_sign_for_itself(
    clerk: httpx.Client, database: Database, subtests: pytest.Subtests
) -> None:
    with database.writing() as c:
        for name in NAMES:
            factories.item(c, name=name)
    for q, names in FOUND:
        with subtests.test(q):
            page = clerk.get("/v1/admin/stock", params={"q": q}).json()
            assert [level["name"] for level in page["data"]] == names
            assert page["total"] == len(names)


def test_one_item_is_found_by_its_id(clerk: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        made = factories.items(c, 3)
    found = clerk.get(f"/v1/admin/stock?item_id={made[1].id}").json()
    assert [level["item_id"] for level in found["data"]] == [made[1].id]
    assert clerk.get(f"/v1/admin/stock?item_id={2**53 - 1}").json()["data"] == []


def test_levels_are_walked_whole_and_newest_first(clerk: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        made = factories.items(c, 7)
    found = walk(clerk, "/v1/admin/stock?limit=3")
    assert [level["item_id"] for level in found] == [item.id for item in made[::-1]]
    assert clerk.get("/v1/admin/stock?limit=7").json()["next_cursor"] is None


def test_a_walk_is_not_thrown_off_by_new_items(clerk: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        made = factories.items(c, 4)
    first = clerk.get("/v1/admin/stock?limit=2").json()
    with database.writing() as c:
        factories.items(c, 2)
    rest = clerk.get(f"/v1/admin/stock?limit=9&cursor={first['next_cursor']}").json()
    assert [level["item_id"] for level in first["data"] + rest["data"]] == [item.id for item in made[::-1]]


def test_a_filtered_total_is_counted_up_to_its_bound(
    clerk: httpx.Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(level_store, "COUNTED", 2)
    with database.writing() as c:
        for n in range(3):
            factories.item(c, name=f"n{n}")
    assert clerk.get("/v1/admin/stock?q=n").json()["total"] is None
    assert clerk.get("/v1/admin/stock?q=n1").json()["total"] == 1
    assert clerk.get("/v1/admin/stock").json()["total"] == 3


# --- the ledger


def test_the_ledger_is_newest_first_with_its_proof(clerk: httpx.Client, mug: str) -> None:
    moved(clerk, mug, 5, "receive", reference=" LS 4711 ")
    moved(clerk, mug, -2, "write_off")
    ledger = clerk.get(f"/v1/admin/stock/{mug}/movements").json()
    assert [(row["delta"], row["reason"], row["reference"]) for row in ledger["data"]] == [
        (-2, "write_off", ""), (5, "receive", "LS 4711"), (10, "receive", ""),
    ]  # fmt: skip
    assert (ledger["on_hand"], ledger["reserved"], ledger["sum_of_deltas"], ledger["total"]) == (13, 4, 13, 3)
    assert ledger["next_cursor"] is None
    assert all(row["id"].startswith("mov_") and len(row["id"]) == 24 for row in ledger["data"])


def test_the_ledger_is_walked_whole_and_holds_one_sku_alone(clerk: httpx.Client, database: Database, mug: str) -> None:
    with database.writing() as c:
        factories.items(c, 2)
    deltas = [1, -1, 2, -2, 3]
    for delta in deltas:
        assert moved(clerk, mug, delta).status_code == 201
    found = walk(clerk, f"/v1/admin/stock/{mug}/movements?limit=2")
    assert [row["delta"] for row in found] == [*deltas[::-1], 10]
    assert clerk.get(f"/v1/admin/stock/{mug}/movements?limit=2").json()["total"] == 6


def test_the_ledger_says_who_by_name(clerk: httpx.Client, database: Database, mug: str) -> None:
    with database.writing() as c:
        secret = factories.api_key(c, factories.staff(c, role="owner"), "stock:write")
    moved(clerk, mug, 1)
    key = {"Authorization": f"Bearer {secret}"}
    clerk.post(MOVE, json={"sku": mug, "delta": 1, "reason": "correct"}, headers=key)
    with database.writing() as c:
        c.execute(update(staff).values(name="Renamed"))
    rows = clerk.get(f"/v1/admin/stock/{mug}/movements").json()["data"]
    assert [row["actor"] for row in rows] == ["till", "Renamed", "shopctl"]


# --- movements


@pytest.mark.parametrize(
    ("reason", "delta", "good"),
    [
        ("receive", 5, True), ("receive", -5, False), ("return", 1, True), ("return", -1, False),
        ("write_off", -6, True), ("write_off", 6, False), ("correct", 3, True), ("correct", -3, True),
        ("correct", 0, False), ("receive", 0, False),
    ],
)  # fmt: skip
def test_each_reason_has_its_sign(clerk: httpx.Client, mug: str, reason: str, delta: int, good: bool) -> None:
    answer = moved(clerk, mug, delta, reason)
    if not good:
        problem(answer, 422, "wrong_delta", "delta")
        return
    assert answer.status_code == 201, answer.text
    done = answer.json()
    assert (done["movement"]["delta"], done["movement"]["reason"]) == (delta, reason)
    assert done["level"] == clerk.get(f"/v1/admin/stock/{mug}").json()
    assert done["level"]["on_hand"] == 10 + delta


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": "sell"}, "reason"),
        ({"reason": "transfer"}, "reason"),
        ({"delta": 1.5}, "delta"),
        ({"delta": "5"}, "delta"),
        ({"delta": True}, "delta"),
        ({"delta": 1_000_001}, "delta"),
        ({"delta": -1_000_001}, "delta"),
        ({"sku": ""}, "sku"),
        ({"sku": "a" * 65}, "sku"),
        ({"sku": "a b"}, "sku"),
        ({"reference": "a" * 201}, "reference"),
        ({"reference": "a\nb"}, "reference"),
        ({"actor": "me"}, "actor"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_movement_that_does_not_fit_is_400(clerk: httpx.Client, mug: str, change: dict[str, Any], field: str) -> None:
    body = {"sku": mug, "delta": 1, "reason": "correct", **change}
    problem(clerk.post(MOVE, json=body), 400, "invalid_request", field)


def test_a_movement_of_what_is_not_there_is_refused(clerk: httpx.Client, database: Database, mug: str) -> None:
    problem(moved(clerk, "NOTHING", 1), 422, "unknown_sku", "sku")
    problem(moved(clerk, mug, -11), 409, "insufficient_stock")
    assert problem(moved(clerk, mug, -7), 409, "reserved_stock")["reserved"] == 4
    problem(moved(clerk, mug, 999_991), 422, "quantity_too_large", "quantity")
    assert moved(clerk, mug, -6).json()["level"]["available"] == 0
    assert moved(clerk, mug, 999_996).json()["level"]["on_hand"] == 1_000_000
    made = clerk.post("/items", json={"name": "Plate", "quantity": 1}).json()
    clerk.delete(f"/items/{made['id']}")
    problem(moved(clerk, f"ITEM-{made['id']}", 1), 422, "unknown_sku", "sku")
