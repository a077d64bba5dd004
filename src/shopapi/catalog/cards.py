"""What a shopper sees of a product, from what is stored; no I/O.

Stock changes more often than all else, so it is left out of what is stored ready-made, and put in when it is read:
see :func:`closed_card` and :func:`with_stock`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from shopapi.catalog.record_store import StoredProduct
from shopapi.catalog.records import OptionRecord, VariantRecord
from shopapi.catalog.rich_text import html_of, plain_text
from shopapi.catalog.rules import base_price, money, word
from shopapi.contract.catalog import (
    LOW_STOCK,
    BasePrice,
    CategoryLink,
    CategoryRef,
    Image,
    Locale,
    Money,
    Option,
    OptionValue,
    Product,
    ProductCard,
    Seo,
    Swatch,
    Variant,
)

_MOST_SWATCHES: Final = 6


class Drawn(Struct, frozen=True):
    """A picture that is stored: the ending of its file's name and its size in pixels."""

    kind: str
    width: int
    height: int


class CategoryNode(Struct, frozen=True):
    """A category with the way to it; ``parents`` are from the root on, itself left out."""

    id: int
    slug: str
    names: dict[str, str]
    parents: list["CategoryNode"]


class ShopFacts(Struct, frozen=True):
    """What the shop says of all its products."""

    currency: str
    default_locale: str
    rates_bp: dict[str, int]
    pictures: Mapping[str, Drawn]
    categories: Mapping[str, CategoryNode]


def for_sale(stored: StoredProduct) -> list[VariantRecord]:
    """The variants that can be bought as soon as they are in stock."""
    return [one for one in stored.living if one.price is not None]


def is_listed(stored: StoredProduct) -> bool:
    """Whether shoppers see the product at all."""
    return stored.record.state == "active" and bool(for_sale(stored))


def cheapest(stored: StoredProduct) -> VariantRecord:
    """The variant whose price a list shows; the first of those of one price."""
    return min(for_sale(stored), key=lambda one: one.price or 0)


def open_card(stored: StoredProduct, shop: ShopFacts, locale: Locale) -> str:
    """A product's card in JSON, its last brace left open for the stock."""
    record, shown, variants = stored.record, cheapest(stored), for_sale(stored)
    images = _images(stored, shop, locale)
    card = ProductCard(
        slug=record.slug,
        name=word(record.name, locale, shop.default_locale),
        fact=word(record.fact, locale, shop.default_locale),
        price=Money(shown.price or 0, shop.currency),
        price_max=Money(max(one.price or 0 for one in variants), shop.currency),
        compare_at_price=money(shown.compare_at_price, shop.currency),
        lowest_price_30_days=money(stored.variants[shown.sku].lowest_price_30_days, shop.currency),
        base_price=_base_price(shown, shop),
        swatches=_swatches(record.options, variants, shop, locale),
        variant_count=len(variants),
        image=images[0] if images else None,
        published_at=record.published_at or stored.created_at,
        available=False,
        low_stock=None,
    )
    return msgspec.json.encode(card).decode().removesuffix(_stock(0))


def closed_card(card: str, units: int) -> str:
    """The whole ``ProductCard`` in JSON; ``units`` as the table ``availability`` counts them."""
    return card + _stock(units)


def _stock(units: int) -> str:
    low = str(units) if 0 < units <= LOW_STOCK else "null"
    return f',"available":{"true" if units else "false"},"low_stock":{low}}}'


def page(stored: StoredProduct, shop: ShopFacts, locale: Locale) -> str:
    """A product's page in JSON, as if nothing of it were in stock."""
    record = stored.record
    default = shop.default_locale
    told = Product(
        slug=record.slug,
        name=word(record.name, locale, default),
        fact=word(record.fact, locale, default),
        description=html_of(word(record.description, locale, default)),
        tax_rate_bp=shop.rates_bp.get(record.tax_class, 0),
        categories=[_category(shop.categories[slug], default, locale) for slug in record.categories],
        images=_images(stored, shop, locale),
        options=_options(stored, default, locale),
        variants=[_variant(stored, one, shop) for one in for_sale(stored)],
        seo=Seo(word(record.seo_title, locale, default), word(record.seo_description, locale, default)),
        published_at=record.published_at or stored.created_at,
        updated_at=stored.updated_at,
    )
    return msgspec.json.encode(told).decode()


