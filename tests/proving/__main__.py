"""``make prove``: every proof with its whole load, and a table of what came of each. Exit code 1 with a red row."""

import os
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.proving.collecting import BESIDE, EXAMPLES, Rows
from tests.proving.proof import SIZE
from tests.proving.table import print_table

TESTS = Path(__file__).parents[1]
_MARK = "from tests.proving.proof import"
_MANY = "20000"
"""Examples of each property of money."""


def proofs() -> list[str]:
    """The files that hold proofs."""
    found = [file for file in sorted(TESTS.rglob("test_*.py")) if _MARK in file.read_text()]
    return [str(TESTS.parent / BESIDE), *(str(file) for file in found if file.parent != Path(__file__).parent)]


def prove(arguments: list[str], files: list[str] | None = None) -> int:
    """Run the proofs and print their table; ``arguments`` are pytest's."""
    os.environ.setdefault(SIZE, "full")
    os.environ.setdefault(EXAMPLES, _MANY)
    rows = Rows()
    code = pytest.main([*(proofs() if files is None else files), *arguments], plugins=[rows])
    held = print_table(rows.proved, Console(width=None if sys.stdout.isatty() else 180))
    return 0 if held and code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) else 1


if __name__ == "__main__":
    sys.exit(prove(sys.argv[1:]))
