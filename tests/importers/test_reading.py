"""A file from outside is read, or refused with one sentence; never half, and never with a traceback."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopctl.console import Failed
from shopctl.importers.reading import MAX_CELL, open_source
from shopctl.importers.rows import Incoming, Skipped
from tests.importers.files import read_bytes, records, the_one, the_skipped

HEAD = "Handle,Title,Body (HTML),Variant Price\n"
GOOD = f"{HEAD}tasse,Tasse für Öl,Schön,12.90\n"


def refused(path: Path) -> Failed:
    with pytest.raises(Failed) as caught:
        open_source(str(path))
    assert caught.value.exit_code == 2
    assert len(caught.value.what) == 1
    return caught.value


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("products.csv", GOOD)
    return out.getvalue()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-marked", "utf-16-be-marked", "cp1252", "latin-1"]
)
def test_every_usual_encoding_gives_the_same_product(tmp_path: Path, encoding: str) -> None:
    if encoding.endswith("-marked"):
        content = f"\ufeff{GOOD}".encode(encoding.removesuffix("-marked"))
    else:
        content = GOOD.encode(encoding)
    assert the_one(read_bytes(tmp_path, content)).record.name == {"de": "Tasse für Öl"}


def test_an_encoding_that_was_guessed_is_named(tmp_path: Path) -> None:
    for encoding, name in (("cp1252", "Windows-1252"), ("utf-8", None), ("utf-16", None)):
        (tmp_path / "products.csv").write_bytes(GOOD.encode(encoding))
        assert open_source(str(tmp_path / "products.csv")).guessed_encoding == name
    (tmp_path / "products.csv").write_bytes(GOOD.encode("latin-1") + b"a,b\x81,c,1\n")
    assert open_source(str(tmp_path / "products.csv")).guessed_encoding == "Latin-1"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_recognised(tmp_path: Path, delimiter: str, line_end: str) -> None:
    text = "\n".join(line.replace(",", delimiter) for line in GOOD.splitlines())
    assert the_one(read_bytes(tmp_path, text.replace("\n", line_end).encode())).record.variants[0].price == 1290


def test_the_separator_line_of_excel_is_taken_at_its_word(tmp_path: Path) -> None:
    read = read_bytes(tmp_path, f"sep=;\r\n{GOOD.replace(',', ';')};;;x\n".encode())
    assert records(read)[0].slug == "tasse"
    assert the_skipped(read).row == 4


@pytest.mark.parametrize(
    ("content", "words", "remedy"),
    [
        (b"", "is empty", "export"),
        (b"\n\nHandle,Title\n", "first line", "names the columns"),
        (zipped(), "ZIP", "save the sheet as CSV"),
        (gzip.compress(GOOD.encode()), "gzip", "gunzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel", "save the sheet as CSV"),
        (b"%PDF-1.7\n", "PDF", "export"),
        (GOOD.encode("utf-16-le"), "UTF-16 without its mark", "UTF-8"),
        (b"\xff\xfeH\x00a", "UTF-16", "UTF-8"),
        (b"\xef\xbb\xbfHandle,\xff\n", "UTF-8", "UTF-8"),
    ],
    # Named: an archive holds the time of day, and every worker must find the same tests.
    ids=["empty", "blank", "zip", "gzip", "xls", "pdf", "utf-16 unmarked", "utf-16 broken", "utf-8 broken"],
)
def test_what_is_no_csv_is_refused_with_the_remedy(tmp_path: Path, content: bytes, words: str, remedy: str) -> None:
    file = tmp_path / "products.csv"
    file.write_bytes(content)
    failure = refused(file)
    assert words in failure.what[0]
    assert remedy in failure.next_step


def test_a_directory_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    assert "directory" in refused(tmp_path).what[0]
    assert "No such file" in refused(tmp_path / "nope.csv").what[0]


def test_an_unknown_head_line_is_shown_with_what_could_help(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="a, b, c") as caught:
        read_bytes(tmp_path, b"a,b,c\n1,2,3\n")
    assert caught.value.exit_code == 2
    assert "--format" in caught.value.next_step
    with pytest.raises(Failed, match="column for handle"):
        read_bytes(tmp_path, b"a,b,c\n1,2,3\n", "shopify")


@pytest.mark.parametrize("tail", ['kanne,"Kanne,,1.00\nteller,Teller,,2.00\n', 'kanne,"Kan\nne" x,,1.00\n'])
def test_a_quotation_mark_left_open_stops_before_anything_comes_in(tmp_path: Path, tail: str) -> None:
    with pytest.raises(Failed, match="Row 3 opens a quotation mark"):
        read_bytes(tmp_path, (GOOD + tail).encode())


@pytest.mark.parametrize("filler", ["x", "\n", "x\n"])
def test_a_row_without_end_stops_while_it_still_fits_into_memory(tmp_path: Path, filler: str) -> None:
    with pytest.raises(Failed, match="Row 3 has more than 8,000,000 characters") as caught:
        read_bytes(tmp_path, (GOOD + 'kanne,"' + filler * 9_000_000).encode())
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("row", "column", "why"),
    [
        ("kanne,Kan\0ne,,1.00", "Title", "NUL"),
        (f"kanne,Kanne,{'x' * (MAX_CELL + 1)},1.00", "Body (HTML)", "1,000,001 characters"),
        ('kanne,"Kan"ne,,1.00', "", "quotation mark"),
        ("kanne,Kanne,,1.00,,more", "", "6 cells"),
    ],
    ids=["NUL", "large", "quotes", "cells"],
)
def test_a_bad_row_skips_its_product_alone(tmp_path: Path, row: str, column: str, why: str) -> None:
    read = read_bytes(tmp_path, f"{GOOD}{row}\nteller,Teller,,2.00\n".encode())
    assert [one.slug for one in records(read)] == ["tasse", "teller"]
    skipped = the_skipped(read)
    assert (skipped.row, skipped.column) == (3, column)
    assert why in skipped.why


def test_a_bad_row_in_the_middle_of_a_product_skips_all_of_it(tmp_path: Path) -> None:
    head = "Handle,Title,Option1 Name,Option1 Value,Variant Price\n"
    rows = "tasse,Tasse,Size,S,1.00\ntasse,,,M\0,1.00\ntasse,,,L,1.00\nkanne,Kanne,,,2.00\n"
    read = read_bytes(tmp_path, (head + rows).encode())
    assert [one.slug for one in records(read)] == ["kanne"]
    assert the_skipped(read).row == 3


def test_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path: Path) -> None:
    content = f'{HEAD}\ntasse,Tasse,"one\ntwo\n\nthree",1.00\nkanne,,,1.00\n'
    assert the_skipped(read_bytes(tmp_path, content.encode())).row == 4


@settings(derandomize=True, deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(tail=st.one_of(st.binary(max_size=300), st.text(alphabet=st.sampled_from('a,"\n\r;=\0é '), max_size=80)))
@pytest.mark.parametrize(
    "head", [HEAD, "Type,Name,Regular price,SKU,Parent\n", "slug,sku,name_de,price,option1,option1_value\n"]
)
def test_whatever_stands_in_a_file_it_is_read_or_refused(tmp_path: Path, head: str, tail: bytes | str) -> None:
    content = head.encode() + (tail if isinstance(tail, bytes) else tail.encode())
    refusals: list[Failed] = []
    read: list[Incoming | Skipped] = []
    try:
        read = read_bytes(tmp_path, content)
    except Failed as failure:
        refusals.append(failure)
    assert all(one.exit_code == 2 and one.what[0].endswith(".") for one in refusals)
    assert all(isinstance(one, Incoming | Skipped) for one in read)
