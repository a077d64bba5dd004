"""Whether routes lead to Services that are there, through middlewares that are there."""

from collections.abc import Iterator
from typing import Any

from shopctl.manifests.cluster import Cluster, entries, mapping, texts


def problems(cluster: Cluster) -> Iterator[str]:
    """Which routes lead nowhere; a sentence for each."""
    for ingress in cluster.of("Ingress"):
        yield from _ingress(cluster, ingress)
    for route in cluster.of("HTTPRoute"):
        for number, rule in enumerate(entries(mapping(route.get("spec")).get("rules"))):
            for backend in entries(rule.get("backendRefs")):
                where = f"{cluster.where(route)}.spec.rules[{number}].backendRefs"
                if backend.get("kind", "Service") == "Service":
                    yield from _backend(cluster, route, backend.get("name"), backend.get("port"), where)
    for route in cluster.of("IngressRoute"):
        yield from _ingress_route(cluster, route)


def weaknesses(cluster: Cluster) -> Iterator[str]:
    """Which middlewares no request goes through any more; a sentence for each."""
    rules = [rule for route in cluster.of("IngressRoute") for rule in _rules(route)]
    asked = {str(one.get("name")) for rule in rules for one in entries(rule.get("middlewares"))}
    for middleware in cluster.of("Middleware"):
        if cluster.name(middleware) not in asked:
            yield f"{cluster.where(middleware)} is in no IngressRoute."


def _backend(cluster: Cluster, route: dict[str, Any], name: Any, port: Any, where: str) -> Iterator[str]:
    service = cluster.find("Service", name)
    if service is None:
        yield from cluster.missing(route, "Service", name, where)
    elif not cluster.service_port(service, port):
        yield f"{where} leads to port {port} of the Service {name}, which has none such."


def _ingress(cluster: Cluster, ingress: dict[str, Any]) -> Iterator[str]:
    where, spec = f"{cluster.where(ingress)}.spec", mapping(ingress.get("spec"))
    hosts = {str(rule.get("host")) for rule in entries(spec.get("rules"))}
    for number, rule in enumerate(entries(spec.get("rules"))):
        for path in entries(mapping(rule.get("http")).get("paths")):
            service = mapping(mapping(path.get("backend")).get("service"))
            port = mapping(service.get("port"))
            here = f"{where}.rules[{number}].http.paths"
            yield from _backend(cluster, ingress, service.get("name"), port.get("name", port.get("number")), here)
    for host in [host for tls in entries(spec.get("tls")) for host in texts(tls.get("hosts"))]:
        if host not in hosts:
            yield f"{where}.tls names the host {host}, for which there is no rule."


def _rules(route: dict[str, Any]) -> list[dict[str, Any]]:
    return entries(mapping(route.get("spec")).get("routes"))


def _ingress_route(cluster: Cluster, route: dict[str, Any]) -> Iterator[str]:
    for number, rule in enumerate(_rules(route)):
        where = f"{cluster.where(route)}.spec.routes[{number}]"
        for middleware in entries(rule.get("middlewares")):
            yield from cluster.missing(route, "Middleware", middleware.get("name"), f"{where}.middlewares")
        for service in entries(rule.get("services")):
            if service.get("kind") != "TraefikService":
                yield from _backend(cluster, route, service.get("name"), service.get("port"), f"{where}.services")
            transport = service.get("serversTransport")
            if transport is not None:
                yield from cluster.missing(route, "ServersTransport", transport, f"{where}.services.serversTransport")
