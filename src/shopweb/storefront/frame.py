"""What stands around every page of the storefront: promises, departments, and how the page is told to others."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from shopapi.client import ShopApiError
from shopapi.contract.catalog import Category, CategoryTree, Delivery, Shop
from shopweb.money import round_money
from shopweb.site import SHOP_NAME
from shopweb.storefront.pictures import Picture, picture
from shopweb.visit import Page, Visit

_log = logging.getLogger(__name__)

# Asked for again each time, which costs a 304: so browsers show it at once when going back, and never an old one.
_ASK_AGAIN: Final = {"Cache-Control": "private, no-cache"}


@dataclass(frozen=True)
class Aisle:
    """A department, as the navigation and the arches have it; ``current`` is a value of ``aria-current``."""

    name: str
    href: str
    current: str
    picture: Picture | None


@dataclass(frozen=True)
class Crumb:
    """A step on the way to a page."""

    name: str
    href: str


@dataclass(frozen=True)
class DeliveryWords:
    """What delivery costs and how long it takes, in pieces of sentences. ``free_from`` may be empty."""

    price: str
    free_from: str
    days: str


@dataclass(frozen=True)
class Frame:
    """``canonical`` is the page's one address, ``index`` whether search engines shall list it.

    ``structured`` is what they are told in JSON-LD. ``whole`` is false where something could not be had.
    """

    name: str
    promises: list[str]
    aisles: list[Aisle]
    delivery: DeliveryWords | None
    canonical: str = ""
    description: str = ""
    index: bool = False
    picture: str = ""
    q: str = ""
    offers: bool = False
    structured: str = ""
    whole: bool = True


BARE: Final = Frame(SHOP_NAME, [], [], None, whole=False)
"""What can be said while the API is away."""


async def frame_of(visit: Visit) -> Frame:
    """The frame of a page that is in no department; raises ``ApiUnavailable``."""
    shelf = visit.site.shelf
    shop, tree = await asyncio.gather(shelf.shop(visit), shelf.categories(visit))
    return frame_with(visit, shop, tree)


async def frame_or_bare(visit: Visit) -> Frame:
    """The frame, without what only the API knows where that is away; never fails."""
    try:
        return await frame_of(visit)
    except ShopApiError as error:
        _log.warning("The frame is left bare: %s", error)
        return BARE


def frame_with(visit: Visit, shop: Shop, tree: CategoryTree, *, within: str = "", exactly: bool = False) -> Frame:
    """The frame of a page in the department ``within``, or of that department itself (``exactly``)."""
    delivery = delivery_words(visit, shop.delivery) if shop.delivery else None
    current = "page" if exactly else "true"
    aisles = [_aisle(category, current if category.slug == within else "") for category in tree.data]
    return Frame(shop.name, _promises(visit, delivery), aisles, delivery)


def storefront_page(
    visit: Visit, template: str, frame: Frame, *, status: int = 200, context: Mapping[str, object] | None = None
) -> Page:
    """A page of the storefront."""
    headers = _ASK_AGAIN if status == 200 and frame.whole else {}
    more = {"frame": frame, "shop": frame.name, **(context or {})}
    return visit.page(template, status=status, headers=headers, context=more)


def absolute(visit: Visit, path: str) -> str:
    """``path`` as others find it."""
    return visit.site.settings.public_url.geturl() + path


def category_path(slug: str) -> str:
    """Where a category is."""
    return f"/categories/{quote(slug)}"


def product_path(slug: str) -> str:
    """Where a product is."""
    return f"/products/{quote(slug)}"


def variant_path(slug: str, sku: str) -> str:
    """Where one variant of a product is."""
    return f"{product_path(slug)}?variant={quote(sku)}"


def delivery_words(visit: Visit, delivery: Delivery) -> DeliveryWords:
    """What delivery costs and how long it takes."""
    _ = visit.gettext
    free_from = round_money(delivery.free_from, visit.language) if delivery.free_from else ""
    fewest, most = delivery.days_min, delivery.days_max
    if fewest == most:
        days = visit.ngettext("%(count)s working day", "%(count)s working days", most) % {"count": most}
    else:
        days = _("%(fewest)s to %(most)s working days") % {"fewest": fewest, "most": most}
    price = round_money(delivery.price, visit.language) if delivery.price.amount else ""
    return DeliveryWords(price, free_from, days)


def _promises(visit: Visit, delivery: DeliveryWords | None) -> list[str]:
    _ = visit.gettext
    if delivery is None:
        return [_("30 days to return")]
    if not delivery.price:
        cost = _("Free delivery")
    elif delivery.free_from:
        words = {"price": delivery.price, "free_from": delivery.free_from}
        cost = _("Delivery %(price)s, free from %(free_from)s") % words
    else:
        cost = _("Delivery %(price)s") % {"price": delivery.price}
    return [cost, _("With you in %(days)s") % {"days": delivery.days}, _("30 days to return")]


def _aisle(category: Category, current: str) -> Aisle:
    return Aisle(category.name, category_path(category.slug), current, picture(category.image))
