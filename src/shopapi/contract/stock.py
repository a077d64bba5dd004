"""Stock as staff see it: levels by sku and location, and the ledger behind each."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shopapi.contract.fields import Cursor, Delta, Line, PageLimit, Search, SkuText

MovementReason = Literal["receive", "correct", "sell", "return", "write_off", "transfer"]
"""Why units came or went. ``sell`` and ``transfer`` are written by the shop, never by a caller."""

StockView = Literal["all", "low", "out", "draft"]
"""``low``: 1 to 5 units available; ``out``: none available; ``draft``: not on sale yet."""


class LevelQuery(Struct, forbid_unknown_fields=True, frozen=True):
    """Which stock levels to list."""

    q: Search | None = None
    view: StockView = "all"
    item_id: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None
    limit: PageLimit = 24
    cursor: Cursor | None = None


class MovementQuery(Struct, forbid_unknown_fields=True, frozen=True):
    """Which part of a ledger to list, newest first."""

    limit: PageLimit = 24
    cursor: Cursor | None = None


class Level(Struct, frozen=True):
    """The stock of one variant at one location; ``available`` = ``on_hand`` - ``reserved``."""

    sku: str
    item_id: int
    name: str
    location: str
    on_hand: int
    reserved: int
    available: int
    state: Literal["draft", "active"]
    version: int
    updated_at: datetime


class ViewCounts(Struct, frozen=True):
    """How many levels each view of the stock list has, whatever the filter."""

    all: int
    low: int
    out: int
    draft: int


class LevelPage(Struct, frozen=True):
    """A page of levels, newest first."""

    data: list[Level]
    next_cursor: str | None
    total: int | None
    views: ViewCounts


class MovementInput(Struct, forbid_unknown_fields=True, frozen=True):
    """Units that come (``delta`` above 0) or go (below 0), and why.

    ``receive`` and ``return`` bring units, ``write_off`` takes them, ``correct`` does either.
    """

    sku: SkuText
    delta: Delta
    reason: Literal["receive", "correct", "return", "write_off"]
    reference: Line = ""


class Movement(Struct, frozen=True):
    """One line of the ledger. ``delta`` is never 0; ``actor`` is who did it."""

    id: str
    sku: str
    location: str
    delta: int
    reason: MovementReason
    reference: str
    actor: str
    at: datetime


class MovementDone(Struct, frozen=True):
    """A movement that was just recorded, and the level that it left."""

    movement: Movement
    level: Level


class Ledger(Struct, frozen=True):
    """A page of one variant's ledger, newest first, with the proof: ``sum_of_deltas`` = ``on_hand``."""

    data: list[Movement]
    next_cursor: str | None
    total: int
    on_hand: int
    reserved: int
    sum_of_deltas: int
