"""Which promotions may count together, and why one cannot count at all."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from shopapi.pricing.values import Goods, Promotion, Rejected

ALL_WAYS: Final = 4
"""Up to so many automatic promotions, every choice among them is tried; beyond it only all of them together.

Each one takes something off, so all together are the cheapest but for cents: taking 1 from a line can round the tax of
other lines up. Trying every choice makes it exact where that takes no time to speak of.
"""


def reaches(promotion: Promotion, goods: Goods) -> bool:
    """Whether ``goods`` are among those that ``promotion`` is on."""
    match promotion.scope:
        case "order":
            return True
        case "category":
            return promotion.target_id in goods.category_ids
        case "product":
            return promotion.target_id == goods.product_id


def refusal(promotion: Promotion, goods: Sequence[Goods], subtotal: int) -> Rejected | None:
    """Why ``promotion`` cannot count, whatever else does; ``None`` where it can."""
    if promotion.scope != "order" and not any(reaches(promotion, one) for one in goods):
        return Rejected(promotion.code_id, "not_in_cart", 0)
    missing = promotion.min_subtotal - subtotal
    return Rejected(promotion.code_id, "min_subtotal", missing) if missing > 0 else None


def legal_choices(usable: Sequence[Promotion]) -> Iterator[tuple[Promotion, ...]]:
    """Every choice of promotions that may count together, each in the order in which they are applied.

    An exclusive one stands alone. Otherwise any automatic ones go together, with one code at the most; a promotion
    that is there by itself and by a code counts once.
    """
    ordered = sorted(usable, key=_turn)
    yield from ((one,) for one in ordered if one.exclusive)
    free = [one for one in ordered if not one.exclusive]
    for code in (None, *(one for one in free if one.code is not None)):
        automatic = [one for one in free if one.code is None and (code is None or one.id != code.id)]
        for chosen in _some_of(automatic):
            yield tuple(sorted((*chosen, code), key=_turn)) if code else chosen


def _some_of(automatic: list[Promotion]) -> Iterator[tuple[Promotion, ...]]:
    if len(automatic) > ALL_WAYS:
        yield tuple(automatic)
        return
    for size in range(len(automatic), -1, -1):
        yield from itertools.combinations(automatic, size)


def _turn(promotion: Promotion) -> tuple[bool, bool, int, int]:
    """Lines before the order, percents before amounts, then by id."""
    return promotion.scope == "order", promotion.kind != "percent", promotion.id, promotion.code_id
