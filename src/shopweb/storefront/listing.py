"""A list of goods with what narrows it: the page that categories and the search have in common."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from litestar.exceptions import NotFoundException

from shopapi.client import ShopApiError
from shopapi.contract.catalog import Category, CategoryTree, Facets, ProductPage, ProductQuery, Shop
from shopweb.forms import FieldError
from shopweb.storefront.answers import answer_or_error
from shopweb.storefront.cards import Card, card_of
from shopweb.storefront.departments import way_to
from shopweb.storefront.facets import Chip, FacetPanel, Kind, chips_of, panel_of
from shopweb.storefront.filters import PAGE, Filters
from shopweb.storefront.frame import Frame, frame_or_bare, storefront_page
from shopweb.visit import Page, Visit

MOST_COUNTED: Final = 1000
"""Beyond so many, the API does not count what filters leave."""

_NO_FACETS: Final = Facets([], 0, None, [])


@dataclass(frozen=True)
class Stand:
    """Where a list stands: what the API said, and the categories from the root to the page's own."""

    shop: Shop
    tree: CategoryTree
    page: ProductPage
    way: list[Category]

    @property
    def facets(self) -> Facets:
        """What narrows the list."""
        return self.page.facets or _NO_FACETS


@dataclass(frozen=True)
class More:
    """The way to the goods that follow."""

    href: str
    label: str


@dataclass(frozen=True)
class Listing:
    """What the page shows, in words."""

    path: str
    cards: list[Card]
    panel: FacetPanel
    chips: list[Chip]
    count: str
    more: More | None
    first_page: str
    hidden: list[tuple[str, str]]
    sort_hidden: list[tuple[str, str]]
    sorts: list[tuple[str, str]]
    sort: str
    prices: dict[str, str]
    errors: list[FieldError]


async def stand_of(visit: Visit, query: ProductQuery) -> Stand:
    """Ask for everything at once; ``NotFoundException`` for a category that there is not, ``BadRequest`` for filters
    that the API does not know.
    """
    shelf = visit.site.shelf
    listed = answer_or_error(shelf.products(visit, query))
    shop, tree, page = await asyncio.gather(shelf.shop(visit), shelf.categories(visit), listed)
    way = way_to(query.category, tree.data) if query.category else []
    if query.category and not way:
        raise NotFoundException
    if isinstance(page, ShopApiError):
        raise page
    return Stand(shop, tree, page, way)


def listing_page(
    visit: Visit,
    stand: Stand,
    filters: Filters,
    frame: Frame,
    *,
    kinds: list[Kind],
    whole: int | None,
    context: Mapping[str, object],
) -> Page:
    """The page; ``whole`` is how many goods there are without filters, where that is known."""
    category = stand.way[-1].name if stand.way else ""
    chips = chips_of(visit, filters, stand.facets, stand.shop.currency, category)
    listing = Listing(
        path=filters.path,
        cards=[card_of(visit, product) for product in stand.page.data],
        panel=panel_of(visit, filters, stand.facets, kinds),
        chips=chips,
        count=_count(visit, stand.page.total, whole if chips else None),
        more=_more(visit, filters, stand.page),
        first_page=filters.href() if filters.cursor else "",
        hidden=_hidden(filters),
        sort_hidden=[pair for pair in filters.pairs() if pair[0] != "sort"],
        sorts=_sorts(visit, filters),
        sort=filters.query().sort or "",
        prices=filters.typed,
        errors=filters.errors,
    )
    status = 422 if filters.errors else 200
    # The offers are a page of their own, though they are all goods narrowed by one filter.
    narrowed = len(chips) > (1 if frame.offers else 0)
    frame = replace(frame, index=frame.index and not (narrowed or filters.cursor or filters.sort or filters.errors))
    return storefront_page(
        visit, "storefront/listing.html", frame, status=status, context={"listing": listing, **context}
    )


async def unknown_filters(visit: Visit, path: str) -> Page:
    """400: the address asks for something that no page of ours offers, or was cut short."""
    frame = await frame_or_bare(visit)
    return storefront_page(visit, "errors/filters.html", frame, status=400, context={"onward": path})


def _count(visit: Visit, total: int | None, whole: int | None) -> str:
    if total is None:
        return visit.gettext("More than %(count)s items") % {"count": visit.number(MOST_COUNTED)}
    if whole is not None and whole != total:
        words = visit.ngettext("%(count)s of %(whole)s item", "%(count)s of %(whole)s items", whole)
        return words % {"count": visit.number(total), "whole": visit.number(whole)}
    return visit.ngettext("%(count)s item", "%(count)s items", total) % {"count": visit.number(total)}


def _more(visit: Visit, filters: Filters, page: ProductPage) -> More | None:
    if not page.next_cursor:
        return None
    start = filters.shown + len(page.data)
    href = filters.href(more=[("cursor", page.next_cursor), ("from", str(start))])
    left = min(PAGE, page.total - start) if page.total is not None else 0
    if left <= 0:  # Nobody counted them, or the address was written by hand.
        return More(href, visit.gettext("Show more"))
    label = visit.ngettext("Show %(count)s more", "Show %(count)s more", left) % {"count": visit.number(left)}
    return More(href, label)


def _hidden(filters: Filters) -> list[tuple[str, str]]:
    """What the form of filters has no control for."""
    return [pair for pair in filters.pairs() if pair[0] in ("q", "category", "reduced", "sort")]


def _sorts(visit: Visit, filters: Filters) -> list[tuple[str, str]]:
    _ = visit.gettext
    best = [("relevance", _("Best match first"))] if filters.q else []
    return [
        *best,
        ("newest", _("Newest first")),
        ("price", _("Price, low to high")),
        ("-price", _("Price, high to low")),
        ("name", _("Name")),
    ]
