"""shopctl import and export: goods come in from other shops, go out, and come in again as they were."""

import csv
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from shopapi.catalog.category_store import read_tree
from shopapi.catalog.record_store import read_records
from shopapi.catalog.records import ProductRecord
from shopapi.db.engine import open_database
from shopctl.importers.formats import open_table, survey
from shopctl.importers.reading import open_source
from shopctl.importers.rows import Terms
from tests.cli.conftest import Shopctl, Start
from tests.cli.test_commands import on_a_terminal
from tests.importers.files import NOW, table_text
from tests.waiting import wait_until

TEE = {
    "Handle": "tee",
    "Title": "Tee",
    "Body (HTML)": "<p>Good <script>alert(1)</script>tee</p>",
    "Type": "Shirts",
    "Tags": "summer",
    "Published": "true",
    "Option1 Name": "Size",
    "Option1 Value": "S",
    "Variant SKU": "TEE-S",
    "Variant Inventory Tracker": "shopify",
    "Variant Inventory Qty": "4",
    "Variant Price": "20",
    "Image Src": "https://a.example/1.jpg",
}
TEE_M = {"Handle": "tee", "Option1 Value": "M", "Variant Price": "21.50"}
CUP = {**TEE, "Handle": "cup", "Title": "Cup", "Type": "", "Option1 Name": "", "Option1 Value": "", "Variant SKU": ""}
WRONG = {**CUP, "Handle": "jug", "Variant Price": "12,9O"}


def file_of(shop: Shopctl, rows: list[dict[str, str]], name: str = "goods.csv") -> str:
    (shop.directory / name).write_text(table_text(rows), encoding="utf-8")
    return name


def url_of(shop: Shopctl) -> str:
    return shop.environment["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://")


def catalog(shop: Shopctl) -> list[ProductRecord]:
    db = open_database(url_of(shop), threads=1)
    try:
        with db.reading() as c:
            return read_records(c, after=0, limit=100)[0]
    finally:
        db.close()


