"""What no schema sees in a Compose file: names that must be there, and what a container must not be allowed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shopctl.manifests.kinds import image

_LABEL: Final = re.compile(r"traefik\.http\.(routers|services|middlewares)\.([^.]+)\.(.+)", re.IGNORECASE)


def problems(documents: Sequence[Any]) -> list[str]:
    """What refers to nothing, or waits for what never comes; a sentence for each."""
    document = documents[0]
    services: Mapping[str, Any] = document.get("services") or {}
    found: list[str] = []
    for name, service in services.items():
        found += _dependencies(name, service, services)
        found += _references(name, service, document)
    found += _unused(document, services)
    found += _routing(services)
    return found


def _dependencies(name: str, service: Mapping[str, Any], services: Mapping[str, Any]) -> Iterator[str]:
    for other, how in _mapping(service.get("depends_on")).items():
        where = f"services.{name}.depends_on.{other}"
        if other not in services:
            yield f"{where} names no service that there is."
        elif (condition := (how or {}).get("condition")) == "service_healthy":
            if "healthcheck" not in services[other]:
                yield f"{where} waits until {other} is healthy, which has no healthcheck."
        elif condition == "service_completed_successfully" and services[other].get("restart") != "no":
            yield f"{where} waits until {other} has ended, which is started again whenever it ends."


_SECTIONS: Final = ("networks", "volumes", "configs", "secrets")


def _references(name: str, service: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    for section in _SECTIONS:
        for used in _used(service, section):
            if used not in (document.get(section) or {}):
                yield f"services.{name}.{section} names {used}, which is not among {section}."
    mounted = [_target(volume) for volume in service.get("volumes") or ()]
    mounted += [f"/run/secrets/{secret}" for secret in _used(service, "secrets")]
    for variable, value in _mapping(service.get("environment")).items():
        if variable.endswith("_FILE") and not any(str(value).startswith(target) for target in mounted):
            yield f"services.{name}.environment.{variable} is {value}, where nothing is mounted."


def _used(service: Mapping[str, Any], section: str) -> list[str]:
    used = service.get(section) or ()
    if section == "volumes":
        sources = [volume.get("source", "") if isinstance(volume, dict) else volume.split(":")[0] for volume in used]
        return [source for source in sources if re.fullmatch(r"[A-Za-z0-9][\w.-]*", source)]
    if isinstance(used, dict):
        return list(used)
    return [one["source"] if isinstance(one, dict) else one for one in used]


def _target(volume: Any) -> str:
    return str(volume.get("target", "")) if isinstance(volume, dict) else volume.split(":")[1]


def _unused(document: Mapping[str, Any], services: Mapping[str, Any]) -> Iterator[str]:
    for section in _SECTIONS:
        used = {one for service in services.values() for one in _used(service, section)}
        for name in document.get(section) or {}:
            if name not in used and name != "default":
                yield f"{section}.{name} is used by no service."


def _routing(services: Mapping[str, Any]) -> Iterator[str]:
    told: dict[str, dict[str, dict[str, str]]] = {"routers": {}, "services": {}, "middlewares": {}}
    for labels in (_mapping(service.get("labels")) for service in services.values()):
        for label, value in labels.items():
            if found := _LABEL.fullmatch(label):
                told[found[1].lower()].setdefault(found[2], {})[found[3].lower()] = str(value)
    for name, router in told["routers"].items():
        if router.get("service", name) not in told["services"]:
            yield f"The router {name} leads to the service {router.get('service', name)}, which no label defines."
        for middleware in filter(None, router.get("middlewares", "").split(",")):
            if middleware not in told["middlewares"]:
                yield f"The router {name} goes through the middleware {middleware}, which no label defines."
    asked = {
        middleware for router in told["routers"].values() for middleware in router.get("middlewares", "").split(",")
    }
    for name in told["middlewares"]:
        if name not in asked:
            yield f"The middleware {name} is in no router."


def weaknesses(documents: Sequence[Any]) -> list[str]:
    """What a container is allowed that ours never need; a sentence for each."""
    return [told for name, service in documents[0]["services"].items() for told in _weak(name, service)]


# Root in its container: Traefik, for ports below 1024, and the proxy, for root's socket.
_ROOT: Final = ("traefik", "docker-proxy")
_CAPABILITIES: Final = {"traefik": {"NET_BIND_SERVICE", "DAC_READ_SEARCH"}}


def _weak(name: str, service: Mapping[str, Any]) -> Iterator[str]:
    where = f"services.{name}"
    if service.get("privileged"):
        yield f"{where}.privileged gives it the whole machine."
    # Into Traefik's Compose writes where the certificate lies, and writes into no container that is read-only.
    if service.get("read_only") is not True and not (name == "traefik" and service.get("configs")):
        yield f"{where}.read_only is not true: who breaks in may change its files."
    if service.get("cap_drop") != ["ALL"]:
        yield f"{where}.cap_drop is not [ALL]."
    if extra := set(service.get("cap_add") or ()) - _CAPABILITIES.get(name, set()):
        yield f"{where}.cap_add gives it {', '.join(sorted(extra))}."
    if "no-new-privileges:true" not in (service.get("security_opt") or ()):
        yield f"{where}.security_opt lacks no-new-privileges:true."
    if name not in _ROOT and not re.match(r"[1-9][0-9]*:[1-9]", str(service.get("user", ""))):
        yield f"{where}.user is not a number other than root's."
    limits = ((service.get("deploy") or {}).get("resources") or {}).get("limits") or {}
    for limit in ("cpus", "memory", "pids"):
        if limit not in limits:
            yield f"{where}.deploy.resources.limits has no {limit}: it may take the whole machine's."
    if "max-size" not in ((service.get("logging") or {}).get("options") or {}):
        yield f"{where}.logging.options has no max-size: its log grows for ever."
    if "restart" not in service:
        yield f"{where}.restart is missing."
    for port in service.get("ports") or ():
        if name != "traefik" and not str(port).startswith("127.0.0.1:"):
            yield f"{where}.ports publishes {port} to every network of the machine."
    try:
        image(service.get("image", ""))
    except ValueError as error:
        yield f"{where}.image {error}."


def _mapping(told: Any) -> Mapping[str, Any]:
    """What may be written as a mapping, as ``NAME=VALUE`` or as names alone."""
    if isinstance(told, list):
        return {str(one).partition("=")[0]: str(one).partition("=")[2] or None for one in told}
    return told or {}
