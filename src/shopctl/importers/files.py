"""Files that are written at the command line's word; one that cannot be ends the command as wrong usage."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from shopctl.console import clean, fail


@contextmanager
def report_file(report: str | None, source: str) -> Iterator[TextIO | None]:
    """The file for the report on ``source``, where one is wanted."""
    if report is None:
        yield None
        return
    if os.path.exists(report) and os.path.samefile(report, source):
        fail("The report would overwrite the file that is imported.", "--report with another name", 2)
    with _opened(report, report, "\n") as file:
        yield file


@contextmanager
def written_whole(path: str) -> Iterator[TextIO]:
    """A file that stands there whole or not at all, as long as the place is a plain one."""
    plain = not os.path.exists(path) or os.path.isfile(path)
    target = f"{path}.part" if plain else path
    file = _opened(target, path, "")
    try:
        with file:
            yield file
        if plain:
            os.replace(target, path)
    except BaseException:
        if plain:
            os.unlink(target)
        raise


def _opened(path: str, shown: str, newline: str) -> TextIO:
    try:
        return open(path, "w", encoding="utf-8", newline=newline)
    except OSError as error:
        fail(f"{clean(shown)} cannot be written: {error.strerror}.", exit_code=2)
