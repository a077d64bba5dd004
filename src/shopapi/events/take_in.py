"""The worker's chore that acts on what happened: it writes the e-mails and papers that an event asks for.

Each row is taken in at least once, and what it asks for happens once: an e-mail is unique by its row and kind, an
invoice by its order, a credit note by its refund. So a worker may die anywhere, and another does the rest.
"""

import logging
from typing import Any

from sqlalchemy import Row

from shopapi.db.engine import Database, DatabaseUnavailable, OutcomeUnknown
from shopapi.events import email_store, outbox_store
from shopapi.events.emails import render, sealed
from shopapi.events.leasing import claimant, may_try_again, said
from shopapi.events.occasions import kind_for, read_email
from shopapi.invoices.issue import issue_credit_note, issue_invoice
from shopapi.orders.reading import read_order
from shopapi.orders.rules import access_token
from shopapi.runtime.failpoints import planted, reach
from shopapi.settings import ApiSettings

_log = logging.getLogger(__name__)


def take_in(db: Database, settings: ApiSettings) -> int:
    """Act on the oldest events that wait; answers how many there were, so that a full batch is followed by another."""
    me = claimant()
    rows = db.write(lambda c: outbox_store.claim_rows(c, me))
    if not rows:
        return 0
    reach("outbox_claimed")
    done = [row.id for row in rows if planted("lose_outbox") or _taken_in(db, settings, row, me)]
    reach("outbox_sent")
    if done:
        db.write(lambda c: outbox_store.mark_done(c, done, me))
    return len(rows)


def drop_old(db: Database) -> int:
    """Forget what was taken in long ago, batch by batch, so that nobody waits for it."""
    dropped = 0
    while gone := db.write(outbox_store.drop_old):
        dropped += gone
    return dropped


def _taken_in(db: Database, settings: ApiSettings, row: Row[Any], me: str) -> bool:
    if not may_try_again(row.attempts - 1):
        # Its workers died each time, and could not say so.
        _give_back(db, row, me, "No worker lived to the end of it.", dead=True)
        return False
    try:
        _act(db, settings, row)
    except (DatabaseUnavailable, OutcomeUnknown):
        raise
    except Exception as error:
        # Whatever is wrong with one event must not keep the others waiting: it is told, kept, and tried again.
        _log.exception("outbox: %s of %s (row %d) failed, try %d", row.topic, row.aggregate, row.id, row.attempts)
        _give_back(db, row, me, said(error), dead=not may_try_again(row.attempts))
        return False
    return True


def _give_back(db: Database, row: Row[Any], me: str, error: str, *, dead: bool) -> None:
    if dead:
        _log.error("outbox: %s of %s (row %d) is given up: %s", row.topic, row.aggregate, row.id, error)
    db.write(lambda c: outbox_store.put_off(c, row, me, error, dead=dead))


def _act(db: Database, settings: ApiSettings, row: Row[Any]) -> None:
    number = row.payload.get("order")
    if row.topic == "order.paid":
        issue_invoice(db, number)
    elif row.topic == "order.refunded":
        issue_credit_note(db, number, row.payload["refund"])
    shop_url = settings.public_url.geturl().rstrip("/")
    with db.reading() as c:
        order = read_order(c, number) if number else None
        kind = kind_for(c, row.topic, row.sequence, row.payload, order)
        if kind is None:
            return
        token = access_token(order.number, settings.secret_key) if order else ""
        email = read_email(c, kind, row.payload, order, shop_url=shop_url, token=token)
    written = sealed(render(kind, email.why, shop_url, email.texts), token)
    db.write(
        lambda c: email_store.queue(
            c,
            row.id,
            kind,
            written,
            recipient=email.recipient,
            locale=email.why.locale,
            order_number=number,
        )
    )
