"""SQL over stock. Every change writes its movement and its counter in one transaction.

Rows are locked in one order, the variant before its level, so that two changes of one item never wait for each other
in a ring.
"""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Row, Select, Table, and_, bindparam, func, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from shopapi.accounts.tables import api_key, staff
from shopapi.catalog.tables import product, product_slug, variant
from shopapi.contract.items import Item, ItemInput
from shopapi.contract.stock import (
    Ledger,
    Level,
    LevelQuery,
    Movement,
    MovementDone,
    MovementInput,
    ViewCounts,
)
from shopapi.db.engine import Reader, TryAgain, constraint
from shopapi.db.types import clock
from shopapi.http.etag import IfMatch
from shopapi.http.problems import NotFound
from shopapi.inventory.rules import (
    NameTaken,
    QuantityTooLarge,
    ReservedStock,
    UnknownSku,
    check_movement,
    level_after,
)
from shopapi.inventory.tables import MAIN_LOCATION, location, stock_level, stock_movement
from shopapi.names import public_id, slug

LOW: Final = 5
"""Up to so many available units count as low stock."""

COUNTED: Final = 1_000
"""A filtered list is counted up to here; beyond, its total is ``None``."""


class StoredItem(Struct, frozen=True):
    """An item and the version that its ETag says."""

    item: Item
    version: int


# The classic interface

_LIVING: Final = variant.c.item_name.is_not(None)
_VERSION: Final = (variant.c.version + stock_level.c.version - 1).label("version")
_ITEMS: Final = select(variant.c.id, variant.c.item_name, stock_level.c.on_hand, _VERSION).join_from(
    variant, stock_level, and_(stock_level.c.variant_id == variant.c.id, stock_level.c.location_id == MAIN_LOCATION)
)
_LIST_ITEMS: Final = _ITEMS.where(_LIVING).order_by(variant.c.id)
_GET_ITEM: Final = _ITEMS.where(_LIVING, variant.c.id == bindparam("item_id"))

# Must never be a SELECT and then an INSERT: 50 callers that create one new name make one item, because the insert meets
# the unique name of whoever was first and adds to it. A known name is locked first, so that nobody archives the item
# between the look and the addition, and so that adding uses up no ids.
_ADD_ITEM: Final = text("""
WITH known AS (
  SELECT id, version FROM variant WHERE item_name = :name FOR NO KEY UPDATE
), fresh AS (
  INSERT INTO variant (id, product_id, sku, item_name, created_at, updated_at)
  SELECT n.id, nextval('product_id_seq'), 'ITEM-' || n.id, :name, now(), now()
  FROM (SELECT nextval('variant_id_seq') AS id) n WHERE NOT EXISTS (SELECT 1 FROM known)
  ON CONFLICT (item_name) DO UPDATE SET updated_at = excluded.updated_at
  RETURNING id, product_id, version, xmax = 0 AS made
), item AS (
  SELECT id, version, false AS made FROM known UNION ALL SELECT id, version, made FROM fresh
), draft AS (
  INSERT INTO product (id, slug, name, state, created_at, updated_at)
  SELECT product_id, (
      SELECT f.slug FROM (
        SELECT CASE n WHEN 1 THEN :slug ELSE :slug || '-' || n END AS slug
        FROM (SELECT generate_series(1, 1000000) AS n) s
      ) f WHERE (SELECT true FROM product_slug p WHERE p.slug = f.slug) IS NULL LIMIT 1
    ), :name, 'draft', now(), now()
  FROM fresh WHERE made RETURNING id, slug
), named AS (
  INSERT INTO product_slug (slug, product_id, created_at) SELECT slug, id, now() FROM draft
), level AS (
  INSERT INTO stock_level (variant_id, location_id, on_hand, created_at, updated_at)
  SELECT id, :location, :quantity, now(), now() FROM item
  ON CONFLICT (variant_id, location_id) DO UPDATE SET
    on_hand = stock_level.on_hand + excluded.on_hand,
    version = stock_level.version + (excluded.on_hand <> 0)::int,
    updated_at = excluded.updated_at
  RETURNING variant_id, on_hand, version
), movement AS (
  INSERT INTO stock_movement (public_id, variant_id, location_id, delta, reason, actor, at)
  SELECT :movement, id, :location, :quantity, 'receive', :actor, now() FROM item WHERE :quantity <> 0
)
SELECT item.id, level.on_hand, item.version + level.version - 1 AS version, item.made
FROM item JOIN level ON level.variant_id = item.id
""")


def list_items(c: Reader) -> list[Item]:
    """Every item in stock, by id."""
    return [Item(row.id, row.item_name, row.on_hand) for row in c.execute(_LIST_ITEMS)]


def get_item(c: Reader, item_id: int) -> StoredItem:
    """One item in stock; raises :class:`NotFound`."""
    row = c.execute(_GET_ITEM, {"item_id": item_id}).first()
    if row is None:
        raise NotFound(f"No item has the id {item_id}.")
    return StoredItem(Item(row.id, row.item_name, row.on_hand), row.version)


