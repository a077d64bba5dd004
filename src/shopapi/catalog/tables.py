"""Products and their variants, as far as stock needs them."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table

from shopapi.db.types import Id, Instant, Int, Text, clock, metadata

product = Table(
    "product",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("state", Text, CheckConstraint("state IN ('draft', 'active', 'archived')", name="state"), nullable=False),
    Column("version", Int, nullable=False, server_default="1"),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    sqlite_strict=True,
)

product_slug = Table(
    "product_slug",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("product_id", Id, ForeignKey("product.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False, default=clock()),
    sqlite_strict=True,
)
"""Every slug that a product has or had: an old one keeps answering, and is never given to another product."""

variant = Table(
    "variant",
    metadata,
    Column("id", Id, primary_key=True),
    Column("product_id", Id, ForeignKey("product.id"), nullable=False, index=True),
    Column("sku", Text, nullable=False, unique=True),
    Column("item_name", Text, unique=True),
    Column("price", Int, CheckConstraint("price >= 0", name="price")),
    Column("position", Int, nullable=False, server_default="0"),
    Column("archived_at", Instant),
    Column("version", Int, nullable=False, server_default="1"),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    CheckConstraint("(item_name IS NULL) = (archived_at IS NOT NULL)", name="name_of_the_living"),
    sqlite_strict=True,
)
"""What is sold and counted. ``item_name`` is its name in the classic interface: unique among the living."""
