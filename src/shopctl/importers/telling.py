"""An import's report in words, for the terminal."""

import sys
from typing import Final

from shopctl import console
from shopctl.importers.reporting import Report
from shopctl.importers.rows import NoteKind

_SHOWN: Final = 20
_SENTENCES: Final[dict[NoteKind, tuple[str, str]]] = {
    "pictures": ("{n} remote picture was not taken over", "{n} remote pictures were not taken over"),
    "untracked": (
        "{n} variant has stock that nobody counts: {units} where it is new",
        "{n} variants have stock that nobody counts: {units} where they are new",
    ),
    "shared_stock": (
        "{n} variation shared its parent's stock, which was dealt out",
        "{n} variations shared their parents' stock, which was dealt out among them",
    ),
    "negative_stock": ("{n} stock below 0 was taken for 0", "{n} stocks below 0 were taken for 0"),
    "sku_made": ("{n} variant without a SKU was given one", "{n} variants without a SKU were given one"),
    "sku_fitted": ("{n} SKU was made to fit", "{n} SKUs were made to fit"),
    "tax_class": (
        "{n} tax class is not known and was taken for the standard one",
        "{n} tax classes are not known and were taken for the standard one",
    ),
    "not_shipped": (
        "{n} virtual or downloadable product came in as one that is shipped",
        "{n} virtual or downloadable products came in as ones that are shipped",
    ),
    "hidden": ("{n} hidden product came in as a draft", "{n} hidden products came in as drafts"),
    "archived": ("{n} archived product came in as a draft", "{n} archived products came in as drafts"),
    "any_value": (
        'The option of {n} variation that fits every value became "any"',
        'The options of {n} variations that fit every value became "any"',
    ),
    "pictures_missing": (
        "{n} picture is not stored in this shop and was left out",
        "{n} pictures are not stored in this shop and were left out",
    ),
    "sale_begins": ("{n} sale price begins later: import again then", "{n} sale prices begin later: import again then"),
    "sale_ends": ("{n} sale price ends later: import again then", "{n} sale prices end later: import again then"),
}


def tell(report: Report, encoding: str | None, untracked_stock: int | None) -> None:
    """Print what became of an import; ``encoding`` is named where it was guessed."""
    counts = report.products
    came = counts["new"] + counts["changed"] + counts["unchanged"]
    parts = [f"{counts[what]:,} {what}" for what in ("new", "changed", "unchanged") if counts[what]]
    console.done("  ".join(["dry run: " * report.dry_run + _count(came, "product"), *parts]))
    if report.categories:
        made = "category" if report.categories == 1 else "categories"
        console.done(f"{report.categories:,} {made} new")
    if encoding:
        console.warn(f"Read as {encoding}: the file is not UTF-8. Look at the umlauts.", sys.stdout)
    for sentence in _sentences(report, untracked_stock):
        console.warn(sentence, sys.stdout)
    for one in report.renamed[:_SHOWN]:
        console.under(f'row {one.row}  "{one.value}" became "{one.became}"')
    if report.skipped_count:
        console.warn(f"{_count(report.skipped_count, 'row')} skipped", sys.stdout)
        _list([str(one) for one in report.skipped], report.skipped_count)
    if counts["refused"]:
        console.warn(f"{_count(counts['refused'], 'product')} refused", sys.stdout)
        _list([f"row {one.row}  {one.slug}  {one.why}" for one in report.refused], counts["refused"])
    if report.interrupted:
        console.warn("Stopped. What came in stays; the same command goes on.", sys.stdout)


def _list(lines: list[str], count: int) -> None:
    for line in lines[:_SHOWN]:
        console.under(line)
    if count > _SHOWN:
        console.under(f"and {count - _SHOWN:,} more: --report FILE has all")


def _sentences(report: Report, untracked_stock: int | None) -> list[str]:
    units = "what the file says, else 0," if untracked_stock is None else f"{untracked_stock:,} on hand"
    told = [_SENTENCES[kind][count != 1].format(n=f"{count:,}", units=units) for kind, count in report.notes.items()]
    if report.left_out:
        told.append(f"Not taken over: {', '.join(report.left_out)}")
    return told


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
