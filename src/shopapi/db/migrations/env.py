"""How Alembic runs a step here: on the connection that holds the lock, one transaction a step, each step noted."""

from datetime import UTC, datetime
from typing import Any

from alembic import context
from sqlalchemy import text

from shopapi.db.metadata import metadata
from shopapi.db.schema import Step, steps
from shopapi.db.types import Instant

known = {step.version: step for step in steps()}
began = datetime.now(UTC)


def note_step(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
    """Write down the step that was just run, in its own transaction."""
    global began
    done: Step = known[step.up_revision_id]
    now = "now()" if ctx.dialect.name == "postgresql" else "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
    ctx.connection.execute(
        text(
            "INSERT INTO schema_step (version, checksum, started_at, finished_at) "  # noqa: S608 - two known words
            f"VALUES (:version, :checksum, :began, {now})"
        ),
        {
            "version": done.version,
            "checksum": done.checksum,
            "began": Instant().process_bind_param(began, ctx.dialect),
        },
    )
    began = datetime.now(UTC)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=True,
    on_version_apply=note_step,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
