"""What became of an import: counted, told by row, and written down line by line."""

from collections import Counter
from typing import Final, Literal, TextIO

import msgspec

from shopapi.catalog.save_products import Outcome
from shopctl.importers.formats import FormatName
from shopctl.importers.rows import Incoming, Note, NoteKind, Skipped

What = Literal["new", "changed", "unchanged", "refused"]

_KEPT: Final = 1000
_LASTING: Final = ("sale_begins", "sale_ends", "pictures_missing")


class Refusal(msgspec.Struct, frozen=True):
    """A product that the shop did not take, and why."""

    row: int
    slug: str
    why: str


class Renamed(msgspec.Struct, frozen=True):
    """Something that came in under another name."""

    row: int
    kind: NoteKind
    value: str
    became: str


class Report(msgspec.Struct, kw_only=True):
    """The whole result. Of what is listed, the first thousand stand here; the counts are whole.

    ``rows`` are the rows below the head line, ``products`` counts what became of each product.
    """

    file: str
    format: FormatName
    encoding: str
    dry_run: bool
    rows: int
    interrupted: bool = False
    products: dict[What, int] = msgspec.field(
        default_factory=lambda: {"new": 0, "changed": 0, "unchanged": 0, "refused": 0}
    )
    categories: int = 0
    skipped_count: int = 0
    skipped: list[Skipped] = []
    refused: list[Refusal] = []
    renamed: list[Renamed] = []
    notes: dict[NoteKind, int] = {}
    left_out: list[str] = []

    @property
    def all_in(self) -> bool:
        """Whether everything came in."""
        return not (self.skipped_count or self.products["refused"] or self.interrupted)


class Journal:
    """Fills a report while an import runs, and writes each event to ``lines`` as one line of JSON."""

    def __init__(self, report: Report, lines: TextIO | None) -> None:
        self.report, self._lines = report, lines
        self._notes: Counter[NoteKind] = Counter()

    def skip(self, skipped: Skipped) -> None:
        """A product did not come in."""
        self.report.skipped_count += 1
        _keep(self.report.skipped, skipped)
        self._write({"what": "skipped", **msgspec.structs.asdict(skipped)})

    def took(self, incoming: Incoming, outcome: Outcome) -> None:
        """The shop answered for a product."""
        self.report.products[outcome.what] += 1
        if outcome.what == "refused":
            _keep(self.report.refused, Refusal(incoming.first_row, outcome.slug, outcome.reason))
        else:
            # What came in as before was told before; a sale that ends later still does.
            same = outcome.what == "unchanged"
            self._note([note for note in incoming.notes if not same or note.kind in _LASTING])
        self._write(
            {
                "what": outcome.what,
                "slug": outcome.slug,
                "row": incoming.first_row,
                "last_row": incoming.last_row,
                "why": outcome.reason,
                "notes": incoming.notes,
            }
        )

    def finish(self) -> Report:
        """The report, whose counts make the last line."""
        self.report.notes = dict(self._notes)
        self._write({"what": "summary", "report": self.report})
        return self.report

    def _note(self, notes: list[Note]) -> None:
        for note in notes:
            self._notes[note.kind] += note.count
            if note.value and note.became:
                _keep(self.report.renamed, Renamed(note.row, note.kind, note.value, note.became))

    def _write(self, event: dict[str, object]) -> None:
        if self._lines is not None:
            self._lines.write(msgspec.json.encode(event).decode() + "\n")


def _keep(kept: list[msgspec.Struct] | list[Skipped] | list[Refusal] | list[Renamed], one: msgspec.Struct) -> None:
    if len(kept) < _KEPT:
        kept.append(one)  # type: ignore[arg-type]
