"""Stock, staff and idempotency keys."""

import sqlalchemy as sa
from alembic import op

from shopapi.db.types import Bytes, Id, Instant, Int, Json, Text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("stock_movement", "audit_entry")


def upgrade() -> None:
    schema_and_catalog()
    inventory()
    people()
    keys()
    for table in APPEND_ONLY:
        make_append_only(table)
    now = "now()" if op.get_bind().dialect.name == "postgresql" else "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
    op.execute(f"INSERT INTO location (id, code, name, created_at) VALUES (1, 'main', 'Main', {now})")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT setval('location_id_seq', 1)")


def schema_and_catalog() -> None:
    op.create_table(
        "schema_step",
        sa.Column("version", Text, nullable=False),
        sa.Column("checksum", Text, nullable=False),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("finished_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_schema_step"),
        sqlite_strict=True,
    )
    op.create_table(
        "product",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("version", Int, nullable=False, server_default="1"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_product"),
        sa.UniqueConstraint("slug", name="uq_product_slug"),
        sa.CheckConstraint("state IN ('draft', 'active', 'archived')", name=op.f("ck_product_state")),
        sqlite_strict=True,
    )
    op.create_table(
        "product_slug",
        sa.Column("slug", Text, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("slug", name="pk_product_slug"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_product_slug_product_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_product_slug_product_id", "product_slug", ["product_id"])
    op.create_table(
        "variant",
        sa.Column("id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("sku", Text, nullable=False),
        sa.Column("item_name", Text),
        sa.Column("price", Int),
        sa.Column("position", Int, nullable=False, server_default="0"),
        sa.Column("archived_at", Instant),
        sa.Column("version", Int, nullable=False, server_default="1"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_variant"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_variant_product_id"),
        sa.UniqueConstraint("sku", name="uq_variant_sku"),
        sa.UniqueConstraint("item_name", name="uq_variant_item_name"),
        sa.CheckConstraint("price >= 0", name=op.f("ck_variant_price")),
        sa.CheckConstraint(
            "(item_name IS NULL) = (archived_at IS NOT NULL)", name=op.f("ck_variant_name_of_the_living")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_variant_product_id", "variant", ["product_id"])


def inventory() -> None:
    op.create_table(
        "location",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_location"),
        sa.UniqueConstraint("code", name="uq_location_code"),
        sqlite_strict=True,
    )
    op.create_table(
        "stock_level",
        sa.Column("variant_id", Id, nullable=False),
        sa.Column("location_id", Id, nullable=False),
        sa.Column("on_hand", Int, nullable=False),
        sa.Column("reserved", Int, nullable=False, server_default="0"),
        sa.Column("version", Int, nullable=False, server_default="1"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("variant_id", "location_id", name="pk_stock_level"),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name="fk_stock_level_variant_id"),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name="fk_stock_level_location_id"),
        sa.CheckConstraint("0 <= reserved AND reserved <= on_hand", name=op.f("ck_stock_level_reserved")),
        sa.CheckConstraint("on_hand <= 1000000", name=op.f("ck_stock_level_on_hand_limit")),
        sqlite_strict=True,
    )
    op.create_table(
        "stock_movement",
        sa.Column("id", Id, nullable=False),
        sa.Column("public_id", Text, nullable=False),
        sa.Column("variant_id", Id, nullable=False),
        sa.Column("location_id", Id, nullable=False),
        sa.Column("delta", Int, nullable=False),
        sa.Column("reason", Text, nullable=False),
        sa.Column("reference", Text, nullable=False, server_default=""),
        sa.Column("actor", Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stock_movement"),
        sa.UniqueConstraint("public_id", name="uq_stock_movement_public_id"),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name="fk_stock_movement_variant_id"),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name="fk_stock_movement_location_id"),
        sa.CheckConstraint("delta <> 0", name=op.f("ck_stock_movement_delta")),
        sa.CheckConstraint(
            "reason IN ('receive', 'correct', 'sell', 'return', 'write_off', 'transfer')",
            name=op.f("ck_stock_movement_reason"),
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_stock_movement_variant_id_id", "stock_movement", ["variant_id", "id"])
    op.create_table(
        "reservation",
        sa.Column("order_id", Id, nullable=False),
        sa.Column("variant_id", Id, nullable=False),
        sa.Column("location_id", Id, nullable=False),
        sa.Column("quantity", Int, nullable=False),
        sa.Column("shipped", Int, nullable=False, server_default="0"),
        sa.Column("state", Text, nullable=False),
        sa.Column("expires_at", Instant),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "variant_id", "location_id", name="pk_reservation"),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name="fk_reservation_variant_id"),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name="fk_reservation_location_id"),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reservation_quantity")),
        sa.CheckConstraint("0 <= shipped AND shipped <= quantity", name=op.f("ck_reservation_shipped")),
        sa.CheckConstraint("state IN ('held', 'committed', 'shipped', 'released')", name=op.f("ck_reservation_state")),
        sqlite_strict=True,
    )
    op.create_index("ix_reservation_variant_id_location_id", "reservation", ["variant_id", "location_id"])


def people() -> None:
    op.create_table(
        "staff",
        sa.Column("id", Id, nullable=False),
        sa.Column("public_id", Text, nullable=False),
        sa.Column("email", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("role", Text, nullable=False),
        sa.Column("password_hash", Text, nullable=False),
        sa.Column("disabled_at", Instant),
        sa.Column("version", Int, nullable=False, server_default="1"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("public_id", name="uq_staff_public_id"),
        sa.UniqueConstraint("email", name="uq_staff_email"),
        sa.CheckConstraint("role IN ('owner', 'manager', 'clerk', 'viewer')", name=op.f("ck_staff_role")),
        sqlite_strict=True,
    )
    op.create_table(
        "session",
        sa.Column("id", Id, nullable=False),
        sa.Column("token_hash", Bytes, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("user_agent", Text, nullable=False, server_default=""),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("last_seen_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("token_hash", name="uq_session_token_hash"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_session_staff_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_session_staff_id", "session", ["staff_id"])
    op.create_table(
        "api_key",
        sa.Column("id", Id, nullable=False),
        sa.Column("public_id", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("prefix", Text, nullable=False),
        sa.Column("secret_hash", Bytes, nullable=False),
        sa.Column("permissions", Json, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("last_used_at", Instant),
        sa.Column("revoked_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("public_id", name="uq_api_key_public_id"),
        sa.UniqueConstraint("prefix", name="uq_api_key_prefix"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_api_key_staff_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_api_key_staff_id", "api_key", ["staff_id"])
    op.create_table(
        "audit_entry",
        sa.Column("id", Id, nullable=False),
        sa.Column("actor", Text, nullable=False),
        sa.Column("action", Text, nullable=False),
        sa.Column("subject", Text, nullable=False),
        sa.Column("before", Json),
        sa.Column("after", Json),
        sa.Column("address", Text, nullable=False, server_default=""),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        sqlite_strict=True,
    )


def keys() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("scope", Text, nullable=False),
        sa.Column("key", Text, nullable=False),
        sa.Column("fingerprint", Bytes, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("status", Int),
        sa.Column("headers", Json),
        sa.Column("body", Bytes),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name="pk_idempotency_key"),
        sa.CheckConstraint("state IN ('claimed', 'done')", name=op.f("ck_idempotency_key_state")),
        sqlite_strict=True,
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"])


def make_append_only(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"""CREATE FUNCTION refuse_change_of_{table}() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"""
        )
        op.execute(
            f"""CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_{table}()"""
        )
    else:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"""CREATE TRIGGER {table}_refuses_{event.lower()} BEFORE {event} ON {table}
                BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
            )
