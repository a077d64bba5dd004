"""SQL that writes whole products, many at once: one statement a table, whatever their number."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, text, update

from shopapi.catalog.record_store import TEXTS, StoredProduct, default_locale
from shopapi.catalog.records import ProductRecord, VariantRecord
from shopapi.catalog.rules import as_kept, item_name, lowest_before, word
from shopapi.catalog.tables import (
    availability,
    category,
    price_change,
    product,
    product_category,
    product_media,
    product_option,
    product_option_value,
    product_slug,
    product_translation,
    variant,
    variant_option,
)
from shopapi.contract.catalog import LOCALES
from shopapi.db.types import clock
from shopapi.inventory.rules import ReservedStock
from shopapi.inventory.tables import MAIN_LOCATION, stock_level, stock_movement
from shopapi.names import public_id

History = list[tuple[datetime, int | None]]
"""Prices and when they began, oldest first."""


class Plan(Struct, frozen=True):
    """One product to write: what it was (``None``: it is new) and what it is to be."""

    before: StoredProduct | None
    wanted: ProductRecord


def write(c: Connection, plans: Sequence[Plan], categories: dict[str, int], *, now: datetime, actor: str) -> list[int]:
    """Write ``plans`` and answer the products' ids. ``categories`` are ids by slug; known variants must be locked.

    Raises :class:`ReservedStock` where a stock is to fall below what orders have reserved.
    """
    batch = _Batch(c, plans, categories, now, actor)
    new_ids = _new_ids(c, product, sum(plan.before is None for plan in plans))
    ids = [plan.before.id if plan.before else next(new_ids) for plan in plans]
    for product_id, plan in zip(ids, plans, strict=True):
        batch.add_product(product_id, plan)
        batch.add_parts(product_id, plan.wanted)
        for position, one in enumerate(plan.wanted.variants):
            batch.add_variant(product_id, position, plan, one)
    batch.run([plan.before.id for plan in plans if plan.before])
    return ids


# Rows go in before those that refer to them, and parts of a product that is written anew go away the other way round.
_INSERTED: Final = (
    product,
    product_slug,
    availability,
    product_translation,
    product_option,
    product_option_value,
    product_category,
    product_media,
    variant,
    variant_option,
    price_change,
    stock_level,
    stock_movement,
)
_WRITTEN_ANEW: Final = (
    variant_option,
    product_option_value,
    product_option,
    product_translation,
    product_category,
    product_media,
)
_PRODUCT: Final = ("slug", *TEXTS, "state", "tax_class", "published_at")
_VARIANT: Final = (
    "price",
    "compare_at_price",
    "lowest_price_30_days",
    "content_amount",
    "content_unit",
    "base_unit",
    "barcode",
    "weight_g",
    "image",
    "position",
)
_CHANGE_PRODUCT: Final = (
    update(product)
    .where(product.c.id == bindparam("key"))
    .values(
        {name: bindparam(name) for name in _PRODUCT} | {"version": product.c.version + 1, "updated_at": clock()},
    )
)
_CHANGE_VARIANT: Final = (
    update(variant)
    .where(variant.c.id == bindparam("key"))
    .values({name: bindparam(name) for name in _VARIANT} | {"version": variant.c.version + 1, "updated_at": clock()})
)
_CHANGE_LEVEL: Final = (
    update(stock_level)
    .where(stock_level.c.variant_id == bindparam("key"), stock_level.c.location_id == MAIN_LOCATION)
    .values(on_hand=bindparam("on_hand"), version=stock_level.c.version + 1, updated_at=clock())
)


class _Batch:
    """The rows of a batch by table, and what it takes to make them."""

    def __init__(
        self, c: Connection, plans: Sequence[Plan], categories: dict[str, int], now: datetime, actor: str
    ) -> None:
        self._c, self._categories, self._now, self._actor = c, categories, now, actor
        self._default = default_locale(c)
        self._rows: dict[Table, list[dict[str, Any]]] = defaultdict(list)
        self._changed_products: list[dict[str, Any]] = []
        self._changed_variants: list[dict[str, Any]] = []
        self._changed_levels: list[dict[str, Any]] = []
        self._new_variants = _new_ids(c, variant, sum(len(_fresh(plan)) for plan in plans))
        self._taken = self._names_taken(plans)
        self._history = _histories(c, plans)
        # A product that gets back a slug of its past has it among its own already.
        slugs = [plan.wanted.slug for plan in plans if plan.before]
        known = select(product_slug.c.slug).where(product_slug.c.slug.in_(slugs))
        self._known_slugs = set(c.execute(known).scalars()) if slugs else set[str]()

    def add_product(self, product_id: int, plan: Plan) -> None:
        """The product's own row."""
        wanted = plan.wanted
        published_at = wanted.published_at or (as_kept(self._now) if wanted.state == "active" else None)
        row: dict[str, Any] = {
            "slug": wanted.slug,
            **{name: getattr(wanted, name).get(self._default, "") for name in TEXTS},
            "state": wanted.state,
            "tax_class": wanted.tax_class,
            "published_at": published_at,
        }
        if plan.before:
            self._changed_products.append({"key": product_id, **row})
        else:
            self._rows[product].append({"id": product_id, **row})
            self._rows[availability].append({"product_id": product_id, "units": 0})
        if wanted.slug not in self._known_slugs:
            self._rows[product_slug].append({"slug": wanted.slug, "product_id": product_id})

    def add_parts(self, product_id: int, wanted: ProductRecord) -> None:
        """What is written anew each time: words, options, categories, pictures."""
        for locale in LOCALES:
            words = {name: getattr(wanted, name).get(locale, "") for name in TEXTS}
            if locale != self._default and any(words.values()):
                self._rows[product_translation].append({"product_id": product_id, "locale": locale, **words})
        for position, option in enumerate(wanted.options):
            self._rows[product_option].append(
                {"product_id": product_id, "code": option.code, "position": position, "names": option.name}
            )
            self._rows[product_option_value].extend(
                {
                    "product_id": product_id,
                    "option_code": option.code,
                    "code": value.code,
                    "position": place,
                    "names": value.name,
                    "swatch": value.swatch,
                }
                for place, value in enumerate(option.values)
            )
        self._rows[product_category].extend(
            {"product_id": product_id, "category_id": self._categories[slug]}
            for slug in dict.fromkeys(wanted.categories)
        )
        self._rows[product_media].extend(
            {"product_id": product_id, "position": position, "sha256": one.sha256, "alts": one.alt}
            for position, one in enumerate(wanted.media or ())
        )

    def add_variant(self, product_id: int, position: int, plan: Plan, one: VariantRecord) -> None:
        """A variant with its options, prices and stock."""
        row: dict[str, Any] = {name: getattr(one, name, None) for name in _VARIANT} | {"position": position}
        if plan.before and one.sku in plan.before.variants:
            variant_id = plan.before.variants[one.sku].id
            self._change_variant(row, plan.before, one)
        else:
            variant_id = self._add_new_variant(product_id, row, plan.wanted, one)
        self._rows[variant_option].extend(
            {"variant_id": variant_id, "product_id": product_id, "option_code": code, "value_code": value}
            for code, value in one.options.items()
        )

    def _add_new_variant(self, product_id: int, row: dict[str, Any], wanted: ProductRecord, one: VariantRecord) -> int:
        variant_id = next(self._new_variants)
        history: History = [*one.past_prices]
        if one.price is not None and (not history or history[-1][1] != one.price):
            history.append((self._now, one.price))
        self._rows[price_change].extend({"variant_id": variant_id, "price": was, "at": at} for at, was in history)
        row["lowest_price_30_days"] = lowest_before(history[:-1], history[-1][0], one.price) if history else None
        name = item_name(_name(wanted, self._default), _value_names(wanted, one, self._default), one.sku, self._taken)
        self._taken.add(name)
        self._rows[variant].append(
            {"id": variant_id, "product_id": product_id, "sku": one.sku, "item_name": name, **row}
        )
        units = one.on_hand or 0
        self._rows[stock_level].append(
            {"variant_id": variant_id, "location_id": MAIN_LOCATION, "on_hand": units, "reserved": 0}
        )
        self._note(variant_id, units, "receive")
        return variant_id

    def _change_variant(self, row: dict[str, Any], before: StoredProduct, one: VariantRecord) -> None:
        stored = before.variants[one.sku]
        place, old = next((n, was) for n, was in enumerate(before.record.variants) if was.sku == one.sku)
        row["lowest_price_30_days"] = stored.lowest_price_30_days
        if old.price != one.price:
            self._rows[price_change].append({"variant_id": stored.id, "price": one.price, "at": self._now})
            row["lowest_price_30_days"] = lowest_before(self._history[stored.id], self._now, one.price)
        if old != one or place != row["position"]:
            self._changed_variants.append({"key": stored.id, **row})
        units = one.on_hand if one.on_hand is not None else stored.on_hand
        if units != stored.on_hand and not stored.archived:
            if units < stored.reserved:
                raise ReservedStock(stored.reserved)
            self._changed_levels.append({"key": stored.id, "on_hand": units})
            self._note(stored.id, units - stored.on_hand, "correct")

    def _note(self, variant_id: int, delta: int, reason: str) -> None:
        if delta:
            self._rows[stock_movement].append(
                {
                    "public_id": public_id("mov"),
                    "variant_id": variant_id,
                    "location_id": MAIN_LOCATION,
                    "delta": delta,
                    "reason": reason,
                    "actor": self._actor,
                }
            )

    def _names_taken(self, plans: Sequence[Plan]) -> set[str]:
        wanted = {
            item_name(_name(plan.wanted, self._default), _value_names(plan.wanted, one, self._default), one.sku, set())
            for plan in plans
            for one in _fresh(plan)
        }
        return set(self._c.execute(select(variant.c.item_name).where(variant.c.item_name.in_(wanted))).scalars())

    def run(self, known: list[int]) -> None:
        """Write it all; ``known`` are the products whose parts are written anew."""
        if known:
            for table in _WRITTEN_ANEW:
                self._c.execute(delete(table).where(table.c.product_id.in_(known)))
            self._c.execute(_CHANGE_PRODUCT, self._changed_products)
        for table in _INSERTED:
            if self._rows[table]:
                self._c.execute(insert(table), self._rows[table])
        if self._changed_variants:
            self._c.execute(_CHANGE_VARIANT, self._changed_variants)
        if self._changed_levels:
            self._c.execute(_CHANGE_LEVEL, self._changed_levels)


