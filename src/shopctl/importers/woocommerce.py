"""WooCommerce's product CSV: a row a product, and one for each variation, before it, behind it or far away.

The file is read twice: variations are put aside in a temporary file by their parent, then every product takes its own.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from shopapi.catalog.records import ProductRecord
from shopapi.names import slug
from shopctl.importers import cells, options, words
from shopctl.importers.categories import paths, unescaped
from shopctl.importers.kept_rows import KeptRows
from shopctl.importers.naming import slug_of
from shopctl.importers.reading import RawRow
from shopctl.importers.rows import Incoming, Note, Row, Skipped, Terms, Unfit, refuse_faults
from shopctl.importers.seen import Seen
from shopctl.importers.skus import Skus
from shopctl.importers.woocommerce_attributes import any_notes, chosen, order_of
from shopctl.importers.woocommerce_variants import shared_stock, state_of, tax_class_of, unsaid, variant_of

_GOODS: Final = ("simple", "variable")
_KINDS: Final = (*_GOODS, "variation", "grouped", "external")
_MOST_VARIATIONS: Final = 2000
_MOST_CATEGORIES: Final = 500

Raws = Callable[[], Iterable[RawRow]]
Under = Callable[[RawRow], Row]


def read(raws: Raws, under: Under, terms: Terms) -> Iterator[Incoming | Skipped]:
    """Every product of the file, or why it does not come in. ``raws`` reads the file from its beginning."""
    with KeptRows() as kept, Seen() as seen:
        for raw in raws():
            row = under(raw)
            if "variation" in _kinds(row):
                place = row["position"]
                kept.put(row["parent"], int(place) if re.fullmatch(r"\d{1,9}", place) else 0, raw)
        for raw in raws():
            row = under(raw)
            if "variation" not in _kinds(row):
                try:
                    yield _product(row, [under(one) for one in _own(row, kept)], seen, terms)
                except Unfit as error:
                    yield error.skipped
        for raw in kept.left():
            row = under(raw)
            why = "is the product of no row" if row["parent"] else "is empty, but the row is a variation"
            yield row.unfit("parent", why).skipped


def _own(row: Row, kept: KeptRows) -> list[RawRow]:
    owners = [f"id:{row['id']}"] if row["id"] else []
    return kept.take([*owners, row["sku"]] if row["sku"] else owners, _MOST_VARIATIONS)


def _kinds(row: Row) -> list[str]:
    return [one.strip().lower() for one in row["type"].split(",")]


def _product(row: Row, variations: list[Row], seen: Seen, terms: Terms) -> Incoming:
    refuse_faults([row, *variations])
    kinds = _kinds(row)
    kind = next((one for one in kinds if one in _KINDS), "")
    if kind not in _GOODS:
        raise row.unfit("type", "is a kind of product that is not taken over" if kind else "is no kind of product")
    if kind == "variable" and not variations:
        raise row.unfit("type", "but the file has no variation of it")
    if row["categories"].count(",") >= _MOST_CATEGORIES:
        raise row.unfit("categories", f"has more than {_MOST_CATEGORIES} categories")
    title = cells.name(row, "name")
    notes = [Note("not_shipped", row.number)] if {"virtual", "downloadable"} & set(kinds) else []
    return _incoming(row, variations, title, _slug(row, title, seen), notes, terms)


def _incoming(row: Row, variations: list[Row], title: str, address: str, notes: list[Note], terms: Terms) -> Incoming:
    rows = variations or [row]
    built, codes = options.build(chosen(row, variations, terms), terms.locale, order_of(row))
    skus = Skus(address)
    shares = shared_stock(row, variations, notes)
    variants = [
        variant_of(one, row, skus, own, shares.get(one.number), notes, terms)
        for one, own in zip(rows, codes, strict=True)
    ]
    cells.refuse_twins(rows, variants, "name")
    short, long = (_text(cells.markup(row, name)) for name in ("short_description", "description"))
    record = ProductRecord(
        slug=address,
        name={terms.locale: title},
        fact=cells.said(terms, words.line_of_html(short)),
        description=cells.said(terms, words.description(long or short, lines_count=True)),
        state=cells.state(terms, state_of(row, notes), variants),
        tax_class=tax_class_of(row, notes),
        options=built,
        variants=variants,
    )
    if count := _pictures(rows if row in rows else [row, *rows], long):
        notes.append(Note("pictures", row.number, count))
    numbers = [row.number, *(one.number for one in variations)]
    return Incoming(
        record=record,
        first_row=min(numbers),
        last_row=max(numbers),
        categories=paths(row["categories"], terms.locale),
        notes=[*skus.notes, *notes, *any_notes(variations)],
        slug_made=True,
        unsaid=unsaid(row, terms),
    )


def _slug(row: Row, title: str, seen: Seen) -> str:
    """The file has no addresses: the name's slug, with the sku or the id behind it where another product has that."""
    identity = f"id:{row['id']}" if row["id"] else f"sku:{row['sku'] or title}"
    before = seen.before(identity, row.number)
    if before is not None:
        raise row.unfit("id" if row["id"] else "sku", f"stood in row {before} before")
    address = slug_of(title)
    for more in (row["sku"], row["id"], str(row.number)):
        if seen.before(f"slug:{address}", row.number) is None:
            return address
        address = f"{slug_of(title)}-{slug(more)}"[:100].rstrip("-") if more else address
    seen.before(f"slug:{address}", row.number)
    return address


def _text(cell: str) -> str:
    # The exporter writes a line break as \n, and what was \n before as \\n.
    return re.sub(r"\\\\n|\\n", lambda found: "\n" if found[0] == r"\n" else r"\n", cell)


def _pictures(rows: list[Row], description: str) -> int:
    remote = sum(len(unescaped(row["images"], ",")) for row in rows)
    return remote + len(re.findall(r"<img\b", description, re.IGNORECASE))
