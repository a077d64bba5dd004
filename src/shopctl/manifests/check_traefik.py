"""What no schema sees in Traefik's own files: names that must be there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def problems(documents: Sequence[Any]) -> list[str]:
    """What refers to nothing in the static and the dynamic file; a sentence for each."""
    static: Mapping[str, Any] = next((one for one in documents if "entryPoints" in one), {})
    dynamic: Mapping[str, Any] = next((one for one in documents if "http" in one), {})
    return [*_routers(static, dynamic.get("http") or {}), *_services(dynamic.get("http") or {})]


def _routers(static: Mapping[str, Any], http: Mapping[str, Any]) -> Iterator[str]:
    asked: set[str] = set()
    for name, router in (http.get("routers") or {}).items():
        where = f"http.routers.{name}"
        if router.get("service") not in (http.get("services") or {}):
            yield f"{where}.service is {router.get('service')}, which is not among http.services."
        for entry in router.get("entryPoints") or ():
            if entry not in (static.get("entryPoints") or {}):
                yield f"{where}.entryPoints names {entry}, which traefik.yaml does not define."
        for middleware in router.get("middlewares") or ():
            asked.add(middleware)
            if middleware not in (http.get("middlewares") or {}):
                yield f"{where}.middlewares names {middleware}, which is not among http.middlewares."
    for name in http.get("middlewares") or {}:
        if name not in asked:
            yield f"http.middlewares.{name} is in no router."


def _services(http: Mapping[str, Any]) -> Iterator[str]:
    asked = {router.get("service") for router in (http.get("routers") or {}).values()}
    for name, service in (http.get("services") or {}).items():
        if name not in asked:
            yield f"http.services.{name} is asked by no router."
        if not ((service.get("loadBalancer") or {}).get("servers")):
            yield f"http.services.{name}.loadBalancer.servers is empty."
