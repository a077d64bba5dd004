"""Where the shop delivers to, what that costs, how long it takes, and how goods go back."""

import asyncio
from dataclasses import dataclass, replace

from litestar import get
from litestar.di import NamedDependency

from shopapi.contract.catalog import DeliveryWay, Money, Shop
from shopapi.contract.customs import meets_customs
from shopapi.contract.figures import kilograms
from shopweb import locale
from shopweb.money import round_money
from shopweb.storefront.arrival import arrival
from shopweb.storefront.frame import absolute, delivery_words, frame_with, storefront_page
from shopweb.storefront.kept_pages import kept_page
from shopweb.visit import Page, Visit

PATH = "/delivery"


@dataclass(frozen=True)
class Destination:
    """A country, what is to say of each way there, and whether parcels meet customs."""

    name: str
    ways: list[list[tuple[str, str]]]
    customs: bool


@get(PATH)
async def show_delivery(visit: NamedDependency[Visit]) -> Page:
    """All of it on one page, which every price leads to."""
    return await kept_page(visit, lambda: _delivery(visit))


async def _delivery(visit: Visit) -> Page:
    shelf = visit.site.shelf
    shop, tree = await asyncio.gather(shelf.shop(visit), shelf.categories(visit))
    frame = replace(frame_with(visit, shop, tree), canonical=absolute(visit, PATH), index=True)
    context = {"destinations": _destinations(visit, shop)}
    return storefront_page(visit, "storefront/delivery.html", frame, context=context)


def _destinations(visit: Visit, shop: Shop) -> list[Destination]:
    """The shop's own country first, then as the language sorts them."""
    named = {code: locale.country(code, visit.language) for way in shop.ways for code in way.countries}
    return [
        Destination(
            name,
            [_facts(visit, way) for way in shop.ways if code in way.countries],
            meets_customs(shop.country, code),
        )
        for code, name in sorted(named.items(), key=lambda one: (one[0] != shop.country, locale.sorting(one[1])))
    ]


def _facts(visit: Visit, way: DeliveryWay) -> list[tuple[str, str]]:
    _ = visit.gettext
    words = delivery_words(visit, way)
    free = [(_("Free from"), words.free_from)] if words.price and words.free_from else []
    return [
        (_("Delivery method"), way.name),
        (_("Price"), ", ".join([words.price or _("free"), *_steps(visit, way)])),
        *free,
        # In German law a Saturday is a working day too; parcels are promised without it.
        (_("Delivery time"), _("in %(days)s (Monday to Friday)") % {"days": words.days}),
        (_("Ordered today"), _("with you on %(when)s") % {"when": arrival(visit, way)}),
    ]


def _steps(visit: Visit, way: DeliveryWay) -> list[str]:
    """What it costs instead, for heavy parcels or for goods of more value."""
    by_weight = way.steps_by == "weight"
    words = (
        visit.gettext("from %(weight)s %(price)s") if by_weight else visit.gettext("from %(value)s of goods %(price)s")
    )
    return [
        words
        % {
            "weight": kilograms(step.start, visit.language),
            "value": round_money(Money(step.start, step.price.currency), visit.language),
            "price": round_money(step.price, visit.language) if step.price.amount else visit.gettext("free"),
        }
        for step in way.steps
    ]
