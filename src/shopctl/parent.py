"""The parent process of a server: it owns the signals, so that every HTTP server stops alike.

On SIGTERM or Ctrl-C it marks the server as draining (readiness fails, and every answer asks for the connection to be
closed), waits the drain time, passes SIGTERM on, waits the grace time, and kills what is left then. A second signal
cuts the wait short. The server runs in a child in a process group of its own, forked before anything heavy is
imported, so that the parent stays small.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, NoReturn

from shopapi.runtime.draining import ENVIRONMENT, Draining
from shopctl.signals import STOPPING, Signals, end_with

SUPERVISOR: Final = "SHOPCTL_SUPERVISOR"
"""Names the process id of the ``shopctl up`` that started this one, so that it does not outlive that."""

_LOOK_EVERY_S: Final = 1.0
WRONG_CONFIGURATION: Final = 2
"""The exit code of a part whose settings are wrong: to start it again would change nothing."""
_STARTUP_FAILED: Final = 3
_log = logging.getLogger("shopctl.parent")


@dataclass(frozen=True)
class Stopping:
    """How long a server may say that it is going (``drain_s``) and then finish (``grace_s``), in seconds."""

    drain_s: int
    grace_s: int


def attend(run: Callable[[], None], stopping: Stopping, start_logs: Callable[[], None]) -> int:
    """Run ``run`` in a child until it ends or we are told to stop; the exit code that says how that went.

    ``start_logs`` is called in the child, and in the parent only when it has something to say.
    """
    with _drain_file() as flag, Signals() as signals:
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            _serve(run, parent, start_logs)
        server = _Server(child)
        end_with_supervisor()
        while not signals.wait(_LOOK_EVERY_S):
            if server.ended():
                server.kill()
                if server.code == WRONG_CONFIGURATION:  # It has said what is wrong.
                    return WRONG_CONFIGURATION
                start_logs()
                _log.error("The server stopped by itself (%s).", server.how)
                return 1
        Draining(flag).begin()
        _wait(signals, server, stopping.drain_s)
        server.terminate()
        _wait(signals, server, stopping.grace_s)
        in_time = server.ended()
        server.kill()
        if not in_time:
            start_logs()
            _log.error("The server did not stop in time and was killed.")
        return 0 if in_time and server.code in (0, -signal.SIGTERM) else 1


def end_with_supervisor() -> None:
    """Have this process get SIGTERM when the ``shopctl up`` that started it is gone."""
    supervisor = os.environ.get(SUPERVISOR, "")
    if supervisor.isdigit():
        end_with(int(supervisor))


class _Server:
    """The child and its process group."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.code: int | None = None
        with suppress(OSError):
            # The child does the same: whoever is first, the group is there before anybody signals it.
            os.setpgid(pid, pid)

    @property
    def how(self) -> str:
        code = self.code or 0
        return f"exit {code}" if code >= 0 else f"signal {-code}"

    def ended(self) -> bool:
        if self.code is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def terminate(self) -> None:
        # To the child alone: a server tells its own workers, and one whose workers go first takes that for a crash.
        if not self.ended():
            os.kill(self._pid, signal.SIGTERM)

    def kill(self) -> None:
        with suppress(OSError):
            os.killpg(self._pid, signal.SIGKILL)
        if self.code is None:
            self.code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def _wait(signals: Signals, server: _Server, limit_s: float) -> None:
    until = time.monotonic() + limit_s
    while not server.ended() and (left := until - time.monotonic()) > 0:
        if signals.wait(left):
            return


@contextmanager
def _drain_file() -> Iterator[str]:
    import tempfile

    descriptor, path = tempfile.mkstemp(prefix="shopctl-drain-")
    try:
        os.write(descriptor, b"\0")
        os.close(descriptor)
        os.environ[ENVIRONMENT] = path
        yield path
    finally:
        # The child leaves by os._exit and never comes here.
        os.unlink(path)


def _serve(run: Callable[[], None], parent: int, start_logs: Callable[[], None]) -> NoReturn:
    code = _STARTUP_FAILED
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (*STOPPING, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)  # A group in the background that reads the terminal is stopped by the system.
        end_with(parent)
        os.environ.pop(SUPERVISOR, None)
        start_logs()
        run()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else _STARTUP_FAILED
    except BaseException as error:
        _log.error("The server failed: %s: %s", type(error).__name__, error)
        _log.debug("Where it failed:", exc_info=True)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
