"""Carts that wait to be ordered: a few made the shop's own way, and as many copies of them as a measure can use up.

A cart is ordered once. Where every one were filled over HTTP, the filling would be measured and not the ordering.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Table, func, insert, select, text

from bench.plan import CannotMeasureError
from bench.servers import SECRET_KEY
from bench.shops import Shop
from shopapi.carts import store
from shopapi.carts.pricing import price_cart
from shopapi.carts.reading import StoredCart, read_cart
from shopapi.carts.tables import cart, cart_line
from shopapi.catalog.tables import listing, product, shipping_method, variant
from shopapi.contract.carts import Address, ContactInput, LineInput
from shopapi.contract.stock import MovementInput
from shopapi.db.engine import Database, DatabaseUnavailable, Reader, open_database
from shopapi.inventory.level_store import record_movement
from shopapi.promotions.rules import customer_key
from shopapi.settings import database_url

BUYER: Final = ContactInput("bench@kundin.example", Address("Anna Bench", "Am Markt 1", "04109", "Leipzig", "DE"))
_UNITS: Final = 900_000
_ACTOR: Final = "shopctl bench"
_WHOSE: Final = customer_key(BUYER.email, SECRET_KEY)

# A recursive query counts on both databases. Tokens are as long as the shop's own.
_COPY_CARTS: Final = text(
    """WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :count)
    INSERT INTO cart (token, state, currency, email, shipping_address, country, customer_key, shipping_method_id,
      created_at, updated_at)
    SELECT :salt || CAST(10000000000 + n AS text), state, currency, email, shipping_address, country, customer_key,
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


@contextmanager
def opened(made: Shop) -> Iterator[Database]:
    """A shop's database, for work that nobody waits for. Raises :class:`CannotMeasureError` where it gives out."""
    db = open_database(database_url(made.url), threads=2, patient=True)
    try:
        yield db
    except DatabaseUnavailable as error:
        raise CannotMeasureError(f"the shop cannot be prepared: {error}") from None
    finally:
        db.close()


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
    with opened(made) as db:
        with db.reading() as c:
            skus = [str(sku) for sku in c.execute(one_of_each).scalars()]
        if len(skus) < count:
            raise CannotMeasureError(f"the shop has {len(skus)} products on sale, {count} are wanted")
        for sku in skus:
            received = MovementInput(sku, _UNITS, "receive")
            db.write(lambda c, received=received: record_movement(c, received, actor=_ACTOR))  # type: ignore[misc]
    return skus


def models(made: Shop, baskets: Sequence[Sequence[str]], *, addressed: bool = True) -> Models:
    """A cart for each basket of skus, one unit of each, with an address and a way to deliver where an order is to come
    of it. The first is filled the shop's own way, the others are like it."""
    with opened(made) as db:
        first = db.write(lambda c: _filled(c, baskets[0], addressed))
        db.write(lambda c: _like_it(c, first, baskets))
        with db.reading() as c:
            found = c.execute(select(cart.c.id, cart.c.token).where(cart.c.id >= first.id).order_by(cart.c.id)).all()
            totals = [price_cart(read_cart(c, row.token, None)).totals.total for row in found]
    if [row.id for row in found] != list(range(first.id, first.id + len(baskets))):
        raise CannotMeasureError("somebody else makes carts in the shop that is measured")
    return Models(made, first.id, first.currency, tuple(row.token for row in found), tuple(totals))


def _filled(c: Connection, basket: Sequence[str], addressed: bool) -> StoredCart:
    token = store.create_cart(c, [LineInput(sku, 1) for sku in basket], None).token
    if addressed:
        store.set_contact(c, token, BUYER, customer_key=_WHOSE)
        store.set_shipping(c, token, way_to_deliver(c))
    return read_cart(c, token, None)


def _like_it(c: Connection, first: StoredCart, baskets: Sequence[Sequence[str]]) -> None:
    if len(baskets) == 1:
        return
    c.execute(_COPY_CARTS, {"count": len(baskets) - 1, "salt": secrets.token_hex(16), "first": first.id})
    goods = {row.sku: row for row in c.execute(select(variant.c.sku, variant.c.id, variant.c.price))}
    rows = [
        {
            "cart_id": first.id + place,
            "variant_id": goods[sku].id,
            "quantity": 1,
            "price_told": goods[sku].price,
            "position": position,
        }
        for place, basket in enumerate(baskets)
        for position, sku in enumerate(basket, 1)
        if place
    ]
    c.execute(insert(cart_line), rows)


def way_to_deliver(c: Reader) -> str:
    """The first way to deliver that goes to the buyer."""
    for row in c.execute(select(shipping_method).order_by(shipping_method.c.position)):
        if BUYER.shipping_address.country in row.countries:
            return str(row.public_id)
    raise CannotMeasureError(f"the shop delivers nothing to {BUYER.shipping_address.country}")


def copies(of: Models, count: int, *, lines: bool = True) -> list[Ready]:
    """``count`` carts more, open, each good for one order. Without ``lines`` they look empty to who reads them."""
    with opened(of.made) as db:
        return db.write(lambda c: _copies(c, of, count, lines))


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
    with opened(made) as db, db.reading() as c:
        return int(c.execute(select(func.count()).select_from(table)).scalar_one())
