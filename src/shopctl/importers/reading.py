"""A file from outside as rows with their numbers: encoding, delimiter and what is wrong with it, in constant memory.

A file that cannot be read as a table ends the command with one sentence and the remedy; a single row that cannot be
read comes out with its ``fault``, and the rows after it go on.
"""

import codecs
import csv
import os
import re
import stat
from collections.abc import Iterator
from typing import BinaryIO, Final, TextIO

from msgspec import Struct

from shopctl.console import clean, fail

MAX_CELL: Final = 1_000_000
"""The most characters that one cell may have."""

_MAX_ROW: Final = 8_000_000
_CHUNK: Final = 1 << 16
_DELIMITERS: Final = ",;\t"
_SEPARATOR_LINE: Final = re.compile(r"sep=([,;\t])\s*", re.IGNORECASE)
_WRONG_KINDS: Final = (
    (b"PK\x03\x04", "a ZIP file or an Excel workbook", "save the sheet as CSV (UTF-8), or unpack it, and import that"),
    (b"\x1f\x8b", "packed with gzip", "unpack it with gunzip first"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", "save the sheet as CSV (UTF-8) and import that"),
    (b"%PDF", "a PDF", "export the products as CSV and import that"),
)
_ENCODINGS: Final = {"cp1252": "Windows-1252", "latin-1": "Latin-1"}


class RawRow(Struct, frozen=True):
    """A row by its number in a spreadsheet, where the head line is row 1.

    ``fault`` says what is wrong with it, in the column at ``fault_at`` where that is known; the cells are then a guess.
    """

    number: int
    cells: list[str]
    fault: str = ""
    fault_at: int | None = None


class Source(Struct, frozen=True):
    """A table that can be read any number of times."""

    path: str
    encoding: str
    delimiter: str
    head: list[str]
    head_number: int

    @property
    def guessed_encoding(self) -> str | None:
        """The encoding's name where the file did not say it and is not UTF-8."""
        return _ENCODINGS.get(self.encoding)

    def rows(self) -> Iterator[RawRow]:
        """The rows below the head line, without blank ones."""
        with _opened(self.path, self.encoding) as text:
            for _ in range(self.head_number - 1):
                text.readline(_MAX_ROW)
            for row in _parsed(text, self.delimiter, self.head_number):
                if row.number > self.head_number and any(row.cells):
                    yield _checked(row, len(self.head))


def open_source(path: str) -> Source:
    """Look into the file at ``path``; ends the command with exit code 2 where it is no table."""
    encoding = _encoding(path)
    with _opened(path, encoding) as text:
        first, number = text.readline(_MAX_ROW), 1
        told = _SEPARATOR_LINE.fullmatch(first)
        if told is not None:
            first, number = text.readline(_MAX_ROW), 2
    if not first.strip():
        fail(f"The first line of {clean(path)} is empty.", "the first line names the columns", 2)
    if "\0" in first:
        fail(f"{clean(path)} is no text, or UTF-16 without its mark.", "save it as CSV in UTF-8", 2)
    delimiter = told[1] if told else max(_DELIMITERS, key=lambda one: len(_cells(first, one)))
    return Source(path, encoding, delimiter, [cell.strip() for cell in _cells(first, delimiter)], number)


def _encoding(path: str) -> str:
    try:
        with open(path, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                fail(f"{clean(path)} is no file.", "give the name of a CSV file", 2)
            start = file.read(4)
            _refuse_other_kinds(path, start)
            told = _by_mark(start)
            for encoding in [told] if told else ["utf-8", "cp1252"]:
                file.seek(0)
                if _decodes(file, encoding):
                    return encoding
    except OSError as error:
        what = "is a directory" if isinstance(error, IsADirectoryError) else f"cannot be read: {error.strerror}"
        fail(f"{clean(path)} {what}.", "give the name of a CSV file", 2)
    if told:
        fail(f"{clean(path)} begins as {told.upper()}, and is none further on.", "save it as CSV in UTF-8", 2)
    return "latin-1"


def _refuse_other_kinds(path: str, start: bytes) -> None:
    if not start:
        fail(f"{clean(path)} is empty.", "export the products again", 2)
    for mark, kind, remedy in _WRONG_KINDS:
        if start.startswith(mark):
            fail(f"{clean(path)} is {kind}, not a CSV file.", remedy, 2)


def _by_mark(start: bytes) -> str | None:
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "utf-16" if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else None


def _decodes(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _opened(path: str, encoding: str) -> TextIO:
    return open(path, encoding=encoding, newline="")


def _cells(line: str, delimiter: str) -> list[str]:
    csv.field_size_limit(_MAX_ROW)
    return next(csv.reader([line], delimiter=delimiter), [])


class _Lines:
    """Physical lines, and those that the row at hand took."""

    def __init__(self, text: TextIO, number: int) -> None:
        self._text, self.number, self.ended = text, number, False
        self.taken: list[str] = []
        self._size = 0

    def begin(self) -> None:
        """From here on the next row takes its lines."""
        self.taken.clear()
        self._size = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(_MAX_ROW)
        if not line:
            self.ended = True
            raise StopIteration
        self.taken.append(line)
        self._size += len(line)
        if self._size >= _MAX_ROW:
            fail(
                f"Row {self.number} has more than {_MAX_ROW:,} characters: a quotation mark may be open there.",
                "look at that row, and at the one before it",
                2,
            )
        return line


def _parsed(text: TextIO, delimiter: str, number: int) -> Iterator[RawRow]:
    # csv's own bound ends a file in the middle of a row; ours is told by row, and the file goes on.
    csv.field_size_limit(_MAX_ROW)
    lines = _Lines(text, number)
    # Strict, or an open quotation mark would swallow rows without a word.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        try:
            yield RawRow(lines.number, next(reader))
        except StopIteration:
            return
        except csv.Error:
            if lines.ended or len(lines.taken) > 1:
                fail(
                    f"Row {lines.number} opens a quotation mark that nothing closes well; what follows cannot be read.",
                    "close it, or write it twice where it belongs to the text",
                    2,
                )
            guess = _cells(lines.taken[0], delimiter)
            yield RawRow(lines.number, guess, 'has a quotation mark inside a cell; it must be written twice: ""')
        lines.number += 1


def _checked(row: RawRow, columns: int) -> RawRow:
    if row.fault:
        return row
    for at, cell in enumerate(row.cells):
        if len(cell) > MAX_CELL:
            return RawRow(row.number, row.cells, f"has {len(cell):,} characters; a cell has {MAX_CELL:,} at most", at)
        if "\0" in cell:
            return RawRow(row.number, row.cells, "has a NUL character", at)
    if len(row.cells) > columns and any(row.cells[columns:]):
        return RawRow(row.number, row.cells, f"has {len(row.cells)} cells, but the head line has {columns}")
    return row
