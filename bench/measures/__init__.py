"""Everything that is measured, in the order of the table."""

from typing import Final

from bench.measures import (
    catalog,
    changing,
    costs,
    growth,
    importing,
    items,
    memory,
    selling,
    staff,
    starts,
    storefront,
)
from bench.measures.measure import Measure

EVERY: Final[tuple[Measure, ...]] = (
    *starts.MEASURES,
    *items.MEASURES,
    *staff.MEASURES,
    *catalog.MEASURES,
    *changing.MEASURES,
    *storefront.MEASURES,
    *selling.MEASURES,
    *growth.MEASURES,
    *importing.MEASURES,
    *costs.MEASURES,
    *memory.MEASURES,
)
