"""The search; without words, every good there is."""

from dataclasses import dataclass, replace

from litestar import get
from litestar.di import NamedDependency

from shopapi.client import BadRequest
from shopweb.storefront.facets import Kind
from shopweb.storefront.filters import Filters, UnknownFilter
from shopweb.storefront.frame import absolute, frame_with
from shopweb.storefront.kept_pages import kept_page
from shopweb.storefront.listing import Stand, listing_page, stand_of, unknown_filters
from shopweb.visit import Page, Visit

_PATH = "/search"


@dataclass(frozen=True)
class Suggestion:
    """A spelling that finds something."""

    words: str
    href: str


@get(_PATH)
async def search(visit: NamedDependency[Visit]) -> Page:
    """What was found."""
    return await kept_page(visit, lambda: _search(visit))


async def _search(visit: Visit) -> Page:
    try:
        filters = Filters.of(visit, _PATH)
        stand = await stand_of(visit, filters.query())
    except (BadRequest, UnknownFilter):
        return await unknown_filters(visit, _PATH)
    offers = filters.reduced and not filters.q
    frame = replace(
        frame_with(visit, stand.shop, stand.tree),
        canonical=absolute(visit, f"{_PATH}?reduced=true" if offers else _PATH),
        # Search engines shall not list what others searched for.
        index=not filters.q,
        offers=offers,
        q=filters.q,
    )
    context = {
        "heading": _heading(visit, filters),
        "intro": "",
        "crumbs": [],
        "offer_arches": True,
        "suggestion": _suggestion(filters, stand.page.suggestion),
    }
    whole = stand.tree.total if not filters.q else None
    return listing_page(visit, stand, filters, frame, kinds=_kinds(visit, stand, filters), whole=whole, context=context)


def _heading(visit: Visit, filters: Filters) -> str:
    if filters.q:
        return visit.gettext("Search for “%(words)s”") % {"words": filters.q}
    return visit.gettext("Offers") if filters.reduced else visit.gettext("All products")


def _suggestion(filters: Filters, words: str | None) -> Suggestion | None:
    return Suggestion(words, filters.href(q=words)) if words else None


def _kinds(visit: Visit, stand: Stand, filters: Filters) -> list[Kind]:
    return [
        Kind(kind.name, filters.href(category=kind.slug), visit.number(kind.count))
        for kind in stand.facets.categories
        if kind.count
    ]
