"""Shopify's CSV comes in as its shop meant it: variants, options, prices, tax, stock, and what is left behind said."""

from pathlib import Path

import pytest

from shopctl.importers.rows import Incoming, Skipped
from tests.importers.files import notes, read_rows, records, the_one, the_skipped

TEE = {"Handle": "tee", "Title": "Tee", "Published": "true", "Variant Price": "20"}


def test_a_product_without_options_has_one_variant(tmp_path: Path) -> None:
    read = the_one(read_rows(tmp_path, [{**TEE, "Option1 Name": "Title", "Option1 Value": "Default Title"}]))
    assert read.record.options == []
    (variant,) = read.record.variants
    assert (variant.sku, variant.options, variant.price) == ("tee", {}, 2000)
    assert read.record.state == "active"


def test_the_options_name_stands_in_the_first_row_alone(tmp_path: Path) -> None:
    rows = [
        {**TEE, "Option1 Name": "Größe", "Option1 Value": "S", "Option2 Name": "Color", "Option2 Value": "Sea/Blue"},
        {"Handle": "tee", "Option1 Value": "M", "Option2 Value": "Sea Blue", "Variant Price": "21.5"},
    ]
    read = the_one(read_rows(tmp_path, rows))
    assert [(one.code, one.name) for one in read.record.options] == [
        ("groesse", {"de": "Größe"}),
        ("color", {"de": "Color"}),
    ]
    assert [one.code for one in read.record.options[1].values] == ["sea-blue", "sea-blue-2"]
    assert [(one.sku, one.price) for one in read.record.variants] == [
        ("tee.s.sea-blue", 2000),
        ("tee.m.sea-blue-2", 2150),
    ]
    assert notes(read)["sku_made"] == 2
    assert (read.first_row, read.last_row) == (2, 3)


def test_rows_that_add_a_picture_are_no_variants_and_pictures_are_counted(tmp_path: Path) -> None:
    rows = [
        {**TEE, "Image Src": "https://a.example/1.jpg", "Body (HTML)": "<p>x</p><img src='https://a.example/3.jpg'>"},
        {"Handle": "tee", "Image Src": "https://a.example/2.jpg"},
        {"Handle": "tee", "Image Src": "https://a.example/2.jpg"},
    ]
    read = the_one(read_rows(tmp_path, rows))
    assert len(read.record.variants) == 1
    assert read.record.media is None
    assert read.record.description == {"de": "<p>x</p>"}
    assert notes(read)["pictures"] == 3


def test_a_handle_that_comes_again_is_reported_with_the_row_where_it_stood(tmp_path: Path) -> None:
    read = read_rows(tmp_path, [TEE, {**TEE, "Handle": "cup"}, {**TEE, "Title": "Tee again"}])
    assert [one.slug for one in records(read)] == ["tee", "cup"]
    assert str(the_skipped(read)) == 'row 4  Handle  "tee" stood in row 2 before; its rows must follow each other'


@pytest.mark.parametrize(
    ("cells", "column", "why"),
    [
        ({"Variant Price": "12,9O"}, "Variant Price", '"12,9O" is not a number'),
        ({"Title": ""}, "Title", "is empty"),
        ({"Title": "\u200b"}, "Title", "is empty"),
        ({"Title": "x" * 201}, "Title", "more than 200"),
        ({"Handle": ""}, "Handle", "is empty"),
        ({"Published": "maybe"}, "Published", "neither true nor false"),
        ({"Status": "odd"}, "Status", "none of active"),
        ({"Gift Card": "true"}, "Gift Card", "gift cards"),
        ({"Option1 Name": "", "Option1 Value": "S"}, "Option1 Name", "variants have a value"),
        ({"Variant Inventory Tracker": "shopify", "Variant Inventory Qty": "many"}, "Variant Inventory Qty", "whole"),
        ({"Variant Grams": "-3"}, "Variant Grams", "less than zero"),
    ],
)
def test_what_cannot_be_right_skips_the_product_and_says_where(
    tmp_path: Path, cells: dict[str, str], column: str, why: str
) -> None:
    read = read_rows(tmp_path, [{**TEE, **cells}, {**TEE, "Handle": "cup"}])
    assert [one.slug for one in records(read)] == ["cup"]
    skipped = the_skipped(read)
    assert (skipped.row, skipped.column) == (2, column)
    assert why in str(skipped)


def test_two_variants_with_the_same_options_or_sku_skip_the_product(tmp_path: Path) -> None:
    first = {**TEE, "Option1 Name": "Size", "Option1 Value": "S", "Variant SKU": "A"}
    again = {"Handle": "tee", "Option1 Value": "S", "Variant Price": "1", "Variant SKU": "B"}
    assert "same options" in the_skipped(read_rows(tmp_path, [first, again])).why
    again |= {"Option1 Value": "M", "Variant SKU": "A"}
    skipped = the_skipped(read_rows(tmp_path, [first, again]))
    assert (skipped.row, skipped.column, skipped.value) == (3, "Variant SKU", "A")


def test_made_skus_are_the_same_at_every_import_and_fit(tmp_path: Path) -> None:
    rows = [
        {**TEE, "Handle": "a" * 90, "Option1 Name": "Size", "Option1 Value": "S"},
        {"Handle": "a" * 90, "Option1 Value": "M", "Variant Price": "1"},
    ]
    first, again = (the_one(read_rows(tmp_path, rows)).record.variants for _ in range(2))
    assert first == again
    assert len({one.sku for one in first}) == 2
    assert all(len(one.sku) <= 64 for one in first)


