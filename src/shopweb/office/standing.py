"""One item as it stands: from the stock levels for staff, from ``/items`` alone in a classroom."""

from dataclasses import dataclass

from litestar.exceptions import NotFoundException

from shopapi.contract.stock import Level, LevelQuery
from shopweb import forms
from shopweb.office.rows import level_etag
from shopweb.visit import Visit


@dataclass(frozen=True)
class Standing:
    """An item's name, units and ETag; ``level`` is there for signed-in staff."""

    item_id: int
    name: str
    on_hand: int
    etag: str
    level: Level | None = None


def wanted_item(text: str) -> int:
    """The id in a path; what cannot be one is not found."""
    found = forms.item_id(text)
    if found is None:
        raise NotFoundException
    return found


async def item_standing(visit: Visit, item_id: int) -> Standing:
    """The item as it is now; raises ``NotFound`` or ``NotFoundException``."""
    if visit.open_items:
        tagged = await visit.api.get_item(item_id)
        return Standing(item_id, tagged.value.name, tagged.value.quantity, tagged.etag)
    page = await visit.api.list_levels(LevelQuery(item_id=item_id, limit=1))
    if not page.data:
        raise NotFoundException
    level = page.data[0]
    return Standing(item_id, level.name, level.on_hand, level_etag(level), level)
