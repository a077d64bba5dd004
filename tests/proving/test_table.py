"""The table of proofs: what did not hold, or saw no fault, is red, and ends with exit code 1."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console

from tests.proving.__main__ import TESTS, proofs
from tests.proving.proof import Row
from tests.proving.table import HELD, Proved, print_table

THREE = """
import pytest
from tests.proving.proof import Proof, is_full


def test_held(request):
    proof = Proof(request, "T01", "it holds", "2 x 3")
    proof.sometimes("kills", 2)
    proof.sometimes("kills", 3)
    assert is_full()


def test_saw_nothing(request):
    Proof(request, "T02", "nobody was killed", "1").sometimes("kills", 0)


@pytest.fixture
def books():
    yield
    assert False, "The audit found: a hole"


def test_books(request, books):
    Proof(request, "T03", "the books agree", "1").count("kills", 1)


def test_silent(request):
    raise ValueError("before it said what it proves")
"""


def prove(file: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    code = "import sys; from pathlib import Path; from tests.proving.__main__ import prove; "
    code += "sys.exit(prove(sys.argv[2:], [sys.argv[1]]))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SHOPCTL_PROVE")}
    more = ["-p", "no:cacheprovider", "-q", f"--rootdir={file.parent}", *arguments]
    return subprocess.run(
        [sys.executable, "-c", code, str(file), *more],
        capture_output=True,
        text=True,
        cwd=TESTS.parent,
        env=environment,
        check=False,
        timeout=60,
    )


def test_every_proof_has_a_row_with_what_happened_and_what_came_of_it(tmp_path: Path) -> None:
    file = tmp_path / "test_three.py"
    file.write_text(THREE)
    told = prove(file)
    assert told.returncode == 1, told.stdout
    rows = [line for line in told.stdout.splitlines() if line.startswith(("│", "┃"))]
    held, saw_nothing, books = (next(row for row in rows if f"T0{n}" in row) for n in (1, 2, 3))
    assert "kills: 5" in held
    assert HELD in held
    assert "kills: 0" in saw_nothing
    assert HELD not in saw_nothing
    assert HELD not in books
    assert "The audit found" in told.stdout
    assert "before it said what it proves" in told.stdout
    assert "3 of 4 rows are red." in told.stdout


def test_where_all_held_the_exit_code_says_so(tmp_path: Path) -> None:
    file = tmp_path / "test_three.py"
    file.write_text(THREE)
    told = prove(file, "-k", "held")
    assert told.returncode == 0, told.stdout
    assert "All 1 rows held." in told.stdout


def test_nothing_proved_is_red() -> None:
    written = StringIO()
    assert not print_table([], Console(file=written))
    assert "Nothing was proved." in written.getvalue()


def test_words_in_brackets_are_words(tmp_path: Path) -> None:
    written = StringIO()
    row = Row(ids="T01", promise="[bold]it holds[/bold]", database="", load="", faults={})
    assert not print_table([Proved(row, "assert [1] == [/2]", 0)], Console(file=written, width=200))
    assert "assert [1] == [/2]" in written.getvalue()
    assert "[bold]it holds[/bold]" in written.getvalue()


def test_the_files_of_proofs_are_found_by_what_they_use() -> None:
    names = {Path(file).name for file in proofs()}
    assert {"test_buyers.py", "test_shop_model.py", "test_tampering.py", "test_money.py"} <= names
    assert "test_table.py" not in names
