"""The life of a charge in the journal. Each function runs inside a transaction of the journal."""

import secrets
import sqlite3
import time
from typing import Any, Final

from shopctl.sandbox import events
from shopctl.sandbox.faults import DECLINES, WEBHOOK, Mode
from shopctl.sandbox.refusals import Refused
from shopctl.sandbox.wire import Charge, ChargeState, NewCharge

CANCELLED: Final = "cancelled"
_OTHER_CURRENCY: Final = {"USD": "EUR"}
_COLUMNS: Final = (
    "charge.*, (SELECT coalesce(sum(r.amount), 0) FROM refund r WHERE r.charge_id = charge.id "
    "AND r.state = 'succeeded') AS refunded"
)

Row = sqlite3.Row


def by_key(c: sqlite3.Connection, key: str) -> Row | None:
    """The charge with this key; where keys were ignored, one that succeeded before all others."""
    return _one(c, "key = ? ORDER BY state = 'succeeded' DESC, id DESC", key)


def by_page(c: sqlite3.Connection, page: str) -> Row | None:
    """The charge that is paid on this hosted page."""
    return _one(c, "page = ?", page)


def listed(c: sqlite3.Connection, after: int, limit: int) -> list[Row]:
    """Charges made after the one with this id."""
    return c.execute(
        f"SELECT {_COLUMNS} FROM charge WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608 - constants
        (after, limit),
    ).fetchall()


def create(c: sqlite3.Connection, asked: NewCharge, mode: Mode, *, ignore_key: bool, base: str) -> Row:
    """Make the charge, or find the one with its key; with a token it is settled at once."""
    found = by_key(c, asked.key)
    if found is not None and (not ignore_key or found["state"] == CANCELLED):
        if found["amount"] and (found["amount"], found["currency"], found["order_number"]) != (
            asked.amount,
            asked.currency,
            asked.order_number,
        ):
            raise Refused(422, "key_reused", "This key belongs to a charge of something else.")
        return found
    row = _insert(c, asked, mode, "open")
    if mode in DECLINES:
        return settle(c, row, "failed", mode, base)
    if asked.token is not None and mode == "3ds":
        return settle(c, row, "confirming", "", base)
    if asked.token is not None:
        return settle(c, row, "succeeded", "", base)
    events.of_charge(c, "charge.created", document(row, base), row["webhooks"])
    return row


def settle(c: sqlite3.Connection, row: Row, state: ChargeState, reason: str, base: str) -> Row:
    """Take a charge that is still open to another state, once; answers it as it is then."""
    if row["state"] not in ("open", "confirming") or row["state"] == state:
        return row
    version = row["version"] + 1
    c.execute("UPDATE charge SET state = ?, reason = ?, version = ? WHERE id = ?", (state, reason, version, row["id"]))
    _remember(c, row["id"], version, state, reason)
    now = again(c, row)
    if state != "confirming":
        before = document(row, base) if row["webhooks"] == "webhook_reordered" else None
        events.of_charge(c, f"charge.{state}", document(now, base), row["webhooks"], before)
    return now


def cancel(c: sqlite3.Connection, key: str, base: str) -> Row:
    """Let no charge with this key succeed any more; a key that was never heard of is remembered."""
    for row in c.execute(f"SELECT {_COLUMNS} FROM charge WHERE key = ?", (key,)).fetchall():  # noqa: S608 - constants
        settle(c, row, CANCELLED, CANCELLED, base)
    found = by_key(c, key)
    if found is not None:
        return found
    nothing = NewCharge(key=key, amount=0, currency="", order_number="", return_url="")
    row = _insert(c, nothing, "ok", CANCELLED)
    c.execute("UPDATE charge SET reason = ? WHERE id = ?", (CANCELLED, row["id"]))
    return again(c, row)


def prepare(c: sqlite3.Connection, row: Row, fault: str) -> Row:
    """Note what is to go wrong with an open charge: with its sum, its webhooks, or the next call from its page."""
    amount, currency = _charged(row["amount"], row["currency"], fault)
    c.execute(
        "UPDATE charge SET charged_amount = ?, charged_currency = ?, webhooks = ?, fault = ? "
        "WHERE id = ? AND state IN ('open', 'confirming')",
        (amount, currency, fault if fault in WEBHOOK else row["webhooks"], fault, row["id"]),
    )
    return again(c, row)


def disarm(c: sqlite3.Connection, row: Row) -> None:
    """Let the next call from its page go well."""
    c.execute("UPDATE charge SET fault = '' WHERE id = ?", (row["id"],))


def document(row: Row, base: str) -> Charge:
    """A charge for the wire; ``base`` is where the hosted page is."""
    charged = row["state"] == "succeeded"
    return Charge(
        reference=row["reference"],
        key=row["key"],
        order_number=row["order_number"],
        amount=row["charged_amount"] if charged else row["amount"],
        currency=row["charged_currency"] if charged else row["currency"],
        state=row["state"],
        reason=row["reason"],
        url=f"{base}/pay/{row['page']}" if row["state"] in ("open", "confirming") else None,
        refunded=row["refunded"],
        version=row["version"],
        created_at=row["created_at"],
    )


def _charged(amount: int, currency: str, fault: str) -> tuple[int, str]:
    if fault == "wrong_amount":
        return (amount - 1 if amount > 1 else amount + 1), currency
    if fault == "wrong_currency":
        return amount, _OTHER_CURRENCY.get(currency, "USD")
    return amount, currency


def _insert(c: sqlite3.Connection, asked: NewCharge, mode: str, state: ChargeState) -> Row:
    amount, currency = _charged(asked.amount, asked.currency, mode)
    values: dict[str, Any] = {
        "reference": f"ch_{secrets.token_hex(12)}",
        "key": asked.key,
        "page": secrets.token_urlsafe(24),
        "order_number": asked.order_number,
        "amount": asked.amount,
        "currency": asked.currency,
        "charged_amount": amount,
        "charged_currency": currency,
        "return_url": asked.return_url,
        "locale": asked.locale,
        "state": state,
        "webhooks": mode if mode in WEBHOOK else "",
        "created_at": time.time(),
    }
    names = ", ".join(values)
    holders = ", ".join("?" * len(values))
    added = c.execute(f"INSERT INTO charge ({names}) VALUES ({holders})", tuple(values.values()))  # noqa: S608 - names
    _remember(c, added.lastrowid or 0, 1, state, "")
    row = _one(c, "id = ?", added.lastrowid)
    assert row is not None  # noqa: S101 - it was just put there
    return row


def _remember(c: sqlite3.Connection, charge: int, version: int, state: str, reason: str) -> None:
    c.execute("INSERT INTO charge_state VALUES (?, ?, ?, ?, ?)", (charge, version, state, reason, time.time()))


def again(c: sqlite3.Connection, row: Row) -> Row:
    """The charge as it is now."""
    found = _one(c, "id = ?", row["id"])
    assert found is not None  # noqa: S101 - charges are never removed
    return found


def _one(c: sqlite3.Connection, where: str, value: object) -> Row | None:
    found: Row | None = c.execute(
        f"SELECT {_COLUMNS} FROM charge WHERE {where} LIMIT 1",  # noqa: S608 - constants
        (value,),
    ).fetchone()
    return found
