"""What Traefik would refuse or ignore in its own two files, and what they open that ours never do."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shopctl.manifests.models_traefik import DYNAMIC, STATIC, fault
from shopctl.manifests.traefik_told import Path, Routing, flat, is_known, names

_NAMING: Final = ("service", "name", "fallback")
"""The keys by which routers, services made of others and pages of errors name a service."""


def problems(documents: Sequence[Any]) -> list[str]:
    """What Traefik does not know in the static and the dynamic file, and what leads nowhere; a sentence for each."""
    static, dynamic = (dict(flat(document)) for document in documents)
    found = [*_unknown(static, STATIC), *_unknown(dynamic, DYNAMIC)]
    return list(dict.fromkeys(found)) or [*_routers(static, dynamic), *_services(dynamic)]


def _unknown(told: Mapping[Path, Any], known: Mapping[str, Any]) -> list[str]:
    return [wrong for path, value in told.items() if (wrong := fault(path, value, known))]


def _routers(static: Mapping[Path, Any], dynamic: Mapping[Path, Any]) -> Iterator[str]:
    routing = Routing()
    for path, value in dynamic.items():
        routing.take(path, value)
    points = {path[1] for path in static if len(path) > 1 and path[0].lower() == "entrypoints"}
    for name, router in routing.routers.items():
        where = f"http.routers.{name}"
        if not router.get("rule"):
            yield f"{where}.rule is missing: Traefik would not know which requests are meant."
        if not is_known(str(router.get("service")), routing.services, "file"):
            yield f"{where}.service is {router.get('service')}, which is not among http.services."
        for entry in names(router.get("entrypoints")):
            if entry not in points:
                yield f"{where}.entryPoints names {entry}, which traefik.yaml does not define."
        for middleware in names(router.get("middlewares")):
            if not is_known(middleware, routing.middlewares, "file"):
                yield f"{where}.middlewares names {middleware}, which is not among http.middlewares."
    asked = routing.through(static)
    for name in routing.middlewares:
        if name not in asked:
            yield f"http.middlewares.{name} is in no router."


def _services(dynamic: Mapping[Path, Any]) -> Iterator[str]:
    routing = Routing()
    for path, value in dynamic.items():
        routing.take(path, value)
    asked = {str(value) for path, value in dynamic.items() if path[-1].lower() in _NAMING}
    for name, service in routing.services.items():
        if name not in asked:
            yield f"http.services.{name} is asked by no router."
        kinds = {option.partition(".")[0] for option in service}
        if kinds <= {"", "loadbalancer"} and not any(
            option.startswith("loadbalancer.servers.") and value for option, value in service.items()
        ):
            yield f"http.services.{name}.loadBalancer.servers is empty."


def weaknesses(documents: Sequence[Any]) -> list[str]:
    """What the static file opens that ours never does; a sentence for each."""
    return list(opened(dict(flat(documents[0])), "traefik.yaml"))


def opened(static: Mapping[Path, Any], where: str) -> Iterator[str]:
    """What Traefik shows or takes in by its static part that ours never does; a sentence for each."""
    told = {".".join(path).lower(): str(value).lower() for path, value in static.items()}
    if told.get("api.insecure") == "true":
        yield f"{where}: api.insecure shows every route to whoever reaches port 8080, without a password."
    elif _is_on("api", told) and told.get("api.dashboard") != "false":
        yield f"{where}: api.dashboard is on; whoever a router leads to it sees every route."
    if _is_on("providers.docker", told) and told.get("providers.docker.exposedbydefault") != "false":
        yield f"{where}: providers.docker.exposedByDefault is not false: every container of this host is published."


def _is_on(part: str, told: Mapping[str, str]) -> bool:
    return told.get(part, "false") not in ("false", "none") or any(name.startswith(f"{part}.") for name in told)
