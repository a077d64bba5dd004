"""Orders made by hand, as the shop reads them."""

from datetime import UTC, date, datetime
from typing import Any

from msgspec.structs import replace

from shopapi.contract.carts import Address, Discount, TaxLine
from shopapi.contract.catalog import Locale, Money
from shopapi.contract.orders import (
    BankTransfer,
    Order,
    OrderEvent,
    OrderLine,
    OrderPayment,
    OrderShipping,
    Shipment,
    Withdrawal,
)
from shopapi.invoices.seller import Seller

PLACED = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PAID = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
SELLER = Seller(
    name="Ton & Tinte",
    legal_name="Ton & Tinte GmbH (Muster)",
    address=["Töpferweg 7", "56479 Musterbach im Westerwald", "Deutschland"],
    vat_id="DE000000000",
    tax_number="02/000/00000",
    email="hallo@shop.example",
    country="DE",
)
ANNA = Address("Anna Weber", "Karl-Heine-Straße 12", "04229", "Leipzig", "DE")
ACCOUNT = BankTransfer(
    holder="Ton & Tinte GmbH (Muster)",
    iban="DE02 1203 0000 0000 2020 51",
    bic="BYLADEM1001",
    bank="Musterbank",
    reference="TT-7K4M2A",
    due=date(2026, 12, 1),
)


def euros(cents: int) -> Money:
    return Money(cents, "EUR")


def line(
    name: str, unit: int, quantity: int, *, rate: int = 1900, tax: int, discount: int = 0, **more: Any
) -> OrderLine:
    return OrderLine(
        sku=more.pop("sku", name[:20].upper()),
        name=name,
        fact=more.pop("fact", ""),
        options=more.pop("options", {}),
        image=None,
        unit_price=euros(unit),
        quantity=quantity,
        shipped=0,
        discount=euros(discount),
        tax_rate_bp=rate,
        tax=euros(tax),
        total=euros(unit * quantity - discount),
    )


def order(*, locale: Locale = "de", account: BankTransfer | None = None, **more: Any) -> Order:
    """Two mugs, three bowls and coffee, a code, free delivery: 88.00 euros, with tax of two rates."""
    made = Order(
        number="TT-7K4M2A",
        access_token=None,
        state="confirmed",
        shipping_state="unshipped",
        version=1,
        placed_at=PLACED,
        expires_at=None,
        locale=locale,
        currency="EUR",
        prices_include_tax=True,
        lines=[
            line(
                "Becher „Westerwald“, Ton, 320 ml",
                1850,
                2,
                tax=544,
                discount=296,
                sku="WW-320",
                options={"Farbe": "Salbei"},
                fact="Steinzeug, spülmaschinenfest",
            ),
            line("Schalen-Trio", 3900, 1, tax=573, discount=312, sku="TRIO", fact="Drei Schalen, Ø 11 bis 15 cm"),
            line("Kaffee „Hafenrunde“, 250 g", 980, 2, rate=700, tax=118, discount=152, sku="KAFFEE-250"),
        ],
        discounts=[Discount("Herbst", "HERBST10", euros(760), False)],
        subtotal=euros(9560),
        discount=euros(760),
        shipping=euros(0),
        tax=euros(1235),
        taxes=[TaxLine(1900, euros(5875), euros(1117)), TaxLine(700, euros(1690), euros(118))],
        total=euros(8800),
        email="anna@kundin.example",
        shipping_address=ANNA,
        billing_address=ANNA,
        shipping_method=OrderShipping("DHL Paket", 2, 3),
        payment=OrderPayment(
            "manual" if account else "sandbox", "captured", None, account, euros(8800), euros(8800), euros(0)
        ),
        shipments=[Shipment("shp_1", "DHL", "00340434161094042557", {"WW-320": 2, "TRIO": 1}, PAID)],
        events=[OrderEvent(1, "placed", PLACED, {}), OrderEvent(2, "paid", PAID, {})],
        invoices=[],
        can_cancel=True,
    )
    return replace(made, **more)


def withdrawal() -> Withdrawal:
    return Withdrawal("wdr_1", "Anna Weber", "TT-7K4M2A", "anna@kundin.example", PAID)
