"""A product: pictures, price, what can be chosen, when it arrives, and what goes with it."""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from shopapi.client import Moved, ShopApiError
from shopapi.contract.carts import MAX_LINE_QUANTITY
from shopapi.contract.catalog import CategoryLink, CategoryTree, Product, ProductPage, ProductQuery, Shop, Variant
from shopapi.contract.figures import money, percent
from shopweb.forms import FieldError, whole_number
from shopweb.session import Note
from shopweb.storefront.answers import answer_or_error
from shopweb.storefront.arrival import arrival
from shopweb.storefront.cards import base_price, card_of, reduction, struck_price
from shopweb.storefront.cart_notes import said, spoken
from shopweb.storefront.description import folds_of
from shopweb.storefront.frame import (
    Crumb,
    Frame,
    absolute,
    category_path,
    frame_with,
    product_path,
    storefront_page,
    variant_path,
)
from shopweb.storefront.kept_pages import kept_page
from shopweb.storefront.pictures import Picture, media_path, picture
from shopweb.storefront.structured import product_facts
from shopweb.storefront.variants import choices_of, chosen_variant, facts_of
from shopweb.visit import Page, Visit

_RELATED: Final = 4


@dataclass(frozen=True)
class Price:
    """What it costs. ``was`` and ``reduction`` are empty where it never cost more."""

    now: str
    was: str
    reduction: str
    per_unit: str
    tax: str
    delivery: str


@dataclass(frozen=True)
class Stock:
    """Whether it can be had: ``look`` is ``""``, ``few`` or ``out``."""

    text: str
    look: str


@dataclass(frozen=True)
class Thumb:
    """A picture, and the address that shows it large."""

    picture: Picture
    href: str
    current: bool


@get("/products/{slug:str}")
async def show_product(visit: NamedDependency[Visit], slug: FromPath[str]) -> Page:
    """The product, with the variant that the address names."""
    try:
        if visit.has_note:  # What was just put into the cart is this visitor's alone.
            return await _product(visit, slug)
        return await kept_page(visit, lambda: _product(visit, slug))
    except Moved as moved:
        return visit.moved(product_path(moved.name) + visit.asked_as_sent)


async def _product(visit: Visit, slug: str) -> Page:
    shelf = visit.site.shelf
    shop, tree, product, related = await asyncio.gather(
        shelf.shop(visit),
        shelf.categories(visit),
        answer_or_error(shelf.product(visit, slug)),
        answer_or_error(shelf.products(visit, ProductQuery(related_to=slug, limit=_RELATED))),
    )
    if isinstance(product, ShopApiError):
        raise product
    if not product.variants:
        raise NotFoundException
    return _page(visit, shop, tree, product, related)


def _page(visit: Visit, shop: Shop, tree: CategoryTree, product: Product, related: ProductPage | ShopApiError) -> Page:
    variant = chosen_variant(product, visit.asked("variant"))
    crumbs = _crumbs(product)
    frame = frame_with(visit, shop, tree, within=_top(product))
    here = Crumb(product.name, product_path(product.slug))
    thumbs = _thumbs(visit, product, variant)
    note = visit.note if visit.has_note else None
    wrong = _wrong(visit, variant, note)
    shown = next((thumb.picture for thumb in thumbs if thumb.current), None)
    frame = replace(
        frame,
        canonical=absolute(visit, here.href),
        description=product.seo.description or product.fact,
        index=True,
        picture=absolute(visit, thumbs[0].picture.src) if thumbs else "",
        structured=product_facts(visit, product, [*crumbs, here]),
        whole=not isinstance(related, ShopApiError),
    )
    context = {
        "product": product,
        "heading": product.seo.title or product.name,
        "crumbs": crumbs,
        "picture": shown,
        "thumbs": thumbs if len(thumbs) > 1 else [],
        "price": _price(visit, shop, frame, product, variant),
        "choices": choices_of(visit, product, variant),
        "facts": facts_of(product, variant),
        "stock": _stock(visit, shop, product, variant),
        "sku": variant.sku,
        "path": product_path(product.slug),
        "quantity": note.name if wrong and note else _quantity(visit),
        "errors": wrong,
        "note": spoken(visit) if note and not wrong else None,
        "folds": folds_of(product.description),
        "related": [] if isinstance(related, ShopApiError) else [card_of(visit, card) for card in related.data],
    }
    page = storefront_page(visit, "storefront/product.html", frame, own=visit.has_note, context=context)
    if note and note.says == "quantity" and visit.by_script:  # It expects a note alone, beside the button.
        page.headers.update({"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"})
    return page


