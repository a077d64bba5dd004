"""WooCommerce's CSV comes in whole, in English and in German, wherever its variations stand."""

import random
from pathlib import Path

import pytest

from tests.importers.files import notes, read_bytes, read_rows, records, table_text, the_one, the_skipped

MUG = {"ID": "7", "Type": "simple", "SKU": "MUG", "Name": "Mug", "Published": "1", "Regular price": "12.90"}
HOODIE = {
    "ID": "44",
    "Type": "variable",
    "SKU": "HOOD",
    "Name": "Hoodie",
    "Published": "1",
    "Regular price": "",
    "Weight (kg)": "0.5",
    "Tax class": "",
    "Attribute 1 name": "Color",
    "Attribute 1 value(s)": r"Blue, Sea\, green",
    "Attribute 2 name": "Logo",
    "Attribute 2 value(s)": "Yes, No",
}
BLUE = {
    "ID": "45",
    "Type": "variation",
    "SKU": "HOOD-B",
    "Name": "Hoodie - Blue",
    "Published": "1",
    "Regular price": "45.00",
    "Stock": "3",
    "Parent": "HOOD",
    "Attribute 1 name": "Color",
    "Attribute 1 value(s)": "blue",
    "Attribute 2 name": "Logo",
    "Attribute 2 value(s)": "Yes",
}
GREEN = {**BLUE, "ID": "46", "SKU": "", "Parent": "id:44", "Attribute 1 value(s)": "Sea, green", "Stock": ""}

GERMAN = {
    "ID": "ID",
    "Type": "Typ",
    "SKU": "Artikelnummer",
    "Name": "Name",
    "Published": "Veröffentlicht",
    "Regular price": "Regulärer Preis",
    "Sale price": "Angebotspreis",
    "Weight (kg)": "Gewicht (kg)",
    "Tax class": "Steuerklasse",
    "Stock": "Lager",
    "In stock?": "Vorrätig?",
    "Parent": "Übergeordnetes Produkt",
    "Categories": "Kategorien",
    "Images": "Bilder",
    "Short description": "Kurzbeschreibung",
    "Description": "Beschreibung",
}


def german(row: dict[str, str], style: str) -> dict[str, str]:
    words = dict(GERMAN)
    for n in (1, 2):
        words[f"Attribute {n} name"] = style.format(n=n, what="Name")
        words[f"Attribute {n} value(s)"] = style.format(n=n, what="Wert(e)")
    return {words[name]: cell for name, cell in row.items()}


def test_a_simple_product_is_one_variant(tmp_path: Path) -> None:
    read = the_one(read_rows(tmp_path, [MUG]))
    assert (read.record.slug, read.record.state, read.slug_made) == ("mug", "active", True)
    assert [(one.sku, one.price, one.options) for one in read.record.variants] == [("MUG", 1290, {})]


@pytest.mark.parametrize("seed", range(4))
def test_variations_find_their_parent_wherever_they_stand(tmp_path: Path, seed: int) -> None:
    rows = [HOODIE, BLUE, GREEN, MUG, {**MUG, "ID": "8", "SKU": "CUP", "Name": "Cup"}]
    random.Random(seed).shuffle(rows)
    hoodie = next(one for one in records(read_rows(tmp_path, rows)) if one.slug == "hoodie")
    assert {one.sku: one.options for one in hoodie.variants} == {
        "HOOD-B": {"color": "blue", "logo": "yes"},
        "id-46": {"color": "sea-green", "logo": "yes"},
    }
    assert [value.name["de"] for value in hoodie.options[0].values] == ["Blue", "Sea, green"]
    assert all(one.weight_g == 500 for one in hoodie.variants)


@pytest.mark.parametrize("style", ["Attribut {n} {what}", "{what} des Attributs {n}"])
def test_german_columns_and_decimal_commas_give_the_same_product(tmp_path: Path, style: str) -> None:
    rows = [{**HOODIE, "Weight (kg)": "0,5"}, {**BLUE, "Regular price": "45,00"}, {**GREEN, "Regular price": "45,00"}]
    english = the_one(read_rows(tmp_path, [HOODIE, BLUE, GREEN]))
    text = table_text([german(row, style) for row in rows], delimiter=";")
    assert the_one(read_bytes(tmp_path, text.encode("utf-8-sig"))).record == english.record


