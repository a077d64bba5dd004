"""A host beyond this machine, for containers that should reach none: a network namespace behind a link of its own.

It takes root, and is for a machine that is thrown away afterwards.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.waiting import wait_until

# One of the networks that no one on the internet has (RFC 5737).
GATEWAY, HOST = "198.51.100.1", "198.51.100.2"
PORT = 80


@contextmanager
def a_host_beyond() -> Iterator[str]:
    """The address of a host that answers at :data:`PORT` and knows no way back but to this machine itself."""
    name = f"shopctl-e2e-{os.getpid()}"
    near, far = f"e2e{os.getpid()}a", f"e2e{os.getpid()}b"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        _ip("address", "add", f"{GATEWAY}/30", "dev", near)
        _ip("link", "set", near, "up")
        _ip("-n", name, "address", "add", f"{HOST}/30", "dev", far)
        _ip("-n", name, "link", "set", far, "up")
        serving = ["ip", "netns", "exec", name, sys.executable, "-m", "http.server", str(PORT), f"--bind={HOST}"]
        server = subprocess.Popen(serving, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: _listens(name), 20, f"an answer of {HOST}")
            yield HOST
        finally:
            server.kill()
            server.wait(10)
    finally:
        _ip("netns", "delete", name)


def _listens(name: str) -> bool:
    # The state of a socket that listens; nothing else is in there.
    return " 0A " in _ip("netns", "exec", name, "cat", "/proc/net/tcp")


def _ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=20).stdout
