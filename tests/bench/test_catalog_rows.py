"""What the rows of the catalog rest on: ages of what is shown, a page's parts, and the same rows put in bare."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from bench import bare, goods
from bench.changes import Change, Look, ages
from bench.shops import Shop
from bench.weight import Named
from shopapi.catalog.tables import listing
from shopapi.db.migrate import migrate

CHANGES = [Change(6, 0.0, 0.01), Change(0, 10.0, 10.01), Change(1, 10.5, 10.51), Change(2, 11.0, 11.01)]


def test_what_stands_has_no_age() -> None:
    assert ages(CHANGES, [Look(6, 9.0, 9.1), Look(2, 20.0, 20.1)]) == (0.0, 0)


def test_an_old_value_is_as_old_as_the_change_that_put_an_end_to_it() -> None:
    oldest, never_true = ages(CHANGES, [Look(0, 10.6, 10.75), Look(0, 11.7, 11.75), Look(1, 11.0, 11.1)])
    assert oldest == pytest.approx(1.25)
    assert never_true == 0


def test_a_value_from_before_its_change_was_sent_is_counted_as_never_true() -> None:
    assert ages(CHANGES, [Look(1, 10.0, 10.4), Look(5, 12.0, 12.1)]) == (0.0, 2)


def test_a_pages_weight_counts_what_a_browser_fetches_before_anybody_scrolls() -> None:
    page = """
      <link rel="stylesheet" href="/a.css"><link rel="canonical" href="https://shop.example/">
      <script type="application/ld+json">{}</script><script src="/b.js"></script>
      <img src="/first.svg"><img src="/below.svg" loading="lazy">
    """
    assert Named(page).found == [("css", "/a.css"), ("js", "/b.js"), ("picture", "/first.svg")]


def test_a_shop_put_in_bare_has_every_row_of_the_one_that_was_filled(tmp_path: Path) -> None:
    filled, target = (Shop("SQLite", f"sqlite:///{tmp_path / name}", 0) for name in ("filled.db", "bare.db"))
    goods.fill(filled.url, 20, lambda _: None)
    migrate(target.url)
    seconds, rows = bare.executemany(filled, target)
    assert seconds > 0
    for made in (filled, target):
        ((shown,),) = goods.ask(made, select(func.count()).select_from(listing))
        assert shown > 20
    assert rows > 20 * 10
    assert filled.audit() == target.audit()


def test_a_kept_shop_is_made_once_and_only_copied_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goods, "KEPT", tmp_path / "kept")
    said: list[str] = []
    first = goods.sqlite_shop(tmp_path, 5, said.append)
    made = len(said)
    slugs = goods.slugs(first, 3)
    assert len(set(slugs)) == 3
    assert made == 1
    assert goods.slugs(goods.sqlite_shop(tmp_path, 5, said.append), 3) == slugs
    assert len(said) == made
    assert (tmp_path / "kept" / ".gitignore").read_text() == "*\n"
