"""Markdown, in which HTML may stand, as HTML that is safe to show."""

from functools import lru_cache
from html import unescape
from typing import Final

import nh3
from markdown_it import MarkdownIt

_TAGS: Final = frozenset(
    {
        *("h2", "h3", "h4", "p", "br", "hr", "blockquote", "pre", "ul", "ol", "li", "dl", "dt", "dd"),
        *("a", "abbr", "b", "code", "del", "em", "i", "s", "small", "strong", "sub", "sup", "u"),
        *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
    }
)
_ATTRIBUTES: Final = {"a": {"href", "title"}, "abbr": {"title"}, "td": {"colspan", "rowspan"}, "th": {"scope"}}
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": True}).enable("table")


def clean_html(html: str) -> str:
    """``html`` without anything that could run, load or disguise: only plain text markup and safe links are left."""
    return nh3.clean(
        html,
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="nofollow noopener",
    )


def plain_text(markdown: str) -> str:
    """The words of ``markdown`` without its markup."""
    return unescape(nh3.clean(html_of(markdown), tags=set()))


@lru_cache(maxsize=4096)
def html_of(markdown: str) -> str:
    """What ``markdown`` says, as sanitised HTML."""
    return clean_html(_MARKDOWN.render(markdown)).strip() if markdown else ""
