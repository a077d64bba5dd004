"""What happens when a file of products comes in: read it, make its categories, save its products a few at a time."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Final, TextIO

from msgspec import Struct
from msgspec.structs import replace

from shopapi.catalog.category_store import read_tree, save_categories
from shopapi.catalog.record_store import default_locale, find
from shopapi.catalog.records import ProductRecord
from shopapi.catalog.save_products import save_products
from shopapi.contract.catalog import ProductState
from shopapi.db.engine import Database
from shopapi.media.store import stored
from shopctl.importers.addresses import address_of
from shopctl.importers.categories import CategoryBook
from shopctl.importers.filling import filled
from shopctl.importers.formats import Survey, Table
from shopctl.importers.interrupts import Interrupts
from shopctl.importers.reporting import Journal, Report
from shopctl.importers.rows import Incoming, Note, Skipped, Terms

ACTOR: Final = "shopctl import"
_BATCH: Final = 10
"""So many products are one transaction, of at most 50 ms on a machine that has nothing else to do: a shop that sells
meanwhile waits no longer than that."""


class Wishes(Struct, frozen=True, kw_only=True):
    """What the person at the command line wants of an import."""

    dry_run: bool = False
    set_stock: bool = False
    untracked_stock: int | None = None
    state: ProductState | None = None


def import_products(
    db: Database, table: Table, found: Survey, wishes: Wishes, *, lines: TextIO | None, passed: Callable[[], None]
) -> Report:
    """Bring the products of ``table`` into the shop; what became of each is in the report, and on ``lines``.

    Ctrl-C ends it behind the batch at hand, so that the report tells of all that is in; a second one does not wait.
    """
    report = Report(
        file=table.source.path,
        format=table.format.name,
        encoding=table.source.encoding,
        dry_run=wishes.dry_run,
        rows=found.rows,
        left_out=found.left_out,
    )
    journal = Journal(report, lines)
    with db.reading() as c:
        locale = default_locale(c)
        book = CategoryBook(read_tree(c, None)[0].data)
    terms = Terms(
        locale=locale,
        now=datetime.now(UTC),
        decimal_comma=found.decimal_comma,
        state=wishes.state,
        untracked_stock=wishes.untracked_stock,
    )
    arriving = _Arriving(db, book, journal, wishes, locale)
    with Interrupts() as interrupts:
        for batch in _batches(table.products(terms, passed), journal):
            arriving.take(batch)
            if interrupts.came:
                report.interrupted = True
                break
    return journal.finish()


def _batches(products: Iterator[Incoming | Skipped], journal: Journal) -> Iterator[list[Incoming]]:
    good = _only_good(products, journal)
    while batch := list(islice(good, _BATCH)):
        yield batch


def _only_good(products: Iterator[Incoming | Skipped], journal: Journal) -> Iterator[Incoming]:
    for one in products:
        if isinstance(one, Skipped):
            journal.skip(one)
        else:
            yield one


class _Arriving:
    def __init__(self, db: Database, book: CategoryBook, journal: Journal, wishes: Wishes, locale: str) -> None:
        self._db, self._book, self._journal, self._wishes, self._locale = db, book, journal, wishes, locale

    def take(self, batch: list[Incoming]) -> None:
        """Save a batch: its categories first, in a transaction of their own."""
        settled = self._filled([self._settled(one) for one in batch])
        fresh = self._book.fresh()
        self._journal.report.categories += len(fresh)
        if fresh and not self._wishes.dry_run:
            self._db.write(lambda c: save_categories(c, fresh))
        began = time.monotonic()
        outcomes = save_products(
            self._db,
            [one.record for one in settled],
            actor=ACTOR,
            set_stock=self._wishes.set_stock,
            dry_run=self._wishes.dry_run,
        )
        if self._db.dialect == "sqlite":
            # SQLite's lock goes to whoever asks at the right moment: without a pause, a shop that sells meanwhile never
            # does, and answers 503.
            time.sleep((time.monotonic() - began) / 3)
        for incoming, outcome in zip(settled, outcomes, strict=True):
            self._journal.took(incoming, outcome)

    def _settled(self, one: Incoming) -> Incoming:
        slugs = list(dict.fromkeys(self._book.place(path) for path in one.categories))
        record, notes = self._with_stored_pictures(replace(one.record, categories=slugs))
        if one.slug_made:
            with self._db.reading() as c:
                record = replace(record, slug=address_of(c, record))
        return replace(one, record=record, notes=[*one.notes, *notes])

    def _filled(self, batch: list[Incoming]) -> list[Incoming]:
        with self._db.reading() as c:
            stored = find(c, [one.record for one in batch])
        return [
            replace(one, record=filled(one.record, one.unsaid, before, self._locale))
            for one, before in zip(batch, stored, strict=True)
        ]

    def _with_stored_pictures(self, record: ProductRecord) -> tuple[ProductRecord, list[Note]]:
        """Pictures stay where this shop has them; a CSV names them and cannot hold them."""
        named = [one.sha256 for one in record.media or ()] + [one.image for one in record.variants if one.image]
        if not named:
            return record, []
        with self._db.reading() as c:
            missing = set(named) - stored(c, named)
        if not missing:
            return record, []
        media = [one for one in record.media or () if one.sha256 not in missing] or None
        variants = [replace(one, image=None) if one.image in missing else one for one in record.variants]
        return replace(record, media=media, variants=variants), [Note("pictures_missing", 0, len(missing))]
