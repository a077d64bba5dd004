"""The front page: a still life, the departments, what is new, and what the shop promises."""

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Final

from litestar import get
from litestar.di import NamedDependency

from shopapi.client import ShopApiError
from shopapi.contract.catalog import ProductQuery
from shopweb.storefront.cards import Card, card_of
from shopweb.storefront.frame import DeliveryWords, Frame, absolute, bare_frame, frame_or_bare, storefront_page
from shopweb.storefront.kept_pages import kept_page
from shopweb.storefront.structured import shop_facts
from shopweb.visit import Page, Visit

_log = logging.getLogger(__name__)
_SHOWN: Final = 12


@dataclass(frozen=True)
class Fresh:
    """The newest goods, and how many there are in all."""

    cards: list[Card]
    total: str


@dataclass(frozen=True)
class Reason:
    """Why to buy here: a promise with its picture."""

    icon: str
    title: str
    text: str


@get("/")
async def show_home(visit: NamedDependency[Visit]) -> Page:
    """The front page; a band whose answer does not come is left out."""
    try:
        return await kept_page(visit, lambda: _home(visit))
    except ShopApiError as error:
        _log.warning("The front page is left bare: %s", error)
        return _page(visit, bare_frame(visit), None)


async def _home(visit: Visit) -> Page:
    return _page(visit, *await asyncio.gather(frame_or_bare(visit), _fresh(visit)))


def _page(visit: Visit, frame: Frame, fresh: Fresh | None) -> Page:
    frame = replace(
        frame,
        whole=frame.whole and fresh is not None,
        canonical=absolute(visit, "/"),
        # Nothing but the shop's name, as while the API is away, is nothing to list.
        index=frame.whole or fresh is not None,
        description=frame.intro or frame.about,
        structured=shop_facts(visit, frame),
    )
    return storefront_page(
        visit, "storefront/home.html", frame, context={"fresh": fresh, "reasons": _reasons(visit, frame)}
    )


def _reasons(visit: Visit, frame: Frame) -> list[Reason]:
    _ = visit.gettext
    reasons = [Reason("kiln", promise.title, promise.text) for promise in frame.own_promises]
    if frame.delivery:
        text = _("The day on which it reaches you stands beside every item.")
        reasons.append(Reason("van", _delivery_title(visit, frame.delivery), text))
    if frame.returns_days:
        text = _("If something does not suit, we take it back. Your statutory right of withdrawal holds in any case.")
        reasons.append(Reason("back", _("%(days)s days to decide") % {"days": frame.returns_days}, text))
    return reasons


def _delivery_title(visit: Visit, delivery: DeliveryWords) -> str:
    _ = visit.gettext
    if not delivery.price:
        return _("Free delivery")
    if delivery.free_from:
        return _("Free delivery from %(free_from)s") % {"free_from": delivery.free_from}
    return _("With you in %(days)s") % {"days": delivery.days}


async def _fresh(visit: Visit) -> Fresh | None:
    try:
        page = await visit.site.shelf.products(visit, ProductQuery(sort="newest", limit=_SHOWN))
    except ShopApiError as error:
        _log.warning("The newest goods are left out: %s", error)
        return None
    return Fresh([card_of(visit, product) for product in page.data], visit.number(page.total or len(page.data)))
