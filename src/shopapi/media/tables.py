"""Pictures by the hash of their content, and their bytes in every width."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, PrimaryKeyConstraint, Table

from shopapi.db.types import Bytes, Instant, Int, Text, clock, metadata

media = Table(
    "media",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("kind", Text, CheckConstraint("kind IN ('svg', 'webp', 'png', 'jpg')", name="kind"), nullable=False),
    Column("width", Int, nullable=False),
    Column("height", Int, nullable=False),
    Column("created_at", Instant, nullable=False, default=clock()),
    sqlite_strict=True,
)

media_file = Table(
    "media_file",
    metadata,
    Column("sha256", Text, ForeignKey(media.c.sha256), nullable=False),
    Column("width", Int, nullable=False),
    Column("content", Bytes, nullable=False),
    PrimaryKeyConstraint("sha256", "width"),
    sqlite_strict=True,
)
"""The bytes, once for every width; a drawing has its own width alone."""
