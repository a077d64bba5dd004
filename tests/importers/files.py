"""Files from other shops, and what is read of them."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shopapi.catalog.records import ProductRecord
from shopctl.importers.formats import FormatName, open_table, survey
from shopctl.importers.reading import open_source
from shopctl.importers.rows import Incoming, Skipped, Terms

NOW = datetime(2025, 11, 24, 16, 5, tzinfo=UTC)


def table_text(rows: Sequence[Mapping[str, str]], delimiter: str = ",") -> str:
    """Rows as CSV; the head line has every column that one of them names."""
    heads = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, heads, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read_bytes(
    directory: Path, content: bytes, wanted: FormatName | None = None, **terms: Any
) -> list[Incoming | Skipped]:
    """What the file with this content gives, in its order."""
    file = directory / "products.csv"
    file.write_bytes(content)
    table = open_table(open_source(str(file)), wanted)
    found = survey(table)
    known = Terms(**{"locale": "de", "now": NOW, "decimal_comma": found.decimal_comma, **terms})
    return list(table.products(known, lambda: None))


def read_rows(directory: Path, rows: Sequence[Mapping[str, str]], **terms: Any) -> list[Incoming | Skipped]:
    """What a file with these rows gives."""
    return read_bytes(directory, table_text(rows).encode(), **terms)


def the_one(read: Sequence[Incoming | Skipped]) -> Incoming:
    """The single product that was read, which is whole."""
    assert len(read) == 1, read
    assert isinstance(read[0], Incoming), read[0]
    return read[0]


def the_skipped(read: Sequence[Incoming | Skipped]) -> Skipped:
    """The single row that was skipped."""
    (found,) = [one for one in read if isinstance(one, Skipped)]
    return found


def records(read: Sequence[Incoming | Skipped]) -> list[ProductRecord]:
    """The products that came in."""
    return [one.record for one in read if isinstance(one, Incoming)]


def notes(incoming: Incoming) -> dict[str, int]:
    """How often each note was made."""
    counted: dict[str, int] = {}
    for note in incoming.notes:
        counted[note.kind] = counted.get(note.kind, 0) + note.count
    return counted
