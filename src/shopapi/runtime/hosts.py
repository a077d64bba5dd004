"""Which names a server answers to: an exact list, so that no forged ``Host`` reaches a page, a mail or a cache."""

import ipaddress
from typing import Final
from urllib.parse import SplitResult

from shopapi.runtime.settings import is_loopback

HEALTH_PATHS: Final = frozenset(("/healthz", "/readyz", "/metrics"))
"""What only probes ask: answered where ``Host`` is no public name, so that no edge can route it by accident."""


class Hosts:
    """The public URL's host, the allowed ones, and every loopback name where the public URL is one."""

    def __init__(self, public_url: SplitResult, allowed: frozenset[str]) -> None:
        # A name without a port is allowed at every port; "[::1]" is kept as the "::1" that host_name() answers.
        self._allowed = {name.strip("[]") if name.endswith("]") else name for name in allowed}
        self._allowed.add((public_url.hostname or "").lower())
        self._loopback = is_loopback(public_url.hostname or "")
        self._known: dict[str, bool] = {}

    def allows(self, host: str) -> bool:
        """Whether ``host``, the value of a ``Host`` header, is one that this server answers to."""
        if (known := self._known.get(host)) is None:
            name = host_name(host)
            known = host.lower() in self._allowed or name in self._allowed or (self._loopback and is_loopback(name))
            known = known and bool(name)
            if len(self._known) < 1024:
                self._known[host] = known
        return known


def host_name(host: str) -> str:
    """The name in a ``Host`` header, lower case, without its port and brackets; ``""`` where it is none."""
    host = host.lower()
    if host.startswith("["):
        name, bracket, rest = host[1:].partition("]")
        name = name if bracket else ""
        colon, port = rest[:1], rest[1:]
    else:
        name, colon, port = host.partition(":")
    if colon and not (colon == ":" and port.isascii() and port.isdigit()):
        return ""
    return name


def is_private(host: str) -> bool:
    """Whether ``host`` is an IP address, a loopback name or a name without a dot: what probes call by."""
    name = host_name(host)
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return bool(name) and ("." not in name or is_loopback(name))
    return True