def _wrong(visit: Visit, variant: Variant, note: Note | None) -> list[FieldError]:
    """What is wrong with the quantity that was just sent, where the form is there to send another."""
    if note is None or note.says != "quantity" or not variant.available:
        return []
    return [FieldError("quantity", said(visit, note).text)]


def _quantity(visit: Visit) -> int:
    """How many units the form begins with: without a script, one more or less is asked for by the address."""
    typed, step = whole_number(visit.asked("quantity")), visit.asked("step")
    wanted = (1 if typed is None else typed) + (int(step) if step in ("-1", "1") else 0)
    return min(max(wanted, 1), MAX_LINE_QUANTITY)


def _top(product: Product) -> str:
    """The department that the product lies in, or below which."""
    first = next(iter(product.categories), None)
    if first is None:
        return ""
    return first.parents[0].slug if first.parents else first.slug


def _crumbs(product: Product) -> list[Crumb]:
    if not product.categories:
        return []
    first = product.categories[0]
    steps = [*first.parents, CategoryLink(first.slug, first.name)]
    return [Crumb(step.name, category_path(step.slug)) for step in steps]


def _thumbs(visit: Visit, product: Product, variant: Variant) -> list[Thumb]:
    asked = visit.asked("picture")
    current = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 4 else 0
    if not 1 <= current <= len(product.images):
        own = media_path(variant.image) if variant.image else ""
        paths = [media_path(image.url) for image in product.images]
        current = paths.index(own) + 1 if own in paths else 1
    return [
        Thumb(shown, f"{variant_path(product.slug, variant.sku)}&picture={n}", n == current)
        for n, image in enumerate(product.images, 1)
        if (shown := picture(image))
    ]


def _price(visit: Visit, shop: Shop, frame: Frame, product: Product, variant: Variant) -> Price:
    before = struck_price(variant.price, variant.lowest_price_30_days)
    rate = {"rate": percent(product.tax_rate_bp, visit.language)}
    included = visit.gettext("incl. %(rate)s VAT, plus"), visit.gettext("plus %(rate)s VAT, plus")
    return Price(
        now=money(variant.price, visit.language),
        was=money(before, visit.language) if before else "",
        reduction=reduction(variant.price, before, visit.language) if before else "",
        per_unit=base_price(visit, variant.base_price),
        tax=included[0 if shop.prices_include_tax else 1] % rate,
        delivery=_delivery_cost(visit, frame),
    )


def _delivery_cost(visit: Visit, frame: Frame) -> str:
    if frame.delivery is None:
        return ""
    if not frame.delivery.price:
        return visit.gettext("(free)")
    words = {"price": frame.delivery.price, "free_from": frame.delivery.free_from}
    return (visit.gettext("(%(price)s, free from %(free_from)s)") if words["free_from"] else "(%(price)s)") % words


def _stock(visit: Visit, shop: Shop, product: Product, variant: Variant) -> Stock:
    _ = visit.gettext
    if not variant.available:
        others = any(other.available for other in product.variants)
        return Stock(_("Sold out, but other versions are in stock.") if others else _("Sold out"), "out")
    when = arrival(visit, shop.delivery) if shop.delivery else ""
    if variant.low_stock:
        words = _("Only %(count)s left, with you on %(when)s") if when else _("Only %(count)s left")
        return Stock(words % {"count": variant.low_stock, "when": when}, "few")
    return Stock(_("In stock, with you on %(when)s") % {"when": when} if when else _("In stock"), "")
