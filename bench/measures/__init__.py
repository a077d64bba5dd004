"""Everything that is measured, in the order of the table."""

from typing import Final

from bench.measures import costs, items, memory, staff, starts
from bench.measures.measure import Measure

EVERY: Final[tuple[Measure, ...]] = (
    *starts.MEASURES,
    *items.MEASURES,
    *staff.MEASURES,
    *costs.MEASURES,
    *memory.MEASURES,
)
