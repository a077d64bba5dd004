"""What Traefik would refuse or ignore in its arguments and in the labels of a Compose file's containers."""

from collections.abc import Iterator, Mapping
from typing import Any

from shopctl.manifests.models_traefik import LABELS, STATIC, fault
from shopctl.manifests.traefik_told import Path, Routing, arguments, is_known, names, parts


def problems(command: Any, labels: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What Traefik does not know, and what leads nowhere, of its ``command`` and of each service's labels."""
    static = arguments(command)
    found = [
        f"services.traefik.command: --{wrong}"
        for path, value in static.items()
        if path != ("configfile",) and (wrong := fault(path, value, STATIC))
    ]
    routings = {service: Routing() for service in labels}
    for service, told in labels.items():
        for label, value in told.items():
            if label.lower().startswith("traefik."):
                path = parts(label)[1:]
                if wrong := fault(path, value, LABELS):
                    found.append(f"services.{service}.labels.traefik.{wrong}")
                routings[service].take(path, value)
    return found or list(_routing(routings, static))


def _routing(routings: Mapping[str, Routing], static: Mapping[Path, str]) -> Iterator[str]:
    every = Routing()
    for one in routings.values():
        every.routers |= one.routers
        every.services |= one.services
        every.middlewares |= one.middlewares
    points = {path[1].lower() for path in static if len(path) > 1 and path[0].lower() == "entrypoints"}
    for one in routings.values():
        for name, router in one.routers.items():
            yield from _router(name, router, one, every)
            for entry in names(router.get("entrypoints")):
                # Without arguments Traefik is told elsewhere what it listens at.
                if points and entry.lower() not in points:
                    yield f"The router {name} listens at {entry}, which is no entry point of the service traefik."
    asked = every.through(static)
    for name in every.middlewares:
        if name not in asked:
            yield f"The middleware {name} is in no router."


def _router(name: str, router: Mapping[str, Any], own: Routing, every: Routing) -> Iterator[str]:
    service = router.get("service")
    if service is None and len(own.services) > 1:
        # The only one of its container it would get by itself, and without any Traefik makes one.
        yield f"The router {name} names no service, and its container has {' and '.join(own.services)}."
    if service is not None and not is_known(str(service), every.services, "docker"):
        yield f"The router {name} leads to the service {service}, which no label defines."
    for middleware in names(router.get("middlewares")):
        if not is_known(middleware, every.middlewares, "docker"):
            yield f"The router {name} goes through the middleware {middleware}, which no label defines."
