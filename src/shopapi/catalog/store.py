"""SQL over products."""

from sqlalchemy import func, select

from shopapi.catalog.tables import product
from shopapi.db.engine import Reader


def count_products(c: Reader) -> int:
    """How many products there are, drafts and archived ones included."""
    return int(c.execute(select(func.count()).select_from(product)).scalar_one())
