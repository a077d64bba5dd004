"""SQL that moves units: an item's rows locked, its counter changed and its movement noted in one transaction.

Rows are locked in one order, so that no two changes ever wait for each other in a ring: a product's variants by their
ids, each before its level. Who needs several locks them all at once, and what a product's card says of categories
before them (:func:`shopapi.catalog.category_lock.hold_categories`).
"""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from shopapi.catalog.stock_shown import stock_changed
from shopapi.catalog.tables import variant
from shopapi.db.types import clock
from shopapi.inventory.tables import MAIN_LOCATION, stock_level, stock_movement
from shopapi.names import public_id

LIVING: Final = variant.c.item_name.is_not(None)
"""Of an item in stock: an archived one has given its name away."""

VERSION: Final = (variant.c.version + stock_level.c.version - 1).label("version")
"""What an item's ETag says: it counts changes of the variant and of its level."""


_LOCK_VARIANTS: Final = (
    select(
        variant.c.id,
        variant.c.product_id,
        variant.c.item_name,
        variant.c.price,
        stock_level.c.on_hand,
        stock_level.c.reserved,
        VERSION,
    )
    .join_from(variant, stock_level, stock_level.c.variant_id == variant.c.id)
    .order_by(variant.c.id)
    .with_for_update(key_share=True, of=[variant, stock_level])
)
_LOCK_ITEMS: Final = _LOCK_VARIANTS.where(stock_level.c.location_id == MAIN_LOCATION)


def locked(c: Connection, which: ColumnElement[bool]) -> Row[*tuple[Any, ...]] | None:
    """The item in stock that ``which`` picks, locked until the end of the transaction."""
    return c.execute(_LOCK_ITEMS.where(which, LIVING)).first()


def locked_with_siblings(c: Connection, item_id: int) -> Row[*tuple[Any, ...]] | None:
    """An item in stock, locked with every variant of its product: what is shown of them all is to be written."""
    of_its_product = variant.c.product_id == select(_OWN.c.product_id).where(_OWN.c.id == item_id).scalar_subquery()
    rows = c.execute(_LOCK_ITEMS.where(of_its_product)).all()
    return next((row for row in rows if row.id == item_id and row.item_name is not None), None)


_OWN: Final = variant.alias("own")


def lock_variants(c: Connection, product_ids: Collection[int]) -> None:
    """Lock every variant of these products and its level until the end of the transaction, in one order."""
    if product_ids:
        c.execute(_LOCK_VARIANTS.where(variant.c.product_id.in_(product_ids)))


def move(
    c: Connection, row: Row[*tuple[Any, ...]], delta: int, reason: str, *, actor: str, reference: str = ""
) -> str | None:
    """Bring or take units of an item that is :func:`locked` as ``row``, and carry it over to what shoppers see.

    Answers the movement's public id, if anything moved.
    """
    if delta == 0:
        return None
    c.execute(
        update(stock_level)
        .where(stock_level.c.variant_id == row.id, stock_level.c.location_id == MAIN_LOCATION)
        .values(on_hand=stock_level.c.on_hand + delta, version=stock_level.c.version + 1, updated_at=clock())
    )
    available = row.on_hand - row.reserved
    stock_changed(c, row.product_id, row.id, row.price, available, available + delta)
    return note(c, row.id, delta, reason, actor=actor, reference=reference)


def note(c: Connection, item_id: int, delta: int, reason: str, *, actor: str, reference: str = "") -> str | None:
    """Enter units in the ledger whose counter the caller changes; answers the movement's public id, if any came."""
    if delta == 0:
        return None
    name = public_id("mov")
    c.execute(
        insert(stock_movement).values(
            public_id=name,
            variant_id=item_id,
            location_id=MAIN_LOCATION,
            delta=delta,
            reason=reason,
            reference=reference,
            actor=actor,
        )
    )
    return name
