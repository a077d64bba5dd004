"""How pages are answered that are one customer's: kept by nobody, listed by nobody."""

from shopweb.storefront.frame import frame_or_bare, storefront_page
from shopweb.visit import Page, Visit


async def private_page(visit: Visit, template: str, *, status: int = 200, **context: object) -> Page:
    """A page of the storefront that no browser or cache keeps; its frame has no index, so no search engine lists it."""
    return storefront_page(visit, template, await frame_or_bare(visit), status=status, own=True, context=context)
