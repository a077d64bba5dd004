"""Our own CSV: what is written is what is read, to the letter, and no spreadsheet runs any of it."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shopapi.catalog.records import MediaRecord, OptionRecord, ProductRecord, ValueRecord, VariantRecord, Words
from shopctl.importers.plain_columns import head
from shopctl.importers.plain_writing import Paths, write
from shopctl.importers.rows import Incoming, Step
from shopctl.importers.words import own_line, visible
from tests.importers.files import read_bytes, read_rows, records, the_one, the_skipped

TREE: Paths = {
    "home": [Step({"de": "Wohnen > Leben", "en": "Home"}, "home")],
    "candles": [Step({"de": "Wohnen > Leben", "en": "Home"}, "home"), Step({"de": r"Kerzen\, rot"}, "candles")],
    "sale": [Step({"de": "=Angebot", "en": "Sale"}, "sale")],
}

lines = st.text(min_size=1, max_size=20).map(own_line).filter(
    lambda text: bool(text) and visible(text)
) | st.sampled_from(["=cmd|'/C calc'!A0", "'=x", "''+1", "@sum", "-5", "＝x", "a,b;c\td", 'say "hi"', "a  b"]).map(
    own_line
)
codes = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,4})?", fullmatch=True)
hashes = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
texts = st.text(min_size=1, max_size=40).filter(lambda text: "\0" not in text) | st.sampled_from(
    ["# Markdown\n\n*x*\n", "'=x", "\t=x", "=1\r\n+2", " a "]
)


def words(text: st.SearchStrategy[str], *, always: bool = False) -> st.SearchStrategy[Words]:
    return (
        st.fixed_dictionaries({"de": text}, optional={"en": text})
        if always
        else st.fixed_dictionaries({}, optional={"de": text, "en": text})
    )


@st.composite
def options(draw: st.DrawFn) -> list[OptionRecord]:
    swatch = st.none() | st.sampled_from(["#1f6f6b", "#1f6f6b/#ffffff"])
    found = []
    for code in draw(st.lists(codes, max_size=3, unique=True)):
        values = draw(st.lists(codes, min_size=1, max_size=3, unique=True))
        found.append(
            OptionRecord(
                code=code,
                name=draw(words(lines, always=True)),
                values=[
                    ValueRecord(code=value, name=draw(words(lines, always=True)), swatch=draw(swatch))
                    for value in values
                ],
            )
        )
    return found


YEARS = [datetime.fromisoformat(day) for day in ("1970-01-01", "2100-12-31")]
contents: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [(None, None, None), (250, "g", "kg"), (2, "kg", None), (320, "ml", "l"), (1, "l", "l"), (9999, "g", None)]
).map(lambda told: dict(zip(("content_amount", "content_unit", "base_unit"), told, strict=True)))


@st.composite
def products(draw: st.DrawFn, slug: str) -> ProductRecord:
    own = draw(options())
    choice = st.tuples(*(st.sampled_from([value.code for value in one.values]) for one in own))
    chosen = draw(st.lists(choice, min_size=1, max_size=3, unique=True))
    amount = st.none() | st.integers(0, 100_000_000)
    variants = [
        VariantRecord(
            sku=f"{slug}.{n}",
            options=dict(zip((one.code for one in own), values, strict=True)),
            price=draw(amount),
            compare_at_price=draw(amount),
            **draw(contents),
            barcode=draw(st.none() | st.from_regex(r"[0-9]{8,14}", fullmatch=True)),
            weight_g=draw(st.none() | st.integers(0, 99_999)),
            image=draw(st.none() | hashes),
            on_hand=draw(st.none() | st.integers(0, 1_000_000)),
        )
        for n, values in enumerate(chosen)
    ]
    media = st.lists(st.builds(MediaRecord, sha256=hashes, alt=words(lines)), max_size=3)
    return ProductRecord(
        slug=slug,
        name=draw(words(lines, always=True)),
        fact=draw(words(lines)),
        description=draw(words(texts)),
        seo_title=draw(words(lines)),
        seo_description=draw(words(lines)),
        state=draw(st.sampled_from(["draft", "active", "archived"])),
        tax_class=draw(st.sampled_from(["standard", "reduced", "zero"])),
        categories=draw(st.lists(st.sampled_from(sorted(TREE)), unique=True)),
        options=own,
        variants=variants,
        media=draw(st.none() | media),
        published_at=draw(st.none() | st.datetimes(*YEARS, timezones=st.just(UTC))),
    )


catalogs = st.lists(codes, max_size=4, unique=True).flatmap(
    lambda slugs: st.tuples(*(products(slug) for slug in slugs)).map(list)
)


def written(catalog: list[ProductRecord]) -> str:
    out = io.StringIO(newline="")
    count = write(catalog, TREE, out, options=max((len(one.options) for one in catalog), default=0))
    assert count == len(catalog)
    return out.getvalue()


@settings(derandomize=True, deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
@given(catalog=catalogs)
def test_what_is_written_is_read_to_the_letter(tmp_path: Path, catalog: list[ProductRecord]) -> None:
    read = read_bytes(tmp_path, written(catalog).encode())
    assert all(isinstance(one, Incoming) for one in read), read
    whole = [
        replace(one.record, categories=[path[-1].slug or "" for path in one.categories])
        for one in read
        if isinstance(one, Incoming)
    ]
    assert whole == catalog
    for one, record in zip(read, catalog, strict=True):
        assert isinstance(one, Incoming)
        assert one.categories == [TREE[slug] for slug in record.categories]


@settings(derandomize=True, deadline=None, max_examples=50)
@given(catalog=catalogs)
def test_no_cell_begins_as_a_formula(catalog: list[ProductRecord]) -> None:
    for row in csv.reader(io.StringIO(written(catalog), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")) for cell in row)


ROW = {"slug": "cup", "name_de": "Tasse", "sku": "CUP", "price": "12.90"}


def test_a_file_made_by_hand_needs_little(tmp_path: Path) -> None:
    rows = [
        {**ROW, "categories": "wohnen > kerzen, neu", "option1_de": "Größe", "option1_value_de": "Klein"},
        {"slug": "cup", "sku": "CUP-L", "price": "14,90", "option1_value_de": "Groß"},
    ]
    rows = [{**row, "price": row["price"].replace(".", ",")} for row in rows]
    read = the_one(read_rows(tmp_path, rows))
    assert [(one.sku, one.price, one.options) for one in read.record.variants] == [
        ("CUP", 1290, {"groesse": "klein"}),
        ("CUP-L", 1490, {"groesse": "gross"}),
    ]
    assert [[(step.slug, step.name["de"]) for step in path] for path in read.categories] == [
        [("wohnen", "Wohnen"), ("kerzen", "Kerzen")],
        [("neu", "Neu")],
    ]
    assert read.record.state == "draft"
    assert read.record.media is None


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"slug": "Not A Slug"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"sku": "no spaces"}, "sku"),
        ({"sku": ""}, "sku"),
        ({"name_de": ""}, "name_de"),
        ({"state": "gone"}, "state"),
        ({"tax_class": "odd"}, "tax_class"),
        ({"content_unit": "acre"}, "content_unit"),
        ({"weight_g": "1.5"}, "weight_g"),
        ({"picture": "cup.jpg"}, "picture"),
        ({"pictures": "cup.jpg"}, "pictures"),
        ({"categories": "Wohnen!"}, "categories"),
        ({"published_at": "yesterday"}, "published_at"),
        ({"published_at": "0001-01-01T00:00:00+14:00"}, "published_at"),
        ({"published_at": "9999-12-31T23:59:59-14:00"}, "published_at"),
        ({"published_at": "0001-01-01"}, "published_at"),
        ({"published_at": "2101-01-01"}, "published_at"),
        ({"content_amount": "0", "content_unit": "g"}, "content_amount"),
        ({"content_amount": "250"}, "content_unit"),
        ({"content_unit": "g"}, "content_amount"),
        ({"base_unit": "kg"}, "base_unit"),
        ({"content_amount": "100", "content_unit": "g", "base_unit": "l"}, "base_unit"),
        ({"description_de": "<b>x</b>" * 20_000}, "description_de"),
        ({"option1_value": "s", "option1": ""}, "option1"),
        ({"option1_value": "s", "option1": "size", "option1_swatch": "red"}, "option1_swatch"),
    ],
)
def test_what_does_not_fit_skips_the_product_and_says_where(tmp_path: Path, cells: dict[str, str], column: str) -> None:
    read = read_rows(tmp_path, [{**ROW, **cells}, {**ROW, "slug": "jug", "sku": "JUG"}])
    assert [one.slug for one in records(read)] == ["jug"]
    assert (the_skipped(read).row, the_skipped(read).column) == (2, column)


def test_a_misspelt_column_stops_before_anything_is_lost(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="descripton_de"):
        read_rows(tmp_path, [{**ROW, "descripton_de": "x"}])


def test_a_value_has_one_name(tmp_path: Path) -> None:
    rows = [
        {**ROW, "option1": "size", "option1_value": "s", "option1_value_de": "Klein"},
        {"slug": "cup", "sku": "C2", "option1_value": "s", "option1_value_de": "Winzig"},
    ]
    assert the_skipped(read_rows(tmp_path, rows)).column == "option1_value"


def test_a_moment_without_a_zone_is_utc(tmp_path: Path) -> None:
    read = the_one(read_rows(tmp_path, [{**ROW, "published_at": "2025-11-24 16:05"}]))
    assert read.record.published_at == datetime(2025, 11, 24, 16, 5, tzinfo=UTC)


def test_a_moment_elsewhere_is_brought_to_utc(tmp_path: Path) -> None:
    read = the_one(read_rows(tmp_path, [{**ROW, "published_at": "1970-01-01T02:00:00+02:00"}]))
    assert read.record.published_at == datetime(1970, 1, 1, tzinfo=UTC)


def test_the_reference_names_every_column() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/reference/csv-format.md").read_text(encoding="utf-8")
    for column in head(1):
        assert f"`{column.replace('option1', 'optionN')}`" in page, column
