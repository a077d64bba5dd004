"""An order before it is placed: everything that is stored and told of it, worked out from the priced cart. No I/O."""

import hashlib
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from shopapi.carts.pricing import Priced, contact, tax_lines, word
from shopapi.catalog.rules import as_kept
from shopapi.checkout.rules import Incomplete, PriceChanged, UnknownProvider
from shopapi.contract.calendar import OF_THE_SHOP, end_of_day
from shopapi.contract.carts import Address, CheckoutInput
from shopapi.contract.catalog import Money
from shopapi.contract.orders import Order, OrderEvent, OrderLine, OrderShipping
from shopapi.contract.problems import FieldError
from shopapi.names import public_id
from shopapi.orders.rules import new_number
from shopapi.payments.providers.interface import PaymentProvider
from shopapi.payments.told import bank_transfer, order_payment
from shopapi.pricing.values import Applied
from shopapi.runtime.failpoints import planted


class Draft(Struct, frozen=True):
    """An order to be placed. ``payment_key`` is what the provider will know the charge by."""

    priced: Priced
    number: str
    email: str
    shipping_address: Address
    billing_address: Address
    search_words: str
    placed_at: datetime
    expires_at: datetime | None
    provider: str
    payment_id: str
    payment_key: str
    order: Order

    @property
    def is_free(self) -> bool:
        """Whether nothing is left to pay: the order is confirmed as soon as it is placed."""
        return self.priced.totals.total == 0

    @property
    def redeemed(self) -> tuple[Applied, ...]:
        """The promotions that the order uses."""
        return self.priced.totals.applied


def draft_order(
    priced: Priced, asked: CheckoutInput, provider: PaymentProvider | None, *, wait_s: int, known: list[str]
) -> Draft:
    """Make an order of a cart; raises :class:`Incomplete`, :class:`UnknownProvider`, :class:`PriceChanged`."""
    cart, totals = priced.cart, priced.totals
    who, method = contact(cart), priced.method
    if missing := _missing(priced):
        raise Incomplete(missing)
    if provider is None and asked.payment is not None:
        raise UnknownProvider(asked.payment.provider, known)
    assert who is not None  # noqa: S101 - what is missing was named above
    assert method is not None  # noqa: S101
    total = Money(totals.total, cart.currency)
    agreed = Money(asked.expected_total.amount, asked.expected_total.currency)
    if agreed != total and not planted("ignore_expected_total"):
        raise PriceChanged(total)
    if provider is None and total.amount:
        raise Incomplete([FieldError("payment", f"is missing: say how it is paid, by {' or '.join(known)}")])
    number, placed_at = new_number(cart.shop), as_kept(cart.now)
    expires_at = _expires_at(placed_at, wait_s, provider) if provider and totals.total else None
    payment_id = public_id("pay")
    billing = who.billing_address or who.shipping_address
    draft = Draft(
        priced=priced,
        number=number,
        email=who.email,
        shipping_address=who.shipping_address,
        billing_address=billing,
        search_words=_search_words(number, who.email, who.shipping_address, billing, priced),
        placed_at=placed_at,
        expires_at=expires_at,
        provider=provider.name if provider else "",
        payment_id=payment_id,
        payment_key=hashlib.sha256(f"charge:{payment_id}".encode()).hexdigest(),
        order=_order(priced, number, placed_at, expires_at, who.email, who.shipping_address, billing),
    )
    return _with_payment(draft, provider) if provider and totals.total else draft


def _expires_at(placed_at: datetime, wait_s: int, provider: PaymentProvider) -> datetime:
    if not provider.offline:
        return placed_at + timedelta(seconds=wait_s)
    # By the shop's clock on the wall, where a day may have 23 or 25 hours; the day that customers are told is whole.
    return end_of_day(placed_at.astimezone(OF_THE_SHOP) + timedelta(seconds=wait_s))


def _missing(priced: Priced) -> list[FieldError]:
    missing = []
    if not priced.cart.lines:
        missing.append(FieldError("lines", "are missing: the cart is empty"))
    missing += [
        FieldError(f"lines.{one.sku}", "is not for sale any more")
        for one in priced.problems
        if one.kind == "not_for_sale"
    ]
    if contact(priced.cart) is None:
        missing.append(FieldError("contact", "is missing: say who buys and where it goes"))
    elif priced.method is None:
        missing.append(FieldError("shipping", "is missing: choose a way to deliver"))
    return missing


def _search_words(number: str, email: str, shipping: Address, billing: Address, priced: Priced) -> str:
    names = {number, email, shipping.name, billing.name, shipping.company, billing.company}
    skus = [line.sku for line in priced.sold]
    return " ".join(filter(None, [*sorted(names), *skus])).lower()


def _order(
    priced: Priced,
    number: str,
    placed_at: datetime,
    expires_at: datetime | None,
    email: str,
    shipping_address: Address,
    billing_address: Address,
) -> Order:
    cart, totals, currency = priced.cart, priced.totals, priced.cart.currency
    events = [OrderEvent(1, "placed", placed_at, {})]
    if totals.total == 0:
        events.append(OrderEvent(2, "paid", placed_at, {}))
    method = priced.method
    return Order(
        number=number,
        access_token=None,
        state="placed" if totals.total else "confirmed",
        shipping_state="unshipped",
        version=1,
        placed_at=placed_at,
        expires_at=expires_at,
        locale=cart.locale,
        currency=currency,
        prices_include_tax=cart.prices_include_tax,
        lines=_lines(priced),
        discounts=priced.discounts,
        subtotal=Money(totals.subtotal, currency),
        discount=Money(totals.discount, currency),
        shipping=Money(totals.shipping or 0, currency),
        tax=Money(totals.tax, currency),
        taxes=tax_lines(totals, currency),
        total=Money(totals.total, currency),
        email=email,
        shipping_address=shipping_address,
        billing_address=billing_address,
        shipping_method=OrderShipping(
            word(method.names, cart) if method else "",
            method.days_min if method else 0,
            method.days_max if method else 0,
        ),
        payment=None,
        shipments=[],
        events=events,
        invoices=[],
        can_cancel=True,
    )


def _lines(priced: Priced) -> list[OrderLine]:
    currency = priced.cart.currency
    return [
        OrderLine(
            sku=line.sku,
            name=words.name,
            fact=words.fact,
            options=words.options,
            image=words.image,
            unit_price=Money(line.price or 0, currency),
            quantity=line.quantity,
            shipped=0,
            discount=Money(totals.discount, currency),
            tax_rate_bp=rate_bp,
            tax=Money(totals.tax, currency),
            total=Money(totals.total, currency),
        )
        for line, words, totals, rate_bp in zip(
            priced.sold, priced.words, priced.totals.lines, priced.tax_rates_bp, strict=True
        )
    ]


def _with_payment(draft: Draft, provider: PaymentProvider) -> Draft:
    cart = draft.priced.cart
    transfer = None
    if provider.offline:
        transfer = bank_transfer(cart, number=draft.number, expires_at=draft.expires_at)
    payment = order_payment(
        provider=provider.name,
        state="pending",
        next_url=None,
        transfer=transfer,
        amount=draft.priced.totals.total,
        captured=0,
        refunded=0,
        currency=cart.currency,
    )
    return msgspec.structs.replace(draft, order=msgspec.structs.replace(draft.order, payment=payment))
