"""Carts that only wait to be ordered, and goods to fill them with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Final

from sqlalchemy import Connection, insert, literal, select

from shopapi.carts import store
from shopapi.carts.pricing import methods_to, price_cart
from shopapi.carts.reading import read_cart
from shopapi.carts.rules import new_token
from shopapi.carts.tables import cart, cart_code, cart_line
from shopapi.catalog.records import ProductRecord
from shopapi.catalog.tables import variant
from shopapi.contract.carts import Address, ContactInput, LineInput
from shopapi.db.engine import Database
from shopapi.inventory.tables import stock_level
from shopapi.promotions.records import NewPromotion
from shopapi.promotions.rules import customer_key
from shopapi.promotions.store import add_promotion
from shopctl.seeds.selling import add_selling
from tests import factories
from tests.conftest import SECRET_KEY

ANNA: Final = Address("Anna Weber", "Karl-Heine-Straße 12", "04229", "Leipzig", "DE")
RECORDS: Final[list[ProductRecord]] = []
"""All goods that were made, for who wants to change them."""

_customers: Final = count(1)


@dataclass(frozen=True)
class Filled:
    """A cart with all that an order needs, and what it costs."""

    token: str
    total: int
    email: str

    @property
    def path(self) -> str:
        return f"/v1/carts/{self.token}"


def goods(database: Database, units: int, *, price: int = 1850) -> str:
    """A sku on sale with so many units, in a shop that delivers; answers the sku."""
    database.write(lambda c: add_selling(c, actor="shopctl"))
    record = factories.goods(price=price, on_hand=units)
    factories.save(database, record)
    RECORDS.append(record)
    return str(record.variants[0].sku)


def code(database: Database, word: str, **said: object) -> None:
    """A code that takes ten percent off."""
    known = {"names": {"de": "Herbst", "en": "Autumn"}, "kind": "percent", "value": 1000, "code": word}
    database.write(lambda c: add_promotion(c, NewPromotion(**{**known, **said}), actor="shopctl"))  # type: ignore[arg-type]


_AT_ONCE: Final = 100
_Models = dict[tuple[tuple[str, int], ...], Filled]


def fill(
    database: Database,
    number: int,
    lines: Callable[[int], Sequence[tuple[str, int]]],
    *,
    code: str | None = None,
    email: Callable[[int], str] | None = None,
) -> list[Filled]:
    """So many carts; ``lines(n)`` are the skus and units of the n-th."""

    def make(c: Connection, some: range, known: _Models) -> tuple[list[Filled], _Models]:
        made, models = [], dict(known)
        for n in some:
            who = f"anna-{next(_customers)}@kundin.example" if email is None else email(n)
            wanted = tuple(lines(n))
            if wanted not in models:
                models[wanted] = _filled(c, wanted, who, code)
                made.append(models[wanted])
            else:
                made.append(_like(c, models[wanted], who))
        return made, models

    filled: list[Filled] = []
    models: _Models = {}
    # Not all at once: a transaction may not last as long as thousands of carts take.
    for first in range(0, number, _AT_ONCE):
        some = range(first, min(first + _AT_ONCE, number))
        made, models = database.write(partial(make, some=some, known=models))
        filled += made
    return filled


def one(database: Database, units: int = 100, quantity: int = 1) -> Filled:
    """A cart with some of a sku of its own."""
    sku = goods(database, units)
    return fill(database, 1, lambda _: [(sku, quantity)])[0]


def _filled(c: Connection, lines: Sequence[tuple[str, int]], email: str, code: str | None) -> Filled:
    token = store.create_cart(c, [LineInput(sku, units) for sku, units in lines], "de").token
    store.set_contact(c, token, ContactInput(email, ANNA), customer_key=customer_key(email, SECRET_KEY))
    store.set_shipping(c, token, methods_to(read_cart(c, token, "de"))[0].public_id)
    if code is not None:
        store.add_code(c, token, code)
    return Filled(token, price_cart(read_cart(c, token, "de")).totals.total, email)


def _like(c: Connection, model: Filled, email: str) -> Filled:
    """A cart with the same in it, of somebody else: a tenth of the work."""
    token = new_token()
    row = c.execute(select(cart).where(cart.c.token == model.token)).one()._asdict()
    own = {name: row.pop(name) for name in ("id", "token", "email", "customer_key")}
    whose = customer_key(email, SECRET_KEY)
    made = c.execute(
        insert(cart).values(**row, token=token, email=email, customer_key=whose).returning(cart.c.id)
    ).scalar_one()
    for table in (cart_line, cart_code):
        others = [column for column in table.c if column.key != "cart_id"]
        c.execute(
            insert(table).from_select(
                ["cart_id", *(column.key for column in others)],
                select(literal(made), *others).where(table.c.cart_id == own["id"]),
            )
        )
    return Filled(token, model.total, email)


def reserved(database: Database, sku: str) -> int:
    """How many units of a sku are held for orders."""
    with database.reading() as c:
        return int(
            c.execute(
                select(stock_level.c.reserved)
                .join_from(stock_level, variant, variant.c.id == stock_level.c.variant_id)
                .where(variant.c.sku == sku)
            ).scalar_one()
        )
