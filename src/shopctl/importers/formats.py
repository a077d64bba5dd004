"""The formats that can be read, and which of them a head line is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

from shopctl.console import clean, fail
from shopctl.importers import plain, plain_columns, shopify, woocommerce, woocommerce_columns
from shopctl.importers.numbers import DecimalStyle
from shopctl.importers.plain_cells import unguarded
from shopctl.importers.reading import RawRow, Source
from shopctl.importers.rows import Incoming, Row, Skipped, Terms, under

FormatName = Literal["shopify", "woocommerce", "shopctl"]


class Format(Struct, frozen=True):
    """A kind of file. ``columns`` finds our names of columns in a head line; ``guarded`` says that its writer puts an
    apostrophe before formulas; ``left_out`` are columns that have no place in this shop.
    """

    name: FormatName
    title: str
    columns: Callable[[Sequence[str]], dict[str, int]]
    required: tuple[str, ...]
    numbers: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    guarded: bool = False


class Table(Struct, frozen=True):
    """A source in a known format."""

    source: Source
    format: Format
    columns: dict[str, int]

    def raws(self) -> Iterator[RawRow]:
        """Every row of the file, from its beginning."""
        for raw in self.source.rows():
            if self.format.guarded and any(cell[:1] == "'" for cell in raw.cells):
                yield RawRow(raw.number, [unguarded(cell) for cell in raw.cells], raw.fault, raw.fault_at)
            else:
                yield raw

    def under(self, raw: RawRow) -> Row:
        """A row under the format's columns."""
        return under(raw, self.columns, self.source.head)

    def products(self, terms: Terms, passed: Callable[[], None]) -> Iterator[Incoming | Skipped]:
        """Every product, or why it does not come in; ``passed`` is called for each row that is read."""
        if self.format.name == "woocommerce":
            return woocommerce.read(self._twice(passed), self.under, terms)
        read = shopify.read if self.format.name == "shopify" else plain.read
        return read((self.under(raw) for raw in _heard(self.raws(), passed)), terms)

    def _twice(self, passed: Callable[[], None]) -> Callable[[], Iterable[RawRow]]:
        # Its reader goes through the file once to put variations aside: that is no progress to show.
        times = iter((self.raws(), _heard(self.raws(), passed)))
        return lambda: next(times)


class Survey(Struct, frozen=True):
    """What a first look through the whole file found: how many rows, how numbers are written, what is left out."""

    rows: int
    decimal_comma: bool
    left_out: list[str]


def open_table(source: Source, wanted: FormatName | None) -> Table:
    """Find the format of ``source``, or check that it is the ``wanted`` one; else the command ends with 2."""
    found = [one for one in FORMATS if not _missing(one, source.head)]
    if wanted is None:
        if not found:
            shown = ", ".join(clean(one) for one in source.head if one)
            fail(
                f"The head line is that of no known format: {shown[:120]}{'…' if len(shown) > 120 else ''}",
                "it is to be an export of Shopify, WooCommerce or shopctl; --format says which",
                2,
            )
        chosen = found[0]
    else:
        chosen = next(one for one in FORMATS if one.name == wanted)
        if missing := _missing(chosen, source.head):
            fail(f"A {chosen.title} has a column for {missing[0]}; this file has none.", "look at the first line", 2)
    if chosen.name == "shopctl" and (unknown := plain_columns.unknown(source.head)):
        fail(
            f'shopctl\'s CSV has no column "{clean(unknown[0])}".', "the columns are in docs/reference/csv-format.md", 2
        )
    return Table(source, chosen, chosen.columns(source.head))


def survey(table: Table) -> Survey:
    """Read the file once and keep nothing; what makes it unreadable ends the command before anything is done."""
    style, rows = DecimalStyle(), 0
    numbers = [table.columns[name] for name in table.format.numbers if name in table.columns]
    left_out = {at: False for name in table.format.left_out if (at := table.columns.get(name)) is not None}
    for raw in table.raws():
        rows += 1
        cells = raw.cells
        style.see(cells[at].strip() for at in numbers if at < len(cells))
        for at in left_out:
            left_out[at] = left_out[at] or (at < len(cells) and bool(cells[at]))
    return Survey(rows, style.comma, [table.source.head[at] for at, filled in left_out.items() if filled])


def _heard(raws: Iterable[RawRow], passed: Callable[[], None]) -> Iterator[RawRow]:
    for raw in raws:
        passed()
        yield raw


def _missing(format_: Format, head: Sequence[str]) -> list[str]:
    columns = format_.columns(head)
    return [name for name in format_.required if name not in columns]


def _by_names(known: dict[str, tuple[str, ...]]) -> Callable[[Sequence[str]], dict[str, int]]:
    names = {name: column for column, names in known.items() for name in names}

    def columns(head: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for at, title in enumerate(head):
            if column := names.get(" ".join(title.lower().split())):
                found.setdefault(column, at)  # Of two columns with one name the first is the shop's own.
        return found

    return columns


_SHOPIFY: Final = _by_names(shopify.COLUMNS)
_WOOCOMMERCE: Final = _by_names(woocommerce_columns.COLUMNS)


def _plain(head: Sequence[str]) -> dict[str, int]:
    return {title: at for at, title in reversed(list(enumerate(head))) if title}


FORMATS: Final = (
    Format("shopctl", "shopctl CSV", _plain, plain_columns.REQUIRED, plain_columns.NUMBERS, guarded=True),
    Format("shopify", "Shopify CSV", _SHOPIFY, shopify.REQUIRED, shopify.NUMBERS, shopify.LEFT_OUT),
    Format(
        "woocommerce",
        "WooCommerce CSV",
        lambda head: _WOOCOMMERCE(head) | woocommerce_columns.more_columns(head),
        woocommerce_columns.REQUIRED,
        woocommerce_columns.NUMBERS,
        woocommerce_columns.LEFT_OUT,
        guarded=True,
    ),
)