@pytest.mark.parametrize(
    ("begins", "ends", "prices"),
    [
        ("", "", (900, 1290)),
        ("2025-11-01", "2025-11-24", (900, 1290)),
        ("2025-11-24 00:00:00", "", (900, 1290)),
        ("2025-11-25", "", (1290, None)),
        ("", "2025-11-23", (1290, None)),
    ],
)
def test_a_sale_counts_while_it_is_on(tmp_path: Path, begins: str, ends: str, prices: tuple[int, int | None]) -> None:
    sale = {"Sale price": "9.00", "Date sale price starts": begins, "Date sale price ends": ends}
    (variant,) = the_one(read_rows(tmp_path, [{**MUG, **sale}])).record.variants
    assert (variant.price, variant.compare_at_price) == prices


@pytest.mark.parametrize(
    ("status", "told", "tax_class"),
    [
        ("taxable", "", "standard"),
        ("taxable", "reduced-rate", "reduced"),
        ("taxable", "zero-rate", "zero"),
        ("none", "", "zero"),
        ("taxable", "ermäßigter-satz", "reduced"),
    ],
)
def test_tax_classes(tmp_path: Path, status: str, told: str, tax_class: str) -> None:
    assert (
        the_one(read_rows(tmp_path, [{**MUG, "Tax status": status, "Tax class": told}])).record.tax_class == tax_class
    )


def test_a_tax_class_that_nobody_knows_is_said(tmp_path: Path) -> None:
    read = the_one(read_rows(tmp_path, [{**MUG, "Tax class": "virtual-rate"}]))
    assert (read.record.tax_class, notes(read)["tax_class"]) == ("standard", 1)


@pytest.mark.parametrize(
    ("kind", "why"), [("grouped", "not taken over"), ("external, virtual", "not taken over"), ("odd", "no kind")]
)
def test_kinds_that_are_no_goods_are_skipped_and_said(tmp_path: Path, kind: str, why: str) -> None:
    read = read_rows(tmp_path, [{**MUG, "Type": kind}, {**MUG, "ID": "8", "SKU": "CUP", "Name": "Cup"}])
    assert [one.slug for one in records(read)] == ["cup"]
    assert (the_skipped(read).column, why in the_skipped(read).why) == ("Type", True)


def test_virtual_and_downloadable_goods_come_in_and_are_said(tmp_path: Path) -> None:
    assert notes(the_one(read_rows(tmp_path, [{**MUG, "Type": "simple, downloadable, virtual"}])))["not_shipped"] == 1


def test_a_variation_without_its_parent_and_a_parent_without_variations_are_skipped(tmp_path: Path) -> None:
    assert the_skipped(read_rows(tmp_path, [MUG, BLUE])).column == "Parent"
    assert "no variation" in the_skipped(read_rows(tmp_path, [HOODIE, MUG])).why
    assert "is empty" in the_skipped(read_rows(tmp_path, [MUG, {**BLUE, "Parent": ""}])).why


def test_a_bad_variation_skips_its_whole_product(tmp_path: Path) -> None:
    read = read_rows(tmp_path, [HOODIE, BLUE, {**GREEN, "Regular price": "45.0O"}, MUG])
    assert [one.slug for one in records(read)] == ["mug"]
    assert str(the_skipped(read)) == 'row 4  Regular price  "45.0O" is not a number'


def test_a_variation_that_fits_every_value_is_any(tmp_path: Path) -> None:
    read = the_one(read_rows(tmp_path, [HOODIE, BLUE, {**GREEN, "Attribute 1 value(s)": ""}]))
    assert read.record.variants[1].options["color"] == "beliebig"
    assert notes(read)["any_value"] == 1


def test_attributes_that_no_variation_uses_are_no_options(tmp_path: Path) -> None:
    rows = [HOODIE, *({**row, "Attribute 2 value(s)": ""} for row in (BLUE, GREEN))]
    assert [one.code for one in the_one(read_rows(tmp_path, rows)).record.options] == ["color"]


