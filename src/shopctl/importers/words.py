"""Words from other shops: names on one line, and HTML that Markdown gives back as it is."""

import html
import re
import textwrap
import unicodedata
from collections.abc import Iterator
from typing import Final

import nh3

from shopapi.catalog.rich_text import clean_html
from shopapi.contract.fields import NOT_BLANK

MAX_LINE: Final = 200
_MAX_SEO: Final = 500

_STEERING: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_IN_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# Possessive, and stopped by the next "<": what other shops send may be a megabyte of tags that nothing closes.
_TAG: Final = re.compile(r'(<[^<>"]*+(?:"[^"]*+"[^<>"]*+)*+>)')
_BREAKS: Final = re.compile(r"<(?:br|/p|/li|/div|/h\d|/tr)\b[^<>]*+>", re.IGNORECASE)
# What the shop's own sanitiser would take away in a manner that glues words together, as what it keeps.
_STAND_INS: Final = (
    (re.compile(r"<(/?)(?:div|section|article|header|footer|main|aside|figure|center)\b[^<>]*+>", re.I), r"<\1p>"),
    (re.compile(r"<(/?)h1\b[^<>]*+>", re.I), r"<\1h2>"),
    (re.compile(r"<(/?)h[56]\b[^<>]*+>", re.I), r"<\1h4>"),
)
_BLOCKS: Final = frozenset(["p", "ul", "ol", "dl", "li", "dt", "dd", "table", "blockquote", "h2", "h3", "h4", "pre"])
_EMPTY: Final = re.compile(r"<p>(?:\s|&nbsp;|<br>)*</p>")
_BLANK_LINE: Final = re.compile(r"\n\s*\n")
# Text in which no character means anything to Markdown.
_PLAIN: Final = re.compile(r"(?!\s*(?:[-+=:]|\d+[.)]))[^\\*_`~#|<>\[\]&^$={}@\t]*")


def one_line(text: str) -> str:
    """``text`` on one line, trimmed, in NFC, without control characters."""
    return _tidy(" ".join(_STEERING.sub(" ", text).split()))


def own_line(text: str) -> str:
    """``text`` as this shop stores it: blanks inside stay as many as they are."""
    return _tidy(_NOT_IN_LINE.sub(" ", text))


def visible(text: str) -> bool:
    """Whether a reader would see something of it."""
    return re.match(NOT_BLANK, text) is not None


def shortened(text: str, most: int = MAX_LINE) -> str:
    """``text`` cut between words, with an ellipsis, where it is too long."""
    if len(text) <= most:
        return text
    return textwrap.shorten(text[: most + 2], most, placeholder=" …") if " " in text[:most] else f"{text[: most - 1]}…"


def line_of_html(markup: str, most: int = MAX_LINE) -> str:
    """What HTML says, on one line of plain text."""
    return shortened(one_line(html.unescape(nh3.clean(_BREAKS.sub(" ", markup), tags=set()))), most)


def seo(text: str) -> str:
    """A title or description for search engines."""
    return shortened(one_line(text), _MAX_SEO)


def description(markup: str, *, lines_count: bool) -> str:
    """HTML from another shop as the Markdown that renders to it, sanitised.

    With ``lines_count`` a line break is one and a blank line parts paragraphs, as in WordPress; without, as in HTML,
    they are blanks. Plain text stays plain text.
    """
    text = _tidy(_STEERING.sub("", markup.replace("\r\n", "\n").replace("\r", "\n")))
    if not _TAG.search(text) and "&" not in text:
        return _from_text(text)
    for pattern, stand_in in _STAND_INS:
        text = pattern.sub(stand_in, text)
    # Twice: what is put together anew may nest otherwise than a browser has it.
    joined = clean_html("\n".join(_blocks(clean_html(text), lines_count)))
    return "\n".join(line for line in _EMPTY.sub("", joined).splitlines() if line.strip())


def _tidy(text: str) -> str:
    # As clean_text has it, whose pattern would take hours for a megabyte of blanks inside a text.
    return unicodedata.normalize("NFC", text).strip()


def _from_text(text: str) -> str:
    paragraphs = [one for one in _BLANK_LINE.split(text) if one.strip()]
    lines = [line.strip() for one in paragraphs for line in one.splitlines()]
    if all(_PLAIN.fullmatch(line) for line in lines):
        return "\n\n".join("\n".join(line.strip() for line in one.splitlines()) for one in paragraphs)
    return "\n".join(_paragraph(html.escape(one, quote=False)) for one in paragraphs)


def _paragraph(text: str) -> str:
    return f"<p>{'<br>'.join(line.strip() for line in text.strip().splitlines())}</p>"


def _blocks(markup: str, lines_count: bool) -> Iterator[str]:
    """Each outermost block on a line of its own, so that Markdown takes every line for HTML."""
    depth, run = 0, list[str]()
    for part in _TAG.split(markup):
        tag = re.match(r"<(/?)(\w+)", part)
        block = tag is not None and tag[2] in _BLOCKS
        if block and tag is not None and not tag[1]:
            if depth == 0:
                yield from _run(run, lines_count)
            depth += 1
            run.append(part)
        elif block:
            run.append(part)
            depth = max(0, depth - 1)
            if depth == 0:
                yield _one_line_of(run)
        elif part == "<hr>" and depth == 0:
            yield from _run(run, lines_count)
            yield part
        else:
            run.append(part)
    yield from _run(run, lines_count)


def _run(run: list[str], lines_count: bool) -> Iterator[str]:
    text = "".join(run)
    run.clear()
    if not _TAG.sub("", text).strip():
        return
    if not lines_count:
        yield f"<p>{' '.join(text.split())}</p>"
        return
    for one in _BLANK_LINE.split(text):
        if one.strip():
            yield _paragraph(one)


def _one_line_of(run: list[str]) -> str:
    text = "".join(run)
    run.clear()
    if text.startswith("<pre"):
        return text.strip("\n").replace("\n", "<br>")
    return " ".join(text.split())
