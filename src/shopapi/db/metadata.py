"""Every table of the shop in one place, for migrations and the audit."""

from shopapi.accounts import tables as accounts
from shopapi.catalog import tables as catalog
from shopapi.catalog.search import tables as search
from shopapi.db.types import metadata
from shopapi.http import idempotency_table as idempotency
from shopapi.inventory import tables as inventory
from shopapi.media import tables as media

__all__ = ["accounts", "catalog", "idempotency", "inventory", "media", "metadata", "search"]
