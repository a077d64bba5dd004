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
    Column("owner", Text),
    Column("lease_until", Instant),
    Column("order_number", Text),
    Column("created_at", Instant, nullable=False, default=clock(), index=True),
    PrimaryKeyConstraint("scope", "key"),
    sqlite_strict=True,
)
"""What calls nobody else commits its claim with its answer, as ``done``. What calls a payment provider commits it
first: ``owner`` works on it until ``lease_until``, then whoever repeats the request goes on where the order stands.

``order_number`` is the order that the request made: its access token is worked out again for a replay, never stored.
"""
