"""A small catalog to search in; properties run under the same profile as those of tests/properties."""

import pytest
from sqlalchemy import select

from shopapi.catalog.search.finding import matches
from shopapi.catalog.search.index import index_products
from shopapi.catalog.search.terms import Document
from shopapi.catalog.search.words import words_of
from shopapi.db.engine import Database
from tests.properties import conftest as _profile  # noqa: F401

GOODS = (
    # id, names, facts, texts
    (1, ["Teekanne Nordlicht", "Teapot Northern Light"], ["Steinzeug, 1 l", "Küche"], ["Hält den Tee warm."]),
    (2, ["Schüssel Moor", "Bowl Moor"], ["Steinzeug, 320 ml", "grün", "green"], ["Passt zur Teekanne Nordlicht."]),
    (3, ["Große Tassen", "Large cups"], ["zwei Stück", "Geschirr"], ["Für Kaffee und Tee."]),
    (
        4,
        ["T-Shirt „Töpferei“", "T-shirt Pottery"],
        ["Baumwolle", "Größe", "M"],
        ["Spülen Sie es nicht, waschen Sie es."],
    ),
    (5, ["Blumentöpfe", "Flower pots"], ["Terrakotta", "Garten"], ["Drei kleine."]),
    (6, ["Tee aus Assam", "Assam tea"], ["100 g", "Vorrat"], ["Kräftig, malzig."]),
    (7, ["Mother’s Day Card", "Karte zum Muttertag"], ["Papier"], ["Handgedruckt."]),
)


class Search:
    """What a shopper does: search, and see products in order."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def __call__(self, q: str) -> list[int]:
        return [product_id for product_id, _ in self.ranked(q)]

    def ranked(self, q: str) -> list[tuple[int, int]]:
        found = matches(words_of(q), dialect=self.database.dialect).subquery("found")
        best_first = select(found.c.product_id, found.c.rank).order_by(found.c.rank.desc(), found.c.product_id.desc())
        with self.database.reading() as c:
            return [(row.product_id, row.rank) for row in c.execute(best_first)]

    def index(self, *documents: Document) -> None:
        self.database.write(lambda c: index_products(c, documents))


@pytest.fixture
def search(database: Database) -> Search:
    """A search in an empty shop."""
    return Search(database)


@pytest.fixture
def stocked(search: Search) -> Search:
    """A search among :data:`GOODS`."""
    search.index(*(Document(*goods) for goods in GOODS))
    return search
