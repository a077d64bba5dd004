"""Ctrl-C as a wish to stop at the next good moment."""

import signal
from types import FrameType, TracebackType


class Interrupts:
    """While this is open the first Ctrl-C only sets ``came``; the second ends what is going on, at once.

    It works in the main thread, as signals do.
    """

    def __init__(self) -> None:
        self.came = False

    def __enter__(self) -> "Interrupts":
        self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.came:
            raise KeyboardInterrupt
        self.came = True