def with_stock(stored_page: str, units: Mapping[str, int]) -> Product:
    """A stored page with what is left of each variant; ``units`` by sku."""
    told = msgspec.json.decode(stored_page, type=Product)
    variants = [
        msgspec.structs.replace(one, available=left > 0, low_stock=left if 0 < left <= LOW_STOCK else None)
        for one in told.variants
        for left in [units.get(one.sku, 0)]
    ]
    return msgspec.structs.replace(told, variants=variants)


def search_words(stored: StoredProduct, shop: ShopFacts) -> tuple[list[str], list[str], list[str]]:
    """Names, facts and texts of a product in every language, for the search index."""
    record = stored.record
    told: list[Any] = [one.name for one in record.options] + [v.name for one in record.options for v in one.values]
    for slug in record.categories:
        node = shop.categories[slug]
        told += [one.names for one in (*node.parents, node)]
    facts = [*record.fact.values(), *(text for words in told for text in words.values())]
    return list(record.name.values()), facts, [plain_text(text) for text in record.description.values()]


def _base_price(one: VariantRecord, shop: ShopFacts) -> BasePrice | None:
    found = base_price(one)
    return None if found is None else BasePrice(Money(found[0], shop.currency), found[1])


def image(sha256: str, drawn: Drawn, alt: str) -> Image:
    """A stored picture as the API tells of it."""
    return Image(_url(sha256, drawn), alt, drawn.width, drawn.height)


def _url(sha256: str, drawn: Drawn) -> str:
    return f"/v1/media/{sha256}.{drawn.kind}"


def _images(stored: StoredProduct, shop: ShopFacts, locale: Locale) -> list[Image]:
    return [
        image(one.sha256, shop.pictures[one.sha256], word(one.alt, locale, shop.default_locale))
        for one in stored.record.media or ()
    ]


def _swatches(
    options: Sequence[OptionRecord], variants: Sequence[VariantRecord], shop: ShopFacts, locale: Locale
) -> list[Swatch]:
    for option in options:
        sold = {one.options.get(option.code) for one in variants}
        told = [
            Swatch(word(value.name, locale, shop.default_locale) or value.code, value.swatch)
            for value in option.values
            if value.swatch and value.code in sold
        ]
        if len(told) > 1:
            return told[:_MOST_SWATCHES]
    return []


def _options(stored: StoredProduct, default: str, locale: Locale) -> list[Option]:
    sold = {pair for one in for_sale(stored) for pair in one.options.items()}
    told = []
    for option in stored.record.options:
        values = [
            OptionValue(value.code, word(value.name, locale, default) or value.code, value.swatch)
            for value in option.values
            if (option.code, value.code) in sold
        ]
        if values:
            told.append(Option(option.code, word(option.name, locale, default) or option.code, values))
    return told


def _category(node: CategoryNode, default: str, locale: Locale) -> CategoryRef:
    parents = [CategoryLink(one.slug, word(one.names, locale, default)) for one in node.parents]
    return CategoryRef(node.slug, word(node.names, locale, default), parents)


def _variant(stored: StoredProduct, one: VariantRecord, shop: ShopFacts) -> Variant:
    drawn = shop.pictures.get(one.image) if one.image else None
    return Variant(
        sku=one.sku,
        options=one.options,
        price=Money(one.price or 0, shop.currency),
        compare_at_price=money(one.compare_at_price, shop.currency),
        lowest_price_30_days=money(stored.variants[one.sku].lowest_price_30_days, shop.currency),
        base_price=_base_price(one, shop),
        barcode=one.barcode,
        weight_g=one.weight_g,
        image=_url(one.image, drawn) if one.image and drawn else None,
        available=False,
        low_stock=None,
    )
