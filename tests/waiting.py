"""Waiting for a condition with a limit, and ports to listen on."""

import secrets
import socket
import time
from collections.abc import Callable
from itertools import count
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], limit_s: float, what: str = "the condition") -> T:
    """Ask ``condition`` again and again until its answer is true, and return that; fail after ``limit_s``."""
    deadline = time.monotonic() + limit_s
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {limit_s:g} s")
        time.sleep(0.01)
    return answer


_FIRST, _PORTS = 20_000, 12_000
_numbers = count(secrets.randbelow(_PORTS))


def free_port() -> int:
    """A TCP port of the loopback address on which nobody listens just now.

    It is none of those that the system deals out: before whoever asked for it listens, another test may connect.
    """
    return next(port for number in _numbers if is_free(port := _FIRST + number % _PORTS))


def is_free(port: int) -> bool:
    """Whether nobody listens on a TCP port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
