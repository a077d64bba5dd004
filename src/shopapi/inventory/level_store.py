"""SQL over stock as staff see it: levels, the ledger behind them, and movements with a reason."""

from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, or_, select

from shopapi.accounts.tables import api_key, staff
from shopapi.catalog.tables import product, variant
from shopapi.contract.stock import Ledger, Level, LevelQuery, Movement, MovementDone, MovementInput, ViewCounts
from shopapi.db.containing import contains
from shopapi.db.engine import Reader
from shopapi.db.keyset import COUNTED, newest_first
from shopapi.http.problems import NotFound
from shopapi.inventory.movement_store import LIVING, VERSION, locked, move
from shopapi.inventory.rules import UnknownSku, check_movement, level_after
from shopapi.inventory.tables import location, stock_level, stock_movement

LOW: Final = 5
"""Up to so many available units count as low stock."""

_AVAILABLE: Final = stock_level.c.on_hand - stock_level.c.reserved
_VIEWS: Final = {
    "all": stock_level.c.on_hand >= 0,
    "low": _AVAILABLE.between(1, LOW),
    "out": _AVAILABLE == 0,
    "draft": product.c.state == "draft",
}
_LEVELS: Final = (
    select(
        variant.c.sku,
        variant.c.id,
        variant.c.item_name,
        location.c.code,
        stock_level.c.on_hand,
        stock_level.c.reserved,
        product.c.state,
        VERSION,
        stock_level.c.updated_at,
    )
    .select_from(variant)
    .join(product, product.c.id == variant.c.product_id)
    .join(stock_level, stock_level.c.variant_id == variant.c.id)
    .join(location, location.c.id == stock_level.c.location_id)
    .where(LIVING)
)


def list_levels(c: Reader, asked: LevelQuery, *, before: int | None) -> tuple[list[Level], int | None]:
    """Levels, newest item first, from behind item ``before`` on; the number is the item behind which more follow."""
    found = _LEVELS.where(*_filters(asked))
    rows, last = newest_first(c, found, variant.c.id, before=before, limit=asked.limit)
    return [_level(row) for row in rows], last


def count_levels(c: Reader, asked: LevelQuery) -> tuple[ViewCounts, int | None]:
    """How many levels each view has, and how many ``asked`` finds (``None`` where those are over 1,000)."""
    counted = [func.count().filter(condition).label(name) for name, condition in _VIEWS.items()]
    views = c.execute(_LEVELS.with_only_columns(*counted)).one()
    counts = ViewCounts(all=views.all, low=views.low, out=views.out, draft=views.draft)
    if asked.q is None and asked.item_id is None:
        return counts, getattr(counts, asked.view)
    few = _LEVELS.with_only_columns(variant.c.id).where(*_filters(asked)).limit(COUNTED + 1).subquery()
    found = int(c.execute(select(func.count()).select_from(few)).scalar_one())
    return counts, found if found <= COUNTED else None


def _filters(asked: LevelQuery) -> list[Any]:
    wanted = [_VIEWS[asked.view]]
    if asked.item_id is not None:
        wanted.append(variant.c.id == asked.item_id)
    if asked.q:
        wanted.append(or_(contains(variant.c.item_name, asked.q), contains(variant.c.sku, asked.q)))
    return wanted


def get_level(c: Reader, sku: str) -> Level:
    """The stock of one variant; raises :class:`NotFound`."""
    row = c.execute(_LEVELS.where(variant.c.sku == sku)).first()
    if row is None:
        raise NotFound("No item in stock has this sku.")
    return _level(row)


def _level(row: Row[Any]) -> Level:
    return Level(
        sku=row.sku,
        item_id=row.id,
        name=row.item_name,
        location=row.code,
        on_hand=row.on_hand,
        reserved=row.reserved,
        available=row.on_hand - row.reserved,
        state=row.state,
        version=row.version,
        updated_at=row.updated_at,
    )


_MOVEMENTS: Final[Select[Any]] = (
    select(
        stock_movement.c.id,
        stock_movement.c.public_id,
        variant.c.sku,
        location.c.code,
        stock_movement.c.delta,
        stock_movement.c.reason,
        stock_movement.c.reference,
        # Who it was by today's name; the ledger itself keeps the id.
        func.coalesce(staff.c.name, api_key.c.name, stock_movement.c.actor).label("actor"),
        stock_movement.c.at,
    )
    .join_from(stock_movement, variant, variant.c.id == stock_movement.c.variant_id)
    .join(location, location.c.id == stock_movement.c.location_id)
    .outerjoin(staff, staff.c.public_id == stock_movement.c.actor)
    .outerjoin(api_key, api_key.c.public_id == stock_movement.c.actor)
)


# One statement, so that counter and sum are of the same moment: apart, they differ while somebody works.
_PROOF: Final = (
    select(
        variant.c.id,
        stock_level.c.on_hand,
        stock_level.c.reserved,
        func.count(stock_movement.c.id).label("movements"),
        func.coalesce(func.sum(stock_movement.c.delta), 0).label("units"),
    )
    .select_from(variant)
    .join(stock_level, stock_level.c.variant_id == variant.c.id)
    .outerjoin(
        stock_movement,
        and_(stock_movement.c.variant_id == variant.c.id, stock_movement.c.location_id == stock_level.c.location_id),
    )
    .where(LIVING, variant.c.sku == bindparam("sku"))
    .group_by(variant.c.id, stock_level.c.on_hand, stock_level.c.reserved)
)


def read_ledger(c: Reader, sku: str, *, limit: int, before: int | None) -> tuple[Ledger, int | None]:
    """One variant's movements, newest first, and the row behind which more follow; raises :class:`NotFound`."""
    total = c.execute(_PROOF, {"sku": sku}).first()
    if total is None:
        raise NotFound("No item in stock has this sku.")
    statement = _MOVEMENTS.where(stock_movement.c.variant_id == total.id)
    rows, last = newest_first(c, statement, stock_movement.c.id, before=before, limit=limit)
    ledger = Ledger(
        data=[_movement(row) for row in rows],
        next_cursor=None,
        total=total.movements,
        on_hand=total.on_hand,
        reserved=total.reserved,
        sum_of_deltas=int(total.units),
    )
    return ledger, last


def record_movement(c: Connection, movement: MovementInput, *, actor: str) -> MovementDone:
    """Bring or take units of a variant, with a reason.

    Raises :class:`UnknownSku`, :class:`InsufficientStock`, :class:`ReservedStock`, :class:`QuantityTooLarge`.
    """
    check_movement(movement)
    row = locked(c, variant.c.sku == movement.sku)
    if row is None:
        raise UnknownSku(movement.sku)
    level_after(row.on_hand, row.reserved, movement.delta)
    name = move(c, row, movement.delta, movement.reason, actor=actor, reference=movement.reference)
    done = c.execute(_MOVEMENTS.where(stock_movement.c.public_id == name)).one()
    return MovementDone(movement=_movement(done), level=get_level(c, movement.sku))


def _movement(row: Row[Any]) -> Movement:
    return Movement(
        id=row.public_id,
        sku=row.sku,
        location=row.code,
        delta=row.delta,
        reason=row.reason,
        reference=row.reference,
        actor=row.actor,
        at=row.at,
    )
