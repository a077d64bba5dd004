"""Where the first answer to a keyed request is kept."""

from sqlalchemy import CheckConstraint, Column, PrimaryKeyConstraint, Table

from shopapi.db.types import Bytes, Instant, Int, Json, Text, clock, metadata

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("scope", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", Bytes, nullable=False),
    Column("state", Text, CheckConstraint("state IN ('claimed', 'done')", name="state"), nullable=False),
    Column("status", Int),
    Column("headers", Json),
    Column("body", Bytes),
    Column("created_at", Instant, nullable=False, default=clock(), index=True),
    PrimaryKeyConstraint("scope", "key"),
    sqlite_strict=True,
)
"""``claimed`` is only ever seen inside the transaction of the change; what is committed is ``done``."""
