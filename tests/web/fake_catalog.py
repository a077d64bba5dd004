"""The catalog of the stand-in for the API: it behaves by the contract, with a version, ETags and 304."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from shopapi.contract.catalog import (
    BasePrice,
    Category,
    CategoryFacet,
    CategoryRef,
    CategoryTree,
    Delivery,
    DeliveryWay,
    Facets,
    Image,
    Money,
    Option,
    OptionFacet,
    OptionValue,
    PriceRange,
    Product,
    ProductCard,
    ProductPage,
    ProductQuery,
    Promise,
    Seo,
    Shop,
    ShopText,
    Swatch,
    ValueFacet,
    Variant,
)

OLD = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 500"><path fill="#ca704b" d="M0 0h400v500H0z"/></svg>'
KNOWN_QUERY = frozenset(ProductQuery.__struct_fields__)


def euros(amount: int) -> Money:
    return Money(amount, "EUR")


def picture_of(name: str) -> Image:
    return Image(f"/v1/media/{hashlib.sha256(name.encode()).hexdigest()}.svg", f"Picture of {name}", 400, 500)


@dataclass
class Good:
    """A product; ``variants`` maps the values of its options to sku, price and units."""

    slug: str
    names: dict[str, str]
    price: int = 1850
    fact: str = "Stoneware, 320 ml"
    category: str = "tableware"
    units: int = 20
    was: int | None = None
    options: list[Option] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    published_at: datetime = OLD
    description: str = "<p>A mug for two hands.</p>"
    base_price: BasePrice | None = None
    tax_rate_bp: int = 1900
    pictures: int = 1

    def every_variant(self) -> list[Variant]:
        return self.variants or [variant(f"{self.slug}-1", self.price, self.units, was=self.was, base=self.base_price)]

    def images(self) -> list[Image]:
        return [picture_of(f"{self.slug} {n}") for n in range(1, self.pictures + 1)]

    def card(self, language: str) -> ProductCard:
        variants = self.every_variant()
        cheapest = min(variants, key=lambda one: one.price.amount)
        swatches = [
            Swatch(value.name, value.swatch) for option in self.options for value in option.values if value.swatch
        ]
        return ProductCard(
            slug=self.slug,
            name=self.names.get(language, self.names["de"]),
            fact=self.fact,
            price=cheapest.price,
            price_max=max((one.price for one in variants), key=lambda price: price.amount),
            compare_at_price=cheapest.compare_at_price,
            lowest_price_30_days=cheapest.lowest_price_30_days,
            base_price=cheapest.base_price,
            swatches=swatches,
            variant_count=len(variants),
            image=self.images()[0] if self.pictures else None,
            published_at=self.published_at,
            available=any(one.available for one in variants),
            low_stock=cheapest.low_stock,
        )

    def product(self, language: str, category_name: str) -> Product:
        return Product(
            slug=self.slug,
            name=self.names.get(language, self.names["de"]),
            fact=self.fact,
            description=self.description,
            tax_rate_bp=self.tax_rate_bp,
            categories=[CategoryRef(self.category, category_name, [])],
            images=self.images(),
            options=self.options,
            variants=self.every_variant(),
            seo=Seo("", ""),
            published_at=self.published_at,
            updated_at=self.published_at,
        )


def variant(
    sku: str,
    price: int,
    units: int,
    *,
    options: dict[str, str] | None = None,
    was: int | None = None,
    base: BasePrice | None = None,
    image: str | None = None,
) -> Variant:
    return Variant(
        sku=sku,
        options=options or {},
        price=euros(price),
        compare_at_price=euros(was) if was else None,
        lowest_price_30_days=euros(was) if was else None,
        base_price=base,
        barcode=None,
        weight_g=None,
        image=image,
        available=units > 0,
        low_stock=units if 0 < units <= 5 else None,
    )


def option(code: str, name: str, *values: str, swatch: str | None = None) -> Option:
    return Option(code, name, [OptionValue(value.lower(), value, swatch) for value in values])


@dataclass
class Words:
    """What a shop says of itself; nothing, by itself."""

    headline: str = ""
    intro: str = ""
    about: str = ""
    promises: list[Promise] = field(default_factory=list)


ENGLISH = Words(
    "For long evenings at the table",
    "Stoneware from the Westerwald.",
    "Tableware of clay, paper and ink.",
    [Promise("Fired twice", "It does not mind the oven.")],
)
GERMAN = Words("Für lange Abende am Tisch", "Steinzeug aus dem Westerwald.", "Geschirr aus Ton, Papier und Tinte.")


class FakeCatalog:
    """Change it and call :meth:`changed`, as a writer does by raising the catalog's version."""

    def __init__(self) -> None:
        self.goods: dict[str, Good] = {}
        self.categories: dict[str, dict[str, str]] = {}
        self.parents: dict[str, str] = {}
        self.moved: dict[str, str] = {}
        self.suggestion: str | None = None
        self.facets: list[OptionFacet] = []
        self.delivery: Delivery | None = Delivery(euros(490), euros(6000), 2, 3)
        self.abroad: list[DeliveryWay] = []
        self.shop_name = "Ton & Tinte"
        self.words = {"en": replace(ENGLISH), "de": replace(GERMAN)}
        self.returns_days: int | None = 30
        self.prices_include_tax = True
        self.version = 1
        self.tells_version = True
        self.unwritten: set[str] = set()
        """Kinds of texts that the shop has yet to write."""
        self.broken: set[str] = set()
        """Paths that answer 503."""

    def put(self, good: Good) -> Good:
        self.goods[good.slug] = good
        self.changed()
        return good

    def category(self, slug: str, german: str, english: str, *, parent: str | None = None) -> None:
        self.categories[slug] = {"de": german, "en": english}
        if parent:
            self.parents[slug] = parent
        self.changed()

    def changed(self) -> None:
        self.version += 1

    def stock(self) -> None:
        """Put two departments and three goods on the shelf."""
        self.category("tableware", "Geschirr", "Tableware")
        self.category("mugs", "Becher", "Mugs", parent="tableware")
        self.category("paper", "Papier", "Paper")
        self.put(Good("mug", {"de": "Becher „Westerwald“", "en": "Mug “Westerwald”"}))
        self.put(Good("teapot", {"de": "Teekanne", "en": "Teapot"}, price=6400, units=3))
        self.put(Good("notebook", {"de": "Notizbuch", "en": "Notebook"}, price=1600, category="paper"))

    def _ways(self) -> list[DeliveryWay]:
        one = self.delivery
        if one is None:
            return self.abroad
        home = DeliveryWay(one.price, one.free_from, one.days_min, one.days_max, "DHL Paket", ["DE"], "weight", [])
        return [home, *self.abroad]

    def answer(self, request: httpx.Request) -> httpx.Response | None:
        """The answer, or ``None`` where the path is none of the catalog's."""
        path, query = request.url.path, request.url.params
        if not path.startswith(("/v1/shop", "/v1/products", "/v1/categories", "/v1/media/")):
            return None
        if path in self.broken:
            return problem(503, "overloaded")
        language = request.headers.get("accept-language", "de")
        found = self._found(path, query, language)
        if isinstance(found, httpx.Response):
            return found
        body = msgspec.json.encode(found)
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {"ETag": tag, "Content-Type": "application/json"}
        if self.tells_version:
            headers["Shop-Catalog-Version"] = str(self.version)
        if request.headers.get("if-none-match") == tag:
            return httpx.Response(304, headers=headers)
        return httpx.Response(200, content=body, headers=headers)

    def _found(self, path: str, query: httpx.QueryParams, language: str) -> Any:
        last = path.rpartition("/")[2]
        if path == "/v1/shop":
            words = self.words.get(language) or Words()
            return Shop(
                name=self.shop_name,
                locales=["de", "en"],
                default_locale="de",
                currency="EUR",
                country="DE",
                prices_include_tax=self.prices_include_tax,
                delivery=self.delivery,
                returns_days=self.returns_days,
                headline=words.headline,
                intro=words.intro,
                about=words.about,
                promises=words.promises,
                read_only=False,
                ways=self._ways(),
            )
        if last in self.unwritten:
            return problem(404, "not_found")
        if path.startswith("/v1/shop/texts/"):
            return ShopText(last, language, f"<h2>{last}</h2><p>Words on {last}.</p>", OLD)  # type: ignore[arg-type]
        if path == "/v1/categories":
            tops = [slug for slug in self.categories if slug not in self.parents]
            return CategoryTree([self._category(slug, language) for slug in tops], len(self.goods))
        if path.startswith("/v1/media/"):
            headers = {"Content-Type": "image/svg+xml", "Content-Security-Policy": "default-src 'none'; sandbox"}
            return httpx.Response(200, content=SVG, headers=headers)
        if path == "/v1/products":
            return self._list(query, language)
        if last in self.moved:
            return httpx.Response(301, headers={"Location": f"/v1/products/{self.moved[last]}"})
        if last not in self.goods:
            return problem(404, "not_found")
        good = self.goods[last]
        return good.product(language, self.categories.get(good.category, {}).get(language, good.category))

    def _category(self, slug: str, language: str) -> Category:
        below = [child for child, parent in self.parents.items() if parent == slug]
        count = sum(good.category in (slug, *below) for good in self.goods.values())
        children = [self._category(child, language) for child in below]
        name = self.categories[slug][language]
        return Category(slug, name, f"All about {name}.", count, picture_of(slug), children)

    def _list(self, query: httpx.QueryParams, language: str) -> Any:
        wrong = not set(query) <= KNOWN_QUERY or query.get("cursor", "c0")[:1] != "c"
        if wrong or any(":" not in chosen for chosen in query.get_list("option")):
            return problem(400, "invalid_request")
        found = [good for good in self.goods.values() if self._fits(good, query, language)]
        is_misspelt = bool(query.get("q")) and not found
        if is_misspelt and self.suggestion:
            found = [
                good for good in self.goods.values() if self._fits(good, query.set("q", self.suggestion), language)
            ]
        if query.get("sort") in ("price", "-price"):
            found.sort(key=lambda good: good.price, reverse=query["sort"] == "-price")
        start, limit = int(query.get("cursor", "c0")[1:]), int(query.get("limit", "24"))
        more = start + limit < len(found)
        return ProductPage(
            data=[good.card(language) for good in found[start : start + limit]],
            next_cursor=f"c{start + limit}" if more else None,
            total=len(found),
            suggestion=self.suggestion if is_misspelt else None,
            facets=self._facets(found, query, language) if query.get("facets") == "true" else None,
        )

    def _fits(self, good: Good, query: httpx.QueryParams, language: str) -> bool:
        card = good.card(language)
        category = query.get("category")
        if category and good.category != category and self.parents.get(good.category) != category:
            return False
        if "related_to" in query:
            other = self.goods.get(query["related_to"])
            return other is not None and other is not good and other.category == good.category
        return (
            query.get("q", "").lower() in card.name.lower()
            and (query.get("in_stock") != "true" or card.available)
            and (query.get("reduced") != "true" or card.lowest_price_30_days is not None)
            and int(query.get("price_min", 0)) <= card.price.amount <= int(query.get("price_max", 10**9))
            and all(self._has(good, *chosen.split(":", 1)) for chosen in query.get_list("option"))
        )

    @staticmethod
    def _has(good: Good, code: str, value: str) -> bool:
        return any(value == known.code for option in good.options if option.code == code for known in option.values)

    def _facets(self, found: list[Good], query: httpx.QueryParams, language: str) -> Facets:
        below = [slug for slug in self.categories if self.parents.get(slug) == query.get("category")]
        categories = [
            CategoryFacet(slug, self.categories[slug][language], sum(good.category == slug for good in found))
            for slug in below
        ]
        options: dict[str, OptionFacet] = {}
        for good in found:
            for one in good.options:
                values = [
                    ValueFacet(
                        value.code, value.name, value.swatch, sum(self._has(g, one.code, value.code) for g in found)
                    )
                    for value in one.values
                ]
                options.setdefault(one.code, OptionFacet(one.code, one.name, values))
        prices = sorted(good.price for good in found)
        spread = PriceRange(euros(prices[0]), euros(prices[-1])) if prices else None
        in_stock = sum(good.card(language).available for good in found)
        return Facets([one for one in categories if one.count], in_stock, spread, list(options.values()))


def problem(status: int, code: str) -> httpx.Response:
    body = {"type": "about:x", "title": code, "status": status, "detail": code, "code": code, "request_id": "r1"}
    return httpx.Response(status, json=body)
