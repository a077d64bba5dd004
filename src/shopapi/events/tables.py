"""What leaves the shop: the outbox, e-mails, and the sign of life of those who carry them."""

from sqlalchemy import CheckConstraint, Column, Index, Table, UniqueConstraint, text

from shopapi.db.types import Id, Instant, Int, Json, Text, clock, metadata

_WAITS = text("done_at IS NULL AND dead_at IS NULL")

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("aggregate", Text, nullable=False),
    Column("sequence", Int, nullable=False),
    Column("position", Int, unique=True),
    Column("payload", Json, nullable=False),
    Column("available_at", Instant, nullable=False, default=clock()),
    Column("lease_until", Instant),
    Column("leased_by", Text),
    Column("attempts", Int, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
    Column("done_at", Instant),
    Column("dead_at", Instant),
    Column("created_at", Instant, nullable=False, default=clock()),
    UniqueConstraint("aggregate", "sequence"),
    Index("ix_outbox_waiting", "available_at", "id", postgresql_where=_WAITS, sqlite_where=_WAITS),
    sqlite_strict=True,
)
"""Written in the transaction of what it tells. ``aggregate`` is ``order:<number>`` or the like, ``sequence`` the number
of its event; ``position`` is given by the worker that takes it in."""

email_message = Table(
    "email_message",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("outbox_id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("order_number", Text, index=True),
    Column("recipient", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("state", Text, CheckConstraint("state IN ('queued', 'sent', 'failed')", name="state"), nullable=False),
    Column("attempts", Int, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
    Column("available_at", Instant, nullable=False, default=clock()),
    Column("lease_until", Instant),
    Column("leased_by", Text),
    Column("sent_at", Instant),
    Column("created_at", Instant, nullable=False, default=clock()),
    UniqueConstraint("outbox_id", "kind"),
    Index(
        "ix_email_message_queued",
        "available_at",
        "id",
        postgresql_where=text("state = 'queued'"),
        sqlite_where=text("state = 'queued'"),
    ),
    sqlite_strict=True,
)
"""An e-mail, rendered: one of a kind for each row of the outbox, however often that is taken in."""

worker_heartbeat = Table(
    "worker_heartbeat",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    sqlite_strict=True,
)
"""The last sign of life of each worker."""