def category_ids(c: Connection, slugs: Collection[str]) -> dict[str, int]:
    """Categories' ids by their slugs, of those that there are."""
    if not slugs:
        return {}
    found = select(category.c.slug, category.c.id).where(category.c.slug.in_(slugs))
    return {row.slug: row.id for row in c.execute(found)}


def archive_variants(c: Connection, product_id: int) -> None:
    """Take every variant of a product out of stock; they must be locked and have no units."""
    c.execute(
        update(variant)
        .where(variant.c.product_id == product_id, variant.c.item_name.is_not(None))
        .values(item_name=None, archived_at=clock(), version=variant.c.version + 1, updated_at=clock())
    )


def _fresh(plan: Plan) -> list[VariantRecord]:
    return [one for one in plan.wanted.variants if plan.before is None or one.sku not in plan.before.variants]


def _name(wanted: ProductRecord, default: str) -> str:
    return word(wanted.name, default, default) or next(iter(wanted.name.values()))


def _value_names(wanted: ProductRecord, one: VariantRecord, default: str) -> list[str]:
    if len(wanted.variants) == 1:
        return []
    told = []
    for option in wanted.options:
        if len(option.values) > 1 and option.code in one.options:
            value = next(value for value in option.values if value.code == one.options[option.code])
            told.append(word(value.name, default, default) or value.code)
    return told


def _histories(c: Connection, plans: Sequence[Plan]) -> dict[int, History]:
    ids = [
        plan.before.variants[one.sku].id
        for plan in plans
        if plan.before
        for one in plan.before.record.variants
        if any(new.sku == one.sku and new.price != one.price for new in plan.wanted.variants)
    ]
    found: dict[int, History] = defaultdict(list)
    if ids:
        rows = c.execute(
            select(price_change)
            .where(price_change.c.variant_id.in_(ids))
            .order_by(price_change.c.at, price_change.c.id)
        )
        for row in rows:
            found[row.variant_id].append((row.at, row.price))
    return found


def _new_ids(c: Connection, table: Table, count: int) -> Iterator[int]:
    if count == 0:
        return iter(())
    if c.dialect.name == "postgresql":
        drawn = c.execute(
            text("SELECT nextval(:sequence) FROM generate_series(1, :count)"),
            {"sequence": f"{table.name}_id_seq", "count": count},
        )
        return iter([int(one) for one in drawn.scalars()])
    # Nothing is ever deleted and SQLite has one writer, so this never gives an id twice.
    first = int(c.execute(select(func.coalesce(func.max(table.c.id), 0) + 1)).scalar_one())
    return iter(range(first, first + count))
