"""A misspelling still finds, and says which spelling was used."""

from shopapi.catalog.search.correcting import correct
from shopapi.catalog.search.index import remove_products
from shopapi.catalog.search.terms import Document
from shopapi.catalog.search.words import words_of
from tests import factories
from tests.db.test_statement_counts import counted
from tests.search.conftest import Search


def spelling_of(search: Search, q: str) -> str | None:
    with search.database.reading() as c:
        return correct(c, words_of(q), dialect=search.database.dialect)


MEANT = {
    "teekane": ("Teekanne", [1, 2]),
    "Tekanne": ("Teekanne", [1, 2]),
    "teeknane": ("Teekanne", [1, 2]),
    "schüssl": ("Schüssel", [2]),
    "schuesel": ("Schüssel", [2]),
    "schusel": ("Schüssel", [2]),
    "blumentobf": ("Blumentöpfe", [5]),
    "steinzoig teapott": ("Steinzeug Teapot", [1]),
    "grosse tasen": ("grosse Tassen", [3]),
    "teekanne x": ("teekanne", [1, 2]),
}
LEFT = [
    "teekanne",
    "kanne",
    "schüs",
    "kaffee",
    "malzig",
    "xylophon",
    "teekanne xylophon",
    "txe",
    "",
    "%",
    "12345",
    "der",
]


def test_a_misspelling_still_finds(stocked: Search) -> None:
    assert [q for q in MEANT if stocked(q)] == []
    answers = {q: spelling_of(stocked, q) or "" for q in MEANT}
    assert {q: (spelling, stocked(spelling)) for q, spelling in answers.items()} == MEANT


def test_what_is_known_or_like_nothing_is_left_as_it_is(stocked: Search) -> None:
    assert {q: spelling_of(stocked, q) for q in LEFT} == dict.fromkeys(LEFT)


def test_words_that_no_product_has_together_are_no_misspelling(stocked: Search) -> None:
    assert stocked("teekanne terrakotta") == []
    assert spelling_of(stocked, "teekanne terrakotta") is None


def test_a_word_that_is_gone_is_neither_known_nor_suggested(search: Search) -> None:
    search.index(
        Document(1, names=["Teekane"], facts=[], texts=[]),
        Document(2, names=["Teekanne"], facts=[], texts=[]),
    )
    search.index(Document(1, names=["Vase"], facts=[], texts=[]))
    assert spelling_of(search, "teekane") == "Teekanne"
    search.database.write(lambda c: remove_products(c, [2]))
    assert spelling_of(search, "teekane") is None
    assert spelling_of(search, "vaxse") == "Vase"


def test_a_sku_is_no_misspelling(stocked: Search) -> None:
    with stocked.database.writing() as c:
        sku = factories.sku_of(c, factories.item(c).id)
    stocked.index(Document(9, names=["Items"], facts=[], texts=[]))
    assert spelling_of(stocked, sku.replace("ITEM", "ITEN")) is None
    stocked.index(Document(9, names=["Itens 1"], facts=[], texts=[]))
    assert spelling_of(stocked, sku) is None


def test_known_words_cost_one_statement_and_others_three(stocked: Search) -> None:
    with counted() as known:
        spelling_of(stocked, "große tassen und eine teekanne")
    with counted() as misspelt:
        spelling_of(stocked, "grose tasen und eine teekane")
    assert (len(known), len(misspelt)) == (1, 3)
