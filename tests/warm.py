"""Real ``shopctl`` processes that start in a tenth of the time: forked from one that has everything imported already.

Each is a process of its own with its own arguments, environment, directory and streams, and ends as any other does.
What a fork cannot have (other settings of Python itself, or a system without ``pidfd_open``) is started the long way.
"""

import atexit
import gc
import json
import os
import runpy
import select
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import IO, Any, Final, NamedTuple

_ROOT: Final = Path(__file__).parents[1]
_LONGEST: Final = 1_000_000
_NUMBER: Final = struct.Struct("=i")
# Python reads these when it starts, so a process that runs already cannot take others.
_READ_AT_START: Final = ("PYTHON", "LC_", "LANG", "LD_", "TZ")


class Forked:
    """One such process, with what tests use of ``subprocess.Popen``."""

    def __init__(self, pid: int, ended: int) -> None:
        self.pid = pid
        self.returncode: Any = None
        self._ended = ended
        self._reading = threading.Lock()
        weakref.finalize(self, os.close, ended)

    def poll(self) -> int | None:
        """Its exit code if it has ended, minus the signal's number if one ended it."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, and answer its exit code."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(["shopctl"], timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it is known to have ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], timeout)[0]:
            with self._reading:  # One thread may kill what another waits for.
                if self.returncode is None:
                    told = os.read(self._ended, _NUMBER.size)
                    # Nothing told: the process that forked it is gone, and killed it before.
                    self.returncode = _NUMBER.unpack(told)[0] if told else -signal.SIGKILL
        code: int | None = self.returncode
        return code


class Streams(NamedTuple):
    """Open files, and no pipes, for a process's standard input, output and error."""

    stdin: IO[Any]
    stdout: IO[Any]
    stderr: IO[Any]


def start_shopctl(
    arguments: list[str], environment: dict[str, str], cwd: Path, streams: Streams
) -> "Forked | subprocess.Popen[bytes]":
    """Start ``shopctl`` in a session of its own, so that whatever it starts can be killed with it."""
    if hasattr(os, "pidfd_open") and _read_at_start(environment) == _read_at_start(dict(os.environ)):
        return _parent().fork(arguments, environment, cwd, streams)
    return subprocess.Popen(
        [sys.executable, "-m", "shopctl", *arguments],
        cwd=cwd,
        env=environment,
        stdin=streams.stdin,
        stdout=streams.stdout,
        stderr=streams.stderr,
        start_new_session=True,
    )


def _read_at_start(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}


class _Parent:
    """The process that forks; it ends, and kills what it forked, when this one does."""

    def __init__(self) -> None:
        self._asking, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._asking.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LONGEST)
        self._lock = threading.Lock()
        with theirs:
            subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(theirs.fileno())],
                cwd=_ROOT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )

    def fork(self, arguments: list[str], environment: dict[str, str], cwd: Path, streams: Streams) -> Forked:
        ended, theirs = os.pipe()
        asked = json.dumps([arguments, environment, str(cwd)]).encode()
        try:
            with self._lock:
                socket.send_fds(self._asking, [asked], [*(stream.fileno() for stream in streams), theirs])
        finally:
            os.close(theirs)
        told = os.read(ended, _NUMBER.size)
        assert told, "The process that forks shopctl is gone; what it said is above."
        return Forked(_NUMBER.unpack(told)[0], ended)


_only = threading.Lock()
_made = cache(_Parent)


def _parent() -> _Parent:
    # Shops are started from threads, and the cache alone would let each make a parent of its own.
    with _only:
        return _made()


# --- in that process


def _import_everything() -> None:
    """Import what the commands and servers import when they need it."""
    servers = ("granian", "uvicorn.lifespan.on", "uvicorn.loops.auto", "uvicorn.protocols.http.auto")
    ours = (import_module(name) for name in ("shopapi", "shopctl", "shopweb"))
    below = (module.name for package in ours for module in walk_packages(package.__path__, f"{package.__name__}."))
    for name in (*servers, *below):
        if not name.endswith("__main__") and ".migrations." not in name:
            import_module(name)


def _serve(asked: socket.socket) -> list[str]:
    """Fork for each request. Returns in the children alone, with their arguments."""
    running: dict[int, tuple[int, int]] = {}
    events = selectors.DefaultSelector()
    events.register(asked, selectors.EVENT_READ)
    while True:
        for key, _ in events.select():
            if key.fileobj is not asked:
                events.unregister(key.fileobj)
                os.close(key.fd)
                pid, tell = running.pop(key.fd)
                os.write(tell, _NUMBER.pack(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
                os.close(tell)
                continue
            request, files, _, _ = socket.recv_fds(asked, _LONGEST, 4)
            if not request:
                for pid, _ in running.values():
                    os.kill(pid, signal.SIGKILL)
                os._exit(0)
            pid = os.fork()
            if pid == 0:
                events.close()
                return _become(files, *json.loads(request))
            *streams, tell = files
            for stream in streams:
                os.close(stream)
            os.write(tell, _NUMBER.pack(pid))
            watch = os.pidfd_open(pid)
            running[watch] = (pid, tell)
            events.register(watch, selectors.EVENT_READ)


def _become(files: list[int], arguments: list[str], environment: dict[str, str], cwd: str) -> list[str]:
    os.setsid()
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    os.closerange(3, max(files) + 1)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0] = cwd
    return arguments


if __name__ == "__main__":
    _import_everything()
    gc.collect()
    gc.freeze()  # What is never collected is never written to, and stays shared.
    assert threading.active_count() == 1, "Only a process without threads can be forked."
    sys.argv[1:] = _serve(socket.socket(fileno=int(sys.argv[1])))
    try:
        runpy.run_module("shopctl", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if not isinstance(ended.code, int) or threading.active_count() > 1:
            raise
        # Python would now take apart every module, and so copy all memory that is shared: half of a command's time.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code)
