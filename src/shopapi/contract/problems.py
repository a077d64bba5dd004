"""Problem documents (RFC 9457): how every error looks on the wire."""

from msgspec import Struct

from shopapi.contract.carts import CodeWhy
from shopapi.contract.catalog import Money


class FieldError(Struct, frozen=True):
    """What is wrong with one field; ``field`` is a path such as ``lines[0].quantity``."""

    field: str
    message: str


class Problem(Struct, frozen=True, omit_defaults=True):
    """An error. ``code`` is stable and what programs should look at; ``detail`` is for people.

    ``errors`` is there for bad input, ``reserved`` with the code ``reserved_stock``, ``left`` (units by sku) with
    ``insufficient_stock``, ``total`` (what it costs now) with ``price_changed``,
    ``why``, ``missing`` (what the goods lack in value) and ``goods`` (those that a code is for) with
    ``code_not_applicable``.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldError] = []
    reserved: int | None = None
    left: dict[str, int] | None = None
    total: Money | None = None
    missing: Money | None = None
    why: CodeWhy | None = None
    goods: str | None = None
