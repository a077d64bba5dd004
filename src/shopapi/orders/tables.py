"""Orders: copies of what was bought, as it was then, and the timeline of each."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, Table, UniqueConstraint, text

from shopapi.db.types import Bytes, Flag, Id, Instant, Int, Json, Text, clock, metadata

sales_order = Table(
    "sales_order",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("cart_id", Id, ForeignKey("cart.id"), nullable=False),
    Column(
        "state",
        Text,
        CheckConstraint("state IN ('placed', 'confirmed', 'closed', 'cancelled')", name="state"),
        nullable=False,
    ),
    Column(
        "shipping_state",
        Text,
        CheckConstraint("shipping_state IN ('unshipped', 'partly_shipped', 'shipped')", name="shipping_state"),
        nullable=False,
        server_default="unshipped",
    ),
    Column("currency", Text, nullable=False),
    Column("prices_include_tax", Flag, nullable=False),
    Column("subtotal", Int, nullable=False),
    Column("discount", Int, nullable=False),
    Column("shipping", Int, nullable=False),
    Column("shipping_tax_rate_bp", Int, nullable=False),
    Column("shipping_tax", Int, nullable=False),
    Column("tax", Int, nullable=False),
    Column("total", Int, CheckConstraint("total >= 0", name="total"), nullable=False),
    Column("line_count", Int, CheckConstraint("line_count > 0", name="line_count"), nullable=False),
    Column("discounts", Json, nullable=False),
    Column("email", Text, nullable=False),
    Column("customer_name", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("shipping_address", Json, nullable=False),
    Column("billing_address", Json, nullable=False),
    Column("shipping_method", Json, nullable=False),
    Column("locale", Text, nullable=False),
    Column("access_token_hash", Bytes, nullable=False),
    Column("search_words", Text, nullable=False),
    Column("placed_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("event_count", Int, nullable=False, server_default="1"),
    Column("version", Int, nullable=False, server_default="1"),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    Index(
        "uq_sales_order_live_cart",
        "cart_id",
        unique=True,
        postgresql_where=text("state <> 'cancelled'"),
        sqlite_where=text("state <> 'cancelled'"),
    ),
    Index(None, "placed_at", "id"),
    Index(None, "state", "expires_at"),
    sqlite_strict=True,
)
"""One order. At most one of a cart is not cancelled: a declined payment may be tried again.

``expires_at`` is when an order that is only placed is given up; ``event_count`` the sequence of its last event;
``search_words`` what staff find it by, in lower case.
"""

order_line = Table(
    "order_line",
    metadata,
    Column("order_id", Id, ForeignKey("sales_order.id"), nullable=False),
    Column("position", Int, nullable=False),
    Column("variant_id", Id, ForeignKey("variant.id"), nullable=False, index=True),
    Column("sku", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("fact", Text, nullable=False, server_default=""),
    Column("options", Json, nullable=False),
    Column("image", Json),
    Column("unit_price", Int, CheckConstraint("unit_price >= 0", name="unit_price"), nullable=False),
    Column("quantity", Int, CheckConstraint("quantity > 0", name="quantity"), nullable=False),
    Column("discount", Int, CheckConstraint("discount >= 0", name="discount"), nullable=False),
    Column("tax_rate_bp", Int, nullable=False),
    Column("tax", Int, nullable=False),
    Column("total", Int, CheckConstraint("total >= 0", name="total"), nullable=False),
    Column("created_at", Instant, nullable=False, default=clock()),
    PrimaryKeyConstraint("order_id", "position"),
    UniqueConstraint("order_id", "variant_id"),
    sqlite_strict=True,
)
"""A copy of what was bought: no later change of the catalog changes it.

``options`` are pairs of an option's name and its value's, in the product's order; in older orders they are an object,
the order of whose names PostgreSQL does not keep.
"""

order_event = Table(
    "order_event",
    metadata,
    Column("order_id", Id, ForeignKey("sales_order.id"), nullable=False),
    Column("sequence", Int, CheckConstraint("sequence > 0", name="sequence"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("data", Json, nullable=False),
    Column("at", Instant, nullable=False, default=clock()),
    PrimaryKeyConstraint("order_id", "sequence"),
    sqlite_strict=True,
)
"""Append-only: triggers refuse every update and delete. ``sequence`` has no gap within an order."""

shipment = Table(
    "shipment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("order_id", Id, ForeignKey("sales_order.id"), nullable=False, index=True),
    Column("carrier", Text, nullable=False),
    Column("tracking", Text, nullable=False),
    Column("created_at", Instant, nullable=False, default=clock()),
    sqlite_strict=True,
)

shipment_line = Table(
    "shipment_line",
    metadata,
    Column("shipment_id", Id, ForeignKey("shipment.id"), nullable=False),
    Column("variant_id", Id, ForeignKey("variant.id"), nullable=False),
    Column("quantity", Int, CheckConstraint("quantity > 0", name="quantity"), nullable=False),
    Column("created_at", Instant, nullable=False, default=clock()),
    PrimaryKeyConstraint("shipment_id", "variant_id"),
    sqlite_strict=True,
)

withdrawal = Table(
    "withdrawal",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("order_id", Id, ForeignKey("sales_order.id"), index=True),
    Column("name", Text, nullable=False),
    Column("order_number", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("certain", Flag, nullable=False),
    Column("dismissed_at", Instant),
    Column("dismissed_by", Text),
    Column("dismissed_why", Text),
    Column("created_at", Instant, nullable=False, default=clock()),
    sqlite_strict=True,
)
"""What somebody declared, word for word. ``order_id`` is set where the number is an order's, or staff found out which
order is meant; ``certain`` says that its customer declared it: the e-mail address is theirs too, or they were asked.
``dismissed_...`` is who among the staff said when and why that it belongs to none: that stays here, but holds only for
as long as it is with none."""
