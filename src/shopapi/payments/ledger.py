"""The books in double entry. Each line takes an amount from one account to another, so no entry can fail to balance."""

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Connection, insert
from sqlalchemy.dialects import postgresql, sqlite

from shopapi.payments.tables import ledger_account, ledger_line, ledger_transaction

Kind = Literal["capture", "refund", "invoice", "credit_note"]


class Entry(Struct, frozen=True):
    """``amount`` minor units go from ``credit`` to ``debit``."""

    debit: str
    credit: str
    amount: int


def post(c: Connection, kind: Kind, source: str, source_id: int, currency: str, entries: Sequence[Entry]) -> None:
    """Write a transaction down, once for each ``source``; entries of nothing are left out."""
    real = [entry for entry in entries if entry.amount]
    for account in sorted({name for entry in real for name in (entry.debit, entry.credit)}):
        c.execute(_insert(c)(ledger_account).values(code=account).on_conflict_do_nothing())
    transaction = c.execute(
        insert(ledger_transaction)
        .values(kind=kind, source=source, source_id=source_id)
        .returning(ledger_transaction.c.id)
    ).scalar_one()
    if real:
        c.execute(
            insert(ledger_line),
            [
                {
                    "transaction_id": transaction,
                    "position": position,
                    "debit": entry.debit,
                    "credit": entry.credit,
                    "currency": currency,
                    "amount": entry.amount,
                }
                for position, entry in enumerate(real, 1)
            ],
        )


def clearing(provider: str) -> str:
    """The account of what a payment provider owes the shop."""
    return f"clearing:{provider}"


def _insert(c: Connection) -> Any:
    return (postgresql if c.dialect.name == "postgresql" else sqlite).insert
