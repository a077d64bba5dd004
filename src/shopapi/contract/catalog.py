"""The catalog as shoppers see it: products, categories, facets, pictures, and the shop itself."""

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from shopapi.contract.fields import Cursor, PageLimit, Search

Locale = Literal["de", "en"]
"""A language that the shop speaks, as RFC 5646 has it."""

LOCALES: Final[tuple[Locale, ...]] = ("de", "en")

TaxClass = Literal["standard", "reduced", "zero"]
ProductState = Literal["draft", "active", "archived"]
ContentUnit = Literal["g", "kg", "ml", "l"]
BaseUnit = Literal["kg", "l"]
TextKind = Literal["imprint", "terms", "privacy", "withdrawal", "accessibility"]
ProductSort = Literal["relevance", "newest", "price", "-price", "name"]

MAX_AMOUNT: Final = 100_000_000
"""The highest price, in minor units: a million euros."""

LOW_STOCK: Final = 5
"""Up to so many units are left, a shopper is told how many."""

Slug = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
"""What stands in a URL."""
Amount = Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]
"""Money in minor units."""
OptionFilter = Annotated[str, Meta(min_length=3, max_length=200, pattern=r"^[^:\u0000-\u001f]+:[^\u0000-\u001f]+$")]
"""``<name>:<value>`` of an option, each as its code or in the shop's own words."""


class MediaQuery(Struct, forbid_unknown_fields=True, frozen=True):
    """How wide a picture is wanted, in pixels; the nearest width above is sent."""

    w: Literal["160", "320", "480", "640", "960", "1280", "1920"] | None = None


class Money(Struct, frozen=True):
    """``amount`` in whole minor units of ``currency`` (ISO 4217)."""

    amount: int
    currency: str


class BasePrice(Struct, frozen=True):
    """What a kilogram or a litre costs (PAngV, section 4)."""

    price: Money
    per: BaseUnit


class Image(Struct, frozen=True):
    """A picture: ``url`` below the API's address, and what is to be seen on it in words."""

    url: str
    alt: str
    width: int
    height: int


class Swatch(Struct, frozen=True):
    """A value of an option that is a colour: ``#rrggbb``, or two of them with ``/`` between, upper one first."""

    name: str
    swatch: str


class ProductQuery(Struct, forbid_unknown_fields=True, frozen=True):
    """Which products to list.

    A filter by price, stock or options asks for a product with one variant that fits all of it; several values of one
    option are alternatives. ``category`` takes its descendants along. ``related_to`` is a product's slug: what lies in
    the same categories. Money is in minor units.
    """

    q: Search | None = None
    category: Slug | None = None
    related_to: Slug | None = None
    price_min: Amount | None = None
    price_max: Amount | None = None
    in_stock: Literal["true"] | None = None
    reduced: Literal["true"] | None = None
    option: Annotated[list[OptionFilter], Meta(max_length=20)] = []
    sort: ProductSort | None = None
    facets: Literal["true", "false"] = "false"
    limit: PageLimit = 24
    cursor: Cursor | None = None


class ProductCard(Struct, frozen=True):
    """A product in a list. Prices are the cheapest variant's, ``price_max`` the dearest one's.

    ``low_stock`` is the number of units left where these are 5 or fewer. ``lowest_price_30_days`` is the lowest price
    of the 30 days before the price was reduced, and ``null`` where it is not (PAngV, section 11).
    """

    slug: str
    name: str
    fact: str
    price: Money
    price_max: Money
    compare_at_price: Money | None
    lowest_price_30_days: Money | None
    base_price: BasePrice | None
    swatches: list[Swatch]
    variant_count: int
    image: Image | None
    published_at: datetime
    available: bool
    low_stock: int | None


class CategoryFacet(Struct, frozen=True):
    """A category below the one that is shown, and how many of the products found lie in it."""

    slug: str
    name: str
    count: int


class ValueFacet(Struct, frozen=True):
    """A value of an option, and how many products would be found with it."""

    code: str
    name: str
    swatch: str | None
    count: int


class OptionFacet(Struct, frozen=True):
    """An option whose values tell the products found apart."""

    code: str
    name: str
    values: list[ValueFacet]


class PriceRange(Struct, frozen=True):
    """The lowest and the highest price among the products found."""

    min: Money
    max: Money


class Facets(Struct, frozen=True):
    """What a list can be narrowed by. Each facet counts under all filters but its own.

    A list of more than 2,000 products has categories alone: ``in_stock`` and ``price`` are null, ``options`` empty.
    """

    categories: list[CategoryFacet]
    in_stock: int | None
    price: PriceRange | None
    options: list[OptionFacet]


class ProductPage(Struct, frozen=True):
    """A page of products. ``suggestion`` is the nearest spelling that finds something, where ``q`` finds nothing."""

    data: list[ProductCard]
    next_cursor: str | None
    total: int | None
    suggestion: str | None
    facets: Facets | None


class CategoryLink(Struct, frozen=True):
    """A category by its slug and name."""

    slug: str
    name: str


