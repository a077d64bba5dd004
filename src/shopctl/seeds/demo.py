"""The demo shop "Ton & Tinte" as records: its categories, goods and pictures, and its texts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Final, get_args

from shopapi.catalog.records import (
    CategoryRecord,
    MediaRecord,
    OptionRecord,
    Picture,
    ProductRecord,
    ValueRecord,
    VariantRecord,
    Words,
)
from shopapi.contract.catalog import LOCALES, BaseUnit, ContentUnit, Locale, TextKind
from shopapi.media.store import sha256_of
from shopctl.seeds import shelf
from shopctl.seeds.illustrations import draw

_BASE_UNITS: Final[dict[ContentUnit, BaseUnit]] = {"g": "kg", "kg": "kg", "ml": "l", "l": "l"}


@cache
def pictures() -> dict[str, Picture]:
    """Every picture that the goods and categories show, by its name."""
    drawings = [drawing.draw for one in shelf.shelves() for product in one.product for drawing in product.pictures]
    of_categories = [category.picture.draw for one in shelf.shelves() for category in one.category]
    return {name: draw(name) for name in dict.fromkeys([*drawings, *of_categories])}


@cache
def picture_name(drawing: str) -> str:
    """The sha256 by which the shop keeps a drawing."""
    return sha256_of(pictures()[drawing])


def categories() -> list[CategoryRecord]:
    """The tree of categories, each after its parent."""
    return [
        CategoryRecord(
            slug=one.slug,
            parent=one.parent,
            name=_words(one.name),
            description=_words(one.description),
            image=picture_name(one.picture.draw),
            image_alt=_words(one.picture),
        )
        for part in shelf.shelves()
        for one in part.category
    ]


def skus() -> set[str]:
    """The skus of all the goods."""
    return {variant.sku for part in shelf.shelves() for one in part.product for variant in one.variants}


def products(now: datetime) -> list[ProductRecord]:
    """The goods, as they stand ``now``: their dates count back from it."""
    return [_product(one, now) for part in shelf.shelves() for one in part.product]


def texts() -> Iterator[tuple[TextKind, Locale, str]]:
    """The texts that the law asks for, in Markdown: kind, language, text."""
    for kind in get_args(TextKind):
        for locale in LOCALES:
            yield kind, locale, shelf.text(f"texts/{locale}/{kind}.md")


def chosen_options(choices: list[dict[str, str]]) -> list[OptionRecord]:
    """The options whose values are chosen by code in ``choices``: those that tell variants apart come first."""
    found = []
    for option in shelf.options():
        codes = {choice[option.code] for choice in choices if option.code in choice}
        values = [
            ValueRecord(code=value.code, name=_words(value), swatch=value.swatch)
            for value in option.values
            if value.code in codes
        ]
        if len(values) != len(codes):
            raise ValueError(f"{option.code} has no value {codes - {value.code for value in values}}")
        if values:
            found.append(OptionRecord(code=option.code, name=_words(option.name), values=values))
    unknown = {code for choice in choices for code in choice} - {option.code for option in found}
    if unknown:
        raise ValueError(f"there is no option {unknown}")
    return sorted(found, key=lambda option: len(option.values) == 1)


def base_unit_of(content: shelf.Content | None) -> BaseUnit | None:
    """The unit of the base price for what is sold by weight or volume."""
    return _BASE_UNITS[content.unit] if content else None


def _product(one: shelf.Product, now: datetime) -> ProductRecord:
    published = now - timedelta(days=one.days_ago)
    variants = [_variant(one, variant, published, now) for variant in one.variants]
    return ProductRecord(
        slug=one.slug,
        name={"de": one.de.name, "en": one.en.name},
        fact={"de": one.de.fact, "en": one.en.fact},
        description={"de": one.de.description.strip(), "en": one.en.description.strip()},
        state="active",
        tax_class=one.tax_class,
        categories=one.categories,
        options=chosen_options([variant.options for variant in variants]),
        variants=variants,
        media=[MediaRecord(sha256=picture_name(shown.draw), alt=_words(shown)) for shown in one.pictures],
        published_at=published,
    )


def _variant(product: shelf.Product, one: shelf.Variant, published: datetime, now: datetime) -> VariantRecord:
    price, was, content = _amount(one.price), one.was, one.content or product.content
    past = [(published, _amount(was.price)), (now - timedelta(days=was.until), price)] if was else [(published, price)]
    return VariantRecord(
        sku=one.sku,
        options={**one.options, **product.fixed},
        price=price,
        compare_at_price=_amount(was.price) if was else None,
        content_amount=content.amount if content else None,
        content_unit=content.unit if content else None,
        base_unit=base_unit_of(content),
        barcode=one.barcode,
        weight_g=one.weight_g or product.weight_g,
        image=picture_name(one.picture) if one.picture else None,
        on_hand=one.stock,
        past_prices=past,
    )


def _words(one: shelf.Both | shelf.Drawing | shelf.Value) -> Words:
    return {"de": one.de, "en": one.en}


def _amount(euros: Decimal) -> int:
    return int(euros * 100)
