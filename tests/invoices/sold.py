"""Orders in the database as a sale leaves them, up to the money and back, by the shop's own code from the charge on."""

import secrets
from collections.abc import Sequence
from itertools import count
from typing import Final

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from shopapi.carts.tables import cart
from shopapi.catalog.tables import shop, variant
from shopapi.contract.carts import Address
from shopapi.db.engine import Database
from shopapi.db.types import clock
from shopapi.events.outbox_store import tell
from shopapi.inventory.tables import MAIN_LOCATION, reservation, stock_level
from shopapi.orders.rules import access_token, access_token_hash
from shopapi.orders.tables import order_event, order_line, sales_order
from shopapi.payments.begin_refund import intend_refund
from shopapi.payments.providers.interface import ChargeAnswer, RefundAnswer
from shopapi.payments.record_charge import GivenUp, record_charge
from shopapi.payments.record_refund import record_refund
from shopapi.payments.store import lock_payment
from shopapi.payments.tables import payment, payment_attempt, refund
from shopapi.pricing.division import tax_of
from tests import factories
from tests.conftest import SECRET_KEY

_numbers: Final = count(1)
ANNA: Final = Address("Anna Weber", "Karl-Heine-Straße 12", "04229", "Leipzig", "DE")
SHIPPING: Final = 490


def say_who_sells(c: Connection) -> None:
    """The shop has what its papers must say."""
    c.execute(
        update(shop).values(
            legal_name="Ton & Tinte GmbH (Muster)",
            address="Töpferweg 7\n56479 Musterbach",
            vat_id="DE000000000",
            tax_number="02/000/00000",
            email="hallo@shop.example",
            bank_holder="Ton & Tinte GmbH",
            bank_iban="DE02120300000000202051",
        )
    )


def goods(db: Database, *, price: int = 1850, units: int = 5000) -> int:
    """A variant on sale, with so many units."""
    record = factories.goods(f"Becher {next(_numbers)}", price=price, on_hand=units)
    factories.save(db, record)
    with db.reading() as c:
        variant_id: int = c.execute(select(func.max(variant.c.id))).scalar_one()
    return variant_id


def place(
    c: Connection, variant_id: int, *, provider: str = "sandbox", quantity: int = 2, name: str = "Anna Weber"
) -> str:
    """An order of some units with delivery, placed and not paid yet; answers its number."""
    row = c.execute(select(variant.c.sku, variant.c.price).where(variant.c.id == variant_id)).one()
    goods_total = row.price * quantity
    tax, shipping_tax = tax_of(goods_total, 1900, included=True), tax_of(SHIPPING, 1900, included=True)
    number = f"TT-{next(_numbers):06}".translate(str.maketrans("ILOU", "1100"))
    address = msgspec.to_builtins(msgspec.structs.replace(ANNA, name=name))
    cart_id = c.execute(
        insert(cart).values(token=secrets.token_urlsafe(32), state="ordered", currency="EUR").returning(cart.c.id)
    ).scalar_one()
    order_id = c.execute(
        insert(sales_order)
        .values(
            number=number,
            cart_id=cart_id,
            state="placed",
            currency="EUR",
            prices_include_tax=True,
            subtotal=goods_total,
            discount=0,
            shipping=SHIPPING,
            shipping_tax_rate_bp=1900,
            shipping_tax=shipping_tax,
            tax=tax + shipping_tax,
            total=goods_total + SHIPPING,
            line_count=1,
            discounts=[],
            email="anna@kundin.example",
            customer_name=name,
            country="DE",
            shipping_address=address,
            billing_address=address,
            shipping_method={"name": "DHL Paket", "days_min": 2, "days_max": 3},
            locale="de",
            access_token_hash=access_token_hash(access_token(number, SECRET_KEY)),
            search_words=number.lower(),
            placed_at=clock(),
            expires_at=clock(900),
        )
        .returning(sales_order.c.id)
    ).scalar_one()
    c.execute(
        insert(order_line).values(
            order_id=order_id,
            position=1,
            variant_id=variant_id,
            sku=row.sku,
            name="Becher",
            options={},
            unit_price=row.price,
            quantity=quantity,
            discount=0,
            tax_rate_bp=1900,
            tax=tax,
            total=goods_total,
        )
    )
    c.execute(
        insert(reservation).values(
            order_id=order_id,
            variant_id=variant_id,
            location_id=MAIN_LOCATION,
            quantity=quantity,
            state="held",
            expires_at=clock(900),
        )
    )
    c.execute(
        update(stock_level)
        .where(stock_level.c.variant_id == variant_id)
        .values(reserved=stock_level.c.reserved + quantity)
    )
    payment_id = c.execute(
        insert(payment)
        .values(
            public_id=f"pay_{number}",
            order_id=order_id,
            provider=provider,
            currency="EUR",
            amount=goods_total + SHIPPING,
            state="pending",
        )
        .returning(payment.c.id)
    ).scalar_one()
    c.execute(
        insert(payment_attempt).values(
            payment_id=payment_id,
            kind="capture",
            provider_key=f"key-{number}",
            state="intended",
            next_check_at=clock(30),
        )
    )
    c.execute(insert(order_event).values(order_id=order_id, sequence=1, kind="placed", actor="customer", data={}))
    tell(c, "order.placed", f"order:{number}", 1, {"order": number})
    return number


def pay(c: Connection, number: str) -> None:
    """The whole sum has come in."""
    total = c.execute(select(sales_order.c.total).where(sales_order.c.number == number)).scalar_one()
    assert record_charge(c, number, ChargeAnswer("succeeded", f"ref-{number}", total, "EUR")) == "confirmed"


def give_back(c: Connection, number: str, amount: int, *, reason: str = "", actor: str = "shop") -> str:
    """So much has gone back; answers the refund's id."""
    _, owed = lock_payment(c, number)
    assert owed is not None
    key = intend_refund(c, owed, amount, key=secrets.token_hex(8), reason=reason, actor=actor)
    record_refund(c, key, RefundAnswer("succeeded", secrets.token_hex(8), amount))
    return str(c.execute(select(refund.c.public_id).where(refund.c.provider_key == key)).scalar_one())


def pay_too_late(c: Connection, number: str) -> str:
    """The money came when the goods were gone, and went back; answers the refund's id."""
    given_up = GivenUp("expired")
    assert record_charge(c, number, ChargeAnswer("failed"), given_up=given_up) == "cancelled"
    c.execute(update(cart).where(cart.c.state == "open").values(state="abandoned"))
    total = c.execute(select(sales_order.c.total).where(sales_order.c.number == number)).scalar_one()
    assert record_charge(c, number, ChargeAnswer("succeeded", f"ref-{number}", total, "EUR")) == "refunding"
    row = c.execute(select(refund.c.public_id, refund.c.provider_key)).one()
    record_refund(c, row.provider_key, RefundAnswer("succeeded", secrets.token_hex(8), total))
    return str(row.public_id)


def paid_orders(db: Database, number: int, *, provider: str = "sandbox") -> Sequence[str]:
    """So many paid orders."""
    variant_id = goods(db)
    with db.writing() as c:
        say_who_sells(c)
        numbers = [place(c, variant_id, provider=provider) for _ in range(number)]
        for one in numbers:
            pay(c, one)
    return numbers
