"""A host beyond this machine, for containers that should reach none: a network namespace behind a link of its own.

It takes root, and is for a machine that is thrown away afterwards.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.waiting import wait_until

# One of the networks that no one on the internet has (RFC 5737), in parts of four addresses.
NETWORK = "198.51.100"
PORT = 80
_NAME = "shopctl-e2e-"


@contextmanager
def a_host_beyond(number: int = 0) -> Iterator[str]:
    """The address of a host that answers at :data:`PORT` and knows no way back but to this machine itself. Who has more
    than one at a time numbers them, up to 63."""
    gateway, host = f"{NETWORK}.{4 * number + 1}", f"{NETWORK}.{4 * number + 2}"
    _sweep()
    name = f"{_NAME}{os.getpid()}"
    near, far = f"e2e{os.getpid()}a", f"e2e{os.getpid()}b"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        _ip("address", "add", f"{gateway}/30", "dev", near)
        _ip("link", "set", near, "up")
        _ip("-n", name, "address", "add", f"{host}/30", "dev", far)
        _ip("-n", name, "link", "set", far, "up")
        # However this process ends, its server ends with it: the namespace would live on in it.
        apart = ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", name]
        serving = [*apart, sys.executable, "-m", "http.server", str(PORT), f"--bind={host}"]
        server = subprocess.Popen(serving, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: _listens(name), 20, f"an answer of {host}")
            yield host
        finally:
            server.kill()
            server.wait(10)
    finally:
        _ip("netns", "delete", name)


def _sweep() -> None:
    """Take away what a run left that was killed: the kernel would still send packets for the same addresses there."""
    for line in _ip("netns", "list").splitlines():
        name = line.split()[0]
        if name.startswith(_NAME) and not Path(f"/proc/{name.removeprefix(_NAME)}").exists():
            with suppress(subprocess.CalledProcessError):  # The other worker may be quicker.
                _ip("netns", "delete", name)


def _listens(name: str) -> bool:
    # The state of a socket that listens; nothing else is in there.
    return " 0A " in _ip("netns", "exec", name, "cat", "/proc/net/tcp")


def _ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=20).stdout
