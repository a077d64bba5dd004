"""Promotions: what takes something off, when, on what, and how often."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, PrimaryKeyConstraint, Table, UniqueConstraint

from shopapi.db.types import Flag, Id, Instant, Int, Json, Text, clock, metadata

promotion = Table(
    "promotion",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("names", Json, nullable=False),
    Column(
        "kind", Text, CheckConstraint("kind IN ('percent', 'amount', 'free_shipping')", name="kind"), nullable=False
    ),
    Column("value", Int, CheckConstraint("value >= 0", name="value"), nullable=False),
    Column("scope", Text, CheckConstraint("scope IN ('order', 'category', 'product')", name="scope"), nullable=False),
    Column("category_id", Id, ForeignKey("category.id")),
    Column("product_id", Id, ForeignKey("product.id")),
    Column("exclusive", Flag, nullable=False),
    Column("min_subtotal", Int, CheckConstraint("min_subtotal >= 0", name="min_subtotal"), nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("version", Int, nullable=False, server_default="1"),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    CheckConstraint("(scope = 'category') = (category_id IS NOT NULL)", name="category"),
    CheckConstraint("(scope = 'product') = (product_id IS NOT NULL)", name="product"),
    CheckConstraint("kind <> 'percent' OR value <= 10000", name="percent"),
    sqlite_strict=True,
)
"""``value`` is basis points of a percent, minor units of an amount, 0 for free shipping. An
``exclusive`` one stands alone.

``min_subtotal`` is the value of goods that it asks for. A promotion is never deleted: ``ends_at`` ends it.
"""

promotion_code = Table(
    "promotion_code",
    metadata,
    Column("id", Id, primary_key=True),
    Column("promotion_id", Id, ForeignKey("promotion.id"), nullable=False, index=True),
    Column("code", Text, unique=True),
    Column("used", Int, nullable=False, server_default="0"),
    Column("max_uses", Int),
    Column("max_uses_per_customer", Int, CheckConstraint("max_uses_per_customer > 0", name="per_customer")),
    Column("created_at", Instant, nullable=False, default=clock()),
    CheckConstraint("0 <= used AND (max_uses IS NULL OR used <= max_uses)", name="used"),
    sqlite_strict=True,
)
"""The door to a promotion, with its limits: a code in its normal form, or null for one that applies by itself."""

code_redemption = Table(
    "code_redemption",
    metadata,
    Column("code_id", Id, ForeignKey("promotion_code.id"), nullable=False),
    Column("order_id", Id, ForeignKey("sales_order.id"), nullable=False, index=True),
    Column("customer_key", Text, nullable=False),
    Column("slot", Int, CheckConstraint("slot > 0", name="slot"), nullable=False),
    Column("created_at", Instant, nullable=False, default=clock()),
    PrimaryKeyConstraint("code_id", "order_id"),
    UniqueConstraint("code_id", "customer_key", "slot"),
    sqlite_strict=True,
)
"""One use. ``slot`` counts a customer's uses from 1: two at the same moment want the same one, and one gets it.

``customer_key`` is a keyed hash of the e-mail address's normal form. A cancelled order gives its use
back: the row goes.
"""
