"""What an invoice means in the ledger: a customer owes, and what they owe is sales, delivery and tax."""

from collections.abc import Iterator

from sqlalchemy import Connection, insert
from sqlalchemy.dialects import postgresql, sqlite

from shopapi.invoices.content import Content
from shopapi.payments.tables import ledger_account, ledger_line, ledger_transaction


def post(c: Connection, content: Content, invoice_id: int) -> None:
    """Write an invoice or a credit note into the ledger, once; one over nothing moves nothing."""
    lines = [(account, amount) for account, amount in _income(content) if amount]
    if not lines:
        return
    _open_accounts(c, ["receivable", *(account for account, _ in lines)])
    transaction_id = c.execute(
        insert(ledger_transaction)
        .values(kind=content.kind, source="invoice", source_id=invoice_id)
        .returning(ledger_transaction.c.id)
    ).scalar_one()
    owed = content.kind == "invoice"
    c.execute(
        insert(ledger_line),
        [
            {
                "transaction_id": transaction_id,
                "position": position,
                "debit": "receivable" if owed else account,
                "credit": account if owed else "receivable",
                "currency": content.currency,
                "amount": amount,
            }
            for position, (account, amount) in enumerate(lines, 1)
        ],
    )


def _income(content: Content) -> Iterator[tuple[str, int]]:
    yield "sales", sum(content.parts.goods.values())
    yield "shipping_income", content.parts.shipping
    yield f"tax_payable:{content.tax_country}", sum(content.parts.tax.values())


def _open_accounts(c: Connection, codes: list[str]) -> None:
    dialect = postgresql if c.dialect.name == "postgresql" else sqlite
    # By name, so that two transactions never wait for each other in a ring.
    for code in sorted(codes):
        c.execute(dialect.insert(ledger_account).values(code=code).on_conflict_do_nothing())
