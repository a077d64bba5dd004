"""Carts that wait to be ordered: a few made the shop's own way, and as many copies of them as a measure can use up.

A cart is ordered once. Where every one were filled over HTTP, the filling would be measured and not the ordering.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Table, func, select, text

from bench.plan import CannotMeasureError
from bench.shops import Shop
from shopapi.carts import store
from shopapi.carts.pricing import price_cart
from shopapi.carts.reading import read_cart
from shopapi.carts.tables import cart
from shopapi.catalog.tables import listing, product, shipping_method, variant
from shopapi.contract.carts import Address, ContactInput, LineInput
from shopapi.contract.stock import MovementInput
from shopapi.db.engine import Database, Reader, open_database
from shopapi.inventory.level_store import record_movement
from shopapi.settings import database_url

BUYER: Final = ContactInput("bench@kundin.example", Address("Anna Bench", "Am Markt 1", "04109", "Leipzig", "DE"))
_UNITS: Final = 900_000
_ACTOR: Final = "shopctl bench"

# A recursive query counts on both databases. Tokens are as long as the shop's own.
_COPY_CARTS: Final = text(
    """WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :count)
    INSERT INTO cart (token, state, currency, email, shipping_address, country, shipping_method_id, created_at,
      updated_at)
    SELECT :salt || CAST(10000000000 + n AS text), state, currency, email, shipping_address, country,
      shipping_method_id, created_at, updated_at
    FROM series, cart WHERE cart.id = :first"""
)
_COPY_LINES: Final = text(
    """INSERT INTO cart_line (cart_id, variant_id, quantity, price_told, position, created_at)
    SELECT k.id, l.variant_id, l.quantity, l.price_told, l.position, l.created_at
    FROM cart k JOIN cart_line l ON l.cart_id = :first + k.id % :models WHERE k.id > :before"""
)


@dataclass(frozen=True)
class Ready:
    """A cart, what it is called, and what its customer agrees to pay: whole minor units."""

    id: int
    token: str
    total: int


@dataclass
class Supply:
    """How many a measurement needs: twice as many as it would use up at the ``rate`` of the one before."""

    rate: float

    def count(self, seconds: float) -> int:
        """So many are made before ``seconds`` of load; a load generator may take a whole second where less is said."""
        return int(2 * self.rate * max(1.0, seconds)) + 500

    def heed(self, done: int, duration_s: float) -> None:
        """So many were used up. The first seconds of anything are slow, and are not believed."""
        self.rate = max(done / duration_s, self.rate / 2)


@dataclass(frozen=True)
class Models:
    """Carts of which copies are made, with ids that follow one another; ``totals`` are what they cost.

    A copy has the goods of the model whose place is the copy's id modulo the number of models.
    """

    made: Shop
    first: int
    currency: str
    tokens: tuple[str, ...]
    totals: tuple[int, ...]


def opened(made: Shop) -> Database:
    """A shop's database, for work that nobody waits for."""
    return open_database(database_url(made.url), threads=2, patient=True)


def goods_on_sale(made: Shop, count: int) -> list[str]:
    """The skus of ``count`` products, one of each, after plenty of each was received."""
    one_of_each = (
        select(func.min(variant.c.sku))
        .join_from(listing, product, product.c.id == listing.c.product_id)
        .join(variant, variant.c.product_id == product.c.id)
        .where(product.c.state == "active", variant.c.item_name.is_not(None), variant.c.price.is_not(None))
        .group_by(product.c.id)
        .order_by(product.c.id.desc())
        .limit(count)
    )
    db = opened(made)
    try:
        with db.reading() as c:
            skus = [str(sku) for sku in c.execute(one_of_each).scalars()]
        if len(skus) < count:
            raise CannotMeasureError(f"the shop has {len(skus)} products on sale, {count} are wanted")
        db.write(lambda c: _receive(c, skus))
    finally:
        db.close()
    return skus


def _receive(c: Connection, skus: Sequence[str]) -> None:
    # In one order, as everything that locks many of them.
    for sku in sorted(skus):
        record_movement(c, MovementInput(sku, _UNITS, "receive"), actor=_ACTOR)


def models(made: Shop, baskets: Sequence[Sequence[str]], *, addressed: bool = True) -> Models:
    """A cart for each basket of skus, one unit of each, with an address and a way to deliver where an order is to come
    of it."""
    db = opened(made)
    try:
        return db.write(lambda c: _models(made, c, baskets, addressed))
    finally:
        db.close()


def _models(made: Shop, c: Connection, baskets: Sequence[Sequence[str]], addressed: bool) -> Models:
    ids, tokens, totals = [], [], []
    for basket in baskets:
        token = store.create_cart(c, [LineInput(sku, 1) for sku in basket], None).token
        if addressed:
            store.set_contact(c, token, BUYER)
            store.set_shipping(c, token, way_to_deliver(c))
        stored = read_cart(c, token, None)
        ids.append(stored.id)
        tokens.append(token)
        totals.append(price_cart(stored).totals.total)
    if ids != list(range(ids[0], ids[0] + len(ids))):
        raise CannotMeasureError("somebody else makes carts in the shop that is measured")
    return Models(made, ids[0], stored.currency, tuple(tokens), tuple(totals))


def way_to_deliver(c: Reader) -> str:
    """The first way to deliver that goes to the buyer."""
    ways = select(shipping_method.c.public_id, shipping_method.c.countries).order_by(shipping_method.c.position)
    for name, countries in c.execute(ways):
        if BUYER.shipping_address.country in countries:
            return str(name)
    raise CannotMeasureError(f"the shop delivers nothing to {BUYER.shipping_address.country}")


def copies(of: Models, count: int, *, lines: bool = True) -> list[Ready]:
    """``count`` carts more, open, each good for one order. Without ``lines`` they look empty to who reads them."""
    db = opened(of.made)
    try:
        return db.write(lambda c: _copies(c, of, count, lines))
    finally:
        db.close()


def _copies(c: Connection, of: Models, count: int, lines: bool) -> list[Ready]:
    before = c.execute(select(func.max(cart.c.id))).scalar_one()
    c.execute(_COPY_CARTS, {"count": count, "salt": secrets.token_hex(16), "first": of.first})
    if lines:
        c.execute(_COPY_LINES, {"first": of.first, "models": len(of.totals), "before": before})
    if c.dialect.name == "postgresql":
        c.execute(text("ANALYZE cart, cart_line"))
    rows = c.execute(select(cart.c.id, cart.c.token).where(cart.c.id > before).order_by(cart.c.id))
    return [Ready(row.id, row.token, of.totals[row.id % len(of.totals)]) for row in rows]


def rows_of(made: Shop, table: Table) -> int:
    """How many rows a table has."""
    db = opened(made)
    try:
        with db.reading() as c:
            return int(c.execute(select(func.count()).select_from(table)).scalar_one())
    finally:
        db.close()
