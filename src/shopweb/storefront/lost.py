"""The page for an address that leads nowhere: it offers the search and the departments."""

from shopweb.storefront.frame import frame_or_bare, storefront_page
from shopweb.visit import Page, Visit


async def lost_page(visit: Visit) -> Page:
    """404, without the departments where the API cannot name them."""
    frame = await frame_or_bare(visit)
    return storefront_page(visit, "errors/lost.html", frame, status=404)
