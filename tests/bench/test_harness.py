"""The harness itself, on the shortest run there is: it must not rot between two real ones."""

import re
from pathlib import Path

import msgspec
import pytest
from rich.console import Console
from sqlalchemy import text

from bench import __main__ as command
from bench import docs, pgbench, results
from bench.load import Load
from bench.plan import CannotMeasureError
from bench.results import Results
from bench.rows import Goal, load_row
from bench.table import show
from shopapi.inventory.item_store import ADD_ITEM

ITEMS = "GET /items, 24 items, SQLite"
LOADS = [Load(answers=1000, duration_s=1.0), Load(answers=3000, duration_s=1.0), Load(answers=2000, duration_s=1.0)]


@pytest.mark.processes
def test_a_tiny_run_measures_the_list_of_items_beside_its_references(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    latest = tmp_path / "latest.json"
    monkeypatch.setattr(results, "FILE", latest)
    assert command.main(["--only", re.escape(ITEMS), "--seconds", "0.3", "--runs", "1"]) == 0
    written = msgspec.json.decode(latest.read_bytes(), type=Results)
    assert [(row.what, row.reference) for row in written.rows] == [(ITEMS, "hello"), (ITEMS, "asgi")]
    for row in written.rows:
        assert row.errors == row.reference_errors == 0
        assert row.figure
        assert row.reference_figure
        assert row.ratio == pytest.approx(row.figure / row.reference_figure)
    assert written.versions["load by"] == "bench.client"
    assert ITEMS in capsys.readouterr().out


def test_every_row_has_a_name_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    names = capsys.readouterr().out.splitlines()
    assert ITEMS in names
    assert len(set(names)) == len(names)


def test_a_pattern_that_finds_nothing_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "nothing is called so"]) == 2
    assert "--list" in capsys.readouterr().out


def test_pgbench_runs_the_very_statement_of_the_post(postgresql_url: str) -> None:
    script = pgbench.add_item_script(names=3)
    statement = re.sub(r"^\\set .*\n", "", script, flags=re.MULTILINE)
    assert statement.strip().removesuffix(";") == ADD_ITEM.text.strip()
    load = pgbench.run(postgresql_url.replace("postgresql+psycopg2", "postgresql"), script, 1)
    assert load.answers > 0
    assert load.errors == 0


def test_a_statement_with_a_parameter_that_pgbench_cannot_give_is_refused() -> None:
    with pytest.raises(CannotMeasureError, match="colour"):
        pgbench.script(text("SELECT :name, :colour"), names=1)


def test_a_ratio_is_that_of_the_medians() -> None:
    row = load_row("it", LOADS, "other", [Load(answers=4000, duration_s=1.0)], Goal(">=", 0.5), "")
    assert (row.figure, row.ratio, row.met) == (2000, 0.5, True)
    assert load_row("it", LOADS, "other", [Load(answers=4001, duration_s=1.0)], Goal(">=", 0.5), "").met is False


def test_a_figure_with_errors_shows_them_and_meets_no_goal(capsys: pytest.CaptureFixture[str]) -> None:
    bad = [Load(answers=1000, duration_s=1.0, refused=7)]
    row = load_row("it", bad, "other", [Load(answers=1, duration_s=1.0)], Goal(">=", 0.1), "")
    assert (row.figure, row.errors, row.met) == (993, 7, False)
    show([row], Console(width=160))
    assert "993/s, 7 ERRORS" in capsys.readouterr().out


def test_the_documentation_has_a_place_for_the_table_and_keeps_all_around_it() -> None:
    page = docs.PAGE.read_text(encoding="utf-8")
    row = load_row("it", LOADS, "other", LOADS, None, "a note")
    done = Results(results.now(), results.machine(), {"Python": "3"}, 10, 3, [row], ["the books agree"])
    filled = docs.filled(page, done)
    assert "| it | 2,000/s | other: 2,000/s | 1.00 | - | - |" in filled
    assert "- it: a note" in filled
    assert filled.partition(docs.BEGIN)[0] == page.partition(docs.BEGIN)[0]
    assert filled.partition(docs.END)[2] == page.partition(docs.END)[2]
    assert docs.filled(filled, done) == filled
