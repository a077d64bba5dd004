"""Pictures as the pages show them: from our own address, with what is to be seen on them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from shopapi.contract.catalog import Image


@dataclass(frozen=True)
class Picture:
    """Where a picture is, what is to be seen on it, and its size in pixels."""

    src: str
    alt: str
    width: int
    height: int


def picture(image: Image | None) -> Picture | None:
    """The API's picture under the storefront's address."""
    return Picture(media_path(image.url), image.alt, image.width, image.height) if image else None


def media_path(url: str) -> str:
    """Where the storefront shows what the API has at ``url``."""
    return f"/media/{urlsplit(url).path.rpartition('/')[2]}"
