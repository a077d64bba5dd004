"""What a route says of itself: who may call it, and the answers and problems that its document lists.

@get("/v1/admin/stock", opt={"told": Route("stock:read", "List stock levels", answers={200: LevelPage})})
"""

from dataclasses import KW_ONLY, dataclass
from typing import Any, Final, Literal

from litestar.handlers import BaseRouteHandler

from shopapi.contract.accounts import Permission
from shopapi.http.problems import ShopError

PUBLIC: Final = "public"
"""For everybody, without a token."""

SIGNED_IN: Final = "signed_in"
"""For whoever has a session, whatever the role."""

Needed = Permission | Literal["public", "signed_in"]


class Pdf:
    """Stands in ``answers`` for a PDF."""


@dataclass(frozen=True, slots=True)
class Route:
    """Stands in a handler's ``opt`` as ``told``.

    ``answers`` maps a status to the contract type of its body (``None`` for none); ``tagged`` says that it carries an
    ETag; ``if_match`` that the header is read (``True``: required); ``keyed`` that ``Idempotency-Key`` is.
    ``signed`` says that a provider's body is read as it was signed. ``open_in_classroom`` is for ``/items`` alone.
    """

    permission: Needed
    summary: str
    _: KW_ONLY
    answers: dict[int, Any]
    problems: tuple[type[ShopError], ...] = ()
    query: type | None = None
    tagged: bool = False
    if_match: bool | None = None
    keyed: bool = False
    signed: bool = False
    open_in_classroom: bool = False


def told_of(handler: BaseRouteHandler) -> Route:
    """What ``handler`` says of itself; ``KeyError`` where that was forgotten."""
    route: Route = handler.opt["told"]
    return route
