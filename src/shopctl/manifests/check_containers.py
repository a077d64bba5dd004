"""What a container of a Compose file is allowed that ours never need."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shopctl.manifests.check_traefik import opened
from shopctl.manifests.kinds import image
from shopctl.manifests.traefik_told import arguments
from shopctl.manifests.volumes import Mount, mounts

# Root in its container: Traefik, for a key of its owner's or the volume with its certificates, and the proxy, for
# root's socket.
_ROOT: Final = ("traefik", "docker-proxy")
_CAPABILITIES: Final = {"traefik": {"DAC_READ_SEARCH"}}
_SOCKET: Final = ("/var/run/docker.sock", "/run/docker.sock")
_OF_THE_HOST: Final = {
    "network_mode": "every network of the machine, its own 127.0.0.1 too",
    "pid": "every process of the machine",
    "ipc": "the shared memory of every process of the machine",
    "uts": "the machine's name",
    "userns_mode": "the machine's own users",
}


def weaknesses(documents: Sequence[Any]) -> list[str]:
    """What containers are allowed that ours never need; a sentence for each."""
    services = documents[0].get("services") or {}
    found = [told for name, service in services.items() for told in _weak(name, service)]
    return [*found, *opened(arguments((services.get("traefik") or {}).get("command")), "services.traefik.command")]


def _weak(name: str, service: Mapping[str, Any]) -> Iterator[str]:
    where = f"services.{name}"
    yield from _rights(name, service, where)
    yield from _host(name, service, where)
    yield from _amounts(service, where)
    if "restart" not in service:
        yield f"{where}.restart is missing."
    try:
        image(service.get("image", ""))
    except ValueError as error:
        yield f"{where}.image {error}."


def _rights(name: str, service: Mapping[str, Any], where: str) -> Iterator[str]:
    if service.get("privileged"):
        yield f"{where}.privileged gives it the whole machine."
    if service.get("read_only") is not True:
        yield f"{where}.read_only is not true: who breaks in may change its files."
    if service.get("cap_drop") != ["ALL"]:
        yield f"{where}.cap_drop is not [ALL]."
    if extra := set(service.get("cap_add") or ()) - _CAPABILITIES.get(name, set()):
        yield f"{where}.cap_add gives it {', '.join(sorted(extra))}."
    options = [str(option).replace("=", ":") for option in service.get("security_opt") or ()]
    if "no-new-privileges:true" not in options:
        yield f"{where}.security_opt lacks no-new-privileges:true."
    for option in options:
        if option.endswith(":unconfined") or option == "label:disable":
            yield f"{where}.security_opt has {option}: one of the walls between it and the machine is gone."
    if name not in _ROOT and not re.match(r"[1-9][0-9]*:[1-9]", str(service.get("user", ""))):
        yield f"{where}.user is not a number other than root's."


def _host(name: str, service: Mapping[str, Any], where: str) -> Iterator[str]:
    for key, what in _OF_THE_HOST.items():
        if service.get(key) == "host":
            yield f"{where}.{key} is host: it reaches {what}."
    for mount in mounts(service):
        if name != "docker-proxy" and _holds_the_socket(mount):
            yield f"{where}.volumes mounts Docker's socket: who has it has the whole machine."
        if name != "secrets" and mount.source == "shop-secrets" and not mount.read_only:
            yield f"{where}.volumes mounts shop-secrets without :ro: it may change everybody's secrets."
    for port in service.get("ports") or ():
        address = port.get("host_ip", "") if isinstance(port, dict) else str(port).rpartition(":")[0]
        if name != "traefik" and not address.startswith(("127.0.0.1", "[::1]", "::1")):
            yield f"{where}.ports publishes {_port(port)} to every network of the machine."


def _port(port: Any) -> str:
    return f"{port.get('published', 'a port')}:{port.get('target')}" if isinstance(port, dict) else str(port)


def _holds_the_socket(mount: Mount) -> bool:
    """A directory above it gives it just as well."""
    if not mount.source.startswith("/"):
        return mount.target in _SOCKET
    place = posixpath.normpath(mount.source).rstrip("/")
    return any(socket == place or socket.startswith(f"{place}/") for socket in _SOCKET)


def _amounts(service: Mapping[str, Any], where: str) -> Iterator[str]:
    limits = ((service.get("deploy") or {}).get("resources") or {}).get("limits") or {}
    for limit in ("cpus", "memory", "pids"):
        if limit not in limits:
            yield f"{where}.deploy.resources.limits has no {limit}: it may take the whole machine's."
    if "max-size" not in ((service.get("logging") or {}).get("options") or {}):
        yield f"{where}.logging.options has no max-size: its log grows for ever."
