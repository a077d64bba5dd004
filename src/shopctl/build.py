"""Which build of this program runs: the commit it was made of, and when.

An image says so in ``SHOPCTL_COMMIT`` and ``SHOPCTL_BUILT``. A clone has its commit in ``.git``, which is read as the
files that it is: to start git would take longer than all else that ``shopctl version`` does.
"""

import os
import re
from pathlib import Path
from typing import Final, NamedTuple

_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?")


class Build(NamedTuple):
    """``commit`` is a hexadecimal name, ``built`` a moment in ISO 8601; ``None`` where it is not known."""

    commit: str | None
    built: str | None


def this_build() -> Build:
    """What is known of the program that runs. What does not look like a commit or a moment counts as not known."""
    commit, built = os.environ.get("SHOPCTL_COMMIT", ""), os.environ.get("SHOPCTL_BUILT", "")
    return Build(
        commit if _COMMIT.fullmatch(commit) else _commit_of(checkout()),
        built if _MOMENT.fullmatch(built) else None,
    )


def checkout() -> Path | None:
    """The clone that this program runs from; ``None`` where it is installed without one."""
    source = Path(__file__).resolve().parents[1]
    return source.parent if source.name == "src" and (source.parent / ".git").exists() else None


def _commit_of(clone: Path | None) -> str | None:
    if clone is None:
        return None
    try:
        git = clone / ".git"
        if git.is_file():  # A work tree beside its repository: the file names where the rest is.
            git = (clone / git.read_text().removeprefix("gitdir:").strip()).resolve()
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head if _COMMIT.fullmatch(head) else None
        shared = git / "commondir"
        homes = [git, (git / shared.read_text().strip()).resolve()] if shared.is_file() else [git]
        found = (_commit_at(home, head.removeprefix("ref: ")) for home in homes)
        return next(filter(None, found), None)
    except (OSError, UnicodeDecodeError):
        return None


def _commit_at(home: Path, ref: str) -> str | None:
    loose, packed = home / ref, home / "packed-refs"
    if loose.is_file():
        text = loose.read_text().strip()
    else:
        lines = packed.read_text().splitlines() if packed.is_file() else []
        text = next((line.partition(" ")[0] for line in lines if line.endswith(f" {ref}")), "")
    return text if _COMMIT.fullmatch(text) else None
