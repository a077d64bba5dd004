"""Every table of the shop in one place, for migrations and the audit."""

from shopapi.accounts import tables as accounts
from shopapi.carts import tables as carts
from shopapi.catalog import tables as catalog
from shopapi.catalog.search import tables as search
from shopapi.db.types import metadata
from shopapi.events import tables as events
from shopapi.http import idempotency_table as idempotency
from shopapi.inventory import tables as inventory
from shopapi.invoices import tables as invoices
from shopapi.media import tables as media
from shopapi.orders import tables as orders
from shopapi.payments import tables as payments
from shopapi.promotions import tables as promotions

__all__ = [
    "accounts",
    "carts",
    "catalog",
    "events",
    "idempotency",
    "inventory",
    "invoices",
    "media",
    "metadata",
    "orders",
    "payments",
    "promotions",
    "search",
]
