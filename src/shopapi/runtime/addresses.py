"""Who is calling: the network address that limits and logs go by.

No header is believed unless the caller is a trusted proxy (``SHOP_TRUSTED_PROXIES``). The web part tells the API the
address of the person behind it in a header of its own, signed with the secret key that both know.
"""

import hashlib
import hmac
import ipaddress
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from shopapi.runtime.settings import Network

SIGNED_HEADER: Final = "x-shop-client"
_VALID_S: Final = 300


def caller(client: tuple[str, int] | None, forwarded_for: str, trusted: tuple[Network, ...]) -> str:
    """The right-most address that no trusted proxy of ours has; ``""`` where there is none."""
    hop = client[0] if client else ""
    if not trusted:
        return hop
    for name in reversed([*filter(None, forwarded_for.split(",")), hop]):
        hop = name.strip()
        if not _is_in(hop, trusted):
            break
    return hop if _address(hop) else (client[0] if client else "")


def limit_key(address: str) -> str:
    """What a limit counts by: an IPv4 address, or the /64 network of an IPv6 one."""
    found = _address(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(found), 64), strict=False))
    # As the address itself is written: ::ffff:203.0.113.7 is 203.0.113.7 and has no allowance of its own.
    return str(found) if found else address


def signed(address: str, key: str, now: float | None = None) -> str:
    """``address`` as the value of :data:`SIGNED_HEADER`; it is believed for five minutes."""
    stamp = int(time.time() if now is None else now)
    return f"{address};{stamp};{_mac(address, stamp, key)}"


def believed(value: str, key: str, now: float | None = None) -> str | None:
    """The address in a signed header, or ``None`` where the signature or its time is not good."""
    address, _, rest = value.rpartition(";")[0].partition(";")
    mac = value.rpartition(";")[2]
    if not rest.isascii() or not rest.isdigit() or len(rest) > 12 or not _address(address):
        return None
    age = (time.time() if now is None else now) - int(rest)
    good = mac.isascii() and hmac.compare_digest(mac, _mac(address, int(rest), key))
    return address if good and abs(age) <= _VALID_S else None


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """One header of an ASGI scope as text, ``""`` where it is missing; repeated ones are joined by commas."""
    return ",".join(value.decode("latin-1") for key, value in headers if key == name)


def _mac(address: str, stamp: int, key: str) -> str:
    return hmac.new(key.encode(), f"client-address:{address}:{stamp}".encode(), hashlib.sha256).hexdigest()


def _is_in(name: str, nets: tuple[Network, ...]) -> bool:
    found = _address(name)
    return found is not None and any(found in net for net in nets)


@lru_cache(1024)
def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(name)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found
