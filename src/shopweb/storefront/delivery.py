"""Where the shop delivers to, what that costs, how long it takes, and how goods go back."""

import asyncio
from dataclasses import replace

from litestar import get
from litestar.di import NamedDependency

from shopapi.contract.catalog import Delivery, Shop
from shopweb import locale
from shopweb.storefront.arrival import arrival
from shopweb.storefront.frame import absolute, delivery_words, frame_with, storefront_page
from shopweb.storefront.kept_pages import kept_page
from shopweb.visit import Page, Visit

PATH = "/delivery"


@get(PATH)
async def show_delivery(visit: NamedDependency[Visit]) -> Page:
    """All of it on one page, which every price leads to."""
    return await kept_page(visit, lambda: _delivery(visit))


async def _delivery(visit: Visit) -> Page:
    shelf = visit.site.shelf
    shop, tree = await asyncio.gather(shelf.shop(visit), shelf.categories(visit))
    frame = replace(frame_with(visit, shop, tree), canonical=absolute(visit, PATH), index=True)
    facts = _facts(visit, shop, shop.delivery) if shop.delivery else []
    return storefront_page(visit, "storefront/delivery.html", frame, context={"facts": facts})


def _facts(visit: Visit, shop: Shop, delivery: Delivery) -> list[tuple[str, str]]:
    _ = visit.gettext
    words = delivery_words(visit, delivery)
    free = [(_("Free from"), words.free_from)] if words.price and words.free_from else []
    return [
        (_("Country"), locale.country(shop.country, visit.language)),
        (_("Price"), words.price or _("free")),
        *free,
        # In German law a Saturday is a working day too; parcels are promised without it.
        (_("Delivery time"), _("in %(days)s (Monday to Friday)") % {"days": words.days}),
        (_("Ordered today"), _("with you on %(when)s") % {"when": arrival(visit, delivery)}),
    ]
