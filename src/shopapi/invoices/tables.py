"""Invoices and credit notes, numbered without a gap."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint, text

from shopapi.db.types import Bytes, Id, Instant, Int, Json, Text, clock, metadata

_INVOICE = text("kind = 'invoice'")

invoice_counter = Table(
    "invoice_counter",
    metadata,
    Column("series", Text, primary_key=True),
    Column("last", Int, CheckConstraint("last >= 0", name="last"), nullable=False),
    sqlite_strict=True,
)
"""The last number given in each series: raised in the transaction that writes the invoice, so there is no gap."""

invoice = Table(
    "invoice",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("series", Text, nullable=False),
    Column("number", Int, CheckConstraint("number > 0", name="number"), nullable=False),
    Column("kind", Text, CheckConstraint("kind IN ('invoice', 'credit_note')", name="kind"), nullable=False),
    Column("order_id", Id, ForeignKey("sales_order.id"), nullable=False, index=True),
    Column("refund_id", Id, ForeignKey("refund.id"), unique=True),
    Column("content", Json, nullable=False),
    Column("pdf", Bytes, nullable=False),
    Column("created_at", Instant, nullable=False, default=clock()),
    UniqueConstraint("series", "number"),
    CheckConstraint("(kind = 'credit_note') = (refund_id IS NOT NULL)", name="refund"),
    Index("uq_invoice_of_order", "order_id", unique=True, postgresql_where=_INVOICE, sqlite_where=_INVOICE),
    sqlite_strict=True,
)
"""``content`` is what it says, ``pdf`` how it was issued: neither ever changes. One invoice an order, one credit note a
refund."""
