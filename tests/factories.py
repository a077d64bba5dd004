"""Arrange what a test needs, in the words of the shop. Each takes a connection inside a transaction."""

from collections.abc import Mapping
from functools import cache
from itertools import count
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from shopapi.accounts import store as accounts
from shopapi.accounts.key_store import create_api_key
from shopapi.accounts.passwords import hash_password
from shopapi.accounts.session_store import create_session
from shopapi.accounts.tables import staff as staff_table
from shopapi.carts import store as carts
from shopapi.carts.pricing import methods_to, price_cart
from shopapi.carts.reading import read_cart
from shopapi.carts.rules import new_token
from shopapi.carts.tables import cart as cart_table
from shopapi.catalog.category_store import save_categories
from shopapi.catalog.records import (
    CategoryRecord,
    MediaRecord,
    OptionRecord,
    Picture,
    ProductRecord,
    ValueRecord,
    VariantRecord,
)
from shopapi.catalog.save_products import Outcome, save_products
from shopapi.catalog.stock_shown import stock_changed
from shopapi.catalog.tables import variant
from shopapi.checkout.draft import draft_order
from shopapi.checkout.placing import place
from shopapi.checkout.verdict import Kept
from shopapi.contract.accounts import ApiKeyInput, Permission, Role, Staff, StaffInput
from shopapi.contract.carts import Address, CheckoutInput, ContactInput, LineInput, MoneyInput, PaymentInput
from shopapi.contract.items import Item, ItemInput
from shopapi.contract.stock import Ledger
from shopapi.db.engine import Database, Reader
from shopapi.db.types import clock
from shopapi.http.idempotency import Claim
from shopapi.inventory.item_store import add_item
from shopapi.inventory.level_store import read_ledger
from shopapi.inventory.movement_store import locked
from shopapi.inventory.tables import MAIN_LOCATION, reservation, stock_level, stock_movement
from shopapi.media.store import store_picture
from shopapi.names import slug
from shopapi.orders.rules import access_token_hash, new_number
from shopapi.orders.store import lock_order
from shopapi.orders.tables import order_event, order_line, sales_order
from shopapi.payments.providers.interface import ChargeAnswer
from shopapi.payments.providers.manual import Manual
from shopapi.payments.record_charge import GivenUp, cancel, record_charge
from shopapi.payments.store import read_owed
from shopapi.promotions.records import KeptPromotion, NewPromotion
from shopapi.promotions.store import add_promotion

PASSWORD: Final = "correct-horse-battery-staple"
"""What everybody of the staff signs in with."""

ANNA: Final = Address("Anna Weber", "Karl-Heine-Straße 12", "04229", "Leipzig", "DE")
"""A customer, who lives where the shop delivers."""

ACCESS: Final = "A" * 43
"""The secret of every order that is made here."""

_numbers = count(1)


def staff(c: Connection, *, role: Role = "clerk", email: str = "", name: str = "Anna Weber") -> Staff:
    """A member of staff, who signs in with :data:`PASSWORD`. The first one is an owner, or gets one beside them."""
    if role != "owner" and not accounts.has_staff(c):
        staff(c, role="owner")  # A shop in which nobody can manage the staff is a finding of the audit.
    who = StaffInput(email=email or f"{role}-{next(_numbers)}@shop.example", name=name, role=role, password=PASSWORD)
    return accounts.create_staff(c, who, actor="shopctl", password_hash=_hash())


def session(c: Connection, who: Staff) -> str:
    """The token of a new session of ``who``."""
    row_id = c.execute(select(staff_table.c.id).where(staff_table.c.public_id == who.id)).scalar_one()
    return create_session(c, row_id)[0]


def api_key(c: Connection, maker: Staff, *permissions: Permission) -> str:
    """The secret of a new API key that ``maker`` made."""
    wanted = ApiKeyInput(name="till", permissions=list(permissions))
    secret = create_api_key(c, wanted, actor=maker.id, maker_email=maker.email).secret
    assert secret is not None
    return secret


def item(c: Connection, *, name: str = "", quantity: int = 10) -> Item:
    """An item in stock."""
    wanted = ItemInput(name=name or f"Mug {next(_numbers)}", quantity=quantity)
    return add_item(c, wanted, actor="shopctl")[0].item


