"""Pure pieces of the storefront: when a parcel arrives, and how a description is folded."""

from datetime import date

import pytest

from shopapi.contract.calendar import holidays, working_day
from shopweb.storefront.description import folds_of


@pytest.mark.parametrize(
    ("start", "count", "arrives"),
    [
        (date(2026, 11, 24), 2, date(2026, 11, 26)),  # Tuesday to Thursday
        (date(2026, 11, 25), 3, date(2026, 11, 30)),  # over a weekend
        (date(2026, 11, 28), 1, date(2026, 12, 1)),  # from a Saturday: it leaves on Monday
        (date(2026, 11, 29), 1, date(2026, 12, 1)),  # from a Sunday
        (date(2026, 12, 25), 1, date(2026, 12, 29)),  # from Christmas, a Friday: it leaves on Monday
        (date(2026, 11, 29), 0, date(2026, 11, 30)),  # on the day on which it leaves
        (date(2026, 12, 23), 2, date(2026, 12, 28)),  # over Christmas
        (date(2027, 3, 25), 1, date(2027, 3, 30)),  # over Easter
        (date(2026, 11, 24), 0, date(2026, 11, 24)),
    ],
)
def test_parcels_travel_on_working_days(start: date, count: int, arrives: date) -> None:
    assert working_day(start, count) == arrives


def test_easter_is_where_the_calendar_has_it() -> None:
    mondays = {date(2024, 4, 1), date(2025, 4, 21), date(2026, 4, 6), date(2038, 4, 26)}
    assert all(monday in holidays(monday.year) for monday in mondays)
    assert all(len(holidays(year)) == 9 for year in range(2024, 2028))


@pytest.mark.parametrize(
    ("html", "titles"),
    [
        ("", []),
        ("<p>One.</p>", [""]),
        ("<p>One.</p>\n<h2>Two</h2>\n<p>2</p><h2>Three</h2><p>3</p>", ["", "Two", "Three"]),
        ("<h2>Two</h2><p>2</p>", ["Two"]),
        ("<blockquote><h2>Quoted</h2></blockquote><h2>Two</h2>x", ["", "Two"]),
        ("<p>a<br>b</p><h2>Two <em>&amp;</em></h2>x", ["", "Two &"]),
        ("<h2>Empty</h2>", []),
        ("<p>&lt;h2&gt;not a heading&lt;/h2&gt;</p>", [""]),
        ("text\nover\nlines<h2>Two</h2>\nmore", ["", "Two"]),
    ],
)
def test_a_description_is_cut_at_its_outermost_headings(html: str, titles: list[str]) -> None:
    folds = folds_of(html)
    assert [fold.title for fold in folds] == titles
    for fold in folds:
        for tag in ("p", "ul", "blockquote", "h2"):
            assert fold.html.count(f"<{tag}>") == fold.html.count(f"</{tag}>")
