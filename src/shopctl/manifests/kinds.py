"""What a value of a manifest must look like. Each kind turns text, or what YAML made of it, into text, or raises
``ValueError`` with a sentence that the value's path begins."""

import re
from collections.abc import Callable
from typing import Final

Kind = Callable[[object], str]

# Texts, not compiled patterns: what nobody sets is never matched, and to compile them all takes a tenth of a rendering.
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*"
_IMAGE: Final = (
    r"[a-z0-9]+([._-][a-z0-9]+)*(:[0-9]+(?=/))?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@sha256:[0-9a-f]{64})?"
)
_MEMORY: Final = "[1-9][0-9]{0,5}(Mi|Gi)"
_CPU: Final = r"[1-9][0-9]{0,4}m|[0-9]{1,3}(\.[0-9]{1,3})?"


def _text(value: object, wanted: str) -> str:
    if isinstance(value, str):
        return value.strip()
    raise ValueError(f"is {told(value)}; it is {wanted}")


def told(value: object) -> str:
    """A value as a message shows it."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f'"{str(value).lower()}"'
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f'"{value}"'


def _matching(pattern: str, wanted: str) -> Kind:
    def kind(value: object) -> str:
        text = _text(value, wanted)
        if not re.fullmatch(pattern, text):
            raise ValueError(f"is {told(value)}; it is {wanted}")
        return text

    return kind


def whole(low: int, high: int) -> Kind:
    """A whole number from ``low`` to ``high``."""

    def kind(value: object) -> str:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        # With a zero in front YAML and C mean eight times less.
        if not isinstance(text, str) or not re.fullmatch("0|[1-9][0-9]{0,8}", text) or not low <= int(text) <= high:
            raise ValueError(f"is {told(value)}; it is a whole number from {low} to {high}")
        return str(int(text))

    return kind


def one_of(*choices: str) -> Kind:
    """One of some words."""

    def kind(value: object) -> str:
        if value not in choices:
            raise ValueError(f"is {told(value)}; it is one of {', '.join(choices)}")
        return str(value)

    return kind


def switch(value: object) -> str:
    """``true`` or ``false``."""
    text = str(value).lower() if isinstance(value, bool) else value
    if text not in ("true", "false"):
        raise ValueError(f"is {told(value)}; it is true or false")
    return str(text)


def image(value: object) -> str:
    """An image by tag or digest. No tag means ``latest``, of which nobody knows what it is tomorrow."""
    wanted = "an image with a tag or a digest, such as postgres:17"
    text = _text(value, wanted)
    found = re.fullmatch(_IMAGE, text)
    if not found or not (found["tag"] or "@sha256:" in text):
        raise ValueError(f"is {told(value)}; it is {wanted}")
    if found["tag"] == "latest" and "@" not in text:
        raise ValueError(f"is {told(value)}; latest is another image tomorrow: name a version")
    return text


def host(value: object) -> str:
    """A name that DNS takes (RFC 1123)."""
    wanted = "a host name without scheme, port and path, such as shop.example"
    text = _text(value, wanted).lower()
    if not re.fullmatch(_HOST, text) or re.fullmatch(r"[0-9.]+", text):
        raise ValueError(f"is {told(value)}; it is {wanted}")
    return text


def _word(pattern: str, wanted: str) -> Kind:
    """``pattern``, but for what YAML takes for a number or another thing than a word: manifests hold it as it is."""
    matching = _matching(pattern, wanted)

    def kind(value: object) -> str:
        from shopctl.manifests.yaml_text import documents

        # Kubernetes' own parser takes a few more for numbers and switches than ours.
        if documents(text := matching(value)) != [text] or re.fullmatch("[0-9]+e[0-9]+|0o[0-7]+|y|n", text):
            raise ValueError(f"is {told(value)}, which YAML takes for something else than a name")
        return text

    return kind


name: Final = _word(_LABEL, "a name of a-z, 0-9 and -, such as shop-tls")
"""What Kubernetes takes as a label of DNS: the names of namespaces."""

subdomain: Final = _word(_HOST, "a name of a-z, 0-9, - and ., such as shop-tls")
"""What Kubernetes takes as a subdomain of DNS: the names of most other things."""

_LEAST_MIB: Final = 16
_LEAST_CORES: Final = 0.01


def memory(value: object) -> str:
    """Binary megabytes or gigabytes. With less than 16Mi nothing of the shop starts."""
    wanted = f"an amount such as 256Mi or 2Gi, {_LEAST_MIB}Mi or more"
    text = _text(value, wanted)
    if not re.fullmatch(_MEMORY, text) or (text.endswith("Mi") and int(text[:-2]) < _LEAST_MIB):
        raise ValueError(f"is {told(value)}; it is {wanted}")
    return text


def cpu(value: object) -> str:
    """Cores, or thousandths of one. Linux shares out no less than a hundredth."""
    wanted = "an amount of cores such as 500m or 1.5, 10m or more"
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else _text(value, wanted)
    if not re.fullmatch(_CPU, text) or cores(text) < _LEAST_CORES:
        raise ValueError(f"is {told(value)}; it is {wanted}")
    return text


def cores(text: str) -> float:
    """Cores as a number: ``500m`` is 0.5."""
    return int(text[:-1]) / 1000 if text.endswith("m") else float(text)


def email(value: object) -> str:
    """An address that somebody may write to; empty: none."""
    text = _text(value, "an e-mail address")
    if text and not re.fullmatch(
        r"[a-z0-9.!#%&*+/=?^_{|}~-]{1,64}@[a-z0-9.-]{1,253}\.[a-z]{2,63}", text, re.IGNORECASE
    ):
        raise ValueError(f"is {told(value)}; it is an e-mail address")
    return text


def path(value: object) -> str:
    """A file of the host; empty: none."""
    text = _text(value, "the path of a file")
    if re.search(r"[\x00-\x1f\x7f:$]", text):
        raise ValueError(f"is {told(value)}; a path holds no control character, no : and no $")
    return text


def directory(value: object) -> str:
    """A directory of the host."""
    wanted = "the path of a directory, such as . for the file's own"
    if not (text := path(_text(value, wanted))):
        raise ValueError(f"is empty; it is {wanted}")
    return text


def https_url(value: object) -> str:
    """An ``https://`` URL."""
    wanted = "an https:// URL"
    text = _text(value, wanted)
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?", text):
        raise ValueError(f"is {told(value)}; it is {wanted}")
    return text


