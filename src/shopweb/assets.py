"""Static files, read and compressed once, each under a URL that holds the hash of its content.

So browsers may keep them for ever, and a new release is seen at once.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

# What is text goes out with "; charset=utf-8".
_KINDS: Final = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "woff2": "font/woff2",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_HASHED: Final = re.compile(r"(.+)\.([0-9a-f]{16})\.([a-z0-9]+)")


@dataclass(frozen=True)
class Asset:
    """One file: ``plain`` as it is, ``small`` compressed (empty where that gains nothing)."""

    kind: str
    tag: str
    plain: bytes
    small: bytes


class Assets:
    """Every file under ``static/``."""

    def __init__(self) -> None:
        self._known: dict[str, Asset] = {}
        found = dict(_walk(files("shopweb").joinpath("static"), ""))
        # Style sheets last: they name the fonts by their URLs.
        for name in sorted(found, key=lambda name: name.endswith(".css")):
            content = found[name].read_bytes()
            if name.endswith(".css"):
                content = re.sub(rb'url\("\.\./([^"]+)"\)', self._hashed_reference, content)
            self._known[name] = _asset(name, content)

    def url(self, name: str) -> str:
        """Where ``name`` (such as ``css/shop.css``) is served."""
        stem, _, ending = name.rpartition(".")
        return f"/static/{stem}.{self._known[name].tag}.{ending}"

    def find(self, path: str) -> tuple[Asset, bool] | None:
        """The file behind a path, and whether the hash in it is the one of its content."""
        match = _HASHED.fullmatch(path)
        asset = self._known.get(f"{match[1]}.{match[3]}") if match else None
        return (asset, match[2] == asset.tag) if match and asset else None

    def _hashed_reference(self, match: re.Match[bytes]) -> bytes:
        return f'url("{self.url(match[1].decode())}")'.encode()


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _walk(entry, f"{name}/")
        elif name.rpartition(".")[2] in _KINDS:
            found.append((name, entry))
    return found


def _asset(name: str, content: bytes) -> Asset:
    ending = name.rpartition(".")[2]
    small = b"" if ending == "woff2" else gzip.compress(content, 9, mtime=0)
    tag = hashlib.sha256(content).hexdigest()[:16]
    return Asset(_KINDS[ending], tag, content, small if len(small) < len(content) else b"")


@get("/static/{path:path}", sync_to_thread=False)
def static_file(request: Request[Any, Any, Any], path: FromPath[str]) -> Response[bytes]:
    """A static file, compressed where the browser takes it."""
    found = request.app.state.site.assets.find(path.removeprefix("/"))
    if found is None:
        raise NotFoundException
    asset, current = found
    small = bool(asset.small) and accepts_gzip(request.headers.get("accept-encoding", ""))
    tag = f'"{asset.tag}{"-gzip" if small else ""}"'
    # While a release rolls out, a page of the new one may ask a process of the old: serve it, but keep it nowhere.
    headers = {"Cache-Control": _FOR_EVER if current else "no-store", "ETag": tag, "Vary": "Accept-Encoding"}
    if tag in (seen.strip() for seen in request.headers.get("if-none-match", "").split(",")):
        return Response(b"", status_code=304, headers=headers)
    if small:
        headers["Content-Encoding"] = "gzip"
    return Response(asset.small if small else asset.plain, media_type=asset.kind, headers=headers)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether a browser takes gzip."""
    for part in accept_encoding.split(","):
        name, _, weight = part.strip().partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
