"""SQL that says that shoppers see something else from now on, above all of stock: last in a transaction."""

from typing import Final

from sqlalchemy import Connection, bindparam, update

from shopapi.catalog.rules import shown_units
from shopapi.catalog.tables import VERSION_SLOTS, availability, catalog_version

_ADD_UNITS: Final = (
    update(availability)
    .where(availability.c.product_id == bindparam("key"))
    .values(units=availability.c.units + bindparam("delta"))
)
_RAISE_VERSION: Final = (
    update(catalog_version).where(catalog_version.c.slot == bindparam("key")).values(value=catalog_version.c.value + 1)
)


def changed(c: Connection, key: int) -> None:
    """Say that shoppers see something else from now on; last in the transaction. ``key`` spreads the writers."""
    c.execute(_RAISE_VERSION, {"key": key % VERSION_SLOTS})


def stock_changed(c: Connection, product_id: int, variant_id: int, price: int | None, before: int, after: int) -> None:
    """Carry a change of a variant's available units over to what is shown, where it shows.

    The variant must be locked, and ``price`` read under that lock.
    """
    delta = shown_units(after) - shown_units(before)
    if delta and price is not None:
        c.execute(_ADD_UNITS, {"key": product_id, "delta": delta})
        changed(c, variant_id)
