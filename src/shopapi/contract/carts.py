"""Carts and checkout: what a shopper means to buy, what it costs, and the step that makes it an order."""

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from shopapi.contract.catalog import BasePrice, Image, Money
from shopapi.contract.fields import NOT_BLANK, PRINTABLE, CartToken, Country, Email, Line, SkuText

MAX_LINE_QUANTITY: Final = 999
"""The most units of one sku in a cart."""

MAX_LINES: Final = 100
"""The most skus in a cart."""

MAX_TOTAL: Final = 10**13
"""No order costs more, in minor units."""

CartState = Literal["open", "ordered", "abandoned"]
ProblemKind = Literal["price_changed", "insufficient_stock", "not_for_sale", "code_not_applicable"]
CodeWhy = Literal["min_subtotal", "not_in_cart", "outdone", "nothing_off", "ended", "used_up"]
"""Why a code takes nothing off: the goods lack value; it is for none of them; another promotion or code takes more off;
nothing is left that it could take off; it is over; it has no use left, in all or for this customer."""

POSTCODE_DIGITS: Final = {"DE": 5, "AT": 4, "CH": 4, "LI": 4}
"""How many digits a postcode has; elsewhere the shop takes what is written."""

MAX_NAME: Final = 200
"""Characters of somebody's name, at the most, wherever they give it."""

_Named = Annotated[str, Meta(min_length=1, max_length=MAX_NAME, pattern=NOT_BLANK)]
_Units = Annotated[int, Meta(ge=1, le=MAX_LINE_QUANTITY)]
MethodId = Annotated[str, Meta(pattern=r"^ship_[0-9a-hjkmnp-tv-z]{20}$")]
ProviderName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=PRINTABLE)]
"""A code as somebody types it: its case, spaces and hyphens do not count."""


class MoneyInput(Struct, forbid_unknown_fields=True, frozen=True):
    """An amount that a caller names: whole minor units of ``currency`` (ISO 4217)."""

    amount: Annotated[int, Meta(ge=0, le=MAX_TOTAL)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]


class Address(Struct, forbid_unknown_fields=True, frozen=True):
    """Where something goes, in any script. What is not there is ``""``."""

    name: _Named
    line1: _Named
    postal_code: Annotated[str, Meta(max_length=20, pattern=PRINTABLE)]
    city: _Named
    country: Country
    company: Line = ""
    line2: Line = ""
    region: Line = ""
    phone: Annotated[str, Meta(max_length=40, pattern=PRINTABLE)] = ""


class LineInput(Struct, forbid_unknown_fields=True, frozen=True):
    """So many units of a sku to add."""

    sku: SkuText
    quantity: _Units


class CartInput(Struct, forbid_unknown_fields=True, frozen=True):
    """A new cart, empty or with lines; a sku that comes twice adds up."""

    lines: Annotated[list[LineInput], Meta(max_length=MAX_LINES)] = []


class LinePatch(Struct, forbid_unknown_fields=True, frozen=True):
    """How many units a line should have; 0 removes it."""

    quantity: Annotated[int, Meta(ge=0, le=MAX_LINE_QUANTITY)]


class ContactInput(Struct, forbid_unknown_fields=True, frozen=True):
    """Who buys and where it goes. Without ``billing_address`` the invoice goes to the same."""

    email: Email
    shipping_address: Address
    billing_address: Address | None = None


class ShippingInput(Struct, forbid_unknown_fields=True, frozen=True):
    """The way that the goods shall take."""

    method: MethodId


class CodeInput(Struct, forbid_unknown_fields=True, frozen=True):
    """A code that takes something off."""

    code: Code


class PaymentInput(Struct, forbid_unknown_fields=True, frozen=True):
    """How it is paid. ``token`` stands for a means of payment that the provider knows; never a card's number.

    Without it, the provider asks the customer on a page of its own, where it has one.
    """

    provider: ProviderName
    token: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_.-]+$")] | None = None


class CheckoutInput(Struct, forbid_unknown_fields=True, frozen=True):
    """Order what is in the cart. ``expected_total`` is the total that the customer agreed to.

    ``payment`` may be left out where that is nothing: then there is nothing to pay.

    ``return_url`` is where the provider's page leads back to; the shop's own page of the order, where it is left out.
    """

    expected_total: MoneyInput
    payment: PaymentInput | None = None
    return_url: (
        Annotated[str, Meta(max_length=1000, pattern=r"^https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+$")] | None
    ) = None


class CartLine(Struct, frozen=True):
    """A line of a cart. ``fact`` is the product's one line about itself; ``options`` are in words.

    ``total`` = ``unit_price`` x ``quantity`` - ``discount``. ``available`` says whether that many can be had now.
    ``lowest_price_30_days`` is there for a reduced price.
    """

    sku: str
    slug: str
    name: str
    fact: str
    options: dict[str, str]
    image: Image | None
    unit_price: Money
    lowest_price_30_days: Money | None
    base_price: BasePrice | None
    quantity: int
    discount: Money
    total: Money
    available: bool


class Discount(Struct, frozen=True):
    """What one promotion takes off; ``code`` is null where it applies by itself."""

    name: str
    code: str | None
    amount: Money
    free_shipping: bool


class TaxLine(Struct, frozen=True):
    """The tax of one rate (basis points) in a sum; ``net`` is what it is on."""

    rate_bp: int
    net: Money
    tax: Money


class CartProblem(Struct, frozen=True):
    """What is no longer as it was. ``left`` is how many units can be had, ``before`` what the price was, ``missing``
    what the goods lack to the value that a code asks for, ``why`` the reason for which it takes nothing off.

    ``goods`` names what it is about: the goods of ``sku``, which have no line of their own where they are not for sale,
    or those that a code is for.
    """

    kind: ProblemKind
    detail: str
    sku: str | None = None
    code: str | None = None
    left: int | None = None
    before: Money | None = None
    missing: Money | None = None
    why: CodeWhy | None = None
    goods: str | None = None


class Contact(Struct, frozen=True):
    """Who buys and where it goes; ``billing_address`` is null where it is the same."""

    email: str
    shipping_address: Address
    billing_address: Address | None


class ShippingOption(Struct, frozen=True):
    """A way to deliver, priced for this cart and address; working days."""

    method: str
    name: str
    price: Money
    days_min: int
    days_max: int


class ShippingOptions(Struct, frozen=True):
    """Every way to deliver to the cart's address, cheapest first."""

    data: list[ShippingOption]


class Cart(Struct, frozen=True):
    """A cart, priced as of now.

    ``total`` = ``subtotal`` - ``discount`` + ``shipping``, plus ``tax`` where prices do not include it. ``shipping`` is
    null until it is known; ``shipping_from`` is the least that it costs for these goods. ``free_shipping_from`` is the
    value of goods from which delivery costs nothing. Both are for the country of the address, and for the shop's own
    until there is one; null where nothing leads there, or nothing is free.
    """

    token: CartToken
    state: CartState
    version: int
    currency: str
    prices_include_tax: bool
    lines: list[CartLine]
    codes: list[str]
    discounts: list[Discount]
    contact: Contact | None
    shipping_method: ShippingOption | None
    payment_providers: list[str]
    countries: list[str]
    subtotal: Money
    discount: Money
    shipping: Money | None
    tax: Money
    taxes: list[TaxLine]
    total: Money
    free_shipping_from: Money | None
    problems: list[CartProblem]
    updated_at: datetime
    shipping_from: Money | None = None
