"""The words that products are called by, and the index of skus.

The index itself, ``search_document``, is a table of each database's own kind (FTS5; a ``tsvector`` with GIN), which
these tables cannot describe: the migration says what it is, ``index.py`` writes it and ``finding.py`` reads it.
"""

from sqlalchemy import Column, Index, Table, func

from shopapi.catalog.tables import variant
from shopapi.db.types import Int, Text, metadata

search_term = Table(
    "search_term",
    metadata,
    Column("term", Text, primary_key=True),
    Column("written", Text, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
"""Every word of a name, a fact, an option or a category: folded, and as it was first written.

A word stays when its last product goes: whoever uses one asks the index whether it is still there.
"""

search_trigram = Table(
    "search_trigram",
    metadata,
    Column("trigram", Text, primary_key=True),
    Column("length", Int, primary_key=True),
    Column("term", Text, primary_key=True),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
"""Which terms of so many letters have these three in a row."""

Index("ix_variant_upper_sku", func.upper(variant.c.sku))
