"""SQL that gives back, or takes again, what an order holds: its stock and its uses of codes."""

from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from shopapi.carts.tables import cart
from shopapi.catalog.stock_shown import Change, stocks_changed
from shopapi.catalog.tables import variant
from shopapi.db.types import clock
from shopapi.inventory.tables import MAIN_LOCATION, reservation, stock_level
from shopapi.orders.store import Locked
from shopapi.promotions.tables import code_redemption, promotion_code
from shopapi.runtime.failpoints import planted

# Variants by their ids, each before its level, as everywhere.
_HELD: Final = (
    select(
        variant.c.id,
        variant.c.product_id,
        variant.c.price,
        reservation.c.quantity,
        reservation.c.shipped,
        reservation.c.state,
        stock_level.c.on_hand,
        stock_level.c.reserved,
    )
    .join_from(variant, stock_level, stock_level.c.variant_id == variant.c.id)
    .join(
        reservation,
        (reservation.c.variant_id == variant.c.id) & (reservation.c.location_id == stock_level.c.location_id),
    )
    .where(reservation.c.order_id == bindparam("order"), stock_level.c.location_id == MAIN_LOCATION)
    .order_by(variant.c.id)
    .with_for_update(key_share=True, of=[variant, stock_level])
)

Held = Row[*tuple[Any, ...]]


def lock_held(c: Connection, order: Locked) -> list[Held]:
    """An order's reservations with their levels, locked."""
    return list(c.execute(_HELD, {"order": order.id}))


def release(c: Connection, order: Locked) -> None:
    """Give back everything that an order holds, and open its cart again: with its cancellation, never alone."""
    rows = [row for row in lock_held(c, order) if row.state in ("held", "committed")]
    times = 2 if planted("release_twice") else 1
    changes = [(row, times * (row.shipped - row.quantity)) for row in rows]
    _set_reserved(c, changes)
    c.execute(
        update(reservation)
        .where(reservation.c.order_id == order.id, reservation.c.state.in_(("held", "committed")))
        .values(state="released", expires_at=None)
    )
    used = c.execute(
        select(code_redemption.c.code_id).where(code_redemption.c.order_id == order.id).order_by("code_id")
    ).scalars()
    for code in used.all():
        c.execute(update(promotion_code).where(promotion_code.c.id == code).values(used=promotion_code.c.used - 1))
    c.execute(delete(code_redemption).where(code_redemption.c.order_id == order.id))
    _show(c, changes)
    c.execute(
        update(cart)
        .where(cart.c.id == order.cart_id, cart.c.state == "ordered")
        .values(state="open", version=cart.c.version + 1, updated_at=clock())
    )


def commit(c: Connection, order: Locked) -> None:
    """What was held until it is paid is the order's for good."""
    c.execute(
        update(reservation)
        .where(reservation.c.order_id == order.id, reservation.c.state == "held")
        .values(state="committed", expires_at=None)
    )


def take_again(c: Connection, order: Locked) -> bool:
    """Reserve anew what a cancelled order had, all of it or nothing; whether that worked.

    Its cart must still be there for it. Codes are not asked for again: what was paid is what was agreed, and a limit
    that is used up by now is no reason to keep goods from somebody who paid.
    """
    rows = lock_held(c, order)
    if not _can_take(order, rows):
        return False
    changes = [(row, row.quantity) for row in rows]
    _set_reserved(c, changes)
    _show(c, changes)
    c.execute(
        update(reservation)
        .where(reservation.c.order_id == order.id, reservation.c.state == "released")
        .values(state="committed", expires_at=None)
    )
    c.execute(
        update(cart)
        .where(cart.c.id == order.cart_id)
        .values(state="ordered", version=cart.c.version + 1, updated_at=clock())
    )
    return True


def can_take_again(c: Connection, order: Locked) -> bool:
    """Whether :func:`take_again` would work now; what it looks at stays locked."""
    return _can_take(order, lock_held(c, order))


def _can_take(order: Locked, rows: list[Held]) -> bool:
    # What somebody cancelled or withdrew from stays so: they do not want the goods any more.
    if not order.given_up_by_the_shop:
        return False
    return order.cart_state == "open" and all(
        row.on_hand - row.reserved >= row.quantity and row.price is not None for row in rows
    )


def _set_reserved(c: Connection, changes: list[tuple[Held, int]]) -> None:
    for row, change in changes:
        c.execute(
            update(stock_level)
            .where(stock_level.c.variant_id == row.id, stock_level.c.location_id == MAIN_LOCATION)
            .values(reserved=stock_level.c.reserved + change, updated_at=clock())
        )


def _show(c: Connection, changes: list[tuple[Held, int]]) -> None:
    """What is shown of stock comes after codes, as everywhere: two that want both must not wait in a ring."""
    free = [(row, row.on_hand - row.reserved, change) for row, change in changes]
    stocks_changed(c, [Change(row.product_id, row.id, row.price, had, had - change) for row, had, change in free])
