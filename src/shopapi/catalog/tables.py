"""The shop, its products, and the read models that every list and page is answered from."""

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from shopapi.contract.catalog import MAX_AMOUNT
from shopapi.db.types import Flag, Id, Instant, Int, Json, Sorted, Text, clock, metadata
from shopapi.media.tables import media

# --- the shop

shop = Table(
    "shop",
    metadata,
    Column("id", Id, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("legal_name", Text, nullable=False, server_default=""),
    Column("address", Text, nullable=False, server_default=""),
    Column("vat_id", Text, nullable=False, server_default=""),
    Column("email", Text, nullable=False, server_default=""),
    Column("country", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("default_locale", Text, CheckConstraint("default_locale IN ('de', 'en')", name="locale"), nullable=False),
    Column("prices_include_tax", Flag, nullable=False),
    Column("returns_days", Int, CheckConstraint("returns_days > 0", name="returns_days")),
    Column("tax_number", Text, nullable=False, server_default=""),
    Column("bank_holder", Text, nullable=False, server_default=""),
    Column("bank_iban", Text, nullable=False, server_default=""),
    Column("bank_bic", Text, nullable=False, server_default=""),
    Column("bank_name", Text, nullable=False, server_default=""),
    Column("words", Json, nullable=False),
    Column("read_only", Flag, nullable=False),
    Column("version", Int, nullable=False, server_default="1"),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    sqlite_strict=True,
)
"""One row, made by the migration. ``words`` is what the shop says of itself, by locale; ``returns_days`` what it allows
beyond the law."""

shop_text = Table(
    "shop_text",
    metadata,
    Column(
        "kind",
        Text,
        CheckConstraint("kind IN ('imprint', 'terms', 'privacy', 'withdrawal', 'accessibility')", name="kind"),
        nullable=False,
    ),
    Column("locale", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    PrimaryKeyConstraint("kind", "locale"),
    sqlite_strict=True,
)
"""``body`` is Markdown, ``html`` what it gives, sanitised when it is written."""

tax_rate = Table(
    "tax_rate",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("country", Text, nullable=False),
    Column(
        "tax_class", Text, CheckConstraint("tax_class IN ('standard', 'reduced', 'zero')", name="class"), nullable=False
    ),
    Column("rate_bp", Int, CheckConstraint("0 <= rate_bp AND rate_bp < 10000", name="rate"), nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("created_at", Instant, nullable=False, default=clock()),
    UniqueConstraint("country", "tax_class", "valid_from"),
    sqlite_strict=True,
)
"""Basis points, from ``valid_from`` until a later row of the same class."""

shipping_method = Table(
    "shipping_method",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("names", Json, nullable=False),
    Column("countries", Json, nullable=False),
    Column("price", Int, CheckConstraint("price >= 0", name="price"), nullable=False),
    Column("free_from", Int, CheckConstraint("free_from >= 0", name="free_from")),
    Column(
        "steps_by",
        Text,
        CheckConstraint("steps_by IN ('weight', 'subtotal')", name="steps_by"),
        nullable=False,
        server_default="weight",
    ),
    Column("steps", Json, nullable=False, server_default="[]"),
    Column(
        "tax_class", Text, CheckConstraint("tax_class IN ('standard', 'reduced', 'zero')", name="class"), nullable=False
    ),
    Column("days_min", Int, nullable=False),
    Column("days_max", Int, nullable=False),
    Column("position", Int, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False, default=clock()),
    CheckConstraint("0 <= days_min AND days_min <= days_max", name="days"),
    sqlite_strict=True,
)
"""``names`` by locale; ``price`` in minor units, nothing from ``free_from`` on; working days.

``steps`` are ``[from, price]``: from so many grams, or minor units of goods (``steps_by``), it costs that instead.
"""

# --- products

product = Table(
    "product",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("fact", Text, nullable=False, server_default=""),
    Column("description", Text, nullable=False, server_default=""),
    Column("state", Text, CheckConstraint("state IN ('draft', 'active', 'archived')", name="state"), nullable=False),
    Column(
        "tax_class",
        Text,
        CheckConstraint("tax_class IN ('standard', 'reduced', 'zero')", name="tax_class"),
        nullable=False,
        server_default="standard",
    ),
    Column("seo_title", Text, nullable=False, server_default=""),
    Column("seo_description", Text, nullable=False, server_default=""),
    Column("published_at", Instant),
    Column("version", Int, nullable=False, server_default="1"),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    sqlite_strict=True,
)
"""Its own words are in the shop's default language; ``description`` is Markdown."""

product_slug = Table(
    "product_slug",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("product_id", Id, ForeignKey("product.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False, default=clock()),
    sqlite_strict=True,
)
"""Every slug that a product has or had: an old one keeps answering, and is never given to another product."""

product_translation = Table(
    "product_translation",
    metadata,
    Column("product_id", Id, ForeignKey("product.id"), nullable=False),
    Column("locale", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("fact", Text, nullable=False, server_default=""),
    Column("description", Text, nullable=False, server_default=""),
    Column("seo_title", Text, nullable=False, server_default=""),
    Column("seo_description", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("product_id", "locale"),
    sqlite_strict=True,
)
"""A product's words in another language; ``''`` falls back to the product's own."""

product_option = Table(
    "product_option",
    metadata,
    Column("product_id", Id, ForeignKey("product.id"), nullable=False),
    Column("code", Text, nullable=False),
    Column("position", Int, nullable=False),
    Column("names", Json, nullable=False),
    PrimaryKeyConstraint("product_id", "code"),
    sqlite_strict=True,
)
"""What variants differ in. ``code`` is the same in every language."""

product_option_value = Table(
    "product_option_value",
    metadata,
    Column("product_id", Id, nullable=False),
    Column("option_code", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("position", Int, nullable=False),
    Column("names", Json, nullable=False),
    Column("swatch", Text),
    PrimaryKeyConstraint("product_id", "option_code", "code"),
    ForeignKeyConstraint(["product_id", "option_code"], ["product_option.product_id", "product_option.code"]),
    sqlite_strict=True,
)

variant = Table(
    "variant",
    metadata,
    Column("id", Id, primary_key=True),
    Column("product_id", Id, ForeignKey("product.id"), nullable=False, index=True),
    Column("sku", Text, nullable=False, unique=True),
    Column("item_name", Text, unique=True),
    Column("price", Int, CheckConstraint("price >= 0", name="price")),
    Column("compare_at_price", Int, CheckConstraint("compare_at_price >= 0", name="compare_at_price")),
    Column("lowest_price_30_days", Int),
    Column("content_amount", Int, CheckConstraint("content_amount > 0", name="content_amount")),
    Column("content_unit", Text, CheckConstraint("content_unit IN ('g', 'kg', 'ml', 'l')", name="content_unit")),
    Column("base_unit", Text, CheckConstraint("base_unit IN ('kg', 'l')", name="base_unit")),
    Column("barcode", Text),
    Column("weight_g", Int, CheckConstraint("weight_g >= 0", name="weight_g")),
    Column("image", Text, ForeignKey(media.c.sha256)),
    Column("position", Int, nullable=False, server_default="0"),
    Column("archived_at", Instant),
    Column("version", Int, nullable=False, server_default="1"),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    CheckConstraint("(item_name IS NULL) = (archived_at IS NOT NULL)", name="name_of_the_living"),
    Index(None, "barcode"),
    sqlite_strict=True,
)
"""What is sold and counted. ``item_name`` is its name in the classic interface: unique among the living.

``price`` is null where it is not for sale. ``lowest_price_30_days`` is set when a price is reduced and cleared when it
is raised: the lowest of the 30 days before (PAngV, section 11)."""

variant_option = Table(
    "variant_option",
    metadata,
    Column("variant_id", Id, ForeignKey("variant.id"), nullable=False),
    Column("product_id", Id, nullable=False),
    Column("option_code", Text, nullable=False),
    Column("value_code", Text, nullable=False),
    PrimaryKeyConstraint("variant_id", "option_code"),
    ForeignKeyConstraint(
        ["product_id", "option_code", "value_code"],
        ["product_option_value.product_id", "product_option_value.option_code", "product_option_value.code"],
    ),
    Index(None, "option_code", "value_code", "product_id"),
    Index(None, "product_id"),
    sqlite_strict=True,
)

price_change = Table(
    "price_change",
    metadata,
    Column("id", Id, primary_key=True),
    Column("variant_id", Id, ForeignKey("variant.id"), nullable=False),
    Column("price", Int),
    Column("at", Instant, nullable=False, default=clock()),
    Index(None, "variant_id", "at"),
    sqlite_strict=True,
)
"""Append-only: from ``at`` on, the variant costs ``price`` (null: it is not for sale)."""

category = Table(
    "category",
    metadata,
    Column("id", Id, primary_key=True),
    Column("parent_id", Id, ForeignKey("category.id"), index=True),
    Column("path", Text, nullable=False, unique=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("position", Int, nullable=False, server_default="0"),
    Column("names", Json, nullable=False),
    Column("descriptions", Json, nullable=False),
    Column("image", Text, ForeignKey(media.c.sha256)),
    Column("image_alts", Json, nullable=False),
    Column("version", Int, nullable=False, server_default="1"),
    Column("created_at", Instant, nullable=False, default=clock()),
    Column("updated_at", Instant, nullable=False, default=clock()),
    sqlite_strict=True,
)
"""``path`` is the slugs from the root, each followed by ``/``: a descendant's begins with its ancestor's."""

product_category = Table(
    "product_category",
    metadata,
    Column("product_id", Id, ForeignKey("product.id"), nullable=False),
    Column("category_id", Id, ForeignKey("category.id"), nullable=False, index=True),
    PrimaryKeyConstraint("product_id", "category_id"),
    sqlite_strict=True,
)

product_media = Table(
    "product_media",
    metadata,
    Column("product_id", Id, ForeignKey("product.id"), nullable=False),
    Column("position", Int, nullable=False),
    Column("sha256", Text, ForeignKey(media.c.sha256), nullable=False),
    Column("alts", Json, nullable=False),
    PrimaryKeyConstraint("product_id", "position"),
    sqlite_strict=True,
)

# --- read models: written in the transaction of what they show

listing = Table(
    "listing",
    metadata,
    Column("product_id", Id, ForeignKey("product.id"), primary_key=True, autoincrement=False),
    Column("published_at", Instant, nullable=False),
    Column("price_min", Int, CheckConstraint(f"0 <= price_min AND price_min <= {MAX_AMOUNT}", name="price_min")),
    Column("price_max", Int, nullable=False),
    Column("reduced", Flag, nullable=False),
    Column("sort_name_de", Sorted, nullable=False),
    Column("sort_name_en", Sorted, nullable=False),
    Column("card_de", Text, nullable=False),
    Column("card_en", Text, nullable=False),
    Index(None, "published_at", "product_id"),
    Index(None, "price_min", "product_id"),
    Index(None, "sort_name_de", "product_id"),
    Index(None, "sort_name_en", "product_id"),
    sqlite_strict=True,
)
"""One row for each active product with a price. ``card_*`` is a ``ProductCard`` in JSON, open at the end for stock."""

listing_page = Table(
    "listing_page",
    metadata,
    Column("product_id", Id, ForeignKey("listing.product_id"), nullable=False),
    Column("locale", Text, nullable=False),
    Column("page", Text, nullable=False),
    PrimaryKeyConstraint("product_id", "locale"),
    sqlite_strict=True,
)
"""``page`` is a ``Product`` in JSON whose variants lack what stock says."""

listing_category = Table(
    "listing_category",
    metadata,
    Column("category_id", Id, ForeignKey("category.id"), nullable=False),
    Column("product_id", Id, ForeignKey("listing.product_id"), nullable=False, index=True),
    Column("published_at", Instant, nullable=False),
    Column("price_min", Int, nullable=False),
    Column("sort_name_de", Sorted, nullable=False),
    Column("sort_name_en", Sorted, nullable=False),
    PrimaryKeyConstraint("category_id", "product_id"),
    Index(None, "category_id", "published_at", "product_id"),
    Index(None, "category_id", "price_min", "product_id"),
    Index(None, "category_id", "sort_name_de", "product_id"),
    Index(None, "category_id", "sort_name_en", "product_id"),
    sqlite_strict=True,
)
"""Which categories show a product: those that it lies in, and all above them.

It repeats what ``listing`` is sorted by: so a category of any size gives its first page by an index of its own. Without
it, a category of 20,000 products took 50 ms to sort, each time.
"""

listing_count = Table(
    "listing_count",
    metadata,
    Column("category_id", Id, primary_key=True, autoincrement=False),
    Column("products", Int, CheckConstraint("products >= 0", name="products"), nullable=False),
    sqlite_strict=True,
)
"""How many products each category shows; the row of category 0 counts all."""

availability = Table(
    "availability",
    metadata,
    Column("product_id", Id, ForeignKey("product.id"), primary_key=True, autoincrement=False),
    Column("units", Int, CheckConstraint("units >= 0", name="units"), nullable=False, server_default="0"),
    sqlite_strict=True,
)
"""``units`` = sum over the variants for sale of min(available, 6): 0 is sold out, up to 5 is low stock.

Every product has a row from its first moment on, so that a change of stock can add its difference to it, whatever else
happens to the product meanwhile. Beyond 6 a variant's stock shows nowhere, so most changes of stock write nothing here.
"""

catalog_version = Table(
    "catalog_version",
    metadata,
    Column("slot", Int, primary_key=True, autoincrement=False),
    Column("value", Int, nullable=False),
    sqlite_strict=True,
)
"""Their sum changes with everything that a shopper could see. One hot row would cost a sale half its rate."""

VERSION_SLOTS: Final = 16
