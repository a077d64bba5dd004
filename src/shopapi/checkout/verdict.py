"""What may come of placing an order, and the answer that is stored with it."""

from typing import Literal

from msgspec import Struct

Why = Literal["placed", "cart", "price", "stock", "code", "key"]


class Verdict(Struct, frozen=True):
    """What came of it. ``cart``: it was changed or ordered meanwhile; ``price``: one was; ``stock``: ``left`` units of
    some skus are there; ``code``: ``codes`` are over or have no use left; ``key``: the request was answered before."""

    why: Why
    left: dict[str, int]
    codes: tuple[int, ...] = ()


class Kept(Struct, frozen=True):
    """The answer that is stored with the order; without ``status`` the request goes on, and is answered later."""

    status: int | None
    headers: dict[str, str]
    body: bytes | None