def category(c: Connection, *path: str) -> None:
    """A category by its names from the root on: ``category(c, "Geschirr", "Becher")``."""
    parents = [None, *(slug(name) for name in path)]
    save_categories(
        c,
        [
            CategoryRecord(slug=slug(name), parent=parent, name={"de": name, "en": f"{name} (en)"})
            for name, parent in zip(path, parents, strict=False)
        ],
    )


def picture(c: Connection, content: bytes = b"<svg/>", *, kind: str = "svg", width: int = 400) -> str:
    """The name of a stored picture."""
    return store_picture(c, Picture(kind=kind, width=width, height=500, content=content))


def seen(sha256: str, alt: str) -> MediaRecord:
    """A picture of a product, and what is to be seen on it."""
    return MediaRecord(sha256=sha256, alt={"de": alt})


def goods(title: str = "", *, price: int | None = 1000, on_hand: int = 10, sku: str = "", **said: Any) -> ProductRecord:
    """A product of one variant, on sale; ``said`` is of the variant or of the product."""
    title = title or f"Krug {next(_numbers)}"
    of_variant = {field: said.pop(field) for field in VariantRecord.__struct_fields__ if field in said}
    only = VariantRecord(sku=sku or slug(title).upper(), price=price, on_hand=on_hand, **of_variant)
    return ProductRecord(**{"slug": slug(title), "name": {"de": title}, "state": "active", "variants": [only], **said})


def in_colours(title: str, colours: Mapping[str, tuple[int | None, int]], **said: Any) -> ProductRecord:
    """A product with a variant for each colour, from its price and units; skus are ``NAME-COLOUR``."""
    values = [ValueRecord(code=slug(one), name={"de": one}) for one in colours]
    variants = [
        VariantRecord(
            sku=f"{slug(title)}-{slug(one)}".upper(), options={"farbe": slug(one)}, price=price, on_hand=units
        )
        for one, (price, units) in colours.items()
    ]
    option = OptionRecord(code="farbe", name={"de": "Farbe", "en": "Colour"}, values=values)
    known = {"slug": slug(title), "name": {"de": title}, "state": "active", "options": [option], "variants": variants}
    return ProductRecord(**{**known, **said})


def save(db: Database, *records: ProductRecord, set_stock: bool = False) -> list[Outcome]:
    """Bring products into the catalog, none of which may be refused."""
    outcomes = save_products(db, records, actor="shopctl", set_stock=set_stock)
    assert not [one for one in outcomes if one.what == "refused"], outcomes
    return outcomes


def items(c: Connection, number: int, *, quantity: int = 10) -> list[Item]:
    """So many items in stock."""
    return [item(c, quantity=quantity) for _ in range(number)]


def sku_of(c: Connection, item_id: int) -> str:
    """The sku of an item."""
    return str(c.execute(select(variant.c.sku).where(variant.c.id == item_id)).scalar_one())


def reserve(c: Connection, item_id: int, quantity: int) -> int:
    """Hold units of an item as an order does that nobody has paid, and answer the order's id; raises where there are
    not so many. It costs nothing, as an item without a price does."""
    order_id = _order_of_one(c, item_id, quantity)
    c.execute(
        insert(reservation).values(
            order_id=order_id,
            variant_id=item_id,
            location_id=MAIN_LOCATION,
            quantity=quantity,
            state="held",
            expires_at=clock(900),
        )
    )
    _change_reserved(c, item_id, quantity)
    return order_id


def _order_of_one(c: Connection, item_id: int, quantity: int) -> int:
    cart_id = c.execute(
        insert(cart_table).values(token=new_token(), state="ordered", currency="EUR").returning(cart_table.c.id)
    ).scalar_one()
    where = msgspec.to_builtins(ANNA)
    order_id: int = c.execute(
        insert(sales_order)
        .values(
            **dict.fromkeys(("subtotal", "discount", "shipping", "shipping_tax_rate_bp", "shipping_tax", "tax"), 0),
            number=new_number("Shop"),
            cart_id=cart_id,
            state="placed",
            currency="EUR",
            total=0,
            prices_include_tax=True,
            line_count=1,
            discounts=[],
            email="anna@kundin.example",
            customer_name=ANNA.name,
            country="DE",
            shipping_address=where,
            billing_address=where,
            shipping_method={"name": "Post", "days_min": 1, "days_max": 2},
            locale="de",
            search_words="",
            access_token_hash=b"",
            placed_at=clock(),
            expires_at=clock(900),
        )
        .returning(sales_order.c.id)
    ).scalar_one()
    told = {"sku": sku_of(c, item_id), "name": "Krug", "options": {}, "unit_price": 0, "tax_rate_bp": 1900, "tax": 0}
    c.execute(
        insert(order_line).values(
            order_id=order_id, position=1, variant_id=item_id, quantity=quantity, discount=0, total=0, **told
        )
    )
    c.execute(insert(order_event).values(order_id=order_id, sequence=1, kind="placed", actor="customer", data={}))
    return order_id