class CategoryRef(Struct, frozen=True):
    """A category that a product lies in; ``parents`` leads to it from the root."""

    slug: str
    name: str
    parents: list[CategoryLink]


class OptionValue(Struct, frozen=True):
    """One choice of an option. ``code`` is the same in every language."""

    code: str
    name: str
    swatch: str | None


class Option(Struct, frozen=True):
    """What variants differ in, such as a size."""

    code: str
    name: str
    values: list[OptionValue]


class Variant(Struct, frozen=True):
    """What can be bought. ``options`` maps an option's code to its value's code."""

    sku: str
    options: dict[str, str]
    price: Money
    compare_at_price: Money | None
    lowest_price_30_days: Money | None
    base_price: BasePrice | None
    barcode: str | None
    weight_g: int | None
    image: str | None
    available: bool
    low_stock: int | None


class Seo(Struct, frozen=True):
    """What search engines are told, where it is not the name and the fact."""

    title: str
    description: str


class Product(Struct, frozen=True):
    """A product with all its variants for sale. ``description`` is sanitised HTML."""

    slug: str
    name: str
    fact: str
    description: str
    tax_rate_bp: int
    categories: list[CategoryRef]
    images: list[Image]
    options: list[Option]
    variants: list[Variant]
    seo: Seo
    published_at: datetime
    updated_at: datetime


class Category(Struct, frozen=True):
    """A category of the tree; ``count`` takes its descendants along."""

    slug: str
    name: str
    description: str
    count: int
    image: Image | None
    children: list["Category"]


class CategoryTree(Struct, frozen=True):
    """Every category, and how many products there are in all."""

    data: list[Category]
    total: int


class Delivery(Struct, frozen=True):
    """What delivery within the shop's own country costs, and how many working days it takes."""

    price: Money
    free_from: Money | None
    days_min: int
    days_max: int


class PriceStep(Struct, frozen=True):
    """From ``start`` on it costs ``price`` instead."""

    start: int
    price: Money


class DeliveryWay(Delivery, frozen=True):
    """A way to deliver to ``countries`` (ISO 3166).

    ``steps`` say what it costs from so many grams, or minor units of goods, on (``steps_by``).
    """

    name: str
    countries: list[str]
    steps_by: Literal["weight", "subtotal"]
    steps: list[PriceStep]


class Promise(Struct, frozen=True):
    """Something that the shop is proud of."""

    title: str
    text: str


class Shop(Struct, frozen=True):
    """What every page needs to know of the shop.

    ``headline``, ``intro``, ``about`` and ``promises`` are its own words, empty where it has written none;
    ``returns_days`` is how long it takes goods back, where that is longer than the law asks. ``ways`` are all ways to
    deliver, wherever to; ``delivery`` is the first of them within its own country.
    """

    name: str
    locales: list[str]
    default_locale: str
    currency: str
    country: str
    prices_include_tax: bool
    delivery: Delivery | None
    returns_days: int | None
    headline: str
    intro: str
    about: str
    promises: list[Promise]
    read_only: bool
    ways: list[DeliveryWay] = []


class ShopText(Struct, frozen=True):
    """One of the texts that the law asks for, as sanitised HTML, in ``locale``."""

    kind: TextKind
    locale: str
    html: str
    updated_at: datetime


class AdminProductQuery(Struct, forbid_unknown_fields=True, frozen=True):
    """Which products to list for staff: every state unless one is asked for."""

    q: Search | None = None
    state: ProductState | None = None
    limit: PageLimit = 24
    cursor: Cursor | None = None


class AdminProductCard(Struct, frozen=True):
    """A product in the list for staff. ``price`` is null where no variant has one."""

    slug: str
    name: str
    state: ProductState
    price: Money | None
    price_max: Money | None
    variant_count: int
    on_hand: int
    version: int
    updated_at: datetime


class AdminProductPage(Struct, frozen=True):
    """A page of products for staff, newest first."""

    data: list[AdminProductCard]
    next_cursor: str | None
    total: int | None


class ProductText(Struct, frozen=True):
    """A product's words in one language; ``description`` is Markdown, in which HTML may stand."""

    name: str
    fact: str
    description: str
    seo_title: str
    seo_description: str


class AdminVariant(Struct, frozen=True):
    """A variant as staff see it; ``price`` is null where it is not for sale."""

    sku: str
    options: dict[str, str]
    price: Money | None
    compare_at_price: Money | None
    content_amount: int | None
    content_unit: ContentUnit | None
    base_unit: BaseUnit | None
    barcode: str | None
    weight_g: int | None
    on_hand: int
    reserved: int
    archived: bool


class AdminProduct(Struct, frozen=True):
    """A product as staff see it, drafts and archived ones too. ``texts`` maps a locale to its words."""

    slug: str
    state: ProductState
    tax_class: TaxClass
    texts: dict[str, ProductText]
    categories: list[str]
    images: list[Image]
    options: list[Option]
    variants: list[AdminVariant]
    version: int
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime
