"""SQL that reads e-mails, for staff."""

from typing import Any, Final

from sqlalchemy import Row, func, select

from shopapi.contract.orders import EmailCard, EmailMessage, EmailQuery
from shopapi.db.engine import Reader
from shopapi.db.keyset import COUNTED, newest_first
from shopapi.events.emails import shown
from shopapi.events.tables import email_message
from shopapi.http.problems import NotFound

_CARD: Final = (
    email_message.c.id,
    email_message.c.public_id,
    email_message.c.kind,
    email_message.c.recipient,
    email_message.c.subject,
    email_message.c.state,
    email_message.c.order_number,
    email_message.c.created_at,
    email_message.c.sent_at,
)


def list_emails(c: Reader, asked: EmailQuery, *, before: int | None) -> tuple[list[EmailCard], int | None]:
    """A page of e-mails, newest first, and the row behind which more follow."""
    statement = select(*_CARD)
    if asked.order is not None:
        statement = statement.where(email_message.c.order_number == asked.order)
    rows, last = newest_first(c, statement, email_message.c.id, before=before, limit=asked.limit)
    return [_card(row) for row in rows], last


def count_emails(c: Reader, asked: EmailQuery) -> int | None:
    """How many there are, or ``None`` where they are too many to count."""
    some = select(email_message.c.id).limit(COUNTED + 1)
    if asked.order is not None:
        some = some.where(email_message.c.order_number == asked.order)
    counted: int = c.execute(select(func.count()).select_from(some.subquery())).scalar_one()
    return counted if counted <= COUNTED else None


def read_email(c: Reader, email_id: str) -> EmailMessage:
    """An e-mail as it was or would be sent, but for the secret in its link; raises :class:`NotFound`."""
    row = c.execute(
        select(*_CARD, email_message.c.text, email_message.c.html).where(email_message.c.public_id == email_id)
    ).first()
    if row is None:
        raise NotFound("No e-mail has this id.")
    return EmailMessage(_card(row), shown(row.text), shown(row.html))


def _card(row: Row[Any]) -> EmailCard:
    return EmailCard(
        id=row.public_id,
        kind=row.kind,
        to=row.recipient,
        subject=row.subject,
        state=row.state,
        order_number=row.order_number,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )
