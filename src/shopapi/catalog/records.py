"""A product as it comes in and goes out in bulk: by import, export and seed. No ids, no I/O.

Text in several languages is a dict from locale to text; the shop's default language must be there, the others may be
missing. Codes of options and values, and slugs, are the same in every language.
"""

from datetime import datetime

from msgspec import Struct, field

from shopapi.contract.catalog import BaseUnit, ContentUnit, ProductState, TaxClass

Words = dict[str, str]
"""A text by locale."""


class ValueRecord(Struct, frozen=True, kw_only=True):
    """One value of an option; ``swatch`` is ``#rrggbb`` or ``#rrggbb/#rrggbb``."""

    code: str
    name: Words
    swatch: str | None = None


class OptionRecord(Struct, frozen=True, kw_only=True):
    """An option in the order of its values."""

    code: str
    name: Words
    values: list[ValueRecord]


class VariantRecord(Struct, frozen=True, kw_only=True):
    """A variant. ``options`` maps every option's code to a value's code.

    ``on_hand`` is ``None`` where nothing is said of stock; ``price`` where it is not for sale. Money is in minor units,
    content in whole units of ``content_unit``. ``image`` is the sha256 of one of the product's pictures.
    """

    sku: str
    options: dict[str, str] = field(default_factory=dict)
    price: int | None = None
    compare_at_price: int | None = None
    content_amount: int | None = None
    content_unit: ContentUnit | None = None
    base_unit: BaseUnit | None = None
    barcode: str | None = None
    weight_g: int | None = None
    image: str | None = None
    on_hand: int | None = None
    past_prices: list[tuple[datetime, int]] = field(default_factory=list)
    """Earlier prices and the moments from which they held; for the seed, whose reductions have a past."""


class MediaRecord(Struct, frozen=True, kw_only=True):
    """A picture of a product, which must be stored already, and what is to be seen on it."""

    sha256: str
    alt: Words


class ProductRecord(Struct, frozen=True, kw_only=True):
    """A product. ``name`` has the shop's default language; ``categories`` are slugs of categories that exist.

    ``description`` is Markdown, in which sanitised HTML may stand. ``media`` is ``None`` where nothing is said of
    pictures: those that are there stay.
    """

    slug: str
    name: Words
    fact: Words = field(default_factory=dict)
    description: Words = field(default_factory=dict)
    seo_title: Words = field(default_factory=dict)
    seo_description: Words = field(default_factory=dict)
    state: ProductState = "draft"
    tax_class: TaxClass = "standard"
    categories: list[str] = field(default_factory=list)
    options: list[OptionRecord] = field(default_factory=list)
    variants: list[VariantRecord]
    media: list[MediaRecord] | None = None
    published_at: datetime | None = None


class CategoryRecord(Struct, frozen=True, kw_only=True):
    """A category; a parent stands before its children. ``image`` is the sha256 of a stored picture."""

    slug: str
    parent: str | None = None
    name: Words
    description: Words = field(default_factory=dict)
    image: str | None = None
    image_alt: Words = field(default_factory=dict)


class ShopWords(Struct, frozen=True, kw_only=True):
    """What a shop says of itself in one language; ``promises`` are titles and texts."""

    headline: str = ""
    intro: str = ""
    about: str = ""
    promises: list[tuple[str, str]] = field(default_factory=list)


class Picture(Struct, frozen=True, kw_only=True):
    """A picture to store: its bytes in their own width, in pixels. ``kind`` is its file name's ending."""

    kind: str
    width: int
    height: int
    content: bytes
