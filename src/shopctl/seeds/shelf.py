"""What the files of the demo's goods may say, and nothing else: a misspelt key ends the program.

Money is in euros with two decimals, tax included; days count back from the day of the seed.
"""

import tomllib
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from shopapi.catalog.records import ShopWords
from shopapi.contract.catalog import ContentUnit, Locale, TaxClass

T = TypeVar("T")

SHELVES: Final = ("tableware", "kitchen", "pantry", "paper", "plants", "light", "textiles", "bath")
"""The files, in the order of the shop's categories."""


class Both(Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages."""

    de: str
    en: str


class Drawing(Struct, frozen=True, forbid_unknown_fields=True):
    """An illustration by its name, and what is to be seen on it."""

    draw: str
    de: str
    en: str


class Category(Struct, frozen=True, forbid_unknown_fields=True):
    """A category; one without ``parent`` stands in the shop's head line."""

    slug: str
    name: Both
    description: Both
    picture: Drawing
    parent: str | None = None


class Value(Struct, frozen=True, forbid_unknown_fields=True):
    """A value of an option."""

    code: str
    de: str
    en: str
    swatch: str | None = None


class Option(Struct, frozen=True, forbid_unknown_fields=True):
    """An option with all values that any product may have."""

    code: str
    name: Both
    values: list[Value]


class Content(Struct, frozen=True, forbid_unknown_fields=True):
    """How much is in it, for the price of a kilogram or litre."""

    amount: int
    unit: ContentUnit


class Was(Struct, frozen=True, forbid_unknown_fields=True):
    """The price before the reduction, which began ``until`` days ago."""

    price: Decimal
    until: int


class Variant(Struct, frozen=True, forbid_unknown_fields=True):
    """What differs between the variants of a product; ``picture`` is one of the product's drawings."""

    sku: str
    price: Decimal
    stock: int
    options: dict[str, str] = {}
    was: Was | None = None
    weight_g: int | None = None
    content: Content | None = None
    barcode: str | None = None
    picture: str | None = None


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """A product in one language; the description is Markdown."""

    name: str
    fact: str
    description: str


class Product(Struct, frozen=True, forbid_unknown_fields=True):
    """A product. ``fixed`` options, weight and content are the same for every variant."""

    slug: str
    categories: list[str]
    days_ago: int
    pictures: list[Drawing]
    variants: list[Variant]
    de: Words
    en: Words
    tax_class: TaxClass = "standard"
    weight_g: int | None = None
    content: Content | None = None
    fixed: dict[str, str] = {}


class Shelf(Struct, frozen=True, forbid_unknown_fields=True):
    """One file of goods: categories, each after its parent, and products."""

    category: list[Category]
    product: list[Product]


class ShopData(Struct, frozen=True, forbid_unknown_fields=True):
    """Who the shop is."""

    name: str
    legal_name: str
    address: str
    vat_id: str
    email: str
    country: str
    returns_days: int
    words: dict[Locale, ShopWords]


class _Options(Struct, frozen=True, forbid_unknown_fields=True):
    option: list[Option]


@cache
def shelves() -> list[Shelf]:
    """Every file of goods, in order."""
    return [read(f"goods/{name}.toml", Shelf) for name in SHELVES]


@cache
def options() -> list[Option]:
    """The options of all products, in the order in which a product has them."""
    return read("goods/options.toml", _Options).option


def shop_data() -> ShopData:
    """The demo shop itself."""
    return read("shop.toml", ShopData)


def read(name: str, kind: type[T]) -> T:
    """A TOML file of this package as a ``kind``; a ``msgspec.ValidationError`` names what does not fit."""
    raw: dict[str, Any] = tomllib.loads(text(name), parse_float=Decimal)
    return msgspec.convert(raw, kind)


def text(name: str) -> str:
    """A file of this package."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
