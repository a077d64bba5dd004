"""The lock on the categories, taken before any other of a transaction."""

from typing import Final

from sqlalchemy import Connection, text

# Not the rows: a product's categories are known once its variants are locked, and who renames a category locks them
# after it, which makes a ring. It is fair, too: who renames waits for those before it and for nobody that comes later.
_KEEP: Final = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('shopctl:categories', 0))")
_CHANGE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('shopctl:categories', 0))")


def hold_categories(c: Connection, *, to_change: bool = False) -> None:
    """Keep the categories as they are until the end of the transaction, or keep everybody else from them ``to_change``.

    Who writes products holds them; who renames one waits, and then finds the products that were written meanwhile.
    SQLite has one writer and needs no lock.
    """
    if c.dialect.name == "postgresql":
        c.execute(_CHANGE if to_change else _KEEP)
