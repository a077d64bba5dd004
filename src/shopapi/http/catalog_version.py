"""The catalog's version, as this process last read it.

Whoever changes what a shopper could see raises the version in the same transaction. So what was read from the database
while it had a version is right for as long as it has it.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

EVERY_S: Final = 0.25
"""Seconds between two readings."""

TRUSTED_S: Final = 1.0
"""Seconds for which a reading is believed, from the moment before it was asked for."""

_AFTER_FAILURE_S: Final = 1.0
_log = logging.getLogger(__name__)


class Known(NamedTuple):
    """A reading: the version, and until when (by ``time.monotonic()``) nothing served by it is too old."""

    number: int | None
    until: float
    header: tuple[bytes, bytes]


NOTHING: Final = Known(None, 0.0, (b"", b""))
"""Before the first reading, and where there is none that can still be believed."""


class CatalogVersion:
    """Reads the version by ``read`` four times a second, in a thread of its own. ``read`` may raise: the last reading
    then ages. ``close`` is called by the thread when it ends."""

    def __init__(self, read: Callable[[], int], close: Callable[[], object] = lambda: None) -> None:
        self._read = read
        self._close = close
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.known = NOTHING
        """The last reading, however old."""

    def start(self) -> None:
        """Begin to read, unless that has begun. Not done when the app is made: a server may fork after that."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._read_on, name="catalog-version", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Read no more; waits for a reading that is under way, two seconds at the most."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2)

    def _read_on(self) -> None:
        failed, pause = False, 0.0
        while not self._stop.wait(pause):
            # Before the question: a change that is committed while it runs may be missing in the answer.
            at = time.monotonic()
            try:
                number = self._read()
            except Exception as error:
                if not failed:
                    _log.warning("The catalog's version cannot be read; every request goes to the database: %s", error)
                failed, pause = True, _AFTER_FAILURE_S
                continue
            if failed:
                _log.info("The catalog's version can be read again.")
            failed, pause = False, max(0.0, at + EVERY_S - time.monotonic())
            old = self.known
            header = old.header if old.number == number else (b"shop-catalog-version", str(number).encode())
            self.known = Known(number, at + TRUSTED_S, header)
        self._close()
