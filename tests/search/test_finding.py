"""What a search finds and in which order, on both databases alike."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, select, update

from shopapi.catalog.search.finding import MOST_FOUND, matches
from shopapi.catalog.search.index import index_products, remove_products
from shopapi.catalog.search.terms import Document
from shopapi.catalog.search.words import words_of
from shopapi.catalog.tables import variant
from shopapi.db.engine import Database
from shopapi.http.etag import IfMatch
from shopapi.inventory.item_store import archive_item
from tests import factories
from tests.search.conftest import Search

HOSTILE = [
    *(
        "",
        " ",
        "%",
        "_",
        '"',
        "'",
        "*",
        "\\",
        "\0",
        "😀",
        "' OR 1=1 --",
        '"tee" OR "a"*',
        "NEAR(tee kanne)",
        "tee NOT kanne",
    ),
    *("-tee", "^tee", "terms:tee", "{terms} : tee", "tee + kanne", "'tee':*", "!tee", "tee & (", ":search_4", "%(x)s"),
    *("ä" * 10_000, "wort " * 200, "a\0b", "\ud7ff\uffff", "´`‚‘", "İ ﬁ ẞ", "中文", "٣ ½ ²"),
]


FOUND = {
    "teekanne": [1, 2],
    "TEEKANNEN": [1, 2],
    "teapots": [1],
    "schussel": [2],
    "schuessel": [2],
    "Schüsseln": [2],
    "schüs": [2],
    "schues": [2],
    "grosse tasse": [3],
    "große tassen": [3],
    "kanne": [1],
    "topf": [5, 4],
    "pottery tshirt": [4],
    "t-shirt": [4],
    "shirt m": [4],
    "320ml": [2],
    "steinzeug küche": [1],
    "kuche stein": [1],
    "mothers day": [7],
    "Mother's": [7],
    "die große tasse mit the cup": [3],
    "tee": [6, 1, 3, 2],
    "kaffee": [3],
    "kaf": [3],
    "kaf tee": [],
    "untertasse": [],
}


def test_a_search_finds(stocked: Search) -> None:
    assert {q: stocked(q) for q in FOUND} == FOUND


def test_the_name_counts_more_than_facts_and_these_more_than_the_description(search: Search) -> None:
    search.index(
        Document(1, names=["Nest"], facts=[], texts=["Aus Filz"]),
        Document(2, names=["Nest"], facts=["Filz"], texts=[]),
        Document(3, names=["Filz"], facts=[], texts=[]),
        Document(4, names=["Filzstift"], facts=[], texts=["Filz"]),
        Document(5, names=["Bastelfilz"], facts=[], texts=[]),
    )
    assert search.ranked("Filz") == [(3, 4), (5, 3), (4, 3), (2, 2), (1, 1)]


def test_whatever_is_typed_is_only_words(stocked: Search) -> None:
    for q in HOSTILE:
        words = words_of(q).words
        assert stocked(q) == stocked(" ".join(words)), q


def test_what_says_nothing_finds_nothing(stocked: Search) -> None:
    nothing = ("", " ", "%", "_", '"', "*", "\0", "😀", "NEAR(zz", "zz OR tee")
    assert [q for q in nothing if stocked(q)] == []


def test_operators_are_words(search: Search) -> None:
    search.index(
        Document(1, names=["Near or not"], facts=[], texts=[]), Document(2, names=["Near"], facts=[], texts=[])
    )
    assert search("NEAR NOT") == [1]


def test_a_product_is_found_by_its_words_of_now(stocked: Search) -> None:
    stocked.index(Document(2, names=["Schale Moor"], facts=[], texts=[]))
    assert (stocked("Schüssel"), stocked("Schale")) == ([], [2])


def test_a_product_that_was_removed_is_found_no_more(stocked: Search) -> None:
    stocked.database.write(lambda c: remove_products(c, [6, 2, 99]))
    assert stocked("tee") == [1, 3]
    assert stocked("moor") == []


def test_a_change_that_is_taken_back_leaves_the_index_as_it_was(stocked: Search) -> None:
    def change(c: Connection) -> None:
        index_products(c, [Document(2, names=["Schale"], facts=[], texts=[])])
        remove_products(c, [1])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        stocked.database.write(change)
    assert (stocked("Schale"), stocked("Schüssel"), stocked("Teapot")) == ([], [2], [1])


def add_variant(database: Database, *, sku: str, barcode: str | None = None) -> int:
    """The product of a new variant with this sku and barcode."""
    with database.writing() as c:
        item = factories.item(c)
        of_item = variant.c.id == item.id
        c.execute(update(variant).where(of_item).values(sku=sku, barcode=barcode))
        return int(c.execute(select(variant.c.product_id).where(of_item)).scalar_one())


def test_a_sku_and_a_barcode_are_found_exactly_before_all_words(search: Search) -> None:
    by_sku = add_variant(search.database, sku="TK-100/a", barcode="4006381333931")
    by_barcode = add_variant(search.database, sku="TK-200", barcode="BAR-X")
    search.index(*(Document(n, names=["TK 100 a, Bar x"], facts=["4006381333931"], texts=[]) for n in (101, 102)))
    for q in ("TK-100/a", "tk-100/A", "  tk-100/a "):
        assert search.ranked(q) == [(by_sku, 9), (102, 4), (101, 4)]
    for q in ("bar-x", "BAR-X"):
        assert search.ranked(q) == [(by_barcode, 9), (102, 4), (101, 4)]
    assert search.ranked("4006381333931") == [(by_sku, 9), (102, 2), (101, 2)]
    assert search.ranked("4 006381 333931") == [(by_sku, 9)]
    by_two_words = add_variant(search.database, sku="Ton 7")
    assert search.ranked("ton 7") == [(by_two_words, 9)]


def test_a_part_of_a_sku_or_barcode_finds_nothing(search: Search) -> None:
    add_variant(search.database, sku="TK-100/a", barcode="4006381333931")
    add_variant(search.database, sku="TK-101", barcode="")
    parts = ("TK-10", "TK-100/ab", "400638133393", "TK_100/a", "%", "")
    assert [q for q in parts if search(q)] == []


def test_a_product_that_a_sku_and_words_find_is_found_once(search: Search) -> None:
    product_id = add_variant(search.database, sku="MOOR", barcode="moor")
    search.index(Document(product_id, names=["Moor"], facts=["Moor"], texts=["Moor"]))
    assert search.ranked("moor") == [(product_id, 9)]


def test_an_archived_variant_is_not_found(search: Search) -> None:
    with search.database.writing() as c:
        item = factories.item(c)
        sku = factories.sku_of(c, item.id)
    assert len(search(sku)) == 1
    search.database.write(lambda c: archive_item(c, item.id, IfMatch("*"), actor="shopctl"))
    assert search(sku) == []


def test_of_a_word_that_is_everywhere_the_best_thousand_are_found(search: Search) -> None:
    in_texts = [Document(n, names=[f"Vase {n}"], facts=[], texts=["Steinzeug"]) for n in range(1, MOST_FOUND + 200)]
    search.index(*in_texts, Document(5_000, names=["Steinzeug"], facts=[], texts=[]))
    found = search.ranked("steinzeug")
    assert (len(found), found[0], {rank for _, rank in found[1:]}) == (MOST_FOUND, (5_000, 4), {1})


def test_a_list_pages_through_what_was_found_by_rank_and_product(stocked: Search) -> None:
    found = matches(words_of("tee"), dialect=stocked.database.dialect).cte("found")
    best_first = select(found).order_by(found.c.rank.desc(), found.c.product_id.desc()).limit(2)
    seen: list[int] = []
    with stocked.database.reading() as c:
        while rows := c.execute(best_first).all():
            seen += [row.product_id for row in rows]
            rank, product_id = rows[-1].rank, rows[-1].product_id
            behind = (found.c.rank < rank) | ((found.c.rank == rank) & (found.c.product_id < product_id))
            best_first = select(found).where(behind).order_by(found.c.rank.desc(), found.c.product_id.desc()).limit(2)
    assert seen == stocked("tee")


@pytest.mark.concurrency
def test_many_who_bring_the_same_new_words_at_once_all_succeed(search: Search) -> None:
    names = [[f"wort{chr(97 + n)}" for n in range(20)], [f"wort{chr(97 + n)}" for n in reversed(range(20))]]

    def save(product_id: int) -> None:
        search.index(Document(product_id, names=[" ".join(names[product_id % 2])], facts=[], texts=[]))

    with ThreadPoolExecutor(4) as savers:
        list(savers.map(save, range(1, 13)))
    assert sorted(search("wortc")) == list(range(1, 13))