def add_item(c: Connection, item: ItemInput, *, actor: str) -> tuple[StoredItem, bool]:
    """Add units to the item of that name, or make it; the flag says whether it was made.

    On PostgreSQL it is one statement. Raises :class:`QuantityTooLarge`.
    """
    add = _add_on_postgresql if c.dialect.name == "postgresql" else _add_on_sqlite
    try:
        return add(c, item, actor)
    except IntegrityError as error:
        broken = constraint(error)
        if broken == "ck_stock_level_on_hand_limit":
            raise QuantityTooLarge from error
        if broken in ("uq_product_slug", "pk_product_slug", "uq_variant_sku"):
            # Another new item took the slug (or a merchant's sku is ITEM-<id>) at the same moment.
            raise TryAgain(f"slug:{slug(item.name)}") from error
        raise


def _add_on_postgresql(c: Connection, item: ItemInput, actor: str) -> tuple[StoredItem, bool]:
    row = c.execute(
        _ADD_ITEM,
        {
            "name": item.name,
            "quantity": item.quantity,
            "slug": slug(item.name),
            "location": MAIN_LOCATION,
            "movement": public_id("mov"),
            "actor": actor,
        },
    ).one()
    return StoredItem(Item(row.id, item.name, row.on_hand), row.version), row.made


def _add_on_sqlite(c: Connection, item: ItemInput, actor: str) -> tuple[StoredItem, bool]:
    item_id = c.execute(select(variant.c.id).where(variant.c.item_name == item.name)).scalar()
    made = item_id is None
    if item_id is None:
        item_id = _make_draft(c, item.name)
        c.execute(insert(stock_level).values(variant_id=item_id, location_id=MAIN_LOCATION, on_hand=item.quantity))
    elif item.quantity:
        c.execute(
            update(stock_level)
            .where(stock_level.c.variant_id == item_id, stock_level.c.location_id == MAIN_LOCATION)
            .values(
                on_hand=stock_level.c.on_hand + item.quantity,
                version=stock_level.c.version + 1,
                updated_at=clock(),
            )
        )
    _note(c, item_id, item.quantity, "receive", actor)
    return get_item(c, item_id), made


def _make_draft(c: Connection, name: str) -> int:
    product_id = _new_id(c, product)
    free = _free_slug(c, slug(name))
    c.execute(insert(product).values(id=product_id, slug=free, name=name, state="draft"))
    c.execute(insert(product_slug).values(slug=free, product_id=product_id))
    item_id = _new_id(c, variant)
    while c.execute(select(variant.c.id).where(variant.c.sku == f"ITEM-{item_id}")).first():
        item_id += 1  # A merchant's own sku looks like one of ours.
    c.execute(insert(variant).values(id=item_id, product_id=product_id, sku=f"ITEM-{item_id}", item_name=name))
    return item_id


def _new_id(c: Connection, table: Table) -> int:
    # Nothing is ever deleted and SQLite has one writer, so this never gives an id twice.
    return int(c.execute(select(func.coalesce(func.max(table.c.id), 0) + 1)).scalar_one())


def _free_slug(c: Connection, wanted: str) -> str:
    candidate, n = wanted, 1
    while c.execute(select(product_slug.c.slug).where(product_slug.c.slug == candidate)).first():
        n += 1
        candidate = f"{wanted}-{n}"
    return candidate


def set_item(c: Connection, item_id: int, item: ItemInput, if_match: IfMatch, *, actor: str) -> StoredItem:
    """Set an item to a name and a quantity, the difference as a correction in the ledger.

    Raises :class:`NotFound`, :class:`Stale`, :class:`NameTaken`, :class:`ReservedStock`.
    """
    row = _locked(c, variant.c.id == item_id)
    if row is None:
        raise NotFound(f"No item has the id {item_id}.")
    if_match.check(row.version)
    if item.quantity < row.reserved:
        raise ReservedStock(row.reserved)
    if item.name != row.item_name:
        _rename(c, row, item.name)
    _move(c, item_id, item.quantity - row.on_hand, "correct", "", actor)
    return get_item(c, item_id)


def _rename(c: Connection, row: Row[Any], name: str) -> None:
    try:
        c.execute(
            update(variant)
            .where(variant.c.id == row.id)
            .values(item_name=name, version=variant.c.version + 1, updated_at=clock())
        )
    except IntegrityError as error:
        if constraint(error) in ("uq_variant_item_name", "variant.item_name"):
            raise NameTaken(name) from error
        raise
    only = select(func.count()).where(variant.c.product_id == row.product_id).scalar_subquery()
    c.execute(
        update(product)
        .where(product.c.id == row.product_id, only == 1)
        .values(name=name, version=product.c.version + 1, updated_at=clock())
    )


