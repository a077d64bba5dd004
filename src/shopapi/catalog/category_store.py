"""SQL over the tree of categories."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from shopapi.catalog.cards import Drawn, image
from shopapi.catalog.category_lock import hold_categories
from shopapi.catalog.listing_store import ALL, refresh
from shopapi.catalog.records import CategoryRecord
from shopapi.catalog.rules import word
from shopapi.catalog.stock_shown import changed
from shopapi.catalog.tables import category, listing_category, listing_count, shop
from shopapi.contract.catalog import Category, CategoryTree, Image, Locale
from shopapi.db.engine import Reader
from shopapi.db.types import clock
from shopapi.inventory.movement_store import lock_variants
from shopapi.media.tables import media


def save_categories(c: Connection, records: Sequence[CategoryRecord]) -> int:
    """Make the categories that are not there, and change what their records say otherwise; how many that were.

    A parent stands before its children, or is there already. A known category stays where it is in the tree.
    """
    hold_categories(c, to_change=True)
    known: dict[str, Mapping[str, Any]] = {row["slug"]: dict(row) for row in c.execute(select(category)).mappings()}
    position = int(c.execute(select(func.coalesce(func.max(category.c.position), 0))).scalar_one())
    touched, renamed = 0, list[int]()
    for record in records:
        row: dict[str, Any] = {
            "names": record.name,
            "descriptions": record.description,
            "image": record.image,
            "image_alts": record.image_alt,
        }
        before = known.get(record.slug)
        if before is None:
            position += 1
            parent = known[record.parent] if record.parent else None
            row |= {
                "slug": record.slug,
                "parent_id": parent["id"] if parent else None,
                "path": f"{parent['path'] if parent else ''}{record.slug}/",
                "position": position,
            }
            new_id = c.execute(insert(category).values(**row).returning(category.c.id)).scalar_one()
            known[record.slug] = {**row, "id": new_id}
        elif row := _said(before, row):
            c.execute(
                update(category)
                .where(category.c.id == before["id"])
                .values(**row, version=category.c.version + 1, updated_at=clock())
            )
            renamed.append(before["id"])
        else:
            continue
        touched += 1
    if renamed:
        shown = select(listing_category.c.product_id).where(listing_category.c.category_id.in_(renamed)).distinct()
        products = list(c.execute(shown).scalars())
        lock_variants(c, products)
        refresh(c, products)
    if touched:
        changed(c, position)
    return touched


def _said(before: Any, row: dict[str, Any]) -> dict[str, Any]:
    merged = {name: {**before[name], **row[name]} for name in ("names", "descriptions", "image_alts")}
    merged["image"] = row["image"] or before["image"]
    return {name: value for name, value in merged.items() if value != before[name]}


_TREE = (
    select(category, listing_count.c.products, media.c.kind, media.c.width, media.c.height, shop.c.default_locale)
    .select_from(shop)
    .outerjoin(category, category.c.id > 0)
    .outerjoin(listing_count, listing_count.c.category_id == func.coalesce(category.c.id, ALL))
    .outerjoin(media, media.c.sha256 == category.c.image)
    .order_by(category.c.position)
)
_TOTAL = select(listing_count.c.products).where(listing_count.c.category_id == ALL).scalar_subquery()


def read_tree(c: Reader, locale: Locale | None) -> tuple[CategoryTree, str]:
    """Every category in its order, with how many products it shows, and the language of the answer."""
    children: dict[int | None, list[Any]] = {}
    total, default = 0, "de"
    for row in c.execute(_TREE.add_columns(_TOTAL.label("total"))):
        total, default = row.total or 0, row.default_locale
        if row.id is not None:
            children.setdefault(row.parent_id, []).append(row)
    return CategoryTree(_branch(children, None, locale or default, default), total), locale or default


def _branch(children: dict[int | None, list[Any]], parent: int | None, locale: str, default: str) -> list[Category]:
    return [
        Category(
            slug=row.slug,
            name=word(row.names, locale, default) or row.slug,
            description=word(row.descriptions, locale, default),
            count=row.products or 0,
            image=_image(row, locale, default),
            children=_branch(children, row.id, locale, default),
        )
        for row in children.get(parent, ())
    ]


def _image(row: Any, locale: str, default: str) -> Image | None:
    if row.image is None:
        return None
    return image(row.image, Drawn(row.kind, row.width, row.height), word(row.image_alts, locale, default))
