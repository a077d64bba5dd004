"""Checks that ask the settings alone."""

import ipaddress
import re
import stat
from pathlib import Path
from typing import Final

from shopapi.runtime.settings import is_loopback
from shopctl.commands.up import SECRET_KEY_FILE
from shopctl.doctor.checks import Check, Finding, Situation, fail, ok, warn
from shopctl.settings import every_meaning

_SHORTEST_GRACE_S: Final = 5
_LONGEST_STOP_S: Final = 300
_PRIVATE_IPV6: Final = ipaddress.ip_network("fc00::/7")  # RFC 4193


def settings(situation: Situation) -> Finding:
    """Every setting can be used, and no name is misspelt."""
    if situation.problems:
        return fail("; ".join(problem.rstrip(".") for problem in situation.problems), "shopctl config lists them all")
    names = {told.name for told in every_meaning()}
    given = sum(map(situation.has, names))
    return ok(f"{given} of {len(names)} come from the environment, and each can be used")


def dotenv(situation: Situation) -> Finding:
    """No file that looks as if it were read."""
    try:
        text = Path(".env").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ok("none lies here, and none would be read")
    ours = {told.name for told in every_meaning()}
    set_there = re.findall(r"^\s*(?:export\s+)?([A-Z_]+?)(?:_FILE)?\s*=", text, re.MULTILINE)
    ignored = sorted({name for name in set_there if name in ours and not situation.has(name)})
    if not ignored:
        return ok("it lies here, is not read, and holds no setting that is missing")
    return warn(f"it lies here and is not read; it sets {', '.join(ignored)}", "set -a; . ./.env; set +a")


def secret_key(situation: Situation) -> Finding:
    """A key that nobody can guess or read."""
    remedy = "shopctl secrets init DIR, then SHOP_SECRET_KEY_FILE=DIR/SHOP_SECRET_KEY for every part"
    if "SHOP_SECRET_KEY" in situation.unread:
        return fail("SHOP_SECRET_KEY cannot be used", "first the check of factor 3, settings")
    if not situation.api.secret_key:
        if Path(SECRET_KEY_FILE).exists() and not situation.is_public:
            return warn("it is not set; shopctl up has its own, serve-api and serve-web would not start", remedy)
        if situation.part == "once":
            found = "it is not set: enough to migrate and to seed; serve-api and serve-web would not start"
            return warn(found, "to serve, the SHOP_SECRET_KEY_FILE of the other parts")
        return fail("SHOP_SECRET_KEY is not set", remedy)
    if situation.api.secret_key == situation.database_password:
        return fail("it is the database's password too", remedy)
    return ok("32 bytes or more, and no known placeholder")


def secret_files(situation: Situation) -> Finding:
    """Files of secrets are for the shop alone."""
    names = [f"{told.name}_FILE" for told in every_meaning() if told.secret]
    files = [Path(situation.environ[name]) for name in names if situation.environ.get(name)]
    open_to_all = [str(file) for file in files if _is_open(file)]
    if open_to_all:
        # With another group the shop itself would be among those who can read no longer.
        remedy = f"chmod 0440 {' '.join(open_to_all)}, once the group is the one that the shop runs as"
        return warn(f"everybody can read {', '.join(open_to_all)}", remedy)
    return ok(f"{len(files)} in use, none that everybody can read" if files else "none in use")