def archive_item(c: Connection, item_id: int, if_match: IfMatch, *, actor: str) -> None:
    """Take an item out of stock: its units are written off, its name is free again, and nothing is deleted.

    The last variant takes its product along. Raises :class:`NotFound`, :class:`Stale`, :class:`ReservedStock`.
    """
    row = _locked(c, variant.c.id == item_id)
    if row is None:
        raise NotFound(f"No item has the id {item_id}.")
    if_match.check(row.version)
    if row.reserved:
        raise ReservedStock(row.reserved)
    _move(c, item_id, -row.on_hand, "write_off", "", actor)
    c.execute(
        update(variant)
        .where(variant.c.id == item_id)
        .values(item_name=None, archived_at=clock(), version=variant.c.version + 1, updated_at=clock())
    )
    living = select(func.count()).where(variant.c.product_id == row.product_id, _LIVING).scalar_subquery()
    c.execute(
        update(product)
        .where(product.c.id == row.product_id, living == 0)
        .values(state="archived", version=product.c.version + 1, updated_at=clock())
    )


def _locked(c: Connection, which: Any) -> Row[*tuple[Any, ...]] | None:
    statement = (
        select(
            variant.c.id,
            variant.c.product_id,
            variant.c.item_name,
            stock_level.c.on_hand,
            stock_level.c.reserved,
            _VERSION,
        )
        .join_from(variant, stock_level, stock_level.c.variant_id == variant.c.id)
        .where(which, _LIVING, stock_level.c.location_id == MAIN_LOCATION)
        .with_for_update(key_share=True, of=[variant, stock_level])
    )
    return c.execute(statement).first()


def _move(c: Connection, item_id: int, delta: int, reason: str, reference: str, actor: str) -> str | None:
    if delta == 0:
        return None
    c.execute(
        update(stock_level)
        .where(stock_level.c.variant_id == item_id, stock_level.c.location_id == MAIN_LOCATION)
        .values(on_hand=stock_level.c.on_hand + delta, version=stock_level.c.version + 1, updated_at=clock())
    )
    return _note(c, item_id, delta, reason, actor, reference)


def _note(c: Connection, item_id: int, delta: int, reason: str, actor: str, reference: str = "") -> str | None:
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


# As staff see it

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
        _VERSION,
        stock_level.c.updated_at,
    )
    .select_from(variant)
    .join(product, product.c.id == variant.c.product_id)
    .join(stock_level, stock_level.c.variant_id == variant.c.id)
    .join(location, location.c.id == stock_level.c.location_id)
    .where(_LIVING)
)


def list_levels(c: Reader, asked: LevelQuery, *, before: int | None) -> tuple[list[Level], int | None]:
    """Levels, newest item first, from behind item ``before`` on; the number is the item behind which more follow."""
    statement = _LEVELS.where(*_filters(asked)).order_by(variant.c.id.desc()).limit(asked.limit + 1)
    if before is not None:
        statement = statement.where(variant.c.id < before)
    rows = c.execute(statement).all()
    levels = [_level(row) for row in rows[: asked.limit]]
    return levels, levels[-1].item_id if len(rows) > asked.limit else None


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
        pattern = "%" + "".join(f"\\{char}" if char in "\\%_" else char for char in asked.q.lower()) + "%"
        wanted.append(
            or_(
                func.lower(variant.c.item_name).like(pattern, escape="\\"),
                func.lower(variant.c.sku).like(pattern, escape="\\"),
            )
        )
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
    .where(_LIVING, variant.c.sku == bindparam("sku"))
    .group_by(variant.c.id, stock_level.c.on_hand, stock_level.c.reserved)
)


def read_ledger(c: Reader, sku: str, *, limit: int, before: int | None) -> tuple[Ledger, int | None]:
    """One variant's movements, newest first, and the row behind which more follow; raises :class:`NotFound`."""
    total = c.execute(_PROOF, {"sku": sku}).first()
    if total is None:
        raise NotFound("No item in stock has this sku.")
    statement = _MOVEMENTS.where(stock_movement.c.variant_id == total.id)
    if before is not None:
        statement = statement.where(stock_movement.c.id < before)
    rows = c.execute(statement.order_by(stock_movement.c.id.desc()).limit(limit + 1)).all()
    ledger = Ledger(
        data=[_movement(row) for row in rows[:limit]],
        next_cursor=None,
        total=total.movements,
        on_hand=total.on_hand,
        reserved=total.reserved,
        sum_of_deltas=int(total.units),
    )
    return ledger, rows[limit - 1].id if len(rows) > limit else None


def record_movement(c: Connection, movement: MovementInput, *, actor: str) -> MovementDone:
    """Bring or take units of a variant, with a reason.

    Raises :class:`UnknownSku`, :class:`InsufficientStock`, :class:`ReservedStock`, :class:`QuantityTooLarge`.
    """
    check_movement(movement)
    row = _locked(c, variant.c.sku == movement.sku)
    if row is None:
        raise UnknownSku(movement.sku)
    level_after(row.on_hand, row.reserved, movement.delta)
    name = _move(c, row.id, movement.delta, movement.reason, movement.reference, actor)
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
