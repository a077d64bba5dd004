"""Refunds in the journal: once for each key, and never more than was charged."""

import secrets
import sqlite3
import time

from shopctl.sandbox import charges, events
from shopctl.sandbox.faults import DECLINES, Mode
from shopctl.sandbox.refusals import Refused
from shopctl.sandbox.wire import NewRefund, Refund


def by_key(c: sqlite3.Connection, key: str) -> sqlite3.Row | None:
    """The refund with this key; where keys were ignored, one that succeeded before all others."""
    found: sqlite3.Row | None = c.execute(
        "SELECT * FROM refund WHERE key = ? ORDER BY state = 'succeeded' DESC, id DESC LIMIT 1", (key,)
    ).fetchone()
    return found


def listed(c: sqlite3.Connection, after: int, limit: int) -> list[sqlite3.Row]:
    """Refunds made after the one with this id."""
    return c.execute("SELECT * FROM refund WHERE id > ? ORDER BY id LIMIT ?", (after, limit)).fetchall()


def create(
    c: sqlite3.Connection, charge_key: str, asked: NewRefund, mode: Mode, webhooks: str, *, ignore_key: bool
) -> sqlite3.Row:
    """Give money back, or find the refund with this key."""
    found = by_key(c, asked.key)
    if found is not None and not ignore_key:
        if (found["asked"], found["currency"], found["charge_key"]) != (asked.amount, asked.currency, charge_key):
            raise Refused(422, "key_reused", "This key belongs to another refund.")
        return found
    charge = charges.by_key(c, charge_key)
    amount = asked.amount - 1 if mode == "wrong_amount" and asked.amount > 1 else asked.amount
    reason = mode if mode in DECLINES else _objection(charge, asked)
    added = c.execute(
        "INSERT INTO refund (reference, key, charge_id, charge_key, amount, asked, currency, state, reason, "
        "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(f"re_{secrets.token_hex(12)}", asked.key, None if charge is None else charge["id"], charge_key),
            *(amount, asked.amount, asked.currency, "failed" if reason else "succeeded", reason, time.time()),
        ),
    )
    row: sqlite3.Row = c.execute("SELECT * FROM refund WHERE id = ?", (added.lastrowid,)).fetchone()
    events.of_refund(c, f"refund.{row['state']}", document(row), webhooks)
    return row


def document(row: sqlite3.Row) -> Refund:
    """A refund for the wire."""
    return Refund(
        reference=row["reference"],
        key=row["key"],
        charge_key=row["charge_key"],
        amount=row["amount"],
        currency=row["currency"],
        state=row["state"],
        reason=row["reason"],
        created_at=row["created_at"],
    )


def _objection(charge: sqlite3.Row | None, asked: NewRefund) -> str:
    if charge is None or charge["state"] != "succeeded":
        return "not_charged"
    if asked.currency != charge["charged_currency"]:
        return "other_currency"
    return "more_than_charged" if asked.amount + charge["refunded"] > charge["charged_amount"] else ""
