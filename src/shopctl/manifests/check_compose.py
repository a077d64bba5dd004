"""What no schema sees in a Compose file: names that must be there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shopctl.manifests.volumes import mounts


def problems(documents: Sequence[Any]) -> list[str]:
    """What refers to nothing, or waits for what never comes; a sentence for each."""
    document = documents[0]
    services: Mapping[str, Any] = document.get("services") or {}
    found: list[str] = []
    for name, service in services.items():
        found += _dependencies(name, service, services)
        found += _references(name, service, document)
    found += _unused(document, services)
    labels = {name: told for name, one in services.items() if (told := _mapping(one.get("labels")))}
    if labels or "traefik" in services:
        # Here, since it takes as long as everything else.
        from shopctl.manifests import check_labels

        found += check_labels.problems((services.get("traefik") or {}).get("command"), labels)
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
            if not used:
                yield f"services.{name}.{section} has an entry without a source."
            elif used not in (document.get(section) or {}):
                yield f"services.{name}.{section} names {used}, which is not among {section}."
    places = _places(service)
    for variable, value in _mapping(service.get("environment")).items():
        if variable.endswith("_FILE") and not any(str(value).startswith(place) for place in places):
            yield f"services.{name}.environment.{variable} is {value}, where nothing is mounted."


def _used(service: Mapping[str, Any], section: str) -> list[str]:
    """The names that a service uses of a section; empty where one should be."""
    if section == "volumes":
        return [mount.source for mount in mounts(service) if mount.is_named]
    return [str(one.get("source", "")) if isinstance(one, dict) else str(one) for one in service.get(section) or ()]


def _places(service: Mapping[str, Any]) -> list[str]:
    """Where a container finds what is mounted into it."""
    places = [mount.target for mount in mounts(service)]
    for section, folder in (("configs", ""), ("secrets", "/run/secrets")):
        for one in service.get(section) or ():
            source = one.get("source") if isinstance(one, dict) else one
            target = str(one.get("target") or source) if isinstance(one, dict) else str(source)
            places.append(target if target.startswith("/") else f"{folder}/{target}")
    return places


def _unused(document: Mapping[str, Any], services: Mapping[str, Any]) -> Iterator[str]:
    for section in _SECTIONS:
        used = {one for service in services.values() for one in _used(service, section)}
        for name in document.get(section) or {}:
            if name not in used and name != "default":
                yield f"{section}.{name} is used by no service."


def _mapping(told: Any) -> Mapping[str, Any]:
    """What may be written as a mapping, as ``NAME=VALUE`` or as names alone."""
    if isinstance(told, list):
        return {str(one).partition("=")[0]: str(one).partition("=")[2] or None for one in told}
    return told or {}
