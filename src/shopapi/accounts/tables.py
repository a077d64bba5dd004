"""Staff, what lets them in, and what they did."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table

from shopapi.db.types import Bytes, Id, Instant, Int, Json, Text, clock, metadata

staff = Table(
    "staff",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column(
        "role",
        Text,
        CheckConstraint("role IN ('owner', 'manager', 'clerk', 'viewer')", name="role"),
        nullable=False,
    ),
    Column("password_hash", Text, nullable=False),
    Column("disabled_at", Instant),
    Column("version", Int, nullable=False, server_default="1"),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    sqlite_strict=True,
)
"""``email`` is in its normal form, see :func:`shopapi.accounts.rules.normal_email`."""

session = Table(
    "session",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", Bytes, nullable=False, unique=True),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False, index=True),
    Column("user_agent", Text, nullable=False, server_default=""),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("last_seen_at", Instant, nullable=False, default=clock()),
    Column("expires_at", Instant, nullable=False),
    sqlite_strict=True,
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False, unique=True),
    Column("secret_hash", Bytes, nullable=False),
    Column("permissions", Json, nullable=False),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("expires_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
    sqlite_strict=True,
)
"""``prefix`` is the part of the secret that may be shown; ``staff_id`` is the key's maker."""

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("id", Id, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", Json),
    Column("after", Json),
    Column("address", Text, nullable=False, server_default=""),
    Column("at", Instant, nullable=False, default=clock()),
    sqlite_strict=True,
)
"""Append-only: triggers refuse every update and delete. No password and no secret, hashed or not, stands in it."""