def to_the_millisecond(shop: Shopctl) -> list[ProductRecord]:
    """The catalog with moments as SQLite keeps them."""
    return [
        replace(one, published_at=at.replace(microsecond=at.microsecond // 1000 * 1000)) if at else one
        for one in catalog(shop)
        for at in [one.published_at]
    ]


def told(shop: Shopctl, *args: str) -> dict[str, Any]:
    answered: dict[str, Any] = json.loads(shop("import", "products", *args, "--json").out)
    return answered


def test_products_come_in_with_what_was_left_behind_said(shop: Shopctl) -> None:
    answered = shop("import", "products", file_of(shop, [TEE, TEE_M, CUP]))
    assert (answered.code, answered.err) == (0, "")
    assert answered.out.splitlines()[0] == "  ✓ 2 products  2 new"
    for words in (
        "2 variants without a SKU were given one",
        "1 variant has stock that nobody counts: what the file says, else 0,",
        "2 remote pictures were not taken over",
        "Not taken over: Tags",
    ):
        assert f"  ! {words}" in answered.out
    tee, cup = catalog(shop)
    assert tee.categories == ["shirts"]
    assert tee.description == {"de": "<p>Good tee</p>"}
    assert [(one.sku, one.price, one.on_hand) for one in tee.variants] == [("TEE-S", 2000, 4), ("tee.m", 2150, 0)]
    assert (cup.variants[0].sku, cup.state) == ("cup", "active")


def test_a_repeated_import_changes_nothing_and_says_so(shop: Shopctl) -> None:
    file = file_of(shop, [TEE, TEE_M, CUP])
    shop("import", "products", file)
    before = catalog(shop)
    again = shop("import", "products", file)
    assert (again.code, again.out.splitlines()[0]) == (0, "  ✓ 2 products  2 unchanged")
    assert catalog(shop) == before
    file_of(shop, [{**TEE, "Variant Price": "22", "Variant Inventory Qty": "9"}, TEE_M, CUP])
    assert told(shop, file)["products"] == {"new": 0, "changed": 1, "unchanged": 1, "refused": 0}
    assert [(one.price, one.on_hand) for one in catalog(shop)[0].variants] == [(2200, 4), (2150, 0)]
    shop("import", "products", file, "--set-stock")
    assert [one.on_hand for one in catalog(shop)[0].variants] == [9, 0]


def test_what_a_repeated_import_told_before_it_does_not_tell_again(shop: Shopctl) -> None:
    file = file_of(shop, [TEE, TEE_M, CUP])
    assert told(shop, file)["notes"]["sku_made"] == 2
    assert told(shop, file)["notes"] == {}


WHOLE = {
    "slug": "tea",
    "state": "active",
    "tax_class": "reduced",
    "name_de": "Tee  grün",
    "name_en": "Tea",
    "description_de": "Lose.",
    "sku": "TEA",
    "price": "7.90",
    "compare_at_price": "8.90",
    "content_amount": "250",
    "content_unit": "g",
    "base_unit": "kg",
    "barcode": "4006381333931",
    "weight_g": "260",
    "on_hand": "4",
    "option1": "size",
    "option1_de": "Größe",
    "option1_value": "m",
    "option1_value_de": "Mittel",
    "option1_swatch": "#1f6f6b",
}


def test_columns_that_a_file_of_our_own_lacks_leave_what_is_stored(shop: Shopctl) -> None:
    shop("import", "products", file_of(shop, [WHOLE]))
    (before,) = catalog(shop)
    for columns in (
        ("slug", "sku"),
        ("slug", "sku", "name_de", "on_hand"),
        ("slug", "sku", "option1", "option1_value"),
    ):
        file = file_of(shop, [{name: WHOLE[name] for name in columns}])
        assert told(shop, file)["products"]["unchanged"] == 1, columns
    file = file_of(
        shop,
        [{"slug": "tea", "sku": "TEA", "price": "8.20", "barcode": "", "content_amount": "300", "content_unit": "ml"}],
    )
    assert told(shop, file)["products"]["changed"] == 1
    (tea,) = catalog(shop)
    variant = replace(
        before.variants[0], price=820, barcode=None, content_amount=300, content_unit="ml", base_unit=None
    )
    assert tea == replace(before, variants=[variant])


def test_a_new_product_has_the_defaults_where_columns_are_lacking(shop: Shopctl) -> None:
    shop("import", "products", file_of(shop, [{"slug": "tea", "sku": "TEA", "name_de": "Tee"}]))
    (tea,) = catalog(shop)
    assert (tea.state, tea.tax_class, tea.variants[0].price) == ("draft", "standard", None)
    nameless = told(shop, file_of(shop, [{"slug": "cup", "sku": "CUP"}]))
    assert "no name" in nameless["refused"][0]["why"]


def test_what_another_shop_does_not_say_stays_as_it_was_set_here(shop: Shopctl) -> None:
    def tax_and_state(sku: str, row: dict[str, str]) -> tuple[str, str]:
        told(shop, file_of(shop, [row]))
        product = json.loads(shop("products", "show", sku, "--json").out)
        return product["tax_class"], product["state"]

    mug = {"ID": "7", "Type": "simple", "SKU": "MUG", "Name": "Mug", "Published": "1", "Regular price": "12.90"}
    for sku, row in (("TEE-S", TEE), ("MUG", mug)):
        assert tax_and_state(sku, row) == ("standard", "active")
        shop("products", "set", sku, "--tax-class", "reduced")
        assert tax_and_state(sku, row) == ("reduced", "active")
        silent = {name: cell for name, cell in row.items() if name != "Published"}
        assert tax_and_state(sku, silent) == ("reduced", "active")
    assert tax_and_state("TEE-S", {**TEE, "Variant Taxable": "false"}) == ("zero", "active")
    assert tax_and_state("TEE-S", {**TEE, "Variant Taxable": "true"}) == ("standard", "active")
    assert tax_and_state("MUG", {**mug, "Tax class": "standard"}) == ("standard", "active")


def test_a_moment_that_no_calendar_holds_skips_its_product_alone(shop: Shopctl) -> None:
    rows = [{**WHOLE, "published_at": "0001-01-01T00:00:00+14:00"}, {**WHOLE, "slug": "cup", "sku": "CUP"}]
    answered = shop("import", "products", file_of(shop, rows))
    assert 'row 2  published_at  "0001-01-01T00:00:00+14:00" is not a moment' in answered.out
    assert [one.slug for one in catalog(shop)] == ["cup"]


def test_a_name_with_two_blanks_comes_back_as_it_was(shop: Shopctl) -> None:
    shop("import", "products", file_of(shop, [WHOLE]))
    shop("export", "products", "out.csv")
    assert told(shop, "out.csv")["products"] == {"new": 0, "changed": 0, "unchanged": 1, "refused": 0}
    assert catalog(shop)[0].name["de"] == "Tee  grün"


def test_a_dry_run_says_the_same_and_changes_nothing(shop: Shopctl) -> None:
    file = file_of(shop, [TEE, TEE_M, CUP])
    dry = shop("import", "products", file, "--dry-run")
    assert (dry.code, dry.out.splitlines()[0]) == (0, "  ✓ dry run: 2 products  2 new")
    assert catalog(shop) == []
    db = open_database(url_of(shop), threads=1)
    with db.reading() as c:
        assert read_tree(c, None)[0].data == []
    db.close()
    assert told(shop, file, "--dry-run")["products"]["new"] == 2
    shop("import", "products", file)
    assert told(shop, file, "--dry-run")["products"]["unchanged"] == 2


def test_what_is_skipped_is_told_by_row_and_the_rest_comes_in(shop: Shopctl) -> None:
    answered = shop("import", "products", file_of(shop, [TEE, TEE_M, WRONG, CUP]), "--report", "report.jsonl")
    assert answered.code == 1
    assert answered.out.splitlines()[0] == "  ✓ 2 products  2 new"
    assert '  ! 1 row skipped\n    row 4  Variant Price  "12,9O" is not a number' in answered.out
    events = [json.loads(line) for line in (shop.directory / "report.jsonl").read_text().splitlines()]
    assert [(one["what"], one.get("row")) for one in events[:-1]] == [("skipped", 4), ("new", 2), ("new", 5)]
    assert events[-1]["report"]["skipped_count"] == 1


def test_json_is_one_document_with_everything_in_it(shop: Shopctl) -> None:
    answered = shop("import", "products", file_of(shop, [TEE, WRONG]), "--json")
    report = json.loads(answered.out)
    assert (answered.code, answered.err) == (1, "")
    assert (report["format"], report["rows"], report["encoding"]) == ("shopify", 2, "utf-8")
    assert report["skipped"] == [
        {"row": 3, "column": "Variant Price", "value": "12,9O", "why": "is not a number"},
    ]
    assert report["notes"] == {"pictures": 1}


def test_a_product_that_the_shop_refuses_is_told_and_leaves_the_others_alone(shop: Shopctl) -> None:
    shop("import", "products", file_of(shop, [TEE]))
    taken = {**CUP, "Handle": "jug", "Title": "Jug", "Variant SKU": "TEE-S"}
    answered = shop("import", "products", file_of(shop, [CUP, TEE, taken]))
    assert answered.code == 1
    assert answered.out.splitlines()[0] == "  ✓ 2 products  1 new  1 unchanged"
    assert "  ! 1 product refused\n    row 4  jug  the sku" in answered.out
    assert sorted(one.slug for one in catalog(shop)) == ["cup", "tee"]


def test_more_than_twenty_skipped_rows_are_in_the_report_alone(shop: Shopctl) -> None:
    rows = [{**WRONG, "Handle": f"jug-{n}"} for n in range(30)]
    answered = shop("import", "products", file_of(shop, rows), "--report", "report.jsonl")
    assert "30 rows skipped" in answered.out
    assert "and 10 more: --report FILE has all" in answered.out
    assert answered.out.count("is not a number") == 20
    assert (shop.directory / "report.jsonl").read_text().count("is not a number") >= 30


def test_state_and_stock_are_as_asked_for(shop: Shopctl) -> None:
    file = file_of(shop, [TEE, TEE_M])
    shop("import", "products", file, "--state", "draft", "--untracked-stock", "8")
    (tee,) = catalog(shop)
    assert (tee.state, [one.on_hand for one in tee.variants]) == ("draft", [4, 8])


def test_categories_are_made_below_their_parents_and_found_again(shop: Shopctl) -> None:
    mug = {"ID": "7", "Type": "simple", "SKU": "MUG", "Name": "Mug", "Published": "1", "Regular price": "12.90"}
    rows = [
        {**mug, "Categories": "Clothing > Hoodies"},
        {**mug, "ID": "8", "SKU": "CUP", "Name": "Cup", "Categories": "Kids > Hoodies"},
    ]
    file = file_of(shop, rows)
    assert told(shop, file)["categories"] == 4
    assert [one.categories for one in catalog(shop)] == [["hoodies"], ["kids-hoodies"]]
    again = told(shop, file)
    assert (again["categories"], again["products"]["unchanged"]) == (0, 2)


def test_a_name_that_another_product_has_leads_to_an_address_of_its_own(shop: Shopctl) -> None:
    shop("import", "products", file_of(shop, [{**CUP, "Variant SKU": "OWN"}]))
    mug = {"ID": "7", "Type": "simple", "SKU": "WOO", "Name": "Cup", "Published": "1", "Regular price": "12.90"}
    file = file_of(shop, [mug], "woo.csv")
    assert told(shop, file)["products"]["new"] == 1
    assert sorted((one.slug, one.variants[0].sku) for one in catalog(shop)) == [("cup", "OWN"), ("cup-2", "WOO")]
    assert told(shop, file)["products"]["unchanged"] == 1


def test_an_export_gives_the_same_shop_again(shop: Shopctl, shopctl: Shopctl, tmp_path: Path) -> None:
    kinds = {**TEE, "Handle": "wide", "Title": "=Wide", "Product Category": "Home > Tea, coffee", "Variant SKU": "W"}
    shop("import", "products", file_of(shop, [TEE, TEE_M, CUP, kinds]))
    answered = shop("export", "products", "out.csv")
    assert (answered.code, answered.out) == (0, "  ✓ 3 products in out.csv\n")
    assert shop("export", "products").out == (tmp_path / "out.csv").read_text(encoding="utf-8")
    other = Shopctl(tmp_path, {"DATABASE_URL": f"sqlite:///{tmp_path}/other.db"})
    assert other("migrate").code == 0
    assert told(other, "out.csv")["products"]["new"] == 3
    assert to_the_millisecond(other) == to_the_millisecond(shop)
    assert told(shop, "out.csv")["products"]["unchanged"] == 3


def test_an_export_is_text_to_every_spreadsheet(shop: Shopctl) -> None:
    shop("import", "products", file_of(shop, [{**CUP, "Title": "=cmd|' /C calc'!A0", "Variant Barcode": "@1"}]))
    (row,) = csv.DictReader(shop("export", "products").out.splitlines())
    assert (row["name_de"], row["barcode"]) == ("'=cmd|' /C calc'!A0", "'@1")


def test_pictures_that_this_shop_lacks_are_left_out_and_said(shop: Shopctl) -> None:
    row = {"slug": "cup", "sku": "C", "name_de": "Tasse", "price": "1.00", "pictures": "0" * 64, "picture": "0" * 64}
    answered = told(shop, file_of(shop, [row]))
    assert (answered["products"]["new"], answered["notes"]) == (1, {"pictures_missing": 1})


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nope.csv"], "No such file"),
        (["."], "directory"),
        (["goods.csv", "--format", "odd"], "--format"),
        (["goods.csv", "--format", "woocommerce"], "column for name"),
        (["goods.csv", "--state", "archived"], "--state"),
        (["goods.csv", "--untracked-stock", "-1"], "--untracked-stock"),
        (["goods.csv", "--report", "goods.csv"], "overwrite"),
        (["goods.csv", "--report", "no/such/place.jsonl"], "cannot be written"),
        ([], "FILE"),
    ],
)
def test_wrong_usage_exits_with_2_and_changes_nothing(shop: Shopctl, args: list[str], words: str) -> None:
    file_of(shop, [TEE])
    before = (shop.directory / "goods.csv").read_bytes()
    answered = shop("import", "products", *args)
    assert (answered.code, answered.out) == (2, "")
    assert words in answered.err
    assert (shop.directory / "goods.csv").read_bytes() == before
    assert catalog(shop) == []


