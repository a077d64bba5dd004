"""Payments: what is owed, every try to move it, everything that providers told, and the books in double entry."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, Table, UniqueConstraint, text

from shopapi.db.types import Id, Instant, Int, Json, Text, clock, metadata

_LIVE = text("state IN ('intended', 'unknown', 'succeeded')")

payment = Table(
    "payment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("order_id", Id, ForeignKey("sales_order.id"), nullable=False, unique=True),
    Column("provider", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", Int, CheckConstraint("amount > 0", name="amount"), nullable=False),
    Column(
        "state",
        Text,
        CheckConstraint(
            "state IN ('pending', 'unknown', 'authorized', 'captured', 'partly_refunded', 'refunded', 'failed', "
            "'cancelled')",
            name="state",
        ),
        nullable=False,
    ),
    Column("captured", Int, nullable=False, server_default="0"),
    Column("refunded", Int, nullable=False, server_default="0"),
    Column("refund_pending", Int, nullable=False, server_default="0"),
    Column("next_url", Text),
    Column("version", Int, nullable=False, server_default="1"),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    CheckConstraint("0 <= refunded AND 0 <= refund_pending", name="refunded"),
    CheckConstraint("refunded + refund_pending <= captured AND captured <= amount", name="captured"),
    sqlite_strict=True,
)
"""What one order owes. ``next_url`` is the provider's page, while the customer has to go there."""

payment_attempt = Table(
    "payment_attempt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("payment_id", Id, ForeignKey("payment.id"), nullable=False),
    Column("kind", Text, CheckConstraint("kind IN ('authorize', 'capture', 'void')", name="kind"), nullable=False),
    Column("provider_key", Text, nullable=False, unique=True),
    Column(
        "state",
        Text,
        CheckConstraint("state IN ('intended', 'unknown', 'succeeded', 'failed')", name="state"),
        nullable=False,
    ),
    Column("provider_ref", Text, unique=True),
    Column("asked", Int, nullable=False, server_default="0"),
    Column("next_check_at", Instant),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    Index("uq_payment_attempt_live", "payment_id", "kind", unique=True, postgresql_where=_LIVE, sqlite_where=_LIVE),
    Index(
        "ix_payment_attempt_due",
        "next_check_at",
        postgresql_where=text("next_check_at IS NOT NULL"),
        sqlite_where=text("next_check_at IS NOT NULL"),
    ),
    sqlite_strict=True,
)
"""Committed before the provider is called, so that a crash leaves something to ask about.

``provider_key`` is the idempotency key that the provider gets; ``next_check_at`` is when the worker asks it
what became of the money, null where nobody is to be asked (any more).
"""

refund = Table(
    "refund",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("payment_id", Id, ForeignKey("payment.id"), nullable=False, index=True),
    Column("amount", Int, CheckConstraint("amount > 0", name="amount"), nullable=False),
    Column(
        "state",
        Text,
        CheckConstraint("state IN ('intended', 'unknown', 'succeeded', 'failed')", name="state"),
        nullable=False,
    ),
    Column("provider_key", Text, nullable=False, unique=True),
    Column("provider_ref", Text, unique=True),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("asked", Int, nullable=False, server_default="0"),
    Column("next_check_at", Instant),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    Index(
        "ix_refund_due",
        "next_check_at",
        postgresql_where=text("next_check_at IS NOT NULL"),
        sqlite_where=text("next_check_at IS NOT NULL"),
    ),
    sqlite_strict=True,
)
"""Money on its way back: ``payment.refund_pending`` holds the right to it from before the provider is called."""

payment_event = Table(
    "payment_event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("provider_event_id", Text, nullable=False),
    Column("payment_id", Id, ForeignKey("payment.id"), index=True),
    Column("kind", Text, nullable=False),
    Column("data", Json, nullable=False),
    Column("created_at", Instant, nullable=False, default=clock()),
    UniqueConstraint("provider", "provider_event_id"),
    sqlite_strict=True,
)
"""Append-only: what providers told by webhook, each event once, whether or not it changed anything."""

payment_issue = Table(
    "payment_issue",
    metadata,
    Column("id", Id, primary_key=True),
    Column("payment_id", Id, ForeignKey("payment.id"), nullable=False),
    Column(
        "kind",
        Text,
        CheckConstraint(
            "kind IN ('amount_mismatch', 'late_success', 'orphan_charge', 'no_answer', 'refund_failed')", name="kind"
        ),
        nullable=False,
    ),
    Column("data", Json, nullable=False),
    Column("resolved_at", Instant),
    Column("created_at", Instant, nullable=False, default=clock()),
    Index(None, "payment_id", "kind"),
    sqlite_strict=True,
)

ledger_account = Table(
    "ledger_account",
    metadata,
    Column("code", Text, primary_key=True),
    Column("created_at", Instant, nullable=False, default=clock()),
    sqlite_strict=True,
)
"""``clearing:<provider>`` is what a provider owes the shop, ``receivable`` what customers owe it, ``sales``,
``shipping_income`` and ``tax_payable`` what an invoice makes of it."""

ledger_transaction = Table(
    "ledger_transaction",
    metadata,
    Column("id", Id, primary_key=True),
    Column(
        "kind",
        Text,
        CheckConstraint("kind IN ('capture', 'refund', 'invoice', 'credit_note')", name="kind"),
        nullable=False,
    ),
    Column("source", Text, nullable=False),
    Column("source_id", Id, nullable=False),
    Column("created_at", Instant, nullable=False, default=clock()),
    UniqueConstraint("kind", "source", "source_id"),
    sqlite_strict=True,
)
"""Append-only, and once for each thing that happened."""

ledger_line = Table(
    "ledger_line",
    metadata,
    Column("transaction_id", Id, ForeignKey("ledger_transaction.id"), nullable=False),
    Column("position", Int, nullable=False),
    Column("debit", Text, ForeignKey("ledger_account.code"), nullable=False, index=True),
    Column("credit", Text, ForeignKey("ledger_account.code"), nullable=False, index=True),
    Column("currency", Text, nullable=False),
    Column("amount", Int, CheckConstraint("amount > 0", name="amount"), nullable=False),
    Column("created_at", Instant, nullable=False, default=clock()),
    PrimaryKeyConstraint("transaction_id", "position"),
    CheckConstraint("debit <> credit", name="sides"),
    sqlite_strict=True,
)
"""Append-only. Each line takes ``amount`` from one account to another, so no transaction can fail to sum to 0."""
