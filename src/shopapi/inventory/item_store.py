"""SQL over items, the classic view of stock: a name and a quantity."""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Row, Table, and_, bindparam, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from shopapi.catalog.listing_store import refresh
from shopapi.catalog.tables import availability, product, product_slug, variant
from shopapi.contract.items import Item, ItemInput
from shopapi.db.engine import Reader, TryAgain, constraint
from shopapi.db.prepared import prepared
from shopapi.db.types import clock
from shopapi.http.etag import IfMatch
from shopapi.http.problems import NotFound
from shopapi.inventory.movement_store import LIVING, VERSION, locked, locked_with_siblings, move, note
from shopapi.inventory.rules import NameTaken, QuantityTooLarge, ReservedStock
from shopapi.inventory.tables import MAIN_LOCATION, stock_level
from shopapi.names import public_id, slug


class StoredItem(Struct, frozen=True):
    """An item and the version that its ETag says."""

    item: Item
    version: int


_ITEMS: Final = select(variant.c.id, variant.c.item_name, stock_level.c.on_hand, VERSION).join_from(
    variant, stock_level, and_(stock_level.c.variant_id == variant.c.id, stock_level.c.location_id == MAIN_LOCATION)
)
_LIST_ITEMS: Final = _ITEMS.where(LIVING).order_by(variant.c.id)
_GET_ITEM: Final = _ITEMS.where(LIVING, variant.c.id == bindparam("item_id"))

# Must never be a SELECT and then an INSERT: 50 callers that create one new name make one item, because the insert meets
# the unique name of whoever was first and adds to it. A known name is locked first, so that nobody archives the item
# between the look and the addition, and so that adding uses up no ids.
ADD_ITEM: Final = prepared(
    text("""
WITH known AS (
  SELECT id, product_id, price, version FROM variant WHERE item_name = :name FOR NO KEY UPDATE
), fresh AS (
  INSERT INTO variant (id, product_id, sku, item_name, created_at, updated_at)
  SELECT n.id, nextval('product_id_seq'), 'ITEM-' || n.id, :name, now(), now()
  FROM (SELECT nextval('variant_id_seq') AS id) n WHERE NOT EXISTS (SELECT 1 FROM known)
  ON CONFLICT (item_name) DO UPDATE SET updated_at = excluded.updated_at
  RETURNING id, product_id, price, version, xmax = 0 AS made
), item AS (
  SELECT id, product_id, price, version, false AS made FROM known
  UNION ALL SELECT id, product_id, price, version, made FROM fresh
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
), counted AS (
  INSERT INTO availability (product_id) SELECT id FROM draft
), level AS (
  INSERT INTO stock_level (variant_id, location_id, on_hand, created_at, updated_at)
  SELECT id, :location, :quantity, now(), now() FROM item
  ON CONFLICT (variant_id, location_id) DO UPDATE SET
    on_hand = stock_level.on_hand + excluded.on_hand,
    version = stock_level.version + (excluded.on_hand <> 0)::int,
    updated_at = excluded.updated_at
  RETURNING variant_id, on_hand, reserved, version
), movement AS (
  INSERT INTO stock_movement (public_id, variant_id, location_id, delta, reason, actor, at)
  SELECT :movement, id, :location, :quantity, 'receive', :actor, now() FROM item WHERE :quantity <> 0
), difference AS (
  -- What shoppers see of stock ends at 6 units; most additions change nothing there. The price is the locked row's.
  SELECT item.id, item.product_id,
    least(level.on_hand - level.reserved, 6) - least(level.on_hand - level.reserved - :quantity, 6) AS units
  FROM item JOIN level ON level.variant_id = item.id WHERE item.price IS NOT NULL
), shown AS (
  -- Never an UPDATE: of a product whose insert this statement has waited for it sees the variant, and no other row.
  INSERT INTO availability (product_id, units) SELECT product_id, units FROM difference WHERE units <> 0
  ON CONFLICT (product_id) DO UPDATE SET units = availability.units + excluded.units
), raised AS (
  UPDATE catalog_version SET value = value + 1
  FROM difference WHERE slot = difference.id % 16 AND difference.units <> 0
)
SELECT item.id, level.on_hand, item.version + level.version - 1 AS version, item.made
FROM item JOIN level ON level.variant_id = item.id
""")
)


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
        ADD_ITEM,
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
    row = locked(c, variant.c.item_name == item.name)
    if row is not None:
        move(c, row, item.quantity, "receive", actor=actor)
        return get_item(c, row.id), False
    item_id = _make_draft(c, item.name)
    c.execute(insert(stock_level).values(variant_id=item_id, location_id=MAIN_LOCATION, on_hand=item.quantity))
    note(c, item_id, item.quantity, "receive", actor=actor)
    return get_item(c, item_id), True


def _make_draft(c: Connection, name: str) -> int:
    product_id = _new_id(c, product)
    free = _free_slug(c, slug(name))
    c.execute(insert(product).values(id=product_id, slug=free, name=name, state="draft"))
    c.execute(insert(product_slug).values(slug=free, product_id=product_id))
    c.execute(insert(availability).values(product_id=product_id))
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
    row = locked_with_siblings(c, item_id)
    if row is None:
        raise NotFound(f"No item has the id {item_id}.")
    if_match.check(row.version)
    if item.quantity < row.reserved:
        raise ReservedStock(row.reserved)
    if item.name != row.item_name:
        _rename(c, row, item.name)
    move(c, row, item.quantity - row.on_hand, "correct", actor=actor)
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
    _show(c, row)


def archive_item(c: Connection, item_id: int, if_match: IfMatch, *, actor: str) -> None:
    """Take an item out of stock: its units are written off, its name is free again, and nothing is deleted.

    The last variant takes its product along. Raises :class:`NotFound`, :class:`Stale`, :class:`ReservedStock`.
    """
    row = locked_with_siblings(c, item_id)
    if row is None:
        raise NotFound(f"No item has the id {item_id}.")
    if_match.check(row.version)
    if row.reserved:
        raise ReservedStock(row.reserved)
    move(c, row, -row.on_hand, "write_off", actor=actor)
    c.execute(
        update(variant)
        .where(variant.c.id == item_id)
        .values(item_name=None, archived_at=clock(), version=variant.c.version + 1, updated_at=clock())
    )
    living = select(func.count()).where(variant.c.product_id == row.product_id, LIVING).scalar_subquery()
    c.execute(
        update(product)
        .where(product.c.id == row.product_id, living == 0)
        .values(state="archived", version=product.c.version + 1, updated_at=clock())
    )
    _show(c, row)


def _show(c: Connection, row: Row[Any]) -> None:
    if row.price is not None:  # What has no price is on no page.
        refresh(c, [row.product_id])
