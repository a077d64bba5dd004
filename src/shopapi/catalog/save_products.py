"""What happens when products come in by the dozen: compare with what is there, write what differs, show it.

A batch is one transaction, which a running shop hardly notices while a batch is a few dozen products. Each product is
all or nothing: one that cannot be taken is refused before anything of it is written, and where a batch meets another
writer, its products are tried one by one.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from shopapi.catalog import product_writer
from shopapi.catalog.category_lock import hold_categories
from shopapi.catalog.listing_store import refresh
from shopapi.catalog.merging import merged
from shopapi.catalog.record_store import StoredProduct, default_locale, load, meant
from shopapi.catalog.records import ProductRecord
from shopapi.catalog.refusals import impossible, wrong_option
from shopapi.catalog.rich_text import plain_text
from shopapi.catalog.search.terms import Document, terms_of
from shopapi.contract.catalog import MAX_AMOUNT
from shopapi.contract.fields import MAX_ITEM_QUANTITY
from shopapi.db.engine import Database, TryAgain
from shopapi.db.types import clock
from shopapi.inventory.movement_store import lock_variants
from shopapi.media.store import stored as stored_pictures


class Outcome(Struct, frozen=True):
    """What became of one product, and why it was refused."""

    slug: str
    what: Literal["new", "changed", "unchanged", "refused"]
    reason: str = ""


class _Undone(Exception):
    """Takes back what a dry run did."""


def save_products(
    db: Database, records: Sequence[ProductRecord], *, actor: str, set_stock: bool = False, dry_run: bool = False
) -> list[Outcome]:
    """Bring the catalog to what ``records`` say, and answer an outcome for each, in their order.

    A product is known by its slug, else by its skus. Variants that its record does not name stay as they are. Stock is
    set for new variants, and for known ones only where ``set_stock`` says so. A dry run changes nothing.
    """
    outcomes: list[Outcome] = []
    _work_ahead(records)

    def change(c: Connection) -> list[Outcome]:
        nonlocal outcomes
        outcomes = _save(c, records, actor, set_stock, dry_run)
        if dry_run:
            raise _Undone
        return outcomes

    try:
        return db.write(change)
    except _Undone:
        return outcomes
    except (IntegrityError, TryAgain) as error:
        if len(records) == 1:
            return [Outcome(records[0].slug, "refused", _reason(error))]
    return [
        outcome
        for record in records
        for outcome in save_products(db, [record], actor=actor, set_stock=set_stock, dry_run=dry_run)
    ]


def _work_ahead(records: Sequence[ProductRecord]) -> None:
    # Both remember what they were asked: the transaction, for which others wait, finds it done.
    for record in records:
        texts = [plain_text(text) for text in record.description.values()]
        terms_of(Document(0, list(record.name.values()), list(record.fact.values()), texts))


def _save(c: Connection, records: Sequence[ProductRecord], actor: str, set_stock: bool, dry_run: bool) -> list[Outcome]:
    hold_categories(c)
    known = _Known(c, records)
    lock_variants(c, known.products.values())
    stored = load(c, sorted(set(known.products.values())))
    known.learn_categories(c, records, stored.values())
    now: datetime = c.execute(select(clock())).scalar_one()
    outcomes, seen = [], _Seen()
    plans: list[product_writer.Plan] = []
    for record in records:
        before = stored.get(known.products.get(record.slug, 0))
        reason = _refusal(record, before, known, seen, check_links=not dry_run)
        seen.add(record, before)
        if reason:
            outcomes.append(Outcome(record.slug, "refused", reason))
            continue
        wanted = merged(before, record, set_stock=set_stock)
        if dry_run:  # It has made none of the categories that are new.
            wanted = replace(wanted, categories=[one for one in wanted.categories if one in known.categories])
        if before is not None and wanted == before.record:
            outcomes.append(Outcome(record.slug, "unchanged"))
            continue
        if reason := impossible(before, wanted):
            outcomes.append(Outcome(record.slug, "refused", reason))
            continue
        plans.append(product_writer.Plan(before, wanted))
        outcomes.append(Outcome(record.slug, "new" if before is None else "changed"))
    if plans:
        refresh(c, product_writer.write(c, plans, known.categories, now=now, actor=actor))
    return outcomes


class _Known:
    """What the database knows of the names in a batch."""

    def __init__(self, c: Connection, records: Sequence[ProductRecord]) -> None:
        self.default_locale = default_locale(c)
        found = meant(c, records)
        self.skus, self.products = found.skus, found.products
        self.categories: dict[str, int] = {}
        pictures = {one.sha256 for record in records for one in record.media or ()}
        self.media = stored_pictures(c, pictures)

    def learn_categories(
        self, c: Connection, records: Sequence[ProductRecord], stored: Collection[StoredProduct]
    ) -> None:
        """Learn the ids of the categories that come in, and of those that are there and stay."""
        slugs = {slug for record in (*records, *(one.record for one in stored)) for slug in record.categories}
        self.categories = product_writer.category_ids(c, sorted(slugs))


class _Seen:
    """What came before in a batch. A slug and a sku may be the same word."""

    def __init__(self) -> None:
        self.slugs, self.skus, self.products = set[str](), set[str](), set[int]()

    def add(self, record: ProductRecord, before: StoredProduct | None) -> None:
        self.slugs.add(record.slug)
        self.skus.update(one.sku for one in record.variants)
        if before is not None:
            self.products.add(before.id)


_MOST_VARIANTS: Final = 200


def _refusal(
    record: ProductRecord, before: StoredProduct | None, known: _Known, seen: _Seen, *, check_links: bool
) -> str:
    own = before.id if before else None
    skus = [one.sku for one in record.variants]
    if record.state == "archived" or (before and before.record.state == "archived"):
        return "it is archived, which is for good"
    if record.slug in seen.slugs:
        return f'the slug "{record.slug}" came before in this batch'
    if not (record.name.get(known.default_locale) or before):
        return f"it has no name in the shop's own language ({known.default_locale})"
    if not skus:
        return "it has no variant"
    if len(skus) > _MOST_VARIANTS:
        return f"it has {len(skus)} variants; {_MOST_VARIANTS} are the most"
    for sku in skus:
        if sku in seen.skus or skus.count(sku) > 1:
            return f'the sku "{sku}" is given twice'
        if before and sku in before.variants and before.variants[sku].archived:
            return f'the sku "{sku}" is archived, which is for good'
        if known.skus.get(sku, own) != own:
            return f'the sku "{sku}" belongs to another product'
    if before is not None and before.id in seen.products:
        return "it is a product that came before in this batch"
    if wrong := wrong_option(record, before):
        return wrong
    if any(
        not 0 <= (amount or 0) <= MAX_AMOUNT for one in record.variants for amount in (one.price, one.compare_at_price)
    ):
        return f"a price is not between 0 and {MAX_AMOUNT:,}"
    if any((one.on_hand or 0) > MAX_ITEM_QUANTITY for one in record.variants):
        return f"a variant has more than {MAX_ITEM_QUANTITY:,} units in stock"
    if check_links:
        for slug in record.categories:
            if slug not in known.categories:
                return f'there is no category "{slug}"'
        for picture in record.media or ():
            if picture.sha256 not in known.media:
                return f"its picture {picture.sha256[:12]} is not stored"
    return ""


def _reason(error: Exception) -> str:
    if isinstance(error, TryAgain):
        return "another change met it at the same moment"
    return f"the database refuses it: {str(getattr(error, 'orig', error)).strip().splitlines()[0]}"
