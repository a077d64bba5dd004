"""A promotion as it is kept, and as it is made."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from shopapi.contract.catalog import Locale
from shopapi.pricing.values import PromotionKind, PromotionScope

PromotionState = Literal["planned", "running", "used_up", "ended"]


class NewPromotion(Struct, frozen=True):
    """A promotion to be made, with its one door.

    ``value`` is basis points (percent), minor units (amount), 0 (free shipping). ``target`` is the slug of the category
    or product of its ``scope``. ``code`` may be in any form; without one it applies by itself. It begins at once
    where ``starts_at`` is null, and ends never where ``ends_at`` is.
    """

    names: dict[Locale, str]
    kind: PromotionKind
    value: int
    scope: PromotionScope = "order"
    target: str | None = None
    exclusive: bool = False
    min_subtotal: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    code: str | None = None
    max_uses: int | None = None
    max_uses_per_customer: int | None = None


class KeptPromotion(Struct, frozen=True):
    """A promotion and a door to it. ``target`` is a slug, ``value`` as in :class:`NewPromotion`."""

    id: str
    names: dict[Locale, str]
    state: PromotionState
    kind: PromotionKind
    value: int
    currency: str
    scope: PromotionScope
    target: str | None
    exclusive: bool
    min_subtotal: int
    starts_at: datetime
    ends_at: datetime | None
    code: str | None
    used: int
    max_uses: int | None
    max_uses_per_customer: int | None
