"""Carts: what somebody means to buy. No price is kept here that anything is worked out from."""

from typing import Final

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, Table

from shopapi.contract.carts import MAX_LINE_QUANTITY
from shopapi.db.types import Id, Instant, Int, Json, Text, clock, metadata

KEPT_DAYS: Final = 60
"""A cart that nobody touched for so long is dropped."""

cart = Table(
    "cart",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token", Text, nullable=False, unique=True),
    Column("state", Text, CheckConstraint("state IN ('open', 'ordered', 'abandoned')", name="state"), nullable=False),
    Column("version", Int, nullable=False, server_default="1"),
    Column("currency", Text, nullable=False),
    Column("email", Text),
    Column("customer_key", Text),
    Column("shipping_address", Json),
    Column("billing_address", Json),
    Column("country", Text),
    Column("shipping_method_id", Id, ForeignKey("shipping_method.id")),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    Index(None, "updated_at"),
    sqlite_strict=True,
)
"""``country`` is the shipping address's: taxes and delivery go by it; ``customer_key`` is whose uses of codes count."""

cart_line = Table(
    "cart_line",
    metadata,
    Column("cart_id", Id, ForeignKey("cart.id"), nullable=False),
    Column("variant_id", Id, ForeignKey("variant.id"), nullable=False),
    Column(
        "quantity",
        Int,
        CheckConstraint(f"0 < quantity AND quantity <= {MAX_LINE_QUANTITY}", name="quantity"),
        nullable=False,
    ),
    Column("price_told", Int, nullable=False),
    Column("position", Int, nullable=False),
    Column("created_at", Instant, nullable=False, default=clock()),
    PrimaryKeyConstraint("cart_id", "variant_id"),
    Index(None, "variant_id"),
    sqlite_strict=True,
)
"""``price_told`` is what the shopper last saw a unit cost: to tell them of a change, and for nothing else."""

cart_code = Table(
    "cart_code",
    metadata,
    Column("cart_id", Id, ForeignKey("cart.id"), nullable=False),
    Column("code_id", Id, ForeignKey("promotion_code.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False, default=clock()),
    PrimaryKeyConstraint("cart_id", "code_id"),
    sqlite_strict=True,
)