def test_skus_that_do_not_fit_are_made_to_fit_and_named(tmp_path: Path) -> None:
    read = the_one(read_rows(tmp_path, [{**TEE, "Variant SKU": "Größe 12/3"}]))
    assert read.record.variants[0].sku == "Groesse-12-3"
    (note,) = [one for one in read.notes if one.kind == "sku_fitted"]
    assert (note.row, note.value, note.became) == (2, "Größe 12/3", "Groesse-12-3")


def test_handles_of_other_scripts_keep_apart(tmp_path: Path) -> None:
    slugs = [one.slug for one in records(read_rows(tmp_path, [{**TEE, "Handle": h} for h in ("茶碗", "湯呑", "öl")]))]
    assert len(set(slugs)) == 3
    assert slugs[2] == "oel"


@pytest.mark.parametrize(
    ("cells", "state"),
    [
        ({"Published": "false"}, "draft"),
        ({"Published": "true", "Status": "draft"}, "draft"),
        ({"Published": "", "Status": "active"}, "active"),
        ({"Status": "archived"}, "draft"),
        ({"Variant Price": ""}, "draft"),
    ],
)
def test_published_and_priced_is_active_all_else_is_a_draft(tmp_path: Path, cells: dict[str, str], state: str) -> None:
    assert the_one(read_rows(tmp_path, [{**TEE, **cells}])).record.state == state


def test_prices_taxes_weights_contents_and_stock(tmp_path: Path) -> None:
    cells = {
        "Variant Compare At Price": "25.00",
        "Variant Taxable": "false",
        "Variant Grams": "250",
        "Variant Barcode": "'4006381333931",
        "Variant Inventory Tracker": "shopify",
        "Variant Inventory Qty": "-2",
        "Unit Price Total Measure": "0.5",
        "Unit Price Total Measure Unit": "kg",
        "SEO Title": "A tee",
    }
    read = the_one(read_rows(tmp_path, [{**TEE, **cells}]))
    (variant,) = read.record.variants
    assert (variant.compare_at_price, variant.weight_g, variant.barcode) == (2500, 250, "4006381333931")
    assert (variant.content_amount, variant.content_unit, variant.base_unit) == (500, "g", "kg")
    assert (variant.on_hand, notes(read)["negative_stock"]) == (0, 1)
    assert read.record.tax_class == "zero"
    assert read.record.seo_title == {"de": "A tee"}


def test_a_price_before_that_is_none_is_left_out(tmp_path: Path) -> None:
    read = the_one(read_rows(tmp_path, [{**TEE, "Variant Compare At Price": "20.00"}]))
    assert read.record.variants[0].compare_at_price is None


def test_stock_that_nobody_counts_is_what_the_file_says_or_what_was_asked_for(tmp_path: Path) -> None:
    rows = [{**TEE, "Variant Inventory Tracker": "", "Variant Inventory Qty": "7"}]
    read = the_one(read_rows(tmp_path, rows))
    assert (read.record.variants[0].on_hand, notes(read)["untracked"]) == (7, 1)
    nothing = the_one(read_rows(tmp_path, [{**rows[0], "Variant Inventory Qty": ""}]))
    assert (nothing.record.variants[0].on_hand, notes(nothing)["untracked"]) == (None, 1)
    assert the_one(read_rows(tmp_path, rows, untracked_stock=3)).record.variants[0].on_hand == 3


def test_types_and_categories_make_paths(tmp_path: Path) -> None:
    cells = {"Product Category": "Apparel > Clothing > Shirts", "Type": "Shirts"}
    read = the_one(read_rows(tmp_path, [{**TEE, **cells}]))
    assert [[step.name["de"] for step in path] for path in read.categories] == [["Apparel", "Clothing", "Shirts"]]
    read = the_one(read_rows(tmp_path, [{**TEE, **cells, "Type": "Summer"}]))
    assert [[step.name["de"] for step in path] for path in read.categories][1] == ["Summer"]


def test_formulas_are_text(tmp_path: Path) -> None:
    read = the_one(read_rows(tmp_path, [{**TEE, "Title": "=cmd|' /C calc'!A0"}]))
    assert read.record.name == {"de": "=cmd|' /C calc'!A0"}


def test_the_newer_head_line_is_read_too(tmp_path: Path) -> None:
    row = {
        "Title": "Tee",
        "URL handle": "tee",
        "Description": "<p>x</p>",
        "Published on online store": "TRUE",
        "Status": "Active",
        "SKU": "T-1",
        "Price": "20.00",
        "Charge tax": "TRUE",
        "Inventory tracker": "shopify",
        "Inventory quantity": "4",
        "Weight value (grams)": "100",
    }
    read = the_one(read_rows(tmp_path, [row])).record
    assert (read.slug, read.state, read.variants[0].on_hand, read.variants[0].weight_g) == ("tee", "active", 4, 100)


def test_a_product_of_endless_rows_is_cut_and_does_not_fill_the_memory(tmp_path: Path) -> None:
    rows = [TEE, *({"Handle": "tee", "Image Src": f"https://a.example/{n}"} for n in range(2500))]
    read = read_rows(tmp_path, rows)
    assert isinstance(read[0], Skipped)
    assert "2,000 rows" in read[0].why
    assert not [one for one in read if isinstance(one, Incoming)]