def _list(one: Callable[[str], str], wanted: str) -> Kind:
    def kind(value: object) -> str:
        parts = value if isinstance(value, list) else _text(value, wanted).split(",")
        return ",".join(one(_text(part, wanted)) for part in parts if part != "")

    return kind


_WIDEST: Final = {4: 8, 6: 7}
"""10.0.0.0/8 and fc00::/7 are the largest networks that belong to anybody."""


def _network(text: str) -> str:
    import ipaddress

    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(f'names "{text}", which is no network; write 10.0.0.0/8') from None
    if network.prefixlen < _WIDEST[network.version]:
        raise ValueError(
            f'names "{text}", so that strangers would be believed; write your proxy\'s network, 10.0.0.0/8'
        )
    return str(network)


def _url(text: str) -> str:
    found = re.fullmatch(r"http://(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[A-Za-z0-9.-]+)):(?P<port>[0-9]{1,5})", text)
    if not found or not 1 <= int(found["port"]) <= 65535 or not _is_there(found["six"], found["host"]):
        raise ValueError(f'names "{text}"; write http://127.0.0.1:5050')
    return text


def _is_there(six: str | None, name: str | None) -> bool:
    import ipaddress

    try:
        if six is not None:
            ipaddress.IPv6Address(six)
        elif re.fullmatch("[0-9.]+", str(name)):
            ipaddress.IPv4Address(str(name))
        else:
            host(name)
    except ValueError:
        return False
    return True


def _origin(text: str) -> str:
    if not re.fullmatch(r"https://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?", text):
        raise ValueError(f'names "{text}"; write https://pay.example')
    return text


origins: Final = _list(_origin, "origins such as https://pay.example, separated by commas")
networks: Final = _list(_network, "networks, separated by commas")
_urls: Final = _list(_url, "URLs such as http://127.0.0.1:5050, separated by commas")


def urls(value: object) -> str:
    """Where the processes of one part listen; one at least, and each once."""
    text = _urls(value)
    each = text.split(",")
    if not text:
        raise ValueError("is empty; write http://127.0.0.1:5050")
    if twice := [one for one in each if each.count(one) > 1]:
        raise ValueError(f'names "{twice[0]}" twice')
    return text


def optional(kind: Kind) -> Kind:
    """``kind``, or empty: none."""
    return lambda value: "" if value == "" else kind(value)
