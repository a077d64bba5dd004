"""Goods, promotions and deliveries in the fewest words."""

from collections.abc import Iterable
from typing import Literal

from shopapi.pricing.values import Delivery, Goods, Promotion, PromotionKind, PromotionScope


def goods(
    unit_price: int,
    quantity: int = 1,
    *,
    variant: int = 1,
    product: int | None = None,
    categories: Iterable[int] = (),
    rate_bp: int = 1900,
    weight_g: int = 0,
) -> Goods:
    """A line; its product has the number of its variant, unless told otherwise."""
    return Goods(
        variant_id=variant,
        product_id=variant if product is None else product,
        category_ids=frozenset(categories),
        unit_price=unit_price,
        quantity=quantity,
        tax_rate_bp=rate_bp,
        weight_g=weight_g,
    )


def promotion(
    kind: PromotionKind,
    value: int = 0,
    *,
    number: int = 1,
    scope: PromotionScope = "order",
    target: int | None = None,
    code: str | None = None,
    exclusive: bool = False,
    min_subtotal: int = 0,
    promotion_id: int | None = None,
) -> Promotion:
    """A promotion whose door has ``number``, and it too, unless told otherwise."""
    return Promotion(
        id=number if promotion_id is None else promotion_id,
        code_id=number,
        code=code,
        name="",
        kind=kind,
        value=value,
        scope=scope,
        target_id=target,
        exclusive=exclusive,
        min_subtotal=min_subtotal,
    )


def delivery(
    price: int,
    *steps: tuple[int, int],
    by: Literal["weight", "subtotal"] = "weight",
    free_from: int | None = None,
    rate_bp: int = 1900,
) -> Delivery:
    """A way to deliver."""
    return Delivery(method_id=1, price=price, free_from=free_from, steps_by=by, steps=steps, tax_rate_bp=rate_bp)
