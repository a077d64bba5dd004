"""What a page costs over the network before anybody scrolls: itself, and all that it names."""

import re
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from bench.catalog import HEADERS
from bench.plan import CannotMeasureError
from bench.servers import Server

_NAMED_BY_STYLE: Final = re.compile(r"url\(\s*[\"']?([^\"')]+)")
_LINKS: Final = {"stylesheet": "css", "icon": "icon", "preload": "preload", "modulepreload": "js"}


class Part(msgspec.Struct, frozen=True):
    """A file; ``size`` is that of its body as it was sent, in bytes."""

    kind: str
    path: str
    size: int


class Weight(msgspec.Struct, frozen=True):
    """A page's parts, and the other hosts that it would ask."""

    parts: list[Part]
    elsewhere: list[str]

    def kib(self, *kinds: str) -> float:
        """What parts of these kinds weigh, or all."""
        return sum(part.size for part in self.parts if not kinds or part.kind in kinds) / 1024


class Named(HTMLParser):
    """What a page names that a browser fetches at once: style sheets, scripts, icons, pictures that are not lazy."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "link":
            for rel in told.get("rel", "").split():
                if rel in _LINKS and "href" in told:
                    self.found.append((_LINKS[rel], told["href"]))
        elif tag == "script" and "src" in told:
            self.found.append(("js", told["src"]))
        elif tag == "img" and told.get("loading") != "lazy" and "src" in told:
            self.found.append(("picture", told["src"]))


def weigh(web: Server, path: str = "/") -> Weight:
    """Fetch a page and what it names, each once. Raises :class:`CannotMeasureError` where something is missing."""
    own = f"http://127.0.0.1:{web.port}"
    parts: dict[str, Part] = {}
    elsewhere: dict[str, None] = {}
    with httpx.Client(headers=HEADERS, timeout=30, trust_env=False) as browser:

        def take(kind: str, url: str) -> str:
            if url.startswith("data:") or url in parts:
                return ""
            if not url.startswith(f"{own}/"):
                elsewhere[urlsplit(url).netloc] = None
                return ""
            with browser.stream("GET", url) as answer:
                text = answer.read().decode("utf-8", "replace")
                if answer.status_code != 200:
                    raise CannotMeasureError(f"{urlsplit(url).path} answers {answer.status_code}")
                parts[url] = Part(kind, urlsplit(url).path, answer.num_bytes_downloaded)
            return text

        here = urljoin(own, path)
        for kind, reference in Named(take("html", here)).found:
            url = urljoin(here, reference)
            style = take("font" if url.endswith(".woff2") else kind, url)
            if kind == "css":
                for inner in _NAMED_BY_STYLE.findall(style):
                    take("font" if inner.endswith(".woff2") else "picture", urljoin(url, inner))
    return Weight(list(parts.values()), list(elsewhere))
