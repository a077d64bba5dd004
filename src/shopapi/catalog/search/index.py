"""SQL that writes the index: what each product is found by."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, TextClause, text

from shopapi.catalog.search.spelling import SHORTEST_KNOWN, trigrams
from shopapi.catalog.search.terms import Document, Place, terms_of, words_by_place
from shopapi.catalog.search.words import forms

# Each is one statement, however many the rows. These go in by key, so that two that write the same words at once wait
# for each other in one order. A word that stands already is not touched: there is no row on which all writers meet.
_PUT_DOCUMENTS: Final = {
    "sqlite": text("""
        INSERT OR REPLACE INTO search_document (rowid, terms)
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:rows)
    """),
    "postgresql": text("""
        INSERT INTO search_document (product_id, terms)
        SELECT CAST(entry ->> 0 AS bigint), array_to_tsvector(string_to_array(entry ->> 1, ' '))
        FROM json_array_elements(CAST(:rows AS json)) entry ORDER BY 1
        ON CONFLICT (product_id) DO UPDATE SET terms = excluded.terms
    """),
}
_PUT_TERMS: Final = {
    "sqlite": text("""
        INSERT INTO search_term (term, written)
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:rows)
        WHERE true ON CONFLICT DO NOTHING RETURNING term
    """),
    "postgresql": text("""
        INSERT INTO search_term (term, written)
        SELECT entry ->> 0, entry ->> 1 FROM json_array_elements(CAST(:rows AS json)) entry ORDER BY 1
        ON CONFLICT DO NOTHING RETURNING term
    """),
}
_PUT_TRIGRAMS: Final = {
    "sqlite": text("""
        INSERT INTO search_trigram (trigram, length, term)
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
        FROM json_each(:rows)
    """),
    "postgresql": text("""
        INSERT INTO search_trigram (trigram, length, term)
        SELECT entry ->> 0, CAST(entry ->> 1 AS bigint), entry ->> 2 FROM json_array_elements(CAST(:rows AS json)) entry
    """),
}
_REMOVE: Final = {
    "sqlite": text("DELETE FROM search_document WHERE rowid IN (SELECT value FROM json_each(:rows))"),
    "postgresql": text("""
        DELETE FROM search_document WHERE product_id IN (
          SELECT CAST(id AS bigint) FROM json_array_elements_text(CAST(:rows AS json)) id)
    """),
}


def index_products(c: Connection, documents: Sequence[Document]) -> None:
    """Let each product be found by its words, and no longer by those that it had before; three statements in all.

    Only what shoppers may see belongs here. Call it once a transaction, by :meth:`Database.write`: two transactions
    that each bring new words in several calls may meet in a deadlock, of which one is then run again.
    """
    terms = {document.product_id: " ".join(terms_of(document)) for document in documents}
    _run(c, _PUT_DOCUMENTS, sorted(terms.items()))
    written = _vocabulary(documents)
    fresh = _run(c, _PUT_TERMS, sorted(written.items()))
    _run(c, _PUT_TRIGRAMS, sorted((part, len(term), term) for (term,) in fresh for part in trigrams(term)))


def remove_products(c: Connection, product_ids: Sequence[int]) -> None:
    """Let these products be found no more, except by sku and barcode."""
    _run(c, _REMOVE, sorted(product_ids))


def _vocabulary(documents: Sequence[Document]) -> dict[str, str]:
    """The words by which products are called, as they are written, by term."""
    found: dict[str, str] = {}
    for document in documents:
        for word in words_by_place(document)[Place.GOODS]:
            term = next(iter(forms(word).written), "")
            if len(term) >= SHORTEST_KNOWN and term.isalpha():
                found.setdefault(term, word)
    return found


def _run(c: Connection, statements: dict[str, TextClause], rows: Sequence[object]) -> Sequence[Row[Any]]:
    if not rows:
        return []
    done = c.execute(statements[c.dialect.name], {"rows": msgspec.json.encode(rows).decode()})
    return done.all() if done.returns_rows else []
