"""A category: its goods, and what narrows them."""

from dataclasses import replace

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from shopapi.client import BadRequest
from shopapi.contract.catalog import Category
from shopweb.storefront.departments import crumbs_of
from shopweb.storefront.facets import Kind
from shopweb.storefront.filters import Filters, UnknownFilter
from shopweb.storefront.frame import absolute, category_path, frame_with
from shopweb.storefront.kept_pages import kept_page
from shopweb.storefront.listing import Stand, listing_page, stand_of, unknown_filters
from shopweb.storefront.structured import crumb_facts
from shopweb.visit import Page, Visit


@get("/categories/{slug:str}")
async def show_category(visit: NamedDependency[Visit], slug: FromPath[str]) -> Page:
    """A page of the category's goods, those of the categories below it included."""
    return await kept_page(visit, lambda: _category(visit, slug))


async def _category(visit: Visit, slug: str) -> Page:
    path = category_path(slug)
    try:
        filters = replace(Filters.of(visit, path), q="", category="")
        stand = await stand_of(visit, filters.query(category=slug))
    except (BadRequest, UnknownFilter):
        return await unknown_filters(visit, path)
    category, crumbs = stand.way[-1], crumbs_of(stand.way)
    frame = replace(
        frame_with(visit, stand.shop, stand.tree, within=stand.way[0].slug, exactly=len(stand.way) == 1),
        canonical=absolute(visit, path),
        description=category.description,
        index=True,
        structured=crumb_facts(visit, crumbs),
    )
    words = {"heading": category.name, "intro": category.description, "crumbs": crumbs[:-1], "offer_arches": False}
    kinds = _kinds(visit, stand, filters, category)
    return listing_page(visit, stand, filters, frame, kinds=kinds, whole=category.count, context=words)


def _kinds(visit: Visit, stand: Stand, filters: Filters, category: Category) -> list[Kind]:
    """The categories below this one, or else the way back up."""
    below = [
        Kind(kind.name, filters.href(path=category_path(kind.slug)), visit.number(kind.count))
        for kind in stand.facets.categories
        if kind.count
    ]
    if below or len(stand.way) < 2:
        return below
    above = stand.way[-2]
    label = visit.gettext("All of %(name)s") % {"name": above.name}
    return [Kind(label, filters.href(path=category_path(above.slug)), "")]
