"""The audit log: what staff and shopctl did to accounts and keys."""

from collections.abc import Mapping

from sqlalchemy import Connection, insert

from shopapi.accounts.tables import audit_entry


def note(
    c: Connection,
    actor: str,
    action: str,
    subject: str,
    before: Mapping[str, object] | None,
    after: Mapping[str, object] | None,
    address: str,
) -> None:
    """Write down who did what to whom, in the transaction that does it. No secret may stand in it."""
    c.execute(
        insert(audit_entry).values(
            actor=actor, action=action, subject=subject, before=before, after=after, address=address
        )
    )
