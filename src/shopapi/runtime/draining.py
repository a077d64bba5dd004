"""How the processes of a server learn that they are about to be stopped.

The parent process that owns the signals shares one byte with all of them, in a file that each maps into memory:
reading it costs nothing, and it works with every HTTP server, however that starts its workers.
"""

import mmap
import os
from pathlib import Path
from typing import Final

ENVIRONMENT: Final = "SHOPCTL_DRAIN_FLAG"
"""Names the shared file to the processes of one server. Set by ``shopctl serve-*``, not by people."""


class Draining:
    """Whether this server was told to stop: it then answers, but asks to be called no more."""

    def __init__(self, path: str | None = None) -> None:
        path = path or os.environ.get(ENVIRONMENT)
        self._byte: mmap.mmap | bytearray = bytearray(1)
        if path and Path(path).is_file():
            with open(path, "r+b") as file:
                self._byte = mmap.mmap(file.fileno(), 1)

    def __bool__(self) -> bool:
        return self._byte[0] != 0

    def begin(self) -> None:
        """From now on every process that shares the byte is draining."""
        self._byte[0] = 1
