"""Products as staff see them: drafts and archived ones too."""

from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from shopapi.catalog.set_variant import VariantChange, set_variant
from shopapi.contract.catalog import AdminProduct, AdminProductPage
from shopapi.db.engine import Database
from tests import factories
from tests.api.problems import problem

PRODUCTS = "/v1/admin/products"


@pytest.fixture
def goods(database: Database) -> Database:
    with database.writing() as c:
        factories.category(c, "Geschirr")
        image = factories.picture(c)
    record = factories.in_colours("Becher Moor", {"Ton": (1800, 3), "Tinte": (2200, 4)}, categories=["geschirr"])
    factories.save(
        database,
        replace(record, name={"de": "Becher Moor", "en": "Mug"}, media=[factories.seen(image, "Ein Becher")]),
        factories.goods("100 % Leinen", sku="LEINEN_1", state="draft", price=None),
        factories.goods("Öl-Krug", on_hand=0),
    )
    database.write(lambda c: set_variant(c, "OEL-KRUG", VariantChange(state="archived"), actor="shopctl"))
    database.write(lambda c: factories.item(c, name="Klassisch", quantity=9))
    return database


def listed(client: httpx.Client, query: str = "") -> Any:
    answer = client.get(f"{PRODUCTS}?{query}" if query else PRODUCTS)
    assert answer.status_code == 200, answer.text
    msgspec.json.decode(answer.content, type=AdminProductPage, strict=True)
    return answer.json()


def slugs(client: httpx.Client, query: str = "") -> list[str]:
    return [card["slug"] for card in listed(client, query)["data"]]


def test_staff_see_every_product_newest_first(clerk: httpx.Client, goods: Database) -> None:
    found = listed(clerk)
    assert [(card["slug"], card["state"]) for card in found["data"]] == [
        ("klassisch", "draft"),
        ("oel-krug", "archived"),
        ("100-leinen", "draft"),
        ("becher-moor", "active"),
    ]
    assert (found["total"], found["next_cursor"]) == (4, None)
    card = found["data"][-1]
    assert (card["price"]["amount"], card["price_max"]["amount"]) == (1800, 2200)
    assert (card["variant_count"], card["on_hand"], card["name"]) == (2, 7, "Becher Moor")
    assert [one["price"] for one in found["data"][:3]] == [None, None, None]
    assert found["data"][0]["on_hand"] == 9


def test_the_list_is_narrowed_by_state_and_words(clerk: httpx.Client, goods: Database) -> None:
    assert slugs(clerk, "state=draft") == ["klassisch", "100-leinen"]
    assert slugs(clerk, "state=archived") == ["oel-krug"]
    assert slugs(clerk, "state=active") == ["becher-moor"]
    assert slugs(clerk, "q=ÖL") == ["oel-krug"]
    assert slugs(clerk, "q=moor-tinte") == slugs(clerk, "q=moor") == ["becher-moor"]
    assert slugs(clerk, "q=%25") == ["100-leinen"]
    assert slugs(clerk, "q=_") == ["100-leinen"]
    assert slugs(clerk, "q=%5C") == slugs(clerk, "q='") == []
    assert slugs(clerk, "q=moor&state=draft") == []
    assert listed(clerk, "q=moor")["total"] == 1


def test_pages_follow_each_other_and_a_cursor_is_the_list_s_own(clerk: httpx.Client, goods: Database) -> None:
    first = listed(clerk, "limit=3")
    assert len(first["data"]) == 3
    rest = listed(clerk, f"limit=3&cursor={first['next_cursor']}")
    assert [card["slug"] for card in rest["data"]] == ["becher-moor"]
    assert (rest["next_cursor"], first["total"], rest["total"]) == (None, 4, 4)
    other = clerk.get("/v1/products?limit=1").json()["next_cursor"] or "x"
    stock = clerk.get("/v1/admin/stock?limit=1").json()["next_cursor"]
    for cursor in (other, stock, first["next_cursor"] + "A"):
        problem(clerk.get(f"{PRODUCTS}?cursor={cursor}"), 400, "invalid_request", "cursor")


@pytest.mark.parametrize(
    ("query", "field"),
    [("state=sold", "state"), ("q=%00", "q"), ("limit=0", "limit"), ("x=1", "x"), ("state=draft&state=draft", "state")],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_query_cannot_mean_is_400(clerk: httpx.Client, query: str, field: str) -> None:
    problem(clerk.get(f"{PRODUCTS}?{query}"), 400, "invalid_request", field)


def test_one_product_with_all_its_words_and_variants(clerk: httpx.Client, goods: Database) -> None:
    answer = clerk.get(f"{PRODUCTS}/becher-moor")
    told = answer.json()
    msgspec.json.decode(answer.content, type=AdminProduct, strict=True)
    assert answer.headers["etag"] == f'"v{told["version"]}"'
    assert answer.headers["cache-control"] == "no-store"
    assert (told["texts"]["de"]["name"], told["texts"]["en"]["name"]) == ("Becher Moor", "Mug")
    assert (told["categories"], told["images"][0]["alt"]) == (["geschirr"], "Ein Becher")
    assert [(one["sku"], one["on_hand"], one["archived"]) for one in told["variants"]] == [
        ("BECHER-MOOR-TON", 3, False),
        ("BECHER-MOOR-TINTE", 4, False),
    ]


def test_drafts_and_archived_products_can_be_read_too(clerk: httpx.Client, goods: Database) -> None:
    draft = clerk.get(f"{PRODUCTS}/klassisch").json()
    assert (draft["state"], draft["published_at"], draft["variants"][0]["price"]) == ("draft", None, None)
    archived = clerk.get(f"{PRODUCTS}/oel-krug").json()
    assert (archived["state"], archived["variants"][0]["archived"]) == ("archived", True)
    for slug in ("nothing", "KLASSISCH", "%25", "a" * 3000, "ä"):
        problem(clerk.get(f"{PRODUCTS}/{slug}"), 404, "not_found")


def test_an_old_slug_finds_the_product_under_its_new_one(clerk: httpx.Client, goods: Database) -> None:
    record = factories.in_colours("Becher Moor", {"Ton": (1800, 3), "Tinte": (2200, 4)})
    factories.save(goods, replace(record, slug="becher-heide"))
    assert clerk.get(f"{PRODUCTS}/becher-moor").json()["slug"] == "becher-heide"


def test_the_version_grows_with_every_change(clerk: httpx.Client, goods: Database) -> None:
    before = clerk.get(f"{PRODUCTS}/becher-moor").json()["version"]
    goods.write(lambda c: set_variant(c, "BECHER-MOOR-TON", VariantChange(price=1), actor="shopctl"))
    after = clerk.get(f"{PRODUCTS}/becher-moor").json()
    assert after["version"] > before
    goods.write(lambda c: set_variant(c, "BECHER-MOOR-TON", VariantChange(price=1), actor="shopctl"))
    assert clerk.get(f"{PRODUCTS}/becher-moor").json()["version"] == after["version"], "Nothing changed."
