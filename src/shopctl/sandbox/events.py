"""Events in the journal: written in the transaction of what they tell, and kept until they were taken."""

import secrets
import sqlite3
import time
from typing import Final

import msgspec

from shopctl.sandbox.faults import COPIES, USUAL_S
from shopctl.sandbox.wire import Charge, Event, Refund, SentEvent

KEPT_TRYING_S: Final = 3 * 24 * 3600.0
_LONGEST_PAUSE_S: Final = 60.0
_FIRST_PAUSE_S: Final = 0.25


def of_charge(c: sqlite3.Connection, kind: str, charge: Charge, fault: str, before: Charge | None = None) -> None:
    """Note what happened to a charge. ``before`` is how it was, told after it where the order is to be wrong."""
    if before is not None:
        late = time.time() + USUAL_S["webhook_reordered"]
        c.execute("UPDATE event SET due_at = ? WHERE key = ? AND due_at IS NOT NULL", (late, charge.key))
        _add(c, "charge.processing", charge.key, Event(_id(), "charge.processing", time.time(), before), "", late)
    _add(c, kind, charge.key, Event(_id(), kind, time.time(), charge), fault)


def of_refund(c: sqlite3.Connection, kind: str, refund: Refund, fault: str) -> None:
    """Note what happened to a refund."""
    _add(c, kind, refund.key, Event(_id(), kind, time.time(), refund=refund), fault)


def due(c: sqlite3.Connection, limit: int) -> tuple[list[sqlite3.Row], float | None]:
    """Events to be sent now, the oldest first, and when the next ones are."""
    now = time.time()
    found = c.execute("SELECT * FROM event WHERE due_at <= ? ORDER BY due_at, id LIMIT ?", (now, limit)).fetchall()
    later = c.execute("SELECT min(due_at) FROM event WHERE due_at > ?", (now,)).fetchone()[0]
    return found, later


def taken(c: sqlite3.Connection, event: int) -> None:
    """The receiver answered 2xx."""
    c.execute(
        "UPDATE event SET due_at = NULL, delivered_at = ?, attempts = attempts + 1 WHERE id = ?", (time.time(), event)
    )


def refused(c: sqlite3.Connection, event: int) -> None:
    """The receiver did not take it: again later, for three days."""
    row = c.execute("SELECT attempts, created_at FROM event WHERE id = ?", (event,)).fetchone()
    pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(row["attempts"], 20))
    due_at = time.time() + pause if time.time() < row["created_at"] + KEPT_TRYING_S else None
    c.execute("UPDATE event SET attempts = attempts + 1, due_at = ? WHERE id = ?", (due_at, event))


def postpone(c: sqlite3.Connection, event: int, due_at: float | None) -> None:
    """Send it at another time, or never."""
    c.execute("UPDATE event SET due_at = ? WHERE id = ?", (due_at, event))


def resend(c: sqlite3.Connection, reference: str | None, key: str | None) -> int:
    """Send events once more, delivered, lost or given up; how many there are."""
    changed = c.execute(
        "UPDATE event SET due_at = ?, delivered_at = NULL "
        "WHERE (? IS NULL OR reference = ?) AND (? IS NULL OR key = ?)",
        (time.time(), reference, reference, key, key),
    )
    return changed.rowcount


def listed(c: sqlite3.Connection, key: str | None) -> list[SentEvent]:
    """The events of a charge or refund, or the last thousand."""
    rows = c.execute(
        "SELECT * FROM (SELECT * FROM event WHERE ? IS NULL OR key = ? ORDER BY id DESC LIMIT 1000) ORDER BY id",
        (key, key),
    ).fetchall()
    return [
        SentEvent(
            id=row["reference"],
            type=row["type"],
            key=row["key"],
            attempts=row["attempts"],
            delivered=row["delivered_at"] is not None,
            lost=row["delivered_at"] is None and row["due_at"] is None,
        )
        for row in rows
    ]


def _add(c: sqlite3.Connection, kind: str, key: str, event: Event, fault: str, due_at: float | None = None) -> None:
    moment = time.time() if due_at is None else due_at
    if fault == "webhook_delayed":
        moment += USUAL_S[fault]
    c.execute(
        "INSERT INTO event (reference, type, key, body, copies, due_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            *(event.id, kind, key, msgspec.json.encode(event).decode()),
            COPIES if fault == "webhook_duplicate" else 1,
            None if fault == "webhook_lost" else moment,
            event.created_at,
        ),
    )


def _id() -> str:
    return f"evt_{secrets.token_hex(12)}"
