"""Renderings in a directory: written, or compared with what lies there."""

import difflib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shopctl.manifests.render import Manifest
from shopctl.manifests.values import COMMAND

MARK: Final = "Written by `shopctl {}"
"""What a file of ours says near its beginning, with the command that writes it."""

_READ_MOST: Final = 4096


class NotOurs(Exception):
    """A file that somebody else wrote lies where one of ours belongs."""


@dataclass(frozen=True)
class Written:
    """What became of a directory: file names."""

    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)


def write(folder: Path, manifests: Sequence[Manifest], command: str) -> Written:
    """Bring ``folder`` to exactly these files of ours, each whole or not at all; others are left alone.

    A file of this ``command`` that no longer belongs to them is removed: ``kubectl apply -f`` would take it for one.
    Raises :class:`NotOurs` before anything is written where somebody else's file has the name of one of ours.
    """
    folder.mkdir(parents=True, exist_ok=True)
    report = Written()
    for manifest in manifests:
        file = folder / manifest.name
        if file.exists() and not _is_from(command, file):
            raise NotOurs(str(file))
    for manifest in manifests:
        file = folder / manifest.name
        if file.exists() and file.read_bytes() == manifest.text.encode():
            report.unchanged.append(manifest.name)
        else:
            _replace(file, manifest.text)
            report.written.append(manifest.name)
    for name in _others(folder, manifests):
        if _is_stale(command, folder / name):
            (folder / name).unlink()
            report.removed.append(name)
        else:
            report.left_alone.append(name)
    return report


def _replace(file: Path, text: str) -> None:
    try:
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    except OSError as error:
        # Of the file that it names nobody has heard.
        raise OSError(error.errno, error.strerror, str(file.parent)) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
        # As any other file that a person writes; a Secret keeps what mkstemp gave it.
        if "\nkind: Secret\n" not in text:
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(name, 0o666 & ~umask)
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def differences(folder: Path, manifests: Sequence[Manifest], command: str) -> Iterator[str]:
    """The lines of a unified diff from what lies in ``folder`` to what would be written."""
    for manifest in manifests:
        file = folder / manifest.name
        yield from _diff(str(file), _there(file) if file.is_file() else "", manifest.text)
    for name in _others(folder, manifests):
        if _is_stale(command, folder / name):
            yield from _diff(str(folder / name), _there(folder / name), "")


def _there(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def _diff(name: str, there: str, wanted: str) -> Iterator[str]:
    old, new = name if there else "/dev/null", name if wanted else "/dev/null"
    yield from difflib.unified_diff(there.splitlines(), wanted.splitlines(), old, new, lineterm="")


def _others(folder: Path, manifests: Sequence[Manifest]) -> list[str]:
    names = {manifest.name for manifest in manifests}
    there = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    return [name for name in there if name not in names]


def _is_from(command: str, file: Path) -> bool:
    if not file.is_file() or file.suffix != ".yaml":
        return False
    with file.open("rb") as opened:
        return MARK.format(command).encode() in opened.read(_READ_MOST)


def _is_stale(command: str, file: Path) -> bool:
    # Of the others one file is one rendering, and two may lie side by side.
    return command == COMMAND["kubernetes"] and _is_from(command, file)
