"""Keeps the parts of the shop running: starts them, starts them again when they die, and stops them in order."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shopctl import console
from shopctl.parent import WRONG_CONFIGURATION
from shopctl.signals import Signals

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 10.0
_SETTLED_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.05
_REST_S: Final = 1.0


@dataclass(frozen=True)
class Part:
    """A process to keep. ``ready_at`` is the host and port where its /readyz says whether it serves; some have none."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    ready_at: tuple[str, int] | None = None


class CannotStart(Exception):
    """A part does not start. ``exit_code`` is 2 where its configuration is wrong; it has told why itself."""

    def __init__(self, part: str, why: str, exit_code: int) -> None:
        super().__init__(f"The {part} does not start: {why}.")
        self.exit_code = exit_code


class Supervisor:
    """Parts that start together and stop in the order in which they are given."""

    def __init__(self, parts: Sequence[Part], *, start_limit_s: float, stop_limit_s: float) -> None:
        self._kept = [_Kept(part) for part in parts]
        self._start_limit_s = start_limit_s
        self._stop_limit_s = stop_limit_s

    def run(self, started: Callable[[], None], ready: Callable[[str], None]) -> bool:
        """Keep the parts until a signal to stop; whether all of them stopped cleanly.

        ``ready`` is called with each part's name once it answers, in the parts' reverse order, and ``started`` after
        all. Raises :class:`CannotStart`; no part is left running then.
        """
        with Signals() as signals:
            try:
                for kept in self._kept:
                    kept.start()
                if self._all_ready(signals, ready):
                    started()
                    while not signals.wait(self._pause()):
                        for kept in self._kept:
                            kept.look()
                    console.next_step("stopping", sys.stderr)
            except BaseException:
                self._stop(signals)
                raise
            return self._stop(signals)

    def _all_ready(self, signals: Signals, ready: Callable[[str], None]) -> bool:
        """Wait until every part answers; false when a signal to stop came first."""
        until = time.monotonic() + self._start_limit_s
        for kept in reversed(self._kept):
            while not kept.answers():
                if signals.wait(_LOOK_EVERY_S):
                    return False
                for one in self._kept:
                    one.look()
                    if one.code == WRONG_CONFIGURATION:
                        raise CannotStart(one.part.name, "its configuration is wrong", WRONG_CONFIGURATION)
                if time.monotonic() > until:
                    raise CannotStart(kept.part.name, f"no answer within {self._start_limit_s:.0f} s", 1)
            ready(kept.part.name)
        return True

    def _pause(self) -> float:
        return _LOOK_EVERY_S if any(kept.waits for kept in self._kept) else _REST_S

    def _stop(self, signals: Signals) -> bool:
        clean = [kept.stop(signals, self._stop_limit_s) for kept in self._kept]  # Each one, whatever the others did.
        return all(clean)


class _Kept:
    """One part and the process that it is just now."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.code: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._since = 0.0
        self._again_at = 0.0
        self._pause_s = FIRST_PAUSE_S

    @property
    def waits(self) -> bool:
        """Whether it is down and waits to be started again."""
        return self._process is None

    def start(self) -> None:
        # A session of its own: Ctrl-C at the terminal reaches the supervisor alone, which stops the parts in order.
        self._process = subprocess.Popen(  # noqa: S603 - our own command.
            self.part.command, env=self.part.environ, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self._since = time.monotonic()

    def look(self) -> None:
        """Note that the part died, and start it again when its pause is over."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._again_at:
                self.start()
            return
        code = self._process.poll()
        if code is None:
            return
        if now - self._since > _SETTLED_S:
            self._pause_s = FIRST_PAUSE_S
        how = f"exit {code}" if code >= 0 else f"signal {-code}"
        console.warn(f"{self.part.name} stopped by itself ({how}); it starts again in {self._pause_s:g} s")
        self.code, self._process, self._again_at = code, None, now + self._pause_s
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)

    def answers(self) -> bool:
        """Whether it runs and says that it is ready."""
        if self._process is None or self._process.poll() is not None:
            return False
        return self.part.ready_at is None or _is_ready(*self.part.ready_at)

    def stop(self, signals: Signals, limit_s: float) -> bool:
        """Stop it, and kill it where that takes longer than ``limit_s``; whether it went cleanly."""
        process = self._process
        if process is None or process.poll() is not None:
            return True
        process.terminate()
        until = time.monotonic() + limit_s
        while process.poll() is None and (left := until - time.monotonic()) > 0:
            if signals.wait(min(left, _REST_S)):
                process.terminate()  # Its second signal: the part cuts its own waits short.
        if process.poll() is not None:
            return process.returncode in (0, -signal.SIGTERM)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False


def _is_ready(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2) as c:
            c.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return c.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False
