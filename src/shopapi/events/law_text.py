"""A text that the law asks for, as an e-mail without HTML says it: no tags, and no marks of Markdown either."""

import re
from html.parser import HTMLParser
from typing import Final

_SPACE: Final = re.compile(r"[ \t\r\n]+")
_HEADINGS: Final = frozenset({"h2", "h3", "h4"})
_LISTS: Final = frozenset({"ul", "ol"})
_APART: Final = frozenset({*_HEADINGS, *_LISTS, "p", "blockquote", "pre", "dl", "table", "hr"})
"""What stands between empty lines; in a list it does not."""
_LINES: Final = frozenset({*_APART, "li", "dt", "dd", "tr", "caption", "br"})


def as_text(html: str) -> str:
    """What sanitised ``html`` says: a heading underlined, lists with their marks, a link with where it leads."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._words = ""
        self._apart = False
        self._as_it_is = False
        self._lists: list[int | None] = []  # How many items a numbered one has so far.
        self._mark = ""
        self._link, self._link_at = "", 0

    def text(self) -> str:
        self._end_line()
        return "\n".join(self._lines)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._part(tag)
        if tag in _LISTS:
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li" and self._lists:
            count = self._lists[-1]
            self._lists[-1] = None if count is None else count + 1
            self._mark = "- " if count is None else f"{count + 1}. "
        elif tag == "pre":
            self._as_it_is = True
        elif tag in ("td", "th") and self._words.strip():
            self._words += " | "
        elif tag == "a":
            self._link, self._link_at = dict(attrs).get("href") or "", len(self._words)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            where, said = self._link.removeprefix("mailto:").removeprefix("tel:"), self._words[self._link_at :].strip()
            self._words += f" ({where})" if where and where != said else ""
            self._link = ""
        heads = tag in _HEADINGS and bool(self._words.strip())
        self._part(tag)
        if heads:
            self._lines.append("-" * len(self._lines[-1]))
        elif tag in _LISTS and self._lists:
            self._lists.pop()
            self._apart = not self._lists
        elif tag == "pre":
            self._as_it_is = False

    def handle_data(self, data: str) -> None:
        self._words += data if self._as_it_is else _SPACE.sub(" ", data)

    def _part(self, tag: str) -> None:
        if tag in _LINES:
            self._end_line()
        if tag in _APART and not self._lists:
            self._apart = True

    def _end_line(self) -> None:
        words = self._words.rstrip() if self._as_it_is else _SPACE.sub(" ", self._words).strip()
        self._words = ""
        if not words:
            return
        if self._apart and self._lines:
            self._lines.append("")
        self._apart = False
        if self._lists:
            words = "  " * (len(self._lists) - 1) + (self._mark or "  ") + words
        self._mark = ""
        self._lines.append(words)
