"""A promotion in words, for a terminal."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from shopapi.contract.calendar import OF_THE_SHOP
from shopapi.contract.catalog import Money
from shopapi.promotions.records import KeptPromotion
from shopctl.commands.amounts import shown

_MARKS: Final = {"running": "✓ runs", "planned": "✓ planned", "used_up": "! used up", "ended": "✗ ended"}


def sentence(one: KeptPromotion) -> str:
    """What it does: ``10% off the order (Herbst)``."""
    where = "the order" if one.scope == "order" else f"{one.scope} {one.target}"
    name = one.names.get("en") or next(iter(one.names.values()))
    return f"{_effect(one, where)} ({name})"


def conditions(one: KeptPromotion) -> str:
    """When it counts: ``from €50.00 of goods, until 2026-12-31``."""
    said = [f"from {shown(Money(one.min_subtotal, one.currency))} of goods"] if one.min_subtotal else []
    if one.state == "planned":
        said.append(f"from {one.starts_at.astimezone(OF_THE_SHOP):%Y-%m-%d}")
    if one.ends_at is not None:
        # The moment at which it ends is no longer part of it.
        said.append(f"until {(one.ends_at - timedelta(seconds=1)).astimezone(OF_THE_SHOP):%Y-%m-%d}")
    if one.exclusive:
        said.append("alone")
    return ", ".join(said) or "always"


def uses(one: KeptPromotion) -> str:
    """How often: ``3 of 100, 1 each``."""
    counted = f"{one.used:,}" + (f" of {one.max_uses:,}" if one.max_uses is not None else "")
    return counted + (f", {one.max_uses_per_customer:,} each" if one.max_uses_per_customer is not None else "")


def state(one: KeptPromotion) -> str:
    """Whether it counts now, with its mark."""
    return _MARKS[one.state]


def _effect(one: KeptPromotion, where: str) -> str:
    if one.kind == "free_shipping":
        return "free delivery" if one.scope == "order" else f"free delivery with {where}"
    if one.kind == "amount":
        return f"{shown(Money(one.value, one.currency))} off {where}"
    return f"{Decimal(one.value) / 100:f}% off {where}"
