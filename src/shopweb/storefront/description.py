"""A description, folded at its headings."""

import re
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser

_VOID = frozenset(("br", "hr", "img"))
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Fold:
    """A part of the description; ``title`` is empty for what stands before the first heading."""

    title: str
    html: str


def folds_of(html: str) -> list[Fold]:
    """The parts of a sanitised description. A heading inside of something else, such as a quotation, folds nothing."""
    found = _Headings(html).found if "<h2" in html else []
    begins = [*(begin for begin, _ in found), len(html)]
    folds = [Fold("", html[: begins[0]].strip())]
    for (begin, after), end in zip(found, begins[1:], strict=True):
        title = " ".join(unescape(_TAG.sub("", html[begin:after])).split())
        folds.append(Fold(title, html[after:end].strip()))
    return [fold for fold in folds if fold.html]


class _Headings(HTMLParser):
    """Finds where the outermost ``h2`` begin and end."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self._lines = [0, *(match.end() for match in re.finditer("\n", html))]
        self._html = html
        self._depth = 0
        self._begin = -1
        self.found: list[tuple[int, int]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        if tag == "h2" and self._depth == 0:
            self._begin = self._at
        self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        self._depth -= 1
        if tag == "h2" and self._depth == 0 and self._begin >= 0:
            self.found.append((self._begin, self._html.index(">", self._at) + 1))
            self._begin = -1

    @property
    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column
