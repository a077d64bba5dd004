"""Search: the index, the words that a misspelt one may have meant, and skus whatever their case."""

import sqlalchemy as sa
from alembic import op

from shopapi.db.types import Int, Text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        index_of_postgresql()
    else:
        index_of_sqlite()
    vocabulary()
    op.create_index("ix_variant_upper_sku", "variant", [sa.text("upper(sku)")])


def index_of_postgresql() -> None:
    op.execute(
        """CREATE TABLE search_document (
          product_id bigint CONSTRAINT pk_search_document PRIMARY KEY,
          terms tsvector NOT NULL
        )"""
    )
    op.execute("CREATE INDEX ix_search_document_terms ON search_document USING gin (terms)")
    # The planner takes a look at a long row for as cheap as one at a short row, and would rather go through all of them
    # than use the index: in a shop of 1,000 products, and for the first few of a word that many have.
    op.execute(
        """CREATE FUNCTION search_hits(question tsquery, most integer) RETURNS SETOF bigint
        LANGUAGE sql STABLE ROWS 100 SET enable_seqscan = off
        AS $$ SELECT product_id FROM search_document WHERE terms @@ question LIMIT most $$"""
    )


def index_of_sqlite() -> None:
    # The terms are ready, and each is one for the tokenizer too: to it, all beyond ASCII is a letter.
    # Which product has a term is all that is asked, never where and how often.
    op.execute(
        """CREATE VIRTUAL TABLE search_document USING fts5 (
          terms, tokenize = 'ascii', prefix = '3 4 5 6 7 8 9 10 11 12', detail = none, columnsize = 0
        )"""
    )


def vocabulary() -> None:
    op.create_table(
        "search_term",
        sa.Column("term", Text, nullable=False),
        sa.Column("written", Text, nullable=False),
        sa.PrimaryKeyConstraint("term", name="pk_search_term"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_trigram",
        sa.Column("trigram", Text, nullable=False),
        sa.Column("length", Int, nullable=False),
        sa.Column("term", Text, nullable=False),
        sa.PrimaryKeyConstraint("trigram", "length", "term", name="pk_search_trigram"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
