"""A directory with one file for each secret: whole or not there, and made once however many try at the same time."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from shopctl.secrets import NAMES, Unfit, completed

DIRECTORY_MODE: Final = 0o750
FILE_MODE: Final = 0o440
_WAIT_S: Final = 30.0
_LARGEST: Final = 16 * 1024


class AlreadyThere(Exception):
    """Secrets lie in the directory already; ``names`` says which."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


class Busy(Exception):
    """Another process has been making secrets in the directory for too long."""


class Made(NamedTuple):
    """``names`` of the secrets that were made, and ``open_files`` that everybody on this machine can read."""

    names: list[str]
    open_files: list[Path]


def make_secrets(directory: Path, database_host: str = "database", *, if_missing: bool = False) -> Made:
    """Make the secrets in ``directory``, which is made where it is not there.

    ``if_missing`` makes those that are not there and fit to those that are. Raises :class:`AlreadyThere` without it
    where one is there, :class:`~shopctl.secrets.Unfit` where what is there cannot be used, :class:`Busy`, ``OSError``,
    and ``ValueError`` where ``database_host`` is no host name.
    """
    completed({}, database_host)  # What is refused leaves no directory behind.
    _make_directory(directory)
    with _turn(directory) as folder:
        there = [name for name in NAMES if os.path.lexists(directory / name)]
        if there and not if_missing:
            raise AlreadyThere(there)
        known = _read(directory, there)
        made = {name: value for name, value in completed(known, database_host).items() if name not in known}
        if made:
            _write(directory, made)
            os.fsync(folder)
    return Made(list(made), [directory / name for name in there if _is_open(directory / name)])


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=DIRECTORY_MODE)
    except FileExistsError:
        return
    directory.chmod(DIRECTORY_MODE)  # The umask may have taken away what the group needs.


@contextmanager
def _turn(directory: Path) -> Iterator[int]:
    # The directory itself is what is locked, so that no lock file stays beside the secrets.
    folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        until = time.monotonic() + _WAIT_S
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Busy from None
                time.sleep(0.02)
            except OSError as error:  # Some network file systems know no locks.
                raise OSError(error.errno, f"cannot be locked ({error.strerror})", str(directory)) from None
        yield folder
    finally:
        os.close(folder)


def _read(directory: Path, names: list[str]) -> dict[str, str]:
    found, problems = dict[str, str](), list[str]()
    for name in names:
        try:
            with open(directory / name, "rb") as file:
                found[name] = file.read(_LARGEST).decode().strip()
        except OSError as error:
            problems.append(f"{name} cannot be read: {error.strerror}.")
        except UnicodeDecodeError:
            problems.append(f"{name} is not UTF-8 text.")
    if problems:
        raise Unfit(problems)
    return found


def _write(directory: Path, values: dict[str, str]) -> None:
    """Every file is whole on the disk before the first gets its name: what is cut short leaves fewer names, no mix."""
    fresh = {name: directory / f".{name}.new" for name in values}
    try:
        for name, path in fresh.items():
            path.unlink(missing_ok=True)  # Of one who was killed: only who has the turn writes here.
            with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE), "w", encoding="utf-8") as file:
                file.write(values[name])
                file.flush()
                os.fchmod(file.fileno(), FILE_MODE)
                os.fsync(file.fileno())
        for name, path in fresh.items():
            path.rename(directory / name)
    finally:
        for path in fresh.values():
            path.unlink(missing_ok=True)


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IROTH)
