"""Memory does not grow with the file: a long one is read in the same space as a short one."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from shopctl.importers.formats import open_table, survey
from shopctl.importers.reading import open_source
from shopctl.importers.rows import Incoming, Terms
from tests.importers.files import NOW

SHORT, LONG = 1_000, 5_000
_BOUND = 3_000_000


def shopify(products: int, file: Path) -> None:
    with file.open("w") as out:
        out.write("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src\n")
        for n in range(products):
            out.write(f"thing-{n},Thing {n},Size,S,T-{n}-S,12.90,https://a.example/{n}.jpg\nthing-{n},,,M,,13.90,\n")


def woocommerce(products: int, file: Path) -> None:
    with file.open("w") as out:
        out.write("ID,Type,SKU,Name,Published,Regular price,Parent,Attribute 1 name,Attribute 1 value(s)\n")
        # All variations stand before all parents: the worst order there is.
        out.writelines(f"{n},variation,V-{n},,1,12.90,id:{products + n},Size,S\n" for n in range(1, products + 1))
        out.writelines(f"{products + n},variable,,Thing {n},1,,,Size,S\n" for n in range(1, products + 1))


def plain(products: int, file: Path) -> None:
    with file.open("w") as out:
        out.write("slug,sku,name_de,price,option1,option1_value\n")
        for n in range(products):
            out.write(f"thing-{n},T-{n}-S,Thing {n},12.90,size,s\nthing-{n},T-{n}-M,,13.90,,m\n")


@pytest.mark.parametrize("make", [shopify, woocommerce, plain])
def test_a_file_of_ten_thousand_rows_takes_no_more_memory_than_a_short_one(
    tmp_path: Path, make: Callable[[int, Path], None]
) -> None:
    file = tmp_path / "products.csv"
    peaks = []
    for products in (SHORT, LONG):
        make(products, file)
        tracemalloc.start()
        try:
            assert _products_of(file) == (products, 2 * products)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < _BOUND
    assert peaks[1] < 1.5 * peaks[0] + 200_000


def _products_of(file: Path) -> tuple[int, int]:
    table = open_table(open_source(str(file)), None)
    found = survey(table)
    read = table.products(Terms(locale="de", now=NOW, decimal_comma=found.decimal_comma), lambda: None)
    return sum(isinstance(one, Incoming) for one in read), found.rows
