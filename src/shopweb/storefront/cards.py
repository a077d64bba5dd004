"""A product as a card in a list."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shopapi.contract.catalog import BasePrice, Money, ProductCard
from shopapi.contract.figures import money, percent
from shopweb.locale import Language
from shopweb.storefront.frame import product_path
from shopweb.storefront.pictures import Picture, picture
from shopweb.visit import Visit

_NEW_FOR: Final = timedelta(days=30)
_SHOWN_SWATCHES: Final = 5


@dataclass(frozen=True)
class Dot:
    """A colour, or two of them, the upper one first."""

    upper: str
    lower: str


@dataclass(frozen=True)
class Flag:
    """The one thing to know at a glance."""

    text: str
    sale: bool = False


@dataclass(frozen=True)
class Card:
    """What a list shows of a product. ``was`` is the lowest price of the 30 days before a reduction."""

    href: str
    name: str
    fact: str
    price: str
    from_price: bool
    was: str
    base_price: str
    dots: list[Dot]
    colours: int
    picture: Picture | None
    flag: Flag | None
    available: bool


def card_of(visit: Visit, product: ProductCard) -> Card:
    """The card, in the visitor's language."""
    before = struck_price(product.price, product.lowest_price_30_days)
    return Card(
        href=product_path(product.slug),
        name=product.name,
        fact=product.fact,
        price=money(product.price, visit.language),
        from_price=product.price_max.amount > product.price.amount,
        was=money(before, visit.language) if before else "",
        base_price=base_price(visit, product.base_price),
        dots=[dot(swatch.swatch) for swatch in product.swatches[:_SHOWN_SWATCHES]],
        colours=len(product.swatches),
        picture=picture(product.image),
        flag=_flag(visit, product, before),
        available=product.available,
    )


def struck_price(price: Money, lowest_30_days: Money | None) -> Money | None:
    """The price to strike through: what was asked for less lately is no reduction (PAngV, section 11)."""
    return lowest_30_days if lowest_30_days and lowest_30_days.amount > price.amount else None


def reduction(price: Money, before: Money, language: Language) -> str:
    """``−23 %``, rounded down: a reduction is never made larger than it is."""
    return "−" + percent((before.amount - price.amount) * 100 // before.amount * 100, language)


def base_price(visit: Visit, per_unit: BasePrice | None) -> str:
    """``39,20 € / kg``, or nothing."""
    return f"{money(per_unit.price, visit.language)} / {per_unit.per}" if per_unit else ""


def dot(swatch: str) -> Dot:
    """The colours of ``#rrggbb`` or ``#rrggbb/#rrggbb``."""
    upper, _, lower = swatch.partition("/")
    return Dot(upper, lower or upper)


def _flag(visit: Visit, product: ProductCard, before: Money | None) -> Flag | None:
    _ = visit.gettext
    if not product.available:
        return Flag(_("Sold out"))
    if before and (before.amount - product.price.amount) * 100 >= before.amount:
        return Flag(reduction(product.price, before, visit.language), sale=True)
    if product.low_stock:
        return Flag(_("%(count)s left") % {"count": product.low_stock})
    if visit.now - product.published_at < _NEW_FOR:
        return Flag(_("New"))
    return None
