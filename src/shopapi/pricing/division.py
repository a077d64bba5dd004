"""Dividing whole minor units without losing one: rounding, spreading, and taking tax out of a price."""

from collections.abc import Sequence

WHOLE_BP = 10_000
"""Basis points in a whole."""


def half_up(numerator: int, denominator: int) -> int:
    """``numerator / denominator``, neither below 0, rounded to the nearest whole; a half goes up."""
    return (2 * numerator + denominator) // (2 * denominator)


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` spread over ``weights`` by largest remainder: the parts sum to it, each within 1 of its ideal share.

    Where remainders are equal, the heavier weight goes first and then the earlier one, so that the parts of different
    weights do not depend on their order. Nothing may be below 0; raises ``ValueError``, also where no weight can carry.
    """
    whole = sum(weights)
    if total < 0 or (weights and min(weights) < 0):
        raise ValueError(f"{total} cannot be spread over {weights}: nothing may be below 0")
    if total == 0:
        return [0] * len(weights)
    if whole == 0:
        raise ValueError(f"{total} cannot be spread over nothing")
    parts = [total * weight // whole for weight in weights]
    left = total - sum(parts)
    if left:
        places = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), -weights[i], i))
        for i in places[:left]:
            parts[i] += 1
    return parts


def tax_of(amount: int, rate_bp: int, *, included: bool) -> int:
    """The tax in ``amount`` where prices include it, else the tax that comes on top; rounded half up, once.

    What is rounded where prices include tax is the net, so that net and tax sum to the price.
    """
    if included:
        return amount - half_up(amount * WHOLE_BP, WHOLE_BP + rate_bp)
    return half_up(amount * rate_bp, WHOLE_BP)
