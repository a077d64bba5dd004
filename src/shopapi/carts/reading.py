"""SQL that reads a cart with all that its price depends on, in one statement."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import TextClause, text

from shopapi.carts.rules import CartGone
from shopapi.contract.carts import Address, CartState
from shopapi.contract.catalog import BasePrice, Image, Locale, Money, TaxClass
from shopapi.db.engine import Reader
from shopapi.db.prepared import prepared
from shopapi.pricing.values import PromotionKind, PromotionScope


class StoredLine(Struct, frozen=True):
    """A line with its variant as it is now; ``page`` is what the product's page says, null where it has none."""

    variant_id: int
    product_id: int
    quantity: int
    price_told: int
    position: int
    sku: str
    price: int | None
    weight_g: int | None
    name: str
    slug: str
    tax_class: TaxClass
    free: int
    categories: list[int]
    page: str | None


class StoredMethod(Struct, frozen=True):
    """A way to deliver."""

    id: int
    public_id: str
    names: dict[str, str]
    countries: list[str]
    price: int
    free_from: int | None
    steps_by: Literal["weight", "subtotal"]
    steps: list[tuple[int, int]]
    tax_class: TaxClass
    days_min: int
    days_max: int


class StoredRate(Struct, frozen=True):
    """A tax rate that is in force or was; the latest comes last."""

    country: str
    tax_class: TaxClass
    rate_bp: int


class StoredPromotion(Struct, frozen=True):
    """A promotion that may apply: by itself, or because the cart has its code. ``running`` says that it is neither over
    nor yet to come, ``live`` that it may be used; the names are those of what it is on.

    ``product_name`` is null where customers cannot see the product. Every category is in the public tree.
    """

    id: int
    code_id: int
    code: str | None
    names: dict[str, str]
    kind: PromotionKind
    value: int
    scope: PromotionScope
    category_id: int | None
    product_id: int | None
    exclusive: bool
    min_subtotal: int
    category_names: dict[str, str] | None
    product_name: str | None
    running: bool
    live: bool


class StoredCart(Struct, frozen=True):
    """A cart, and the shop around it."""

    id: int
    token: str
    state: CartState
    version: int
    currency: str
    email: str | None
    shipping_address: Address | None
    billing_address: Address | None
    country: str | None
    shipping_method_id: int | None
    updated_at: datetime
    now: datetime
    locale: Locale
    default_locale: Locale
    prices_include_tax: bool
    home: str
    shop: str
    bank_holder: str
    bank_iban: str
    bank_bic: str
    bank_name: str
    lines: list[StoredLine]
    methods: list[StoredMethod]
    rates: list[StoredRate]
    promotions: list[StoredPromotion]


class PagedVariant(Struct, frozen=True):
    """What a product's page says of one variant."""

    sku: str
    options: dict[str, str]
    price: Money
    lowest_price_30_days: Money | None
    base_price: BasePrice | None
    image: str | None


class PagedValue(Struct, frozen=True):
    """A value of an option, in words."""

    code: str
    name: str


class PagedOption(Struct, frozen=True):
    """An option, in words."""

    code: str
    name: str
    values: list[PagedValue]


class PagedProduct(Struct, frozen=True):
    """As much of a product's page as a line of a cart shows."""

    name: str
    fact: str
    images: list[Image]
    options: list[PagedOption]
    variants: list[PagedVariant]


