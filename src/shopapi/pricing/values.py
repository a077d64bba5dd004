"""What a price is worked out from, and what comes out: plain values, whole minor units, basis points."""

from typing import Literal

from msgspec import Struct

PromotionKind = Literal["percent", "amount", "free_shipping"]
PromotionScope = Literal["order", "category", "product"]
WhyNot = Literal["min_subtotal", "not_in_cart", "outdone"]


class Goods(Struct, frozen=True):
    """A line to be priced. ``category_ids`` are those that show the product, ancestors included."""

    variant_id: int
    product_id: int
    category_ids: frozenset[int]
    unit_price: int
    quantity: int
    tax_rate_bp: int
    weight_g: int


class Promotion(Struct, frozen=True):
    """A promotion that is in its window and has uses left. ``code`` is null where it applies by itself.

    ``value`` is basis points (percent), minor units (amount) or nothing (free shipping). ``target_id`` is the category
    or product of its scope. An ``exclusive`` one stands alone; all others add up.
    """

    id: int
    code_id: int
    code: str | None
    name: str
    kind: PromotionKind
    value: int
    scope: PromotionScope
    target_id: int | None
    exclusive: bool
    min_subtotal: int


class Delivery(Struct, frozen=True):
    """A way to deliver. ``steps`` are (from, price) by grams or by minor units of goods; see ``shipping/rules.py``.

    ``tax_rate_bp`` is the most that is taken: delivery is taxed as its goods are.
    """

    method_id: int
    price: int
    free_from: int | None
    steps_by: Literal["weight", "subtotal"]
    steps: tuple[tuple[int, int], ...]
    tax_rate_bp: int


class LineTotals(Struct, frozen=True):
    """A line: ``total`` = unit price x quantity - ``discount``; ``tax`` is in it or on top, as the shop is set."""

    discount: int
    total: int
    tax: int


class Applied(Struct, frozen=True):
    """A promotion that counts, and what it takes off the goods; free shipping takes nothing off these."""

    promotion_id: int
    code_id: int
    amount: int
    free_shipping: bool


class Rejected(Struct, frozen=True):
    """A code that is in the cart and does not count: ``missing`` is what the goods lack to its ``min_subtotal``."""

    code_id: int
    why: WhyNot
    missing: int


class Totals(Struct, frozen=True):
    """What a cart or an order costs.

    ``total`` = ``subtotal`` - ``discount`` + ``shipping``, plus ``tax`` where prices do not include it. ``shipping`` is
    null while nobody knows how it goes. ``taxes`` has (rate, net, tax) by falling rate, shipping included.
    """

    lines: tuple[LineTotals, ...]
    subtotal: int
    discount: int
    shipping: int | None
    shipping_tax_rate_bp: int
    shipping_tax: int
    tax: int
    taxes: tuple[tuple[int, int, int], ...]
    total: int
    applied: tuple[Applied, ...]
    rejected: tuple[Rejected, ...]
