"""SQL over pictures: the bytes by the hash of their content."""

import hashlib
from collections.abc import Collection

from msgspec import Struct
from sqlalchemy import Connection, bindparam, func, insert, select

from shopapi.catalog.records import Picture
from shopapi.db.engine import Reader
from shopapi.media.tables import media, media_file

_FILE = (
    select(media.c.kind, media_file.c.content)
    .join_from(media, media_file, media_file.c.sha256 == media.c.sha256)
    .where(media.c.sha256 == bindparam("sha256"))
    .order_by(media_file.c.width < bindparam("width"), func.abs(media_file.c.width - bindparam("width")))
    .limit(1)
)


class StoredFile(Struct, frozen=True):
    """A picture's bytes and the ending of its file's name."""

    kind: str
    content: bytes


def sha256_of(picture: Picture) -> str:
    """The hash of the picture's bytes, in hexadecimal digits; it is the picture's name."""
    return hashlib.sha256(picture.content).hexdigest()


def store_picture(c: Connection, picture: Picture) -> str:
    """Keep a picture and answer its name; one that is there already is left as it is."""
    name = sha256_of(picture)
    if not stored(c, [name]):
        c.execute(insert(media).values(sha256=name, kind=picture.kind, width=picture.width, height=picture.height))
        c.execute(insert(media_file).values(sha256=name, width=picture.width, content=picture.content))
    return name


def stored(c: Reader, names: Collection[str]) -> set[str]:
    """Which of the pictures of these names there are."""
    return set(c.execute(select(media.c.sha256).where(media.c.sha256.in_(names))).scalars()) if names else set()


def read_file(c: Reader, sha256: str, *, width: int) -> StoredFile | None:
    """The narrowest file that is at least ``width`` pixels wide, else the widest."""
    row = c.execute(_FILE, {"sha256": sha256, "width": width}).first()
    return None if row is None else StoredFile(row.kind, row.content)
