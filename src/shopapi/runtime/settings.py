"""Settings: read once from the environment into a frozen object, each with its name, default and meaning.

A settings class is a frozen dataclass whose fields are made by :func:`setting`. :func:`read` fills one from an
environment and raises one :class:`SettingsError` that names every bad value. A secret may come as ``NAME_FILE``.
"""

import dataclasses
import difflib
import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import SplitResult, urlsplit

T = TypeVar("T")

_INJECTED: Final = re.compile(
    r"^SHOP_(.*_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$"
)
_PLACEHOLDERS: Final = ("change", "placeholder", "example", "secret", "your-", "insecure", "password")


class SettingsError(Exception):
    """One or more settings cannot be used; ``problems`` has a sentence for each, ``remedy`` what to do."""

    def __init__(self, problems: list[str], remedy: str = "") -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        self.remedy = remedy


@dataclasses.dataclass(frozen=True)
class Meaning:
    """What is known of one setting before it is read."""

    name: str
    default: str
    meaning: str
    secret: bool
    parse: Callable[[str], object]


@dataclasses.dataclass(frozen=True)
class InForce:
    """A setting as it is in force: the text of its value (masked where secret) and where it came from."""

    name: str
    value: str
    source: str
    meaning: str


def setting(name: str, parse: Callable[[str], T], default: str, meaning: str, *, secret: bool = False) -> T:
    """Declare a field of a settings class: ``parse`` turns text into its value or raises ``ValueError``."""
    told = Meaning(name, default, meaning, secret, parse)
    field: T = dataclasses.field(metadata={"setting": told})
    return field


def meanings(cls: type) -> list[Meaning]:
    """Every setting of a settings class, in the order in which it declares them."""
    return [field.metadata["setting"] for field in dataclasses.fields(cls)]


def read(cls: type[T], environ: Mapping[str, str]) -> T:
    """Fill ``cls`` from ``environ``; every bad value is named in one :class:`SettingsError`."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        told: Meaning = field.metadata["setting"]
        try:
            text, _ = _text(told, environ)
            values[field.name] = told.parse(text)
        except ValueError as error:
            problems.append(str(error) if str(error).startswith(told.name) else f"{told.name} {error}")
    if problems:
        raise SettingsError(problems)
    return cls(**values)


def in_force(cls: type, environ: Mapping[str, str]) -> list[InForce]:
    """What :func:`read` would use, for people to look at; secrets are masked.

    Raises :class:`SettingsError` where a file of a secret cannot be read.
    """
    shown, problems = [], []
    for told in meanings(cls):
        try:
            text, source = _text(told, environ)
        except ValueError as error:
            problems.append(str(error))
        else:
            shown.append(InForce(told.name, masked(told, text), source, told.meaning))
    if problems:
        raise SettingsError(problems)
    return shown


def masked(told: Meaning, text: str) -> str:
    """The value of a setting as it may be printed: no secret, no password in a URL."""
    if not told.secret or not text:
        return text
    if "://" not in text:
        return "******"
    # Never by urlsplit: a URL that it refuses would then be printed whole.
    text = re.sub(r"(://[^:@]*):.*@", r"\1:******@", text, flags=re.DOTALL)
    # libpq takes the password as a parameter as well.
    return re.sub(r"([?&](?:ssl)?password=)[^&]*", r"\1******", text, flags=re.IGNORECASE)


def check_names(environ: Mapping[str, str], known: list[Meaning]) -> None:
    """Refuse ``SHOP_`` names that no part of the shop knows, such as a misspelt one.

    Kubernetes puts names such as ``SHOP_SERVICE_HOST`` into every pod beside a Service called ``shop``;
    those are not ours and are left alone.
    """
    names = {told.name for told in known} | {f"{told.name}_FILE" for told in known if told.secret}
    problems = []
    for name, value in environ.items():
        injected = _INJECTED.match(name) or (name.endswith("_PORT") and re.match(r"(tcp|udp|sctp)://", value))
        if name.startswith("SHOP_") and name not in names and not injected:
            near = difflib.get_close_matches(name, names, n=1)
            problems.append(f"No setting is called {name}." + (f" Did you mean {near[0]}?" if near else ""))
    if problems:
        raise SettingsError(problems, "shopctl config lists every setting")


def _text(told: Meaning, environ: Mapping[str, str]) -> tuple[str, str]:
    path = environ.get(f"{told.name}_FILE", "") if told.secret else ""
    if path:
        if environ.get(told.name):
            raise ValueError(f"{told.name} and {told.name}_FILE are both set; keep one of them")
        try:
            return Path(path).read_text(encoding="utf-8").strip(), f"file {path}"
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{told.name}_FILE names {path}, which cannot be read: {_why(error)}") from None
    # An empty variable counts as one that is not set: Compose and CI set them so.
    return (environ[told.name], "environment") if environ.get(told.name) else (told.default, "default")


def _why(error: Exception) -> str:
    return error.strerror or "unreadable" if isinstance(error, OSError) else "it is not UTF-8 text"


# What a value must look like. Each raises ValueError with a sentence that the setting's name begins.


def text(value: str) -> str:
    """Any text."""
    return value


def one_of(*choices: str) -> Callable[[str], str]:
    """One of some words."""

    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f'is "{value}"; it is one of {", ".join(choices)}')
        return value

    return parse


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number from ``low`` to ``high``."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ValueError(f'is "{value}"; it is a whole number from {low} to {high}')
        return int(value)

    return parse


def switch(value: str) -> bool:
    """``on`` or ``off``."""
    if value not in ("on", "off"):
        raise ValueError(f'is "{value}"; it is on or off')
    return value == "on"


def flag(value: str) -> bool:
    """``1`` or ``0``."""
    if value not in ("0", "1"):
        raise ValueError(f'is "{value}"; it is 1 or 0')
    return value == "1"


def url_or_none(value: str) -> SplitResult | None:
    """As :func:`url`, or nothing."""
    return url(value) if value else None


def origins(value: str) -> tuple[str, ...]:
    """Origins of other sites, separated by commas, such as ``https://pay.example``."""
    return tuple(url(name.strip()).geturl() for name in value.split(",") if name.strip())


