"""A shop that sells, as a customer and as staff meet it over HTTP."""

import secrets
from dataclasses import dataclass
from typing import Any, Final

import httpx
import msgspec
from sqlalchemy import select, text, update

from shopapi.catalog.tables import shipping_method, tax_rate, variant
from shopapi.db.engine import Database
from shopapi.db.types import clock
from shopapi.inventory.tables import stock_level
from shopapi.names import public_id
from shopapi.orders.tables import sales_order
from shopapi.payments.tables import payment_attempt, refund
from tests import factories

ANNA: Final[dict[str, Any]] = msgspec.to_builtins(factories.ANNA)
EMAIL: Final = "anna@kundin.example"
STANDARD: Final = "ship_destandard0000000000"
KRUG: Final = "KRUG"
"""A sku at 18.50 euros, of which there are ten."""

TELLER: Final = "TELLER"
"""A sku at 9.90 euros, of which there are three."""


def stock_the_shop(database: Database) -> None:
    """The goods that every test of selling finds."""
    krug = factories.goods("Krug", price=1850, on_hand=10, weight_g=400)
    factories.save(database, krug, factories.goods("Teller", price=990, on_hand=3, weight_g=1200))


def a_key() -> dict[str, str]:
    """The header with an idempotency key that nobody had before."""
    return {"Idempotency-Key": secrets.token_hex(16)}


@dataclass
class Counter:
    """Where things are sold: ``api`` calls as a customer, ``staff`` as an owner."""

    api: httpx.Client
    staff_headers: dict[str, str]
    database: Database

    # as a customer

    def new_cart(self, **lines: int) -> str:
        """The token of a cart with so many units of skus."""
        wanted = [{"sku": sku, "quantity": units} for sku, units in lines.items()]
        return str(done(self.api.post("/v1/carts", json={"lines": wanted}), 201)["token"])

    def cart(self, *, to: str = "DE", email: str = EMAIL, code: str = "", **lines: int) -> dict[str, Any]:
        """A cart with all that an order needs; two of :data:`KRUG` where no lines are named."""
        path = f"/v1/carts/{self.new_cart(**(lines or {KRUG: 2}))}"
        where = ANNA | {"country": to} | ({} if to == "DE" else {"postal_code": "1010"})
        done(self.api.put(f"{path}/contact", json={"email": email, "shipping_address": where}))
        ways = done(self.api.get(f"{path}/shipping-options"))["data"]
        cart = done(self.api.put(f"{path}/shipping", json={"method": ways[0]["method"]}))
        return done(self.api.post(f"{path}/codes", json={"code": code})) if code else cart

    def read_cart(self, token: str) -> dict[str, Any]:
        return done(self.api.get(f"/v1/carts/{token}"))

    def check_out(
        self, cart: dict[str, Any], provider: str = "manual", *, key: str = "", **more: Any
    ) -> httpx.Response:
        """Order what is in the cart at the total that it shows; ``token`` and the like go into the body."""
        body = {"payment": {"provider": provider}, "expected_total": cart["total"], **more}
        headers = {"Idempotency-Key": key} if key else a_key()
        return self.api.post(f"/v1/carts/{cart['token']}/checkout", json=body, headers=headers)

    def order(self, provider: str = "manual", **cart: Any) -> dict[str, Any]:
        """An order that was just placed, as checkout answered it."""
        return done(self.check_out(self.cart(**cart), provider), 201)

    def read(self, order: dict[str, Any]) -> dict[str, Any]:
        """The order as its customer sees it now."""
        return done(self.api.get(path_of(order)))

    def cancel(self, order: dict[str, Any], **headers: str) -> httpx.Response:
        path = f"/v1/orders/{order['number']}/cancel?token={order['access_token']}"
        return self.api.post(path, json={}, headers=headers or a_key())

    # as staff

    def staff(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Call below ``/v1/admin/``; a POST has a key of its own."""
        keyed = a_key() if method == "POST" else {}
        return self.api.request(
            method, f"/v1/admin/{path}", json=body, headers={**self.staff_headers, **keyed, **headers}
        )

    def seen(self, order: dict[str, Any]) -> dict[str, Any]:
        """The order as staff see it."""
        return done(self.staff("GET", f"orders/{order['number']}"))

    def payment(self, order: dict[str, Any]) -> dict[str, Any]:
        (payment,) = self.seen(order)["payments"]
        return dict(payment)

    def pay(self, order: dict[str, Any]) -> dict[str, Any]:
        """The bank transfer has come in; answers the payment."""
        path = f"payments/{self.payment(order)['id']}/capture"
        return done(self.staff("POST", path, {"reference": "Kontoauszug 12"}))

    def ship(self, order: dict[str, Any]) -> httpx.Response:
        return self.staff("POST", f"orders/{order['number']}/shipments", {"carrier": "DHL", "tracking": "0034"})

    def refund(self, order: dict[str, Any], amount: int | None = None, **headers: str) -> httpx.Response:
        money = None if amount is None else {"amount": amount, "currency": "EUR"}
        path = f"payments/{self.payment(order)['id']}/refunds"
        return self.staff("POST", path, {"amount": money, "reason": "broken"}, **headers)

    # the books, and the clock

    def stock(self, sku: str = KRUG) -> tuple[int, int]:
        """Units on hand and reserved."""
        with self.database.reading() as c:
            row = c.execute(
                select(stock_level.c.on_hand, stock_level.c.reserved)
                .join_from(stock_level, variant, variant.c.id == stock_level.c.variant_id)
                .where(variant.c.sku == sku)
            ).one()
        return row.on_hand, row.reserved

    def rows(self, table: str) -> int:
        with self.database.reading() as c:
            return int(c.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())

    def let_time_pass(self, seconds: int = 0) -> None:
        """Everything that waits for a moment has waited for it, and so many seconds more."""
        with self.database.writing() as c:
            c.execute(
                update(sales_order).where(sales_order.c.expires_at.is_not(None)).values(expires_at=clock(-1 - seconds))
            )
        self.checks_are_due()

    def checks_are_due(self) -> None:
        """It is time to ask the provider again."""
        with self.database.writing() as c:
            for table in (payment_attempt, refund):
                c.execute(update(table).where(table.c.next_check_at.is_not(None)).values(next_check_at=clock(-1)))

    def deliver_to(self, country: str, *, rate_bp: int = 1900, **way: Any) -> None:
        """A way to deliver to a country, with its tax; ``way`` are columns."""
        known = {"names": {"de": f"Versand {country}"}, "countries": [country], "price": 990, "tax_class": "standard"}
        with self.database.writing() as c:
            c.execute(
                shipping_method.insert().values(
                    {"public_id": public_id("ship"), "days_min": 2, "days_max": 4, **known, **way}
                )
            )
            if country != "DE":
                c.execute(
                    tax_rate.insert().values(
                        public_id=public_id("tax"),
                        country=country,
                        tax_class="standard",
                        rate_bp=rate_bp,
                        valid_from=clock(-1),
                    )
                )


def done(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    """What a call answered that must not fail."""
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


def path_of(order: dict[str, Any]) -> str:
    """Where a customer finds an order."""
    return f"/v1/orders/{order['number']}?token={order['access_token']}"


def euros(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "EUR"}


def kinds(order: dict[str, Any]) -> list[str]:
    """What has happened to an order."""
    return [event["kind"] for event in order["events"]]
