"""What stands around every page of the storefront: promises, departments, and how the page is told to others."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from shopapi.client import ShopApiError
from shopapi.contract.catalog import Category, CategoryTree, Delivery, Promise, Shop
from shopweb.money import round_money
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

    ``promises`` is the line on top; ``headline``, ``intro``, ``about`` and ``own_promises`` are the shop's own words,
    empty where it has none; ``returns_days`` is how long it takes goods back, where that is longer than the law asks.
    ``prices`` begins the sentence on tax and delivery. ``structured`` is what search engines are told in JSON-LD.
    ``whole`` is false where something could not be had.
    """

    name: str
    promises: list[str]
    aisles: list[Aisle]
    delivery: DeliveryWords | None
    headline: str = ""
    intro: str = ""
    about: str = ""
    own_promises: Sequence[Promise] = ()
    returns_days: int | None = None
    prices: str = ""
    canonical: str = ""
    description: str = ""
    index: bool = False
    picture: str = ""
    q: str = ""
    offers: bool = False
    structured: str = ""
    whole: bool = True


def bare_frame(visit: Visit) -> Frame:
    """What can be said while the API is away."""
    return Frame(visit.site.shop_name, [], [], None, whole=False)


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
        return bare_frame(visit)


def frame_with(visit: Visit, shop: Shop, tree: CategoryTree, *, within: str = "", exactly: bool = False) -> Frame:
    """The frame of a page in the department ``within``, or of that department itself (``exactly``)."""
    delivery = delivery_words(visit, shop.delivery) if shop.delivery else None
    current = "page" if exactly else "true"
    aisles = [_aisle(category, current if category.slug == within else "") for category in tree.data]
    return Frame(
        shop.name,
        _promises(visit, delivery, shop.returns_days),
        aisles,
        delivery,
        headline=shop.headline,
        intro=shop.intro,
        about=shop.about,
        own_promises=shop.promises,
        returns_days=shop.returns_days,
        prices=visit.gettext("All prices include VAT, plus")
        if shop.prices_include_tax
        else visit.gettext("All prices plus VAT and"),
    )


def storefront_page(
    visit: Visit,
    template: str,
    frame: Frame,
    *,
    status: int = 200,
    own: bool = False,
    context: Mapping[str, object] | None = None,
) -> Page:
    """A page of the storefront; ``own`` says that it is this visitor's alone."""
    headers = _ASK_AGAIN if status == 200 and frame.whole and not own else {}
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


def _promises(visit: Visit, delivery: DeliveryWords | None, returns_days: int | None) -> list[str]:
    _ = visit.gettext
    # What the law asks of everybody is no promise (UWG, annex, no. 10).
    returns = [_("%(days)s days to return") % {"days": returns_days}] if returns_days else []
    if delivery is None:
        return returns
    return [_delivery_cost(visit, delivery), _("With you in %(days)s") % {"days": delivery.days}, *returns]


def _delivery_cost(visit: Visit, delivery: DeliveryWords) -> str:
    _ = visit.gettext
    if not delivery.price:
        return _("Free delivery")
    words = {"price": delivery.price, "free_from": delivery.free_from}
    return (_("Delivery %(price)s, free from %(free_from)s") if delivery.free_from else _("Delivery %(price)s")) % words


def _aisle(category: Category, current: str) -> Aisle:
    return Aisle(category.name, category_path(category.slug), current, picture(category.image))
