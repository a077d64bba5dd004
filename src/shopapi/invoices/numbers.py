"""Numbers of invoices: in each series 1, 2, 3 and so on, without a gap and without a number given twice.

A number is given in the transaction that writes the invoice: where that is taken back, so is the number. A database's
own sequence would leave gaps.
"""

from typing import Final

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shopapi.db.engine import Reader
from shopapi.invoices.content import InvoiceKind
from shopapi.invoices.tables import invoice_counter

_LETTER: Final[dict[InvoiceKind, str]] = {"invoice": "R", "credit_note": "G"}


def series_of(kind: InvoiceKind, year: int) -> str:
    """``R2026`` for invoices, ``G2026`` for credit notes (``Rechnung``, ``Gutschrift``)."""
    return f"{_LETTER[kind]}{year}"


def shown(series: str, number: int) -> str:
    """How a number is written: ``R2026-000123``."""
    return f"{series}-{number:06}"


def next_number(c: Reader, series: str) -> int:
    """The number that comes next, if nobody takes it meanwhile."""
    last = c.execute(select(invoice_counter.c.last).where(invoice_counter.c.series == series)).scalar()
    return (last or 0) + 1


def take_if_next(c: Connection, series: str, number: int) -> bool:
    """Take ``number``, unless another was given meanwhile. The series stays locked until the end of the transaction."""
    _begin(c, series)
    is_next = (invoice_counter.c.series == series, invoice_counter.c.last == number - 1)
    return c.execute(update(invoice_counter).where(*is_next).values(last=number)).rowcount == 1


def lock(c: Connection, series: str) -> None:
    """Let nobody else take a number of the series until the end of the transaction."""
    _begin(c, series)
    c.execute(select(invoice_counter.c.last).where(invoice_counter.c.series == series).with_for_update())


def _begin(c: Connection, series: str) -> None:
    dialect = postgresql if c.dialect.name == "postgresql" else sqlite
    c.execute(dialect.insert(invoice_counter).values(series=series, last=0).on_conflict_do_nothing())