def release(c: Connection, order_id: int) -> None:
    """Give up an order that :func:`reserve` made."""
    number = c.execute(select(sales_order.c.number).where(sales_order.c.id == order_id)).scalar_one()
    cancel(c, lock_order(c, number), GivenUp("expired"))


# --- a sale


class Filled(NamedTuple):
    """A cart with all that an order needs, and what it costs in minor units."""

    token: str
    total: int


def cart(
    c: Connection, *lines: tuple[str, int], email: str = "anna@kundin.example", where: Address = ANNA, code: str = ""
) -> Filled:
    """A cart with so many units of skus, ready to be ordered; it is sent the first way that goes there."""
    token = carts.create_cart(c, [LineInput(sku, units) for sku, units in lines], "de").token
    carts.set_contact(c, token, ContactInput(email, where), customer_key=email)
    carts.set_shipping(c, token, methods_to(read_cart(c, token, "de"))[0].public_id)
    if code:
        carts.add_code(c, token, code)
    return Filled(token, price_cart(read_cart(c, token, "de")).totals.total)


def order(c: Connection, *lines: tuple[str, int], email: str = "anna@kundin.example", code: str = "") -> str:
    """The number of an order that waits for its bank transfer; :data:`ACCESS` opens it."""
    filled = cart(c, *lines, email=email, code=code)
    asked = CheckoutInput(MoneyInput(filled.total, "EUR"), PaymentInput("manual"))
    priced = price_cart(read_cart(c, filled.token, "de"))
    draft = draft_order(priced, asked, Manual(), wait_s=7 * 86_400, known=["manual"])
    claim = Claim(f"cart:{filled.token[:32]} POST", f"{next(_numbers):016}", b"f", "owner", "r", None)
    kept = Kept(201, {}, msgspec.json.encode(draft.order))
    assert place(c, draft, claim, kept, token_hash=access_token_hash(ACCESS), customer=email).why == "placed"
    return draft.number


def paid_order(c: Connection, *lines: tuple[str, int], email: str = "anna@kundin.example", code: str = "") -> str:
    """The number of an order whose bank transfer has come in."""
    number = order(c, *lines, email=email, code=code)
    owed = read_owed(c, number)
    assert owed is not None
    answer = ChargeAnswer("succeeded", reference=number, amount=owed.amount, currency=owed.currency)
    assert record_charge(c, number, answer) == "confirmed"
    return number


def promotion(c: Connection, code: str | None, **said: Any) -> KeptPromotion:
    """A promotion that takes ten percent off an order; without ``code`` it applies by itself."""
    known: dict[str, Any] = {"names": {"de": "Herbst", "en": "Autumn"}, "kind": "percent", "value": 1000}
    return add_promotion(c, NewPromotion(**{**known, "code": code, **said}), actor="shopctl")


def _change_reserved(c: Connection, item_id: int, units: int) -> None:
    row = locked(c, variant.c.id == item_id)
    assert row is not None, f"No item has the id {item_id}."
    c.execute(
        update(stock_level)
        .where(stock_level.c.variant_id == item_id, stock_level.c.location_id == MAIN_LOCATION)
        .values(reserved=stock_level.c.reserved + units, version=stock_level.c.version + 1, updated_at=clock())
    )
    available = row.on_hand - row.reserved
    stock_changed(c, row.product_id, item_id, row.price, available, available - units)


@cache
def _hash() -> str:
    # Made once a run: a password hash is slow on purpose.
    return hash_password(PASSWORD)


def sums_of_movements(c: Reader) -> dict[str, int]:
    """Units moved in all, by reason."""
    rows = c.execute(
        select(stock_movement.c.reason, func.sum(stock_movement.c.delta).label("units")).group_by(
            stock_movement.c.reason
        )
    )
    return {row.reason: int(row.units) for row in rows}


def ledger(c: Reader, sku: str) -> Ledger:
    """The newest page of a sku's ledger."""
    return read_ledger(c, sku, limit=1, before=None)[0]