def _is_open(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False  # What reads the settings has told it.


def public_url(situation: Situation) -> Finding:
    """Nothing secret crosses a network in the clear."""
    told = situation.api.public_url.geturl()
    if not situation.is_public:
        return ok(f"{told}, this machine alone")
    if situation.api.public_url.scheme == "https":
        if situation.api.hsts:
            return ok(f"{told}, and browsers are told to stay with https")
        return warn(f"{told}, and browsers may come by http again", "SHOP_HSTS=on once browsers trust the certificate")
    found = f"{told}: cookies and passwords cross the network in the clear"
    remedy = "SHOP_PUBLIC_URL=https://… behind a proxy with a certificate"
    return warn(found, remedy) if _is_private_address(situation.host) else fail(found, remedy)


def items(situation: Situation) -> Finding:
    """Only staff change the stock."""
    if situation.api.items_access == "staff":
        return ok("for staff alone")
    found = "open: whoever reaches the API may change the stock"
    remedy = "SHOP_ITEMS_ACCESS=staff; open is for a classroom on one machine"
    return fail(found, remedy) if situation.is_public else warn(found, remedy)


def allowed_hosts(situation: Situation) -> Finding:
    """Who is to be answered is answered."""
    address = situation.shopctl.host
    names = sorted(situation.api.allowed_hosts)
    # 0.0.0.0 is right in a container, and there somebody has said what customers see.
    if not situation.has("SHOP_PUBLIC_URL") and not names and not is_loopback(address):
        found = f"it listens at {address} and answers only to names of this machine; others get 421"
        return warn(found, "SHOP_PUBLIC_URL names the address that customers see, SHOP_ALLOWED_HOSTS more of them")
    return ok(", ".join([situation.host, *names]))


def trusted_proxies(situation: Situation) -> Finding:
    """Addresses of callers are believed from proxies alone."""
    trusted = situation.api.trusted_proxies
    wide = [str(network) for network in trusted if network.prefixlen < 8 and network != _PRIVATE_IPV6]
    if wide:
        found = f"{', '.join(wide)}: anybody may say what address he has"
        return fail(found, "SHOP_TRUSTED_PROXIES names the proxy's own network, such as 172.16.0.0/12")
    if situation.is_public and situation.api.public_url.scheme == "https" and not trusted:
        found = "none, and TLS ends at a proxy: all customers have its address, and share one limit"
        return warn(found, "SHOP_TRUSTED_PROXIES names the proxy's network, such as 10.0.0.0/8")
    return ok(", ".join(map(str, trusted)) or "none")


def rate_limits(situation: Situation) -> Finding:
    """Nobody guesses passwords at will."""
    if situation.is_public and not situation.api.rate_limits:
        return fail("off: passwords can be guessed as fast as one can ask", "SHOP_RATE_LIMITS=on")
    return ok("on" if situation.api.rate_limits else "off, on this machine alone")


def stopping(situation: Situation) -> Finding:
    """A stop loses no request, and comes to an end."""
    drain, grace = situation.shopctl.drain_s, situation.shopctl.grace_s
    found = f"{drain} s to drain, then {grace} s to finish"
    if grace < _SHORTEST_GRACE_S:
        return warn(f"{found}: a slow request is cut off", "SHOP_GRACE_S=30")
    if drain + grace > _LONGEST_STOP_S:
        return warn(f"{found}: what stops it may lose patience and kill it", "SHOP_DRAIN_S=5 and SHOP_GRACE_S=30")
    if situation.is_public and drain == 0:
        return warn(f"{found}: a proxy sends requests until it notices the stop", "SHOP_DRAIN_S=5")
    return ok(found)


def parity(situation: Situation) -> Finding:
    """What runs in public is what was tried."""
    if situation.is_public and situation.is_sqlite:
        return warn("a public shop on SQLite: one machine, one writer", "DATABASE_URL=postgresql://… for both")
    return ok("SQLite, on this machine alone" if situation.is_sqlite else "PostgreSQL, as every deployment has it")


def logs(situation: Situation) -> Finding:
    """An event stream that programs can read."""
    shape, level = situation.api.log_format, situation.api.log_level
    if situation.is_public and shape == "text":
        return warn("lines for people, which no collector can take apart", "SHOP_LOG_FORMAT=json, or auto")
    if situation.is_public and level == "debug":
        return warn("debug, which says more than one wants to keep", "SHOP_LOG_LEVEL=info")
    told = {"auto": "JSON lines on a pipe, text on a terminal", "json": "JSON lines", "text": "text"}[shape]
    return ok(f"{told}, from {level} on, on standard output")


def _is_private_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


_PUBLIC: Final = ("SHOP_PUBLIC_URL",)
CHECKS: Final = (
    Check(3, "settings", settings),
    Check(3, ".env", dotenv),
    Check(3, "secret key", secret_key, _PUBLIC),
    Check(3, "secret files", secret_files),
    Check(3, "public address", public_url, (*_PUBLIC, "SHOP_HSTS")),
    Check(3, "/items", items, (*_PUBLIC, "SHOP_ITEMS_ACCESS")),
    Check(3, "allowed hosts", allowed_hosts, (*_PUBLIC, "SHOP_ALLOWED_HOSTS"), of_servers=True),
    Check(3, "trusted proxies", trusted_proxies, (*_PUBLIC, "SHOP_TRUSTED_PROXIES"), of_servers=True),
    Check(3, "rate limits", rate_limits, (*_PUBLIC, "SHOP_RATE_LIMITS")),
    Check(9, "stopping", stopping, (*_PUBLIC, "SHOP_DRAIN_S", "SHOP_GRACE_S"), of_servers=True),
    Check(10, "parity", parity, (*_PUBLIC, "DATABASE_URL")),
    Check(11, "logs", logs, (*_PUBLIC, "SHOP_LOG_FORMAT", "SHOP_LOG_LEVEL")),
)