def _statement(*, postgresql: bool) -> TextClause:
    many = "json_agg" if postgresql else "json_group_array"
    one = "json_build_object" if postgresql else "json_object"
    # On SQLite JSON is text, and would be quoted as such.
    plain = (lambda column: column) if postgresql else (lambda column: f"json({column})")
    yes = (lambda condition: condition) if postgresql else (lambda condition: f"iif({condition}, 1, 0)")
    now = "now()" if postgresql else "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
    running = f"p.starts_at <= {now} AND (p.ends_at IS NULL OR p.ends_at > {now})"
    live = yes(
        f"""{running} AND (d.max_uses IS NULL OR d.used < d.max_uses)
        AND (d.max_uses_per_customer IS NULL OR d.max_uses_per_customer > (SELECT count(*) FROM code_redemption r
          WHERE r.code_id = d.id AND r.customer_key = k.customer_key))"""  # noqa: S608 - of our own words alone
    )

    def fields(table: str, *names: str, as_json: tuple[str, ...] = ()) -> str:
        return ", ".join(f"'{n}', " + (plain(f"{table}.{n}") if n in as_json else f"{table}.{n}") for n in names)

    return text(f"""
    SELECT k.id, k.token, k.state, k.version, k.currency, k.email, k.country, k.shipping_method_id, k.updated_at,
      k.shipping_address, k.billing_address, {now} AS now,
      coalesce(:locale, s.default_locale) AS locale, s.default_locale, s.prices_include_tax, s.country AS home,
      s.name AS shop, s.bank_holder, s.bank_iban, s.bank_bic, s.bank_name,
      (SELECT {many}({one}({fields("l", "variant_id", "quantity", "price_told", "position")},
          {fields("v", "product_id", "sku", "weight_g")}, {fields("q", "name", "slug", "tax_class")},
          'price', CASE WHEN q.state = 'active' AND v.item_name IS NOT NULL THEN v.price END,
          'free', e.on_hand - e.reserved, 'page', g.page,
          'categories', (SELECT {many}(c.category_id) FROM listing_category c WHERE c.product_id = v.product_id)))
        FROM cart_line l JOIN variant v ON v.id = l.variant_id JOIN product q ON q.id = v.product_id
        JOIN stock_level e ON e.variant_id = v.id AND e.location_id = 1
        LEFT JOIN listing_page g ON g.product_id = v.product_id AND g.locale = coalesce(:locale, s.default_locale)
        WHERE l.cart_id = k.id) AS lines,
      (SELECT {many}({one}({
        fields(
            "m",
            "id",
            "public_id",
            "names",
            "countries",
            "price",
            "free_from",
            "steps_by",
            "steps",
            "tax_class",
            "days_min",
            "days_max",
            as_json=("names", "countries", "steps"),
        )
    }))
        FROM (SELECT * FROM shipping_method ORDER BY position, id) m) AS methods,
      (SELECT {many}({one}({fields("t", "country", "tax_class", "rate_bp")}))
        FROM (SELECT * FROM tax_rate WHERE valid_from <= {now} AND country IN (k.country, s.country)
          ORDER BY valid_from) t) AS rates,
      (SELECT {many}({one}({
        fields(
            "p",
            "id",
            "kind",
            "value",
            "scope",
            "category_id",
            "product_id",
            "exclusive",
            "min_subtotal",
            "names",
            as_json=("names",),
        )
    }, 'code_id', d.id, 'code', d.code, 'running', {yes(running)}, 'live', {live},
          'category_names', {plain("(SELECT c.names FROM category c WHERE c.id = p.category_id)")},
          'product_name', (SELECT coalesce(nullif(w.name, ''), q.name) FROM product q LEFT JOIN product_translation w
            ON w.product_id = q.id AND w.locale = coalesce(:locale, s.default_locale)
            WHERE q.id = p.product_id AND q.state = 'active')))
        FROM promotion_code d JOIN promotion p ON p.id = d.promotion_id
        WHERE EXISTS (SELECT 1 FROM cart_code o WHERE o.cart_id = k.id AND o.code_id = d.id)
          OR (d.code IS NULL AND {running})) AS promotions
    FROM cart k JOIN shop s ON s.id = 1 WHERE k.token = :token
    """)  # noqa: S608 - of our own words alone


_STATEMENTS: Final = {True: prepared(_statement(postgresql=True)), False: _statement(postgresql=False)}
_PARTS: Final = ("lines", "methods", "rates", "promotions", "shipping_address", "billing_address")
_paged: Final = msgspec.json.Decoder(PagedProduct)


def read_cart(c: Reader, token: str, locale: Locale | None) -> StoredCart:
    """The cart with this token; raises :class:`CartGone`."""
    row = c.execute(_STATEMENTS[c.dialect.name == "postgresql"], {"token": token, "locale": locale}).mappings().first()
    if row is None:
        raise CartGone
    plain: dict[str, Any] = dict(row)
    for name in _PARTS:
        if isinstance(plain[name], str):
            plain[name] = msgspec.json.decode(plain[name])
    for name in ("lines", "methods", "rates", "promotions"):
        plain[name] = plain[name] or []
    for line in plain["lines"]:
        line["categories"] = line["categories"] or []
    plain["lines"].sort(key=lambda line: (line["position"], line["variant_id"]))
    # Not strict: SQLite says 1 for yes, and moments as text.
    return msgspec.convert(plain, StoredCart, strict=False)


def paged(line: StoredLine) -> PagedProduct | None:
    """What the product's page says, in the language that the cart was read in."""
    return _paged.decode(line.page) if line.page is not None else None