def test_shared_stock_is_dealt_out_and_never_multiplied(tmp_path: Path) -> None:
    rows = [{**HOODIE, "Stock": "7"}, {**BLUE, "Stock": "parent"}, GREEN]
    read = the_one(read_rows(tmp_path, rows))
    assert [one.on_hand for one in read.record.variants] == [4, 3]
    assert notes(read)["shared_stock"] == 2


def test_stock_that_nobody_counts_is_said_and_sold_out_is_none(tmp_path: Path) -> None:
    read = the_one(read_rows(tmp_path, [{**MUG, "Stock": "", "In stock?": "1"}]))
    assert (read.record.variants[0].on_hand, notes(read)["untracked"]) == (None, 1)
    assert the_one(read_rows(tmp_path, [{**MUG, "Stock": "", "In stock?": "0"}])).record.variants[0].on_hand == 0
    assert the_one(read_rows(tmp_path, [{**MUG, "Stock": "'-3"}])).record.variants[0].on_hand == 0


def test_categories_are_paths_and_the_default_one_is_none(tmp_path: Path) -> None:
    cells = {"Categories": r"Clothing, Clothing > Hoodies, Uncategorized, Tea\, coffee"}
    read = the_one(read_rows(tmp_path, [{**MUG, **cells}]))
    assert [[step.name["de"] for step in path] for path in read.categories] == [
        ["Clothing", "Hoodies"],
        ["Tea, coffee"],
    ]


def test_products_of_one_name_keep_apart_and_an_id_counts_once(tmp_path: Path) -> None:
    read = read_rows(tmp_path, [MUG, {**MUG, "ID": "8", "SKU": "M2"}, {**MUG, "ID": "7", "SKU": "M3"}])
    assert [one.slug for one in records(read)] == ["mug", "mug-m2"]
    assert the_skipped(read).why == "stood in row 2 before"


def test_descriptions_are_as_wordpress_shows_them(tmp_path: Path) -> None:
    cells = {
        "Short description": "<p>Stone&shy;ware, 320&nbsp;ml</p>",
        "Description": r"One\ntwo\n\n<strong>three</strong>",
    }
    read = the_one(read_rows(tmp_path, [{**MUG, **cells}])).record
    assert read.description == {"de": "<p>One<br>two</p>\n<p><strong>three</strong></p>"}
    assert read.fact["de"].startswith("Stone")


def test_hidden_and_unpublished_products_are_drafts(tmp_path: Path) -> None:
    assert the_one(read_rows(tmp_path, [{**MUG, "Visibility in catalog": "hidden"}])).record.state == "draft"
    for told in ("0", "-1"):
        assert the_one(read_rows(tmp_path, [{**MUG, "Published": told}])).record.state == "draft"
    read = the_one(read_rows(tmp_path, [HOODIE, BLUE, {**GREEN, "Published": "0"}]))
    assert [one.price for one in read.record.variants] == [4500, None]
    assert "Published" in str(the_skipped(read_rows(tmp_path, [{**MUG, "Published": "soon"}])))


def test_remote_pictures_are_counted(tmp_path: Path) -> None:
    images = {"Images": "https://a.example/1.jpg, https://a.example/2.jpg"}
    assert notes(the_one(read_rows(tmp_path, [{**MUG, **images}])))["pictures"] == 2


def test_a_sku_that_is_made_stays_when_the_product_is_renamed(tmp_path: Path) -> None:
    skus = [
        the_one(read_rows(tmp_path, [{**MUG, "SKU": "", "Name": name}])).record.variants[0].sku
        for name in ("Mug", "Large mug")
    ]
    assert skus == ["id-7", "id-7"]
    assert the_one(read_rows(tmp_path, [{**MUG, "SKU": "", "ID": ""}])).record.variants[0].sku == "mug"


@pytest.mark.parametrize(
    ("begins", "ends", "kinds"),
    [
        ("", "2025-11-30", {"sale_ends"}),
        ("2025-11-25", "2025-11-30", {"sale_begins"}),
        ("", "2025-11-23", set()),
        ("", "", set()),
    ],
)
def test_sales_that_change_later_are_said(tmp_path: Path, begins: str, ends: str, kinds: set[str]) -> None:
    dates = {"Sale price": "9.90", "Date sale price starts": begins, "Date sale price ends": ends}
    assert set(notes(the_one(read_rows(tmp_path, [{**MUG, "Stock": "1", **dates}])))) == kinds