def url(value: str) -> SplitResult:
    """An http or https URL with a host and nothing behind it, such as ``https://shop.example``."""
    if "@" in value:  # It may be a password: it is not shown.
        raise ValueError("holds a user name or a password; write it like https://shop.example")
    try:
        parts = urlsplit(value)
        port_is_sane = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(f'is "{value}", which is no URL; write it like https://shop.example') from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_sane:
        raise ValueError(f'is "{value}"; it begins with http:// or https:// and names a host')
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f'is "{value}"; it ends after the host and the port')
    return parts._replace(path="")


def hosts(value: str) -> frozenset[str]:
    """Host names, separated by commas; each may carry a port."""
    names = [name.strip().lower() for name in value.split(",") if name.strip()]
    for name in names:
        if not re.fullmatch(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", name):
            raise ValueError(f'names "{name}", which is no host; write shop.example or shop.example:8443')
    return frozenset(names)


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(value: str) -> tuple[Network, ...]:
    """Networks in CIDR notation, separated by commas."""
    found = []
    for name in (part.strip() for part in value.split(",")):
        if name:
            try:
                found.append(ipaddress.ip_network(name))
            except ValueError:
                raise ValueError(f'names "{name}", which is no network; write 10.0.0.0/8 or 203.0.113.7') from None
    return tuple(found)


def secret_key(value: str) -> str:
    """A secret key: empty (none), or 32 bytes or more that are no known placeholder."""
    if value and len(value.encode()) < 32:
        raise ValueError("is shorter than 32 bytes; make one with: openssl rand -base64 48")
    if value and (len(set(value)) < 8 or any(word in value.lower() for word in _PLACEHOLDERS)):
        raise ValueError("is a placeholder; make a real one with: openssl rand -base64 48")
    return value


def is_loopback(host: str) -> bool:
    """Whether a host name can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