def test_an_export_that_fails_leaves_no_half_a_file(shop: Shopctl) -> None:
    (shop.directory / "out.csv").write_text("what was there")
    nowhere = Shopctl(shop.directory, {"DATABASE_URL": "sqlite:///nope.db"})
    assert nowhere("export", "products", "out.csv").code == 1
    assert shop("export", "products", "no/such/place.csv").code == 2
    assert sorted(one.name for one in shop.directory.iterdir() if one.suffix in (".csv", ".part")) == ["out.csv"]
    assert (shop.directory / "out.csv").read_text() == "what was there"


def test_a_bar_is_shown_on_a_terminal_and_nowhere_else(shop: Shopctl) -> None:
    file = file_of(shop, [TEE, TEE_M, CUP])
    assert "rows/s" not in shop("import", "products", file, "--dry-run").err
    args = ["import", "products", file, "--dry-run"]
    variables = {**shop.environment, "TERM": "xterm", "COLUMNS": "100"}
    code, said = on_a_terminal(shop.directory, args, [], **variables)
    assert code == 0
    assert "Shopify CSV" in said
    assert "3/3" in said
    assert "rows/s" in said


def test_ctrl_c_keeps_what_is_in_and_says_so(shop: Shopctl, start: Start) -> None:
    file_of(shop, [{**CUP, "Handle": f"cup-{n}"} for n in range(3000)])
    process = start("shopctl", "import", "products", "goods.csv", **shop.environment)
    wait_until(lambda: bool(catalog(shop)), 60, "the first products to come in")
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Stopped. What came in stays" in out
    count = int(out.split()[1].replace(",", ""))
    assert 0 < count < 3000
    assert json.loads(shop("products", "list", "--json", "--limit", "1").out)["total"] == count


def test_the_first_look_finds_what_is_wrong_before_anything_comes_in(shop: Shopctl) -> None:
    file = file_of(shop, [TEE, CUP])
    with (shop.directory / file).open("a") as out:
        out.write('jug,"never closed,\n')
    answered = shop("import", "products", file)
    assert (answered.code, catalog(shop)) == (2, [])
    assert "Row 4 opens a quotation mark" in answered.err


def test_a_survey_counts_the_rows_that_the_bar_runs_through(tmp_path: Path) -> None:
    (tmp_path / "goods.csv").write_text(table_text([TEE, TEE_M, CUP]), encoding="utf-8")
    table = open_table(open_source(str(tmp_path / "goods.csv")), None)
    passed: list[int] = []
    list(table.products(Terms(locale="de", now=NOW), lambda: passed.append(1)))
    assert len(passed) == survey(table).rows == 3
