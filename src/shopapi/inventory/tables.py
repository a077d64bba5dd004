"""Stock: a ledger of movements, and the counters that are kept beside it in the same transaction."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, Table

from shopapi.contract.fields import MAX_ITEM_QUANTITY
from shopapi.db.types import Id, Instant, Int, Text, clock, metadata

location = Table(
    "location",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("created_at", Instant, nullable=False, default=clock()),
    sqlite_strict=True,
)

MAIN_LOCATION = 1
"""The one place where stock lies, until several are asked for; the first migration makes it."""

stock_level = Table(
    "stock_level",
    metadata,
    Column("variant_id", Id, ForeignKey("variant.id"), nullable=False),
    Column("location_id", Id, ForeignKey("location.id"), nullable=False),
    Column("on_hand", Int, nullable=False),
    Column("reserved", Int, nullable=False, server_default="0"),
    Column("version", Int, nullable=False, server_default="1"),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    PrimaryKeyConstraint("variant_id", "location_id"),
    CheckConstraint("0 <= reserved AND reserved <= on_hand", name="reserved"),
    CheckConstraint(f"on_hand <= {MAX_ITEM_QUANTITY}", name="on_hand_limit"),
    sqlite_strict=True,
)

stock_movement = Table(
    "stock_movement",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("variant_id", Id, ForeignKey("variant.id"), nullable=False),
    Column("location_id", Id, ForeignKey("location.id"), nullable=False),
    Column("delta", Int, CheckConstraint("delta <> 0", name="delta"), nullable=False),
    Column(
        "reason",
        Text,
        CheckConstraint("reason IN ('receive', 'correct', 'sell', 'return', 'write_off', 'transfer')", name="reason"),
        nullable=False,
    ),
    Column("reference", Text, nullable=False, server_default=""),
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False, default=clock()),
    Index(None, "variant_id", "id"),
    sqlite_strict=True,
)
"""Append-only: triggers refuse every update and delete. ``actor`` is a public id, ``anyone`` or ``shopctl``."""

reservation = Table(
    "reservation",
    metadata,
    Column("order_id", Id, nullable=False),
    Column("variant_id", Id, ForeignKey("variant.id"), nullable=False),
    Column("location_id", Id, ForeignKey("location.id"), nullable=False),
    Column("quantity", Int, CheckConstraint("quantity > 0", name="quantity"), nullable=False),
    Column("shipped", Int, nullable=False, server_default="0"),
    Column(
        "state",
        Text,
        CheckConstraint("state IN ('held', 'committed', 'shipped', 'released')", name="state"),
        nullable=False,
    ),
    Column("expires_at", Instant),
    Column("created_at", Instant, nullable=False, default=clock()),
    PrimaryKeyConstraint("order_id", "variant_id", "location_id"),
    CheckConstraint("0 <= shipped AND shipped <= quantity", name="shipped"),
    Index(None, "variant_id", "location_id"),
    sqlite_strict=True,
)
