"""What a service of a Compose file mounts, however it is written."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class Mount(NamedTuple):
    """A volume or a place of the host, and where a container finds it. An anonymous volume has no source."""

    source: str
    target: str
    read_only: bool
    is_named: bool
    """Whether the source is the name of a volume."""


def mounts(service: Mapping[str, Any]) -> list[Mount]:
    """Every entry of ``volumes``, in its short or long form."""
    return [_long(one) if isinstance(one, dict) else _short(str(one)) for one in service.get("volumes") or ()]


def _long(told: Mapping[str, Any]) -> Mount:
    source = str(told.get("source") or "")
    is_named = told.get("type") == "volume" and source != ""
    return Mount(source, str(told.get("target") or ""), told.get("read_only") is True, is_named)


def _short(told: str) -> Mount:
    # ${NAME:-default} holds a colon that parts nothing.
    parts = re.findall(r"(?:\$\{[^}]*\}|[^:])+", told) if "${" in told else told.split(":")
    source, target, options = (*parts, "")[:3] if len(parts) > 1 else ("", told, "")
    return Mount(source, target, "ro" in options.split(","), bool(re.fullmatch(r"[A-Za-z0-9][\w.-]*", source)))
