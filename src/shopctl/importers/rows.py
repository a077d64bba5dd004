"""What an importer reads, a row under known columns, and what it gives: products that come in, rows that do not."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby, islice
from typing import Final, Literal

from msgspec import Struct

from shopapi.catalog.records import ProductRecord, Words
from shopapi.contract.catalog import ProductState
from shopctl.importers.filling import Unsaid
from shopctl.importers.reading import RawRow

NoteKind = Literal[
    "pictures",
    "untracked",
    "shared_stock",
    "negative_stock",
    "sku_made",
    "sku_fitted",
    "tax_class",
    "not_shipped",
    "hidden",
    "archived",
    "any_value",
    "pictures_missing",
    "sale_begins",
    "sale_ends",
]
_SHOWN: Final = 60
_MOST_ROWS: Final = 2000


class Terms(Struct, frozen=True, kw_only=True):
    """How to read a file. ``locale`` is the language of its words, ``now`` tells which sales are on.

    ``state`` stands in place of what the file says; ``untracked_stock`` is what lies in stock where nobody counts it.
    """

    locale: str
    now: datetime
    decimal_comma: bool = False
    state: ProductState | None = None
    untracked_stock: int | None = None


class Note(Struct, frozen=True):
    """Something that came in otherwise than the file has it: ``count`` times, ``value`` as ``became``."""

    kind: NoteKind
    row: int
    count: int = 1
    value: str = ""
    became: str = ""


class Step(Struct, frozen=True):
    """One category of a path; ``slug`` where the file says it."""

    name: Words
    slug: str | None = None


class Incoming(Struct, frozen=True, kw_only=True):
    """A product as it shall be stored, but for ``record.categories``: ``categories`` are the paths that lead to them.

    ``first_row`` and ``last_row`` say where it stands. ``slug_made`` says that the file has no name for its address, so
    that a product which has one of the skus already keeps its own; ``unsaid`` is what stays where the product is known.
    """

    record: ProductRecord
    first_row: int
    last_row: int
    categories: list[list[Step]] = []
    notes: list[Note] = []
    slug_made: bool = False
    unsaid: Unsaid = Unsaid()


class Skipped(Struct, frozen=True):
    """A product that does not come in: the row and the column that are to blame, the value there, and why."""

    row: int
    column: str
    value: str
    why: str

    def __str__(self) -> str:
        value = f'"{self.value}" ' if self.value else ""
        return "  ".join(filter(None, (f"row {self.row}", self.column, f"{value}{self.why}")))


class Unfit(Exception):
    """A product cannot come in; ``skipped`` says why."""

    def __init__(self, skipped: Skipped) -> None:
        super().__init__(str(skipped))
        self.skipped = skipped


class Row:
    """A row whose cells are asked for by the name that we give a column; one that is not there is empty."""

    __slots__ = ("_cells", "_columns", "_head", "number")

    def __init__(self, number: int, cells: list[str], columns: Mapping[str, int], head: list[str]) -> None:
        self.number, self._cells, self._columns, self._head = number, cells, columns, head

    def __getitem__(self, column: str) -> str:
        at = self._columns.get(column)
        return self._cells[at].strip() if at is not None and at < len(self._cells) else ""

    def exact(self, column: str) -> str:
        """The cell as it is, blanks at its ends included."""
        at = self._columns.get(column)
        return self._cells[at] if at is not None and at < len(self._cells) else ""

    def has(self, column: str) -> bool:
        """Whether the file has this column."""
        return column in self._columns

    def head(self, column: str) -> str:
        """What the file calls the column."""
        at = self._columns.get(column)
        return self._head[at] if at is not None else column

    def unfit(self, column: str, why: str, value: str | None = None) -> Unfit:
        """The error that this cell is."""
        shown = self[column] if value is None else value
        return Unfit(Skipped(self.number, self.head(column), _clipped(shown), why))

    def faulty(self, why: str) -> "FaultyRow":
        """The same row, which is to blame for a product that does not come in."""
        return FaultyRow(RawRow(self.number, self._cells, why), self._columns, self._head)


class FaultyRow(Row):
    """A row that could not be read well; whatever product it belongs to does not come in."""

    __slots__ = ("fault",)

    def __init__(self, raw: RawRow, columns: Mapping[str, int], head: list[str]) -> None:
        super().__init__(raw.number, raw.cells, columns, head)
        column = head[raw.fault_at] if raw.fault_at is not None and raw.fault_at < len(head) else ""
        self.fault = Skipped(raw.number, column, "", raw.fault)


def under(raw: RawRow, columns: Mapping[str, int], head: list[str]) -> Row:
    """A row of the file under known columns."""
    return FaultyRow(raw, columns, head) if raw.fault else Row(raw.number, raw.cells, columns, head)


def refuse_faults(rows: Iterable[Row]) -> None:
    """Raise :class:`Unfit` where one of a product's rows could not be read well."""
    for row in rows:
        if isinstance(row, FaultyRow):
            raise Unfit(row.fault)


def grouped(rows: Iterable[Row], column: str) -> Iterator[tuple[str, list[Row]]]:
    """Rows that follow each other and say the same in ``column``: a product's, of which it may have 2,000."""
    for value, group in groupby(rows, key=lambda row: row[column]):
        kept = list(islice(group, _MOST_ROWS + 1))
        if len(kept) > _MOST_ROWS:
            kept = [kept[0].faulty(f"has more than {_MOST_ROWS:,} rows for one product")]
            for _ in group:  # They are counted as rows, and kept nowhere.
                pass
        yield value, kept


def _clipped(value: str) -> str:
    return value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
