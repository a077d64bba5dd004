"""Finding one's way in the tree of categories."""

from collections.abc import Sequence

from shopapi.contract.catalog import Category
from shopweb.storefront.frame import Crumb, category_path


def way_to(slug: str, categories: Sequence[Category]) -> list[Category]:
    """The categories from the root to ``slug``, itself last; empty where there is none of that name."""
    for category in categories:
        if category.slug == slug:
            return [category]
        if below := way_to(slug, category.children):
            return [category, *below]
    return []


def crumbs_of(categories: Sequence[Category]) -> list[Crumb]:
    """The way as links."""
    return [Crumb(category.name, category_path(category.slug)) for category in categories]
