"""A lock that processes on one machine take in turn: SQLite knows none that outlasts a transaction."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file_lock(path: Path, wait_s: float, busy: Exception) -> Iterator[None]:
    """Hold the lock of the file at ``path``; it ends with the process, however that ends.

    Raises ``busy`` when another process has had it for ``wait_s``.
    """
    until = time.monotonic() + wait_s
    file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > until:
                    raise busy from None
                time.sleep(0.1)
            else:
                break
        yield
    finally:
        os.close(file)
