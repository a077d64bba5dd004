"""Signals as events that one waits for, and processes that do not outlive whoever started them."""

import ctypes
import os
import select
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Final

STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PR_SET_PDEATHSIG: Final = 1
_LOOK_EVERY_S: Final = 1.0


class Signals:
    """Collects the signals that stop a process, and the ends of its children, to be waited for one by one."""

    def __enter__(self) -> "Signals":
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        self._before = {number: signal.signal(number, _noted) for number in (*STOPPING, signal.SIGCHLD)}
        self._fd_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for at most ``timeout_s`` seconds; whether a signal that stops came meanwhile.

        Comes back early, with ``False``, when a child ended.
        """
        if not select.select([self._read], [], [], timeout_s)[0]:
            return False
        return any(number in STOPPING for number in os.read(self._read, 64))


def end_with(parent: int) -> None:
    """Have this process get SIGTERM when ``parent``, which started it, is gone, however that ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    else:
        threading.Thread(target=_watch, args=(parent,), name="parent-watch", daemon=True).start()
    if os.getppid() != parent:  # It went before we could ask for the signal.
        os.kill(os.getpid(), signal.SIGTERM)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _noted(number: int, frame: FrameType | None) -> None:
    # The wake-up pipe has it already; a handler must be there, or Python would not write into the pipe.
    return None
