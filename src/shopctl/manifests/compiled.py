"""Compiled templates, kept beside them as Python keeps its modules: half of a rendering's time is to compile them."""

from contextlib import suppress
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket


class Compiled(FileSystemBytecodeCache):
    """What jinja2 keeps for itself in ``folder``. One that cannot be written, as in an image, is done without.

    Who may write there may change the package itself, so nothing is trusted that was not before; a template that has
    changed is known by a checksum.
    """

    def __init__(self, folder: Path) -> None:
        with suppress(OSError):
            folder.mkdir(exist_ok=True)
        super().__init__(str(folder))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template, if that can be."""
        with suppress(OSError):
            super().dump_bytecode(bucket)
