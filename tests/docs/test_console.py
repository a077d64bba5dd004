"""Every command that a page shows at a prompt is run, and says what the page shows."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs import pages
from tests.docs.terminal import Desk, missing

SHOWN = [name for name in pages.NAMES if pages.blocks(name, "console")]


@pytest.fixture
def desk(tmp_path: Path, empty_postgresql_url: str) -> Iterator[Desk]:
    lacking = [program for program in ("bash", "curl") if shutil.which(program) is None]
    if lacking and not os.environ.get("CI"):
        pytest.skip(f"The pages use {' and '.join(lacking)}, which this machine lacks.")
    assert not lacking, f"The pages use {lacking}."
    made = Desk(tmp_path, empty_postgresql_url.replace("+psycopg2", ""))
    yield made
    made.close()


@pytest.mark.processes
@pytest.mark.parametrize("name", SHOWN)
def test_what_a_page_shows_happens(name: str, desk: Desk) -> None:
    for block in pages.blocks(name, "console"):
        for step in pages.steps(block):
            desk.do(step)


def test_the_tutorial_and_the_how_to_pages_are_among_them() -> None:
    assert {"docs/tutorial.md", "docs/how-to/run-on-postgresql.md", "docs/how-to/classroom.md"} <= set(SHOWN)


def test_a_block_is_read_as_a_terminal_shows_it() -> None:
    first, second = pages.steps("$ echo one \\\n>   two\none two\n\n^C\n  › stopping\n")
    assert first == pages.Step("echo one \\\n  two", ("one two",))
    assert second == pages.Step("^C", ("  › stopping",))


def test_a_line_that_did_not_come_is_missed() -> None:
    said = ["a log line", "key 1  tutorial", "secret abc (shown once)"]
    assert missing(("key … tutorial", "secret … (shown once)"), said) is None
    assert missing(("secret … (shown once)", "key … tutorial"), said) == "key … tutorial"
    assert missing(("key",), said) == "key"
