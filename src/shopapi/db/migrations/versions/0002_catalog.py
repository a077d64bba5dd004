"""The catalog: the shop, products with all that is said of them, pictures, and the read models of every list."""

import sqlalchemy as sa
from alembic import op

from shopapi.db.types import Bytes, Flag, Id, Instant, Int, Json, Sorted, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    shop()
    pictures()
    more_of_products_and_variants()
    products()
    read_models()
    make_append_only("price_change")
    first_rows()


def more_of_products_and_variants() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    number, moment = ("bigint", "timestamptz") if is_postgresql else ("INTEGER", "TEXT")
    for column in (
        "fact TEXT NOT NULL DEFAULT ''",
        "description TEXT NOT NULL DEFAULT ''",
        "tax_class TEXT NOT NULL DEFAULT 'standard'"
        " CONSTRAINT ck_product_tax_class CHECK (tax_class IN ('standard', 'reduced', 'zero'))",
        "seo_title TEXT NOT NULL DEFAULT ''",
        "seo_description TEXT NOT NULL DEFAULT ''",
        f"published_at {moment}",
    ):
        op.execute(f"ALTER TABLE product ADD COLUMN {column}")
    for column in (
        f"compare_at_price {number} CONSTRAINT ck_variant_compare_at_price CHECK (compare_at_price >= 0)",
        f"lowest_price_30_days {number}",
        f"content_amount {number} CONSTRAINT ck_variant_content_amount CHECK (content_amount > 0)",
        "content_unit TEXT CONSTRAINT ck_variant_content_unit CHECK (content_unit IN ('g', 'kg', 'ml', 'l'))",
        "base_unit TEXT CONSTRAINT ck_variant_base_unit CHECK (base_unit IN ('kg', 'l'))",
        "barcode TEXT",
        f"weight_g {number} CONSTRAINT ck_variant_weight_g CHECK (weight_g >= 0)",
        "image TEXT CONSTRAINT fk_variant_image REFERENCES media (sha256)",
    ):
        op.execute(f"ALTER TABLE variant ADD COLUMN {column}")
    op.create_index("ix_variant_barcode", "variant", ["barcode"])


def first_rows() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    now = "now()" if is_postgresql else "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
    yes, no = ("true", "false") if is_postgresql else ("1", "0")
    op.execute(
        f"""INSERT INTO shop (id, name, country, currency, default_locale, prices_include_tax, words, read_only,
          created_at, updated_at)
        VALUES (1, 'Shop', 'DE', 'EUR', 'de', {yes}, '{{}}', {no}, {now}, {now})"""
    )
    # UStG, section 12: 19 % and, for food, plants and books, 7 %; in force since 1 January 2021.
    since = "'2021-01-01T00:00:00.000Z'"
    for tax_class, rate_bp in (("standard", 1900), ("reduced", 700), ("zero", 0)):
        op.execute(
            f"""INSERT INTO tax_rate (public_id, country, tax_class, rate_bp, valid_from, created_at)
            VALUES ('tax_de0{tax_class[0]}0000000000000000', 'DE', '{tax_class}', {rate_bp}, {since}, {now})"""
        )
    op.execute(
        f"""INSERT INTO shipping_method (public_id, names, countries, price, free_from, tax_class, days_min, days_max,
          created_at)
        VALUES ('ship_destandard0000000000', '{{"de": "Standardversand", "en": "Standard delivery"}}', '["DE"]',
          490, 6000, 'standard', 2, 3, {now})"""
    )
    op.execute("INSERT INTO availability (product_id) SELECT id FROM product")
    op.execute("INSERT INTO listing_count (category_id, products) VALUES (0, 0)")
    for slot in range(16):
        op.execute(f"INSERT INTO catalog_version (slot, value) VALUES ({slot}, 0)")


