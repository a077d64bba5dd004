"""Selling: carts, orders, payments, promotions, the outbox, e-mails, invoices."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shopapi.db.types import Bytes, Flag, Id, Instant, Int, Json, Text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    more_of_the_shop()
    promotions()
    carts()
    orders()
    payments()
    ledger()
    events()
    invoices()
    for table in ("order_event", "payment_event", "ledger_transaction", "ledger_line", "invoice"):
        make_append_only(table)


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def more_of_the_shop() -> None:
    moment = "timestamptz" if op.get_bind().dialect.name == "postgresql" else "TEXT"
    steps = "jsonb" if op.get_bind().dialect.name == "postgresql" else "TEXT"
    for column in ("tax_number", "bank_holder", "bank_iban", "bank_bic", "bank_name"):
        op.execute(f"ALTER TABLE shop ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    op.execute(
        "ALTER TABLE shipping_method ADD COLUMN steps_by TEXT NOT NULL DEFAULT 'weight'"
        " CONSTRAINT ck_shipping_method_steps_by CHECK (steps_by IN ('weight', 'subtotal'))"
    )
    op.execute(f"ALTER TABLE shipping_method ADD COLUMN steps {steps} NOT NULL DEFAULT '[]'")
    for column in ("owner TEXT", f"lease_until {moment}", "order_number TEXT"):
        op.execute(f"ALTER TABLE idempotency_key ADD COLUMN {column}")


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


def promotions() -> None:
    op.create_table(
        "promotion",
        sa.Column("id", Id, nullable=False),
        sa.Column("public_id", Text, nullable=False),
        sa.Column("names", Json, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("value", Int, nullable=False),
        sa.Column("scope", Text, nullable=False),
        sa.Column("category_id", Id, nullable=True),
        sa.Column("product_id", Id, nullable=True),
        sa.Column("exclusive", Flag, nullable=False),
        sa.Column("min_subtotal", Int, nullable=False),
        sa.Column("starts_at", Instant, nullable=False),
        sa.Column("ends_at", Instant, nullable=True),
        sa.Column("version", Int, nullable=False, server_default="1"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_promotion"),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name="fk_promotion_category_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_promotion_product_id"),
        sa.UniqueConstraint("public_id", name="uq_promotion_public_id"),
        sa.CheckConstraint("(scope = 'category') = (category_id IS NOT NULL)", name=op.f("ck_promotion_category")),
        sa.CheckConstraint("kind IN ('percent', 'amount', 'free_shipping')", name=op.f("ck_promotion_kind")),
        sa.CheckConstraint("min_subtotal >= 0", name=op.f("ck_promotion_min_subtotal")),
        sa.CheckConstraint("scope IN ('order', 'category', 'product')", name=op.f("ck_promotion_scope")),
        sa.CheckConstraint("value >= 0", name=op.f("ck_promotion_value")),
        sa.CheckConstraint("kind <> 'percent' OR value <= 10000", name=op.f("ck_promotion_percent")),
        sa.CheckConstraint("(scope = 'product') = (product_id IS NOT NULL)", name=op.f("ck_promotion_product")),
        sqlite_strict=True,
    )
    op.create_table(
        "promotion_code",
        sa.Column("id", Id, nullable=False),
        sa.Column("promotion_id", Id, nullable=False),
        sa.Column("code", Text, nullable=True),
        sa.Column("used", Int, nullable=False, server_default="0"),
        sa.Column("max_uses", Int, nullable=True),
        sa.Column("max_uses_per_customer", Int, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_promotion_code"),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotion.id"], name="fk_promotion_code_promotion_id"),
        sa.UniqueConstraint("code", name="uq_promotion_code_code"),
        sa.CheckConstraint("max_uses_per_customer > 0", name=op.f("ck_promotion_code_per_customer")),
        sa.CheckConstraint("0 <= used AND (max_uses IS NULL OR used <= max_uses)", name=op.f("ck_promotion_code_used")),
        sqlite_strict=True,
    )
    op.create_index("ix_promotion_code_promotion_id", "promotion_code", ["promotion_id"])


def carts() -> None:
    op.create_table(
        "cart",
        sa.Column("id", Id, nullable=False),
        sa.Column("token", Text, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("version", Int, nullable=False, server_default="1"),
        sa.Column("currency", Text, nullable=False),
        sa.Column("email", Text, nullable=True),
        sa.Column("customer_key", Text, nullable=True),
        sa.Column("shipping_address", Json, nullable=True),
        sa.Column("billing_address", Json, nullable=True),
        sa.Column("country", Text, nullable=True),
        sa.Column("shipping_method_id", Id, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cart"),
        sa.ForeignKeyConstraint(["shipping_method_id"], ["shipping_method.id"], name="fk_cart_shipping_method_id"),
        sa.UniqueConstraint("token", name="uq_cart_token"),
        sa.CheckConstraint("state IN ('open', 'ordered', 'abandoned')", name=op.f("ck_cart_state")),
        sqlite_strict=True,
    )
    op.create_index("ix_cart_updated_at", "cart", ["updated_at"])
    op.create_table(
        "cart_line",
        sa.Column("cart_id", Id, nullable=False),
        sa.Column("variant_id", Id, nullable=False),
        sa.Column("quantity", Int, nullable=False),
        sa.Column("price_told", Int, nullable=False),
        sa.Column("position", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("cart_id", "variant_id", name="pk_cart_line"),
        sa.ForeignKeyConstraint(["cart_id"], ["cart.id"], name="fk_cart_line_cart_id"),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name="fk_cart_line_variant_id"),
        sa.CheckConstraint("0 < quantity AND quantity <= 999", name=op.f("ck_cart_line_quantity")),
        sqlite_strict=True,
    )
    op.create_index("ix_cart_line_variant_id", "cart_line", ["variant_id"])
    op.create_table(
        "cart_code",
        sa.Column("cart_id", Id, nullable=False),
        sa.Column("code_id", Id, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("cart_id", "code_id", name="pk_cart_code"),
        sa.ForeignKeyConstraint(["cart_id"], ["cart.id"], name="fk_cart_code_cart_id"),
        sa.ForeignKeyConstraint(["code_id"], ["promotion_code.id"], name="fk_cart_code_code_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_cart_code_code_id", "cart_code", ["code_id"])


def orders() -> None:
    op.create_table(
        "sales_order",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", Text, nullable=False),
        sa.Column("cart_id", Id, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("shipping_state", Text, nullable=False, server_default="unshipped"),
        sa.Column("currency", Text, nullable=False),
        sa.Column("prices_include_tax", Flag, nullable=False),
        sa.Column("subtotal", Int, nullable=False),
        sa.Column("discount", Int, nullable=False),
        sa.Column("shipping", Int, nullable=False),
        sa.Column("shipping_tax_rate_bp", Int, nullable=False),
        sa.Column("shipping_tax", Int, nullable=False),
        sa.Column("tax", Int, nullable=False),
        sa.Column("total", Int, nullable=False),
        sa.Column("line_count", Int, nullable=False),
        sa.Column("discounts", Json, nullable=False),
        sa.Column("email", Text, nullable=False),
        sa.Column("customer_name", Text, nullable=False),
        sa.Column("country", Text, nullable=False),
        sa.Column("shipping_address", Json, nullable=False),
        sa.Column("billing_address", Json, nullable=False),
        sa.Column("shipping_method", Json, nullable=False),
        sa.Column("locale", Text, nullable=False),
        sa.Column("access_token_hash", Bytes, nullable=False),
        sa.Column("search_words", Text, nullable=False),
        sa.Column("placed_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=True),
        sa.Column("event_count", Int, nullable=False, server_default="1"),
        sa.Column("version", Int, nullable=False, server_default="1"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sales_order"),
        sa.ForeignKeyConstraint(["cart_id"], ["cart.id"], name="fk_sales_order_cart_id"),
        sa.UniqueConstraint("number", name="uq_sales_order_number"),
        sa.CheckConstraint("line_count > 0", name=op.f("ck_sales_order_line_count")),
        sa.CheckConstraint(
            "shipping_state IN ('unshipped', 'partly_shipped', 'shipped')",
            name=op.f("ck_sales_order_shipping_state"),
        ),
        sa.CheckConstraint(
            "state IN ('placed', 'confirmed', 'closed', 'cancelled')", name=op.f("ck_sales_order_state")
        ),
        sa.CheckConstraint("total >= 0", name=op.f("ck_sales_order_total")),
        sqlite_strict=True,
    )
    op.create_index("ix_sales_order_placed_at_id", "sales_order", ["placed_at", "id"])
    op.create_index("ix_sales_order_state_expires_at", "sales_order", ["state", "expires_at"])
    op.create_index(
        "uq_sales_order_live_cart", "sales_order", ["cart_id"], unique=True, **_where("state <> 'cancelled'")
    )
    op.create_table(
        "order_line",
        sa.Column("order_id", Id, nullable=False),
        sa.Column("position", Int, nullable=False),
        sa.Column("variant_id", Id, nullable=False),
        sa.Column("sku", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("fact", Text, nullable=False, server_default=""),
        sa.Column("options", Json, nullable=False),
        sa.Column("image", Json, nullable=True),
        sa.Column("unit_price", Int, nullable=False),
        sa.Column("quantity", Int, nullable=False),
        sa.Column("discount", Int, nullable=False),
        sa.Column("tax_rate_bp", Int, nullable=False),
        sa.Column("tax", Int, nullable=False),
        sa.Column("total", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "position", name="pk_order_line"),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_order_line_order_id"),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name="fk_order_line_variant_id"),
        sa.UniqueConstraint("order_id", "variant_id", name="uq_order_line_order_id_variant_id"),
        sa.CheckConstraint("discount >= 0", name=op.f("ck_order_line_discount")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_line_quantity")),
        sa.CheckConstraint("total >= 0", name=op.f("ck_order_line_total")),
        sa.CheckConstraint("unit_price >= 0", name=op.f("ck_order_line_unit_price")),
        sqlite_strict=True,
    )
    op.create_index("ix_order_line_variant_id", "order_line", ["variant_id"])
    op.create_table(
        "order_event",
        sa.Column("order_id", Id, nullable=False),
        sa.Column("sequence", Int, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("actor", Text, nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "sequence", name="pk_order_event"),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_order_event_order_id"),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_order_event_sequence")),
        sqlite_strict=True,
    )
    op.create_table(
        "shipment",
        sa.Column("id", Id, nullable=False),
        sa.Column("public_id", Text, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("carrier", Text, nullable=False),
        sa.Column("tracking", Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shipment"),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_shipment_order_id"),
        sa.UniqueConstraint("public_id", name="uq_shipment_public_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_shipment_order_id", "shipment", ["order_id"])
    op.create_table(
        "shipment_line",
        sa.Column("shipment_id", Id, nullable=False),
        sa.Column("variant_id", Id, nullable=False),
        sa.Column("quantity", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("shipment_id", "variant_id", name="pk_shipment_line"),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"], name="fk_shipment_line_shipment_id"),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name="fk_shipment_line_variant_id"),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shipment_line_quantity")),
        sqlite_strict=True,
    )
    op.create_table(
        "withdrawal",
        sa.Column("id", Id, nullable=False),
        sa.Column("public_id", Text, nullable=False),
        sa.Column("order_id", Id, nullable=True),
        sa.Column("name", Text, nullable=False),
        sa.Column("order_number", Text, nullable=False),
        sa.Column("email", Text, nullable=False),
        sa.Column("locale", Text, nullable=False),
        sa.Column("certain", Flag, nullable=False),
        sa.Column("dismissed_at", Instant, nullable=True),
        sa.Column("dismissed_by", Text, nullable=True),
        sa.Column("dismissed_why", Text, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_withdrawal"),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_withdrawal_order_id"),
        sa.UniqueConstraint("public_id", name="uq_withdrawal_public_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_withdrawal_order_id", "withdrawal", ["order_id"])
    op.create_table(
        "code_redemption",
        sa.Column("code_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("customer_key", Text, nullable=False),
        sa.Column("slot", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("code_id", "order_id", name="pk_code_redemption"),
        sa.ForeignKeyConstraint(["code_id"], ["promotion_code.id"], name="fk_code_redemption_code_id"),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_code_redemption_order_id"),
        sa.UniqueConstraint("code_id", "customer_key", "slot", name="uq_code_redemption_code_id_customer_key_slot"),
        sa.CheckConstraint("slot > 0", name=op.f("ck_code_redemption_slot")),
        sqlite_strict=True,
    )
    op.create_index("ix_code_redemption_order_id", "code_redemption", ["order_id"])


def payments() -> None:
    op.create_table(
        "payment",
        sa.Column("id", Id, nullable=False),
        sa.Column("public_id", Text, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("provider", Text, nullable=False),
        sa.Column("currency", Text, nullable=False),
        sa.Column("amount", Int, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("captured", Int, nullable=False, server_default="0"),
        sa.Column("refunded", Int, nullable=False, server_default="0"),
        sa.Column("refund_pending", Int, nullable=False, server_default="0"),
        sa.Column("next_url", Text, nullable=True),
        sa.Column("version", Int, nullable=False, server_default="1"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payment"),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_payment_order_id"),
        sa.UniqueConstraint("order_id", name="uq_payment_order_id"),
        sa.UniqueConstraint("public_id", name="uq_payment_public_id"),
        sa.CheckConstraint(
            "refunded + refund_pending <= captured AND captured <= amount", name=op.f("ck_payment_captured")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_amount")),
        sa.CheckConstraint(
            "state IN ('pending', 'unknown', 'authorized', 'captured', 'partly_refunded', 'refunded', 'failed', "
            "'cancelled')",
            name=op.f("ck_payment_state"),
        ),
        sa.CheckConstraint("0 <= refunded AND 0 <= refund_pending", name=op.f("ck_payment_refunded")),
        sqlite_strict=True,
    )
    op.create_table(
        "payment_attempt",
        sa.Column("id", Id, nullable=False),
        sa.Column("payment_id", Id, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("provider_key", Text, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("provider_ref", Text, nullable=True),
        sa.Column("asked", Int, nullable=False, server_default="0"),
        sa.Column("next_check_at", Instant, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payment_attempt"),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name="fk_payment_attempt_payment_id"),
        sa.UniqueConstraint("provider_key", name="uq_payment_attempt_provider_key"),
        sa.UniqueConstraint("provider_ref", name="uq_payment_attempt_provider_ref"),
        sa.CheckConstraint("kind IN ('authorize', 'capture', 'void')", name=op.f("ck_payment_attempt_kind")),
        sa.CheckConstraint(
            "state IN ('intended', 'unknown', 'succeeded', 'failed')",
            name=op.f("ck_payment_attempt_state"),
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_payment_attempt_due", "payment_attempt", ["next_check_at"], **_where("next_check_at IS NOT NULL")
    )
    op.create_index(
        "uq_payment_attempt_live",
        "payment_attempt",
        ["payment_id", "kind"],
        unique=True,
        **_where("state IN ('intended', 'unknown', 'succeeded')"),
    )
    op.create_table(
        "refund",
        sa.Column("id", Id, nullable=False),
        sa.Column("public_id", Text, nullable=False),
        sa.Column("payment_id", Id, nullable=False),
        sa.Column("amount", Int, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("provider_key", Text, nullable=False),
        sa.Column("provider_ref", Text, nullable=True),
        sa.Column("reason", Text, nullable=False),
        sa.Column("actor", Text, nullable=False),
        sa.Column("asked", Int, nullable=False, server_default="0"),
        sa.Column("next_check_at", Instant, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_refund"),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name="fk_refund_payment_id"),
        sa.UniqueConstraint("provider_key", name="uq_refund_provider_key"),
        sa.UniqueConstraint("provider_ref", name="uq_refund_provider_ref"),
        sa.UniqueConstraint("public_id", name="uq_refund_public_id"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refund_amount")),
        sa.CheckConstraint("state IN ('intended', 'unknown', 'succeeded', 'failed')", name=op.f("ck_refund_state")),
        sqlite_strict=True,
    )
    op.create_index("ix_refund_due", "refund", ["next_check_at"], **_where("next_check_at IS NOT NULL"))
    op.create_index("ix_refund_payment_id", "refund", ["payment_id"])
    op.create_table(
        "payment_event",
        sa.Column("id", Id, nullable=False),
        sa.Column("provider", Text, nullable=False),
        sa.Column("provider_event_id", Text, nullable=False),
        sa.Column("payment_id", Id, nullable=True),
        sa.Column("kind", Text, nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payment_event"),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name="fk_payment_event_payment_id"),
        sa.UniqueConstraint("provider", "provider_event_id", name="uq_payment_event_provider_provider_event_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_payment_event_payment_id", "payment_event", ["payment_id"])
    op.create_table(
        "payment_issue",
        sa.Column("id", Id, nullable=False),
        sa.Column("payment_id", Id, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("resolved_at", Instant, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payment_issue"),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name="fk_payment_issue_payment_id"),
        sa.CheckConstraint(
            "kind IN ('amount_mismatch', 'late_success', 'orphan_charge', 'no_answer', 'refund_failed')",
            name=op.f("ck_payment_issue_kind"),
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_payment_issue_payment_id_kind", "payment_issue", ["payment_id", "kind"])


def ledger() -> None:
    op.create_table(
        "ledger_account",
        sa.Column("code", Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_ledger_account"),
        sqlite_strict=True,
    )
    op.create_table(
        "ledger_transaction",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("source", Text, nullable=False),
        sa.Column("source_id", Id, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_transaction"),
        sa.UniqueConstraint("kind", "source", "source_id", name="uq_ledger_transaction_kind_source_source_id"),
        sa.CheckConstraint(
            "kind IN ('capture', 'refund', 'invoice', 'credit_note')",
            name=op.f("ck_ledger_transaction_kind"),
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "ledger_line",
        sa.Column("transaction_id", Id, nullable=False),
        sa.Column("position", Int, nullable=False),
        sa.Column("debit", Text, nullable=False),
        sa.Column("credit", Text, nullable=False),
        sa.Column("currency", Text, nullable=False),
        sa.Column("amount", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", "position", name="pk_ledger_line"),
        sa.ForeignKeyConstraint(["credit"], ["ledger_account.code"], name="fk_ledger_line_credit"),
        sa.ForeignKeyConstraint(["debit"], ["ledger_account.code"], name="fk_ledger_line_debit"),
        sa.ForeignKeyConstraint(["transaction_id"], ["ledger_transaction.id"], name="fk_ledger_line_transaction_id"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_line_amount")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_ledger_line_sides")),
        sqlite_strict=True,
    )
    op.create_index("ix_ledger_line_credit", "ledger_line", ["credit"])
    op.create_index("ix_ledger_line_debit", "ledger_line", ["debit"])


def events() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", Id, nullable=False),
        sa.Column("topic", Text, nullable=False),
        sa.Column("aggregate", Text, nullable=False),
        sa.Column("sequence", Int, nullable=False),
        sa.Column("position", Int, nullable=True),
        sa.Column("payload", Json, nullable=False),
        sa.Column("available_at", Instant, nullable=False),
        sa.Column("lease_until", Instant, nullable=True),
        sa.Column("leased_by", Text, nullable=True),
        sa.Column("attempts", Int, nullable=False, server_default="0"),
        sa.Column("error", Text, nullable=False, server_default=""),
        sa.Column("done_at", Instant, nullable=True),
        sa.Column("dead_at", Instant, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("aggregate", "sequence", name="uq_outbox_aggregate_sequence"),
        sa.UniqueConstraint("position", name="uq_outbox_position"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_outbox_waiting", "outbox", ["available_at", "id"], **_where("done_at IS NULL AND dead_at IS NULL")
    )
    op.create_table(
        "email_message",
        sa.Column("id", Id, nullable=False),
        sa.Column("public_id", Text, nullable=False),
        sa.Column("outbox_id", Id, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("order_number", Text, nullable=True),
        sa.Column("recipient", Text, nullable=False),
        sa.Column("locale", Text, nullable=False),
        sa.Column("subject", Text, nullable=False),
        sa.Column("text", Text, nullable=False),
        sa.Column("html", Text, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("attempts", Int, nullable=False, server_default="0"),
        sa.Column("error", Text, nullable=False, server_default=""),
        sa.Column("available_at", Instant, nullable=False),
        sa.Column("lease_until", Instant, nullable=True),
        sa.Column("leased_by", Text, nullable=True),
        sa.Column("sent_at", Instant, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_email_message"),
        sa.UniqueConstraint("outbox_id", "kind", name="uq_email_message_outbox_id_kind"),
        sa.UniqueConstraint("public_id", name="uq_email_message_public_id"),
        sa.CheckConstraint("state IN ('queued', 'sent', 'failed')", name=op.f("ck_email_message_state")),
        sqlite_strict=True,
    )
    op.create_index("ix_email_message_order_number", "email_message", ["order_number"])
    op.create_index("ix_email_message_queued", "email_message", ["available_at", "id"], **_where("state = 'queued'"))
    op.create_table(
        "worker_heartbeat",
        sa.Column("name", Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_worker_heartbeat"),
        sqlite_strict=True,
    )


def invoices() -> None:
    op.create_table(
        "invoice_counter",
        sa.Column("series", Text, nullable=False),
        sa.Column("last", Int, nullable=False),
        sa.PrimaryKeyConstraint("series", name="pk_invoice_counter"),
        sa.CheckConstraint("last >= 0", name=op.f("ck_invoice_counter_last")),
        sqlite_strict=True,
    )
    op.create_table(
        "invoice",
        sa.Column("id", Id, nullable=False),
        sa.Column("public_id", Text, nullable=False),
        sa.Column("series", Text, nullable=False),
        sa.Column("number", Int, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("refund_id", Id, nullable=True),
        sa.Column("content", Json, nullable=False),
        sa.Column("pdf", Bytes, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invoice"),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_invoice_order_id"),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name="fk_invoice_refund_id"),
        sa.UniqueConstraint("public_id", name="uq_invoice_public_id"),
        sa.UniqueConstraint("refund_id", name="uq_invoice_refund_id"),
        sa.UniqueConstraint("series", "number", name="uq_invoice_series_number"),
        sa.CheckConstraint("kind IN ('invoice', 'credit_note')", name=op.f("ck_invoice_kind")),
        sa.CheckConstraint("number > 0", name=op.f("ck_invoice_number")),
        sa.CheckConstraint("(kind = 'credit_note') = (refund_id IS NOT NULL)", name=op.f("ck_invoice_refund")),
        sqlite_strict=True,
    )
    op.create_index("ix_invoice_order_id", "invoice", ["order_id"])
    op.create_index("uq_invoice_of_order", "invoice", ["order_id"], unique=True, **_where("kind = 'invoice'"))
