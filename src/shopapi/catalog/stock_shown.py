"""SQL that says that shoppers see something else from now on, above all of stock: last in a transaction."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from msgspec import Struct
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


class Change(Struct, frozen=True):
    """A variant's available units before and after; as for :func:`stock_changed`."""

    product_id: int
    variant_id: int
    price: int | None
    before: int
    after: int


def stocks_changed(c: Connection, changes: Iterable[Change]) -> None:
    """Carry over changes of several variants: products by their ids, one slot last: no two ever wait in a ring."""
    units: Counter[int] = Counter()
    for one in changes:
        if one.price is not None:
            units[one.product_id] += shown_units(one.after) - shown_units(one.before)
    moved = sorted((product_id, delta) for product_id, delta in units.items() if delta)
    for product_id, delta in moved:
        c.execute(_ADD_UNITS, {"key": product_id, "delta": delta})
    if moved:
        changed(c, moved[0][0])