def make_append_only(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"""CREATE FUNCTION refuse_change_of_{table}() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"""
        )
        op.execute(
            f"""CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_{table}()"""
        )
    else:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"""CREATE TRIGGER {table}_refuses_{event.lower()} BEFORE {event} ON {table}
                BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
            )


def shop() -> None:
    op.create_table(
        "shop",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("legal_name", Text, nullable=False, server_default=""),
        sa.Column("address", Text, nullable=False, server_default=""),
        sa.Column("vat_id", Text, nullable=False, server_default=""),
        sa.Column("email", Text, nullable=False, server_default=""),
        sa.Column("country", Text, nullable=False),
        sa.Column("currency", Text, nullable=False),
        sa.Column("default_locale", Text, nullable=False),
        sa.Column("prices_include_tax", Flag, nullable=False),
        sa.Column("returns_days", Int),
        sa.Column("words", Json, nullable=False),
        sa.Column("read_only", Flag, nullable=False),
        sa.Column("version", Int, nullable=False, server_default="1"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shop"),
        sa.CheckConstraint("id = 1", name=op.f("ck_shop_one_row")),
        sa.CheckConstraint("returns_days > 0", name=op.f("ck_shop_returns_days")),
        sa.CheckConstraint("default_locale IN ('de', 'en')", name=op.f("ck_shop_locale")),
        sqlite_strict=True,
    )
    op.create_table(
        "shop_text",
        sa.Column("kind", Text, nullable=False),
        sa.Column("locale", Text, nullable=False),
        sa.Column("body", Text, nullable=False),
        sa.Column("html", Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("kind", "locale", name="pk_shop_text"),
        sa.CheckConstraint(
            "kind IN ('imprint', 'terms', 'privacy', 'withdrawal', 'accessibility')", name=op.f("ck_shop_text_kind")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "tax_rate",
        sa.Column("id", Id, nullable=False),
        sa.Column("public_id", Text, nullable=False),
        sa.Column("country", Text, nullable=False),
        sa.Column("tax_class", Text, nullable=False),
        sa.Column("rate_bp", Int, nullable=False),
        sa.Column("valid_from", Instant, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tax_rate"),
        sa.UniqueConstraint("country", "tax_class", "valid_from", name="uq_tax_rate_country_tax_class_valid_from"),
        sa.UniqueConstraint("public_id", name="uq_tax_rate_public_id"),
        sa.CheckConstraint("tax_class IN ('standard', 'reduced', 'zero')", name=op.f("ck_tax_rate_class")),
        sa.CheckConstraint("0 <= rate_bp AND rate_bp < 10000", name=op.f("ck_tax_rate_rate")),
        sqlite_strict=True,
    )
    op.create_table(
        "shipping_method",
        sa.Column("id", Id, nullable=False),
        sa.Column("public_id", Text, nullable=False),
        sa.Column("names", Json, nullable=False),
        sa.Column("countries", Json, nullable=False),
        sa.Column("price", Int, nullable=False),
        sa.Column("free_from", Int),
        sa.Column("tax_class", Text, nullable=False),
        sa.Column("days_min", Int, nullable=False),
        sa.Column("days_max", Int, nullable=False),
        sa.Column("position", Int, nullable=False, server_default="0"),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shipping_method"),
        sa.CheckConstraint("0 <= days_min AND days_min <= days_max", name=op.f("ck_shipping_method_days")),
        sa.UniqueConstraint("public_id", name="uq_shipping_method_public_id"),
        sa.CheckConstraint("tax_class IN ('standard', 'reduced', 'zero')", name=op.f("ck_shipping_method_class")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_shipping_method_price")),
        sa.CheckConstraint("free_from >= 0", name=op.f("ck_shipping_method_free_from")),
        sqlite_strict=True,
    )


def pictures() -> None:
    op.create_table(
        "media",
        sa.Column("sha256", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("width", Int, nullable=False),
        sa.Column("height", Int, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_media"),
        sa.CheckConstraint("kind IN ('svg', 'webp', 'png', 'jpg')", name=op.f("ck_media_kind")),
        sqlite_strict=True,
    )
    op.create_table(
        "media_file",
        sa.Column("sha256", Text, nullable=False),
        sa.Column("width", Int, nullable=False),
        sa.Column("content", Bytes, nullable=False),
        sa.PrimaryKeyConstraint("sha256", "width", name="pk_media_file"),
        sa.ForeignKeyConstraint(["sha256"], ["media.sha256"], name="fk_media_file_sha256"),
        sqlite_strict=True,
    )


def products() -> None:
    op.create_table(
        "product_translation",
        sa.Column("product_id", Id, nullable=False),
        sa.Column("locale", Text, nullable=False),
        sa.Column("name", Text, nullable=False, server_default=""),
        sa.Column("fact", Text, nullable=False, server_default=""),
        sa.Column("description", Text, nullable=False, server_default=""),
        sa.Column("seo_title", Text, nullable=False, server_default=""),
        sa.Column("seo_description", Text, nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("product_id", "locale", name="pk_product_translation"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_product_translation_product_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "product_option",
        sa.Column("product_id", Id, nullable=False),
        sa.Column("code", Text, nullable=False),
        sa.Column("position", Int, nullable=False),
        sa.Column("names", Json, nullable=False),
        sa.PrimaryKeyConstraint("product_id", "code", name="pk_product_option"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_product_option_product_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "product_option_value",
        sa.Column("product_id", Id, nullable=False),
        sa.Column("option_code", Text, nullable=False),
        sa.Column("code", Text, nullable=False),
        sa.Column("position", Int, nullable=False),
        sa.Column("names", Json, nullable=False),
        sa.Column("swatch", Text),
        sa.PrimaryKeyConstraint("product_id", "option_code", "code", name="pk_product_option_value"),
        sa.ForeignKeyConstraint(
            ["product_id", "option_code"],
            ["product_option.product_id", "product_option.code"],
            name="fk_product_option_value_product_id_option_code",
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "variant_option",
        sa.Column("variant_id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("option_code", Text, nullable=False),
        sa.Column("value_code", Text, nullable=False),
        sa.PrimaryKeyConstraint("variant_id", "option_code", name="pk_variant_option"),
        sa.ForeignKeyConstraint(
            ["product_id", "option_code", "value_code"],
            ["product_option_value.product_id", "product_option_value.option_code", "product_option_value.code"],
            name="fk_variant_option_product_id_option_code_value_code",
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name="fk_variant_option_variant_id"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_variant_option_option_code_value_code_product_id",
        "variant_option",
        ["option_code", "value_code", "product_id"],
    )
    op.create_index("ix_variant_option_product_id", "variant_option", ["product_id"])
    op.create_table(
        "price_change",
        sa.Column("id", Id, nullable=False),
        sa.Column("variant_id", Id, nullable=False),
        sa.Column("price", Int),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_price_change"),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name="fk_price_change_variant_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_price_change_variant_id_at", "price_change", ["variant_id", "at"])
    op.create_table(
        "category",
        sa.Column("id", Id, nullable=False),
        sa.Column("parent_id", Id),
        sa.Column("path", Text, nullable=False),
        sa.Column("slug", Text, nullable=False),
        sa.Column("position", Int, nullable=False, server_default="0"),
        sa.Column("names", Json, nullable=False),
        sa.Column("descriptions", Json, nullable=False),
        sa.Column("image", Text),
        sa.Column("image_alts", Json, nullable=False),
        sa.Column("version", Int, nullable=False, server_default="1"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_category"),
        sa.ForeignKeyConstraint(["parent_id"], ["category.id"], name="fk_category_parent_id"),
        sa.ForeignKeyConstraint(["image"], ["media.sha256"], name="fk_category_image"),
        sa.UniqueConstraint("path", name="uq_category_path"),
        sa.UniqueConstraint("slug", name="uq_category_slug"),
        sqlite_strict=True,
    )
    op.create_index("ix_category_parent_id", "category", ["parent_id"])
    op.create_table(
        "product_category",
        sa.Column("product_id", Id, nullable=False),
        sa.Column("category_id", Id, nullable=False),
        sa.PrimaryKeyConstraint("product_id", "category_id", name="pk_product_category"),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name="fk_product_category_category_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_product_category_product_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_product_category_category_id", "product_category", ["category_id"])
    op.create_table(
        "product_media",
        sa.Column("product_id", Id, nullable=False),
        sa.Column("position", Int, nullable=False),
        sa.Column("sha256", Text, nullable=False),
        sa.Column("alts", Json, nullable=False),
        sa.PrimaryKeyConstraint("product_id", "position", name="pk_product_media"),
        sa.ForeignKeyConstraint(["sha256"], ["media.sha256"], name="fk_product_media_sha256"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_product_media_product_id"),
        sqlite_strict=True,
    )


def read_models() -> None:
    op.create_table(
        "listing",
        sa.Column("product_id", Id, autoincrement=False, nullable=False),
        sa.Column("published_at", Instant, nullable=False),
        sa.Column("price_min", Int),
        sa.Column("price_max", Int, nullable=False),
        sa.Column("reduced", Flag, nullable=False),
        sa.Column("sort_name_de", Sorted, nullable=False),
        sa.Column("sort_name_en", Sorted, nullable=False),
        sa.Column("card_de", Text, nullable=False),
        sa.Column("card_en", Text, nullable=False),
        sa.PrimaryKeyConstraint("product_id", name="pk_listing"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_listing_product_id"),
        sa.CheckConstraint("0 <= price_min AND price_min <= 100000000", name=op.f("ck_listing_price_min")),
        sqlite_strict=True,
    )
    op.create_index("ix_listing_price_min_product_id", "listing", ["price_min", "product_id"])
    op.create_index("ix_listing_published_at_product_id", "listing", ["published_at", "product_id"])
    op.create_index("ix_listing_sort_name_de_product_id", "listing", ["sort_name_de", "product_id"])
    op.create_index("ix_listing_sort_name_en_product_id", "listing", ["sort_name_en", "product_id"])
    op.create_table(
        "listing_page",
        sa.Column("product_id", Id, nullable=False),
        sa.Column("locale", Text, nullable=False),
        sa.Column("page", Text, nullable=False),
        sa.PrimaryKeyConstraint("product_id", "locale", name="pk_listing_page"),
        sa.ForeignKeyConstraint(["product_id"], ["listing.product_id"], name="fk_listing_page_product_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "listing_category",
        sa.Column("category_id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("published_at", Instant, nullable=False),
        sa.Column("price_min", Int, nullable=False),
        sa.Column("sort_name_de", Sorted, nullable=False),
        sa.Column("sort_name_en", Sorted, nullable=False),
        sa.PrimaryKeyConstraint("category_id", "product_id", name="pk_listing_category"),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name="fk_listing_category_category_id"),
        sa.ForeignKeyConstraint(["product_id"], ["listing.product_id"], name="fk_listing_category_product_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_listing_category_product_id", "listing_category", ["product_id"])
    for key in ("published_at", "price_min", "sort_name_de", "sort_name_en"):
        op.create_index(
            f"ix_listing_category_category_id_{key}_product_id", "listing_category", ["category_id", key, "product_id"]
        )
    op.create_table(
        "listing_count",
        sa.Column("category_id", Id, autoincrement=False, nullable=False),
        sa.Column("products", Int, nullable=False),
        sa.PrimaryKeyConstraint("category_id", name="pk_listing_count"),
        sa.CheckConstraint("products >= 0", name=op.f("ck_listing_count_products")),
        sqlite_strict=True,
    )
    op.create_table(
        "availability",
        sa.Column("product_id", Id, autoincrement=False, nullable=False),
        sa.Column("units", Int, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("product_id", name="pk_availability"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_availability_product_id"),
        sa.CheckConstraint("units >= 0", name=op.f("ck_availability_units")),
        sqlite_strict=True,
    )
    op.create_table(
        "catalog_version",
        sa.Column("slot", Int, autoincrement=False, nullable=False),
        sa.Column("value", Int, nullable=False),
        sa.PrimaryKeyConstraint("slot", name="pk_catalog_version"),
        sqlite_strict=True,
    )
