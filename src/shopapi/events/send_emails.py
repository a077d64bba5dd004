"""The worker's chore that sends e-mails. Without a mail server they stay queued, and staff see what would be sent.
What was queued for more than a day by then is given up, so that a first mail server sends no old demands.

Each is sent at least once: whoever dies between sending and writing that down leaves it to the next, who sends the same
``Message-ID`` again.
"""

import logging
import smtplib
import time
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row

from shopapi.db.engine import Database
from shopapi.events import email_store
from shopapi.events.leasing import claimant, may_try_again, said
from shopapi.events.smtp import Sender, Undeliverable, connect, hand_over, message_of, sender_of
from shopapi.invoices.seller import read_seller
from shopapi.runtime.failpoints import reach
from shopapi.settings import ApiSettings

_BATCH_S: Final = 20.0
"""No e-mail of a batch is begun later than that: a worker has other work, and its leases end."""

_log = logging.getLogger(__name__)


def send(db: Database, settings: ApiSettings) -> int:
    """Send the oldest e-mails that wait; answers how many there were, so that a full batch is followed by another.

    Where the mail server is away or slow the answer is 0, so that whatever else the worker does gets its turn.
    """
    if not settings.mail_url:
        return 0
    if stale := db.write(email_store.give_up_stale):
        _log.warning("e-mail: %d were never tried and are more than a day old; they are not sent any more", stale)
    sender = _sender(db, settings)
    me = claimant()
    rows = db.write(lambda c: email_store.claim_emails(c, me))
    if not rows:
        return 0
    try:
        server = connect(settings.mail_url)
    except (OSError, smtplib.SMTPException) as error:
        _log.error("e-mail: the mail server cannot be used: %s", said(error))
        _put_all_off(db, rows, me, error)
        return 0
    try:
        return len(rows) if _all_sent(db, server, rows, sender, me) else 0
    finally:
        server.close()


def _all_sent(db: Database, server: smtplib.SMTP, rows: Sequence[Row[Any]], sender: Sender | None, me: str) -> bool:
    begun = time.monotonic()
    for at, row in enumerate(rows):
        slow = time.monotonic() - begun > _BATCH_S
        if slow or not _sent(db, server, row, sender, me):
            words = "was too slow for all of them" if slow else "went away before its turn"
            rest = rows[at:] if slow else rows[at + 1 :]
            _put_all_off(db, rest, me, ConnectionError(f"the mail server {words}"))
            return False
    return True


def _sent(db: Database, server: smtplib.SMTP, row: Row[Any], sender: Sender | None, me: str) -> bool:
    """Send one; answers whether the server can take another."""
    try:
        if sender is None:
            raise ValueError("there is no address to send it from; set SHOP_MAIL_FROM, or the shop's e-mail address")
        hand_over(server, message_of(row, sender))
    except Undeliverable as error:
        _put_off(db, row, me, error, for_good=True)
        return _is_up(server)
    except (OSError, ValueError, smtplib.SMTPException) as error:
        _put_off(db, row, me, error, for_good=not may_try_again(row.attempts))
        return _is_up(server)
    reach("email_sent")
    db.write(lambda c: email_store.mark_sent(c, row.id, me))
    return True


def _is_up(server: smtplib.SMTP) -> bool:
    try:
        server.rset()
    except (OSError, smtplib.SMTPException):
        return False
    return True


def _put_off(db: Database, row: Row[Any], me: str, error: Exception, *, for_good: bool) -> None:
    # Neither the address nor what the e-mail says belongs in a log.
    _log.log(
        logging.ERROR if for_good else logging.WARNING,
        "e-mail: %s (%s) was not taken, try %d%s: %s",
        row.public_id,
        row.kind,
        row.attempts,
        ", given up" if for_good else "",
        type(error).__name__,
    )
    db.write(lambda c: email_store.put_off(c, row, me, said(error), for_good=for_good))


def _put_all_off(db: Database, rows: Sequence[Row[Any]], me: str, error: Exception) -> None:
    for row in rows:
        _put_off(db, row, me, error, for_good=not may_try_again(row.attempts))


def _sender(db: Database, settings: ApiSettings) -> Sender | None:
    with db.reading() as c:
        seller = read_seller(c)
    host = settings.public_url.hostname or "localhost"
    return sender_of(settings.mail_from, seller.name, seller.email, host, settings.secret_key)
