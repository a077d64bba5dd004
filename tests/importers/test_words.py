"""HTML from other shops comes in safe, and Markdown gives it back as it came."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopapi.catalog.rich_text import html_of
from shopctl.importers import words

FRAGMENTS = st.sampled_from(
    [
        *(
            "<p>",
            "</p>",
            "<div class='x'>",
            "</div>",
            "<ul>",
            "<li>",
            "</li>",
            "</ul>",
            "<h1>",
            "</h1>",
            "<br>",
            "<hr>",
        ),
        *("<strong>", "</strong>", "<em>", "<table><tr><td>", "</td></tr></table>", "<blockquote>", "</blockquote>"),
        *("<pre>", "</pre>", "a * b * c", "_x_", "# head", "1. one", "- two", "\n", "\n\n", "    four", "&amp;", "& <"),
        *("[x](y)", "`code`", "~~~", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "ä ö"),
        *('<a href="javascript:alert(1)" onclick="x">', '<a href="https://a.example/?a=1&b=2">', "</a>", "<!-- c -->"),
    ]
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.lists(FRAGMENTS, max_size=12).map("".join), st.booleans())
def test_markdown_gives_back_what_was_stored_and_nothing_that_runs(html: str, lines_count: bool) -> None:
    stored = words.description(html, lines_count=lines_count)
    shown = html_of(stored)
    assert shown.replace("\n", "") == stored.replace("\n", "") or "<" not in stored
    for sign in ("<script", "onerror", "onclick", "javascript:", "<img", "<!--"):
        assert sign not in shown
    assert "\n\n" not in stored or "<" not in stored


def test_plain_text_stays_plain_text() -> None:
    assert words.description("Dark denim, it's good (very).", lines_count=False) == "Dark denim, it's good (very)."
    assert words.description("One.\n\nTwo.", lines_count=False) == "One.\n\nTwo."


@pytest.mark.parametrize("text", ["5 * 3 * 2", "# 1 in town", "1. of all", "- a dash", "_so_", "a | b", "x\n==="])
def test_signs_of_markdown_in_plain_text_are_shown_as_they_are(text: str) -> None:
    shown = html_of(words.description(text, lines_count=False))
    assert shown == "<p>" + text.replace("\n", "<br>") + "</p>"


def test_blocks_that_are_not_kept_do_not_glue_words_together() -> None:
    assert words.description("<div>one</div><div>two</div>", lines_count=False) == "<p>one</p>\n<p>two</p>"


def test_wordpress_parts_paragraphs_by_blank_lines() -> None:
    html = "First <strong>line</strong>\nsecond\n\nnext\n<ul>\n\n<li>x</li>\n</ul>"
    assert words.description(html, lines_count=True) == (
        "<p>First <strong>line</strong><br>second</p>\n<p>next</p>\n<ul> <li>x</li> </ul>"
    )


def test_a_line_of_html_is_plain_text() -> None:
    assert words.line_of_html("<p>One &amp; <b>two</b></p><p>three</p>") == "One & two three"
    assert len(words.line_of_html("word " * 100)) <= 200


@pytest.mark.parametrize("part", ["<", '<a "', "<!--", "&", "<br", "<div ", "x ", "x" + " " * 1000])
@pytest.mark.parametrize("lines_count", [False, True])
def test_a_long_cell_of_anything_is_read_in_one_go(part: str, lines_count: bool) -> None:
    """What took a time that grows with the square of the length would not come to its end here."""
    cell = part * (200_000 // len(part))
    assert "<a" not in words.description(cell, lines_count=lines_count)
    assert len(words.line_of_html(cell)) <= words.MAX_LINE


def test_a_sign_below_in_plain_text_makes_no_markup_of_it() -> None:
    assert words.description("3 < 5\n\nso it is", lines_count=False) == "<p>3 &lt; 5</p>\n<p>so it is</p>"
