"""SQL over e-mails: written once for each reason, claimed to be sent, sent or failed."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shopapi.contract.catalog import Locale
from shopapi.contract.orders import EmailKind
from shopapi.db.types import clock
from shopapi.events.emails import Rendered
from shopapi.events.leasing import claim, wait_s
from shopapi.events.tables import email_message
from shopapi.names import public_id

BATCH: Final = 10
"""E-mails that a worker claims at once."""

LEASE_S: Final = 300
"""So long they are its own: more than a mail server can take over one that was begun in time."""

STALE_S: Final = 24 * 60 * 60
"""What nobody tried to send for so long says nothing true any more, such as what is to be paid for an order."""

STALE: Final = "never sent: it was more than a day old when a worker with a mail server came to it"

_QUEUED: Final = email_message.c.state == "queued"


def queue(
    c: Connection,
    outbox_id: int,
    kind: EmailKind,
    written: Rendered,
    *,
    recipient: str,
    locale: Locale,
    order_number: str | None,
) -> bool:
    """Write an e-mail to be sent, unless one of its kind was written for the same row of the outbox."""
    dialect = postgresql if c.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(email_message).values(
        public_id=public_id("mail"),
        outbox_id=outbox_id,
        kind=kind,
        order_number=order_number,
        recipient=recipient,
        locale=locale,
        subject=written.subject,
        text=written.text,
        html=written.html,
        state="queued",
    )
    return c.execute(statement.on_conflict_do_nothing(index_elements=["outbox_id", "kind"])).rowcount == 1


def claim_emails(c: Connection, claimed_by: str, *, most: int = BATCH) -> Sequence[Row[Any]]:
    """Lend the oldest e-mails that wait to be sent, but for those that :func:`give_up_stale` is for."""
    # What was tried goes on, however old: a mail server may be away for longer than a day.
    wanted = _QUEUED & or_(email_message.c.attempts > 0, email_message.c.created_at > clock(-STALE_S))
    return claim(c, email_message, wanted, claimed_by=claimed_by, most=most, lease_s=LEASE_S)


def give_up_stale(c: Connection, *, most: int = 500) -> int:
    """Mark as failed what was never tried and is older than a day; answers how many there were."""
    stale = (
        select(email_message.c.id)
        .where(_QUEUED, email_message.c.attempts == 0, email_message.c.created_at <= clock(-STALE_S))
        .order_by(email_message.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("stale")
    )
    given_up = update(email_message).where(email_message.c.id.in_(select(stale.c.id)))
    return c.execute(given_up.values(state="failed", error=STALE)).rowcount


def mark_sent(c: Connection, row_id: int, claimed_by: str) -> None:
    """The mail server has taken this one."""
    _change(c, row_id, claimed_by, state="sent", sent_at=clock(), lease_until=None, error="")


def put_off(c: Connection, row: Row[Any], claimed_by: str, error: str, *, for_good: bool) -> None:
    """The mail server did not take it: try again later, or never where that is of no use."""
    what: dict[str, Any] = {"state": "failed"} if for_good else {"available_at": clock(wait_s(row.attempts))}
    _change(c, row.id, claimed_by, error=error, lease_until=None, **what)


def _change(c: Connection, row_id: int, claimed_by: str, **what: Any) -> None:
    mine = (email_message.c.id == row_id, email_message.c.leased_by == claimed_by, _QUEUED)
    c.execute(update(email_message).where(*mine).values(**what))
