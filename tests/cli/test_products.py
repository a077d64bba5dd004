"""products list, show and set: a classic item is priced and put on sale at the command line."""

import json

import pytest

from shopapi.contract.items import ItemInput
from shopapi.db.engine import open_database
from shopapi.inventory.item_store import add_item
from tests.cli.conftest import Shopctl


@pytest.fixture
def sku(shop: Shopctl) -> str:
    """The sku of an item that the classic interface made: a draft without a price."""
    db = open_database(shop.environment["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://"), threads=1)
    with db.writing() as c:
        item_id = add_item(c, ItemInput(name="Öl lamp", quantity=7), actor="test")[0].item.id
    db.close()
    return f"ITEM-{item_id}"


def test_a_classic_item_becomes_a_product_on_sale(shop: Shopctl, sku: str) -> None:
    listed = json.loads(shop("products", "list", "--json").out)
    assert (listed["total"], listed["data"][0]["state"], listed["data"][0]["price"]) == (1, "draft", None)
    answered = shop("products", "set", sku, "--price", "12.90", "--state", "active")
    assert (answered.code, answered.out) == (0, f"  ✓ {sku}  €12.90  active, standard tax\n")
    card = json.loads(shop("products", "list", "--json").out)["data"][0]
    assert (card["price"], card["state"], card["on_hand"]) == ({"amount": 1290, "currency": "EUR"}, "active", 7)


def test_prices_before_and_tax_classes_are_set_and_taken_away(shop: Shopctl, sku: str) -> None:
    shop("products", "set", sku, "--price", "12,90", "--compare-at", "15", "--tax-class", "reduced")
    product = json.loads(shop("products", "show", sku, "--json").out)
    assert product["tax_class"] == "reduced"
    assert [product["variants"][0][name]["amount"] for name in ("price", "compare_at_price")] == [1290, 1500]
    assert "reduced from €15.00" in shop("products", "set", sku, "--price", "11").out
    taken = json.loads(shop("products", "set", sku, "--price", "none", "--compare-at", "none", "--json").out)
    assert [taken["variants"][0][name] for name in ("price", "compare_at_price")] == [None, None]


def test_a_product_is_shown_by_its_slug_and_by_any_sku(shop: Shopctl, sku: str) -> None:
    by_sku, by_slug = shop("products", "show", sku), shop("products", "show", "oel-lamp")
    assert (by_sku.code, by_sku.out) == (0, by_slug.out)
    for words in ("Öl lamp  (de)", "oel-lamp  draft, standard tax", sku, "on hand"):
        assert words in by_sku.out
    missing = shop("products", "show", "nope\x1b[31m")
    assert missing.code == 1
    assert "\x1b" not in missing.err
    assert "shopctl products list" in missing.err


def test_products_are_listed_by_state_and_by_words(shop: Shopctl, sku: str) -> None:
    def slugs(*args: str) -> list[str]:
        return [one["slug"] for one in json.loads(shop("products", "list", *args, "--json").out)["data"]]

    assert slugs("--state", "draft") == slugs("--q", "lamp") == slugs("--q", sku) == ["oel-lamp"]
    assert slugs("--state", "active") == slugs("--q", "%") == []
    table = shop("products", "list").out
    assert "Öl lamp" in table
    assert all(len(line) <= 80 for line in table.splitlines())


def test_more_than_a_page_is_listed_where_it_is_asked_for(shop: Shopctl) -> None:
    rows = "".join(f"cup-{n},C-{n},Tasse {n},1.00,active\n" for n in range(130))
    (shop.directory / "cups.csv").write_text(f"slug,sku,name_de,price,state\n{rows}")
    assert shop("import", "products", "cups.csv").code == 0
    listed = json.loads(shop("products", "list", "--limit", "125", "--json").out)
    assert (len({one["slug"] for one in listed["data"]}), listed["total"]) == (125, 130)
    assert "50 of 130: --limit shows more" in shop("products", "list").out


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["set", "SKU"], 2, "nothing to change"),
        (["set", "SKU", "--price", "12,9O"], 2, '"12,9O" is not a number'),
        (["set", "SKU", "--price", "-1"], 2, "less than zero"),
        (["set", "SKU", "--state", "gone"], 2, "--state"),
        (["set", "SKU", "--tax-class", "gone"], 2, "--tax-class"),
        (["set", "SKU", "--state", "active"], 1, "price"),
        (["set", "NOPE", "--price", "1"], 1, "NOPE"),
        (["list", "--limit", "0"], 2, "--limit"),
        (["list", "--q", "x" * 200], 2, "128"),
        (["list", "--state", "gone"], 2, "--state"),
    ],
)
def test_what_cannot_be_done_says_why(shop: Shopctl, sku: str, args: list[str], code: int, words: str) -> None:
    answered = shop("products", *(sku if arg == "SKU" else arg for arg in args))
    assert (answered.code, answered.out) == (code, "")
    assert words in answered.err
