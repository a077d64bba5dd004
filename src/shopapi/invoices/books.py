"""What an invoice means in the ledger: a customer owes, and what they owe is sales, delivery and tax."""

from typing import Final

from sqlalchemy import Connection

from shopapi.invoices.content import Content
from shopapi.payments.ledger import Entry, post

RECEIVABLE: Final = "receivable"
"""The account of what customers owe the shop: a capture takes away from it, an invoice adds to it."""


def post_invoice(c: Connection, content: Content, invoice_id: int) -> None:
    """Enter an invoice, or a credit note the other way round; each once."""
    income = {
        "sales": sum(content.parts.goods.values()),
        "shipping_income": content.parts.shipping,
        f"tax_payable:{content.tax_country}": sum(content.parts.tax.values()),
    }
    entries = [
        Entry(RECEIVABLE, account, amount) if content.kind == "invoice" else Entry(account, RECEIVABLE, amount)
        for account, amount in income.items()
    ]
    post(c, content.kind, "invoice", invoice_id, content.currency, entries)
