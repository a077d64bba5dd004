"""Ways in which a database goes away under a running shop, and comes back."""

import fcntl
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal
from urllib.parse import urlsplit

_SHM_LOCKS = (120, 8)
"""Where SQLite keeps its locks on a database in WAL mode: offset and length in the file that ends in -shm."""


class Cable:
    """A TCP connection to a server that can be cut: ``url`` is the database's, by way of the cable.

    ``how`` it goes: ``closed`` refuses every connection, as when the server stopped; ``silent`` keeps them and lets
    nothing through, as when a network swallows it.
    """

    def __init__(self, url: str, how: Literal["closed", "silent"]) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 5432)
        self._how = how
        self._whole = threading.Event()
        self._whole.set()
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = parts._replace(netloc=f"postgres@127.0.0.1:{self._listener.getsockname()[1]}").geturl()
        self._spawn(self._accept)

    def cut(self) -> None:
        """From now on nothing gets through."""
        self._whole.clear()
        if self._how == "closed":
            self._drop()

    def mend(self) -> None:
        """Let everything through again."""
        self._whole.set()

    def close(self) -> None:
        """End for good."""
        self._listener.close()
        self._whole.set()
        self._drop()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                end, _ = self._listener.accept()
                if self._how == "closed" and not self._whole.is_set():
                    end.close()
                    continue
                other = socket.create_connection(self._server)
                self._ends += [end, other]
                self._spawn(self._carry, end, other)
                self._spawn(self._carry, other, end)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while sent := source.recv(65_536):
                self._whole.wait()
                target.sendall(sent)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _drop(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends.clear()

    def _spawn(self, call: object, *args: object) -> None:
        threading.Thread(target=call, args=args, daemon=True).start()  # type: ignore[arg-type]


@contextmanager
def cable(url: str, how: Literal["closed", "silent"]) -> Iterator[Cable]:
    """A cable to the PostgreSQL server of ``url``."""
    laid = Cable(url, how)
    try:
        yield laid
    finally:
        laid.close()


class LockedFile:
    """An SQLite file whose locks another program took: whoever has it open can neither read nor write.

    To move or delete the file would cut nobody off: who has it open goes on reading it. This process must have no
    connection to it meanwhile, for a process does not shut out itself.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._locks: BinaryIO | None = None

    def cut(self) -> None:
        """Take all locks, once whoever reads just now is done."""
        # The file is there for as long as somebody has the database open.
        self._locks = Path(f"{urlsplit(self.url).path[1:]}-shm").open("r+b")  # noqa: SIM115 - mend() closes it
        fcntl.lockf(self._locks, fcntl.LOCK_EX, _SHM_LOCKS[1], _SHM_LOCKS[0])

    def mend(self) -> None:
        """Give them back."""
        assert self._locks is not None
        self._locks.close()


class Scissors(Cable):
    """A cable that is cut between a change and its answer: the server has committed, and nobody hears of it.

    ``share`` of the changes that hold ``marker`` in their statement, and of all ``COMMIT``, are cut off like that;
    ``cuts`` counts them.
    """

    def __init__(self, url: str, *, marker: bytes, share: float) -> None:
        self.cuts = 0
        self.share = share
        self._marker = marker
        self._dice = random.Random(26)
        self._waiting: set[socket.socket] = set()
        super().__init__(url, "closed")

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while sent := source.recv(65_536):
                if self._marker in sent or b"COMMIT" in sent:
                    # From here on whatever comes back on the other end is the answer.
                    self._waiting.add(target)
                elif source in self._waiting:
                    self._waiting.discard(source)
                    if self._dice.random() < self.share:
                        self.cuts += 1
                        break
                target.sendall(sent)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
