"""SQL that reads the index: which products a search finds, in which order."""

from typing import Final

from sqlalchemy import TextualSelect, text

from shopapi.catalog.search.terms import questions_of
from shopapi.catalog.search.words import Query
from shopapi.db.types import Id, Int

MOST_FOUND: Final = 1_000
"""So many products are ranked; of a search that finds more, those are the best and the newest."""

# What is searched for is a parameter in each place: it never becomes SQL. Each part ends when it has found enough, and
# the next one begins only if there is room left: a common word costs little more in a large shop than in a small one.
BY_CODE_RANK: Final = 9

BY_CODE: Final = f"""
SELECT product_id, {BY_CODE_RANK} AS rank FROM (
  SELECT product_id FROM variant WHERE upper(sku) = upper(:search_code) AND archived_at IS NULL
  UNION SELECT product_id FROM variant
  WHERE barcode IN (replace(:search_code, ' ', ''), upper(:search_code)) AND barcode <> '' AND archived_at IS NULL
) by_code
"""  # noqa: S608 - our own number
_BY_WORDS: Final = {
    "sqlite": """SELECT product_id, rank FROM (
      SELECT rowid AS product_id, {rank} AS rank FROM search_document
      WHERE search_document MATCH :search_{rank} ORDER BY rowid DESC LIMIT {most})""",
    "postgresql": """
      SELECT product_id, {rank} AS rank FROM search_hits(CAST(:search_{rank} AS tsquery), {most}) AS product_id""",
}
_RANKS: Final = (4, 3, 2, 1)


def _statement(dialect: str) -> str:
    parts = " UNION ALL ".join(_BY_WORDS[dialect].format(rank=rank, most=MOST_FOUND) for rank in _RANKS)
    words = f"SELECT product_id, rank FROM ({parts} LIMIT {MOST_FOUND}) by_words"  # noqa: S608 - our own words
    both = f"{BY_CODE} UNION ALL {words}"
    return f"SELECT product_id, max(rank) AS rank FROM ({both}) found GROUP BY product_id"  # noqa: S608


_MATCHES: Final = {dialect: text(_statement(dialect)) for dialect in _BY_WORDS}


def matches(query: Query, *, dialect: str) -> TextualSelect:
    """The products that have every word of ``query``: columns ``product_id`` and ``rank``, a row each.

    ``rank`` is a whole number, higher is better: 9 a sku or barcode, 4 whole words in the name, 3 the last word begun
    or the end of a compound in it, 2 with facts, options and categories, 1 with the description. To use it in several
    places of a statement, make it a CTE: so it is worked out once.
    """
    asked = dict(zip(_RANKS, questions_of(query, dialect), strict=True))
    values = {f"search_{rank}": question for rank, question in asked.items()}
    found = _MATCHES[dialect].bindparams(search_code=query.code, **values)
    return found.columns(product_id=Id, rank=Int)
