"""The catalog's version: a number that grows with everything that a shopper could see."""

from sqlalchemy import func, select

from shopapi.catalog.tables import catalog_version
from shopapi.db.engine import Reader

_VERSION = select(func.sum(catalog_version.c.value))


def read_version(c: Reader) -> int:
    """The version, of everything that is committed."""
    return int(c.execute(_VERSION).scalar_one())
