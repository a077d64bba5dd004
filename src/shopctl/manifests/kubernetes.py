"""Which resources the shop is on Kubernetes, and what their templates need to know beside the values."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from shopctl.manifests.hashes import hash_of
from shopctl.manifests.kinds import cores
from shopctl.manifests.topology import Service
from shopctl.manifests.values import COMMAND, Values

if TYPE_CHECKING:
    from shopctl.manifests.render import Manifest

Resource = tuple[str, str, dict[str, Any]]
"""A file's name without ``.yaml``, its template, and what this template needs besides."""

_SERVING: Final[Mapping[str, tuple[str, int]]] = {"frontend": ("web", 80), "shopapi": ("api", 8000)}
"""What others call: its component, and the port of its Service."""

_MEASURED: Final = frozenset((*_SERVING, "worker"))
"""What answers ``/metrics``."""


def resources(
    values: Values, facts: Mapping[str, Any], fresh: Callable[[], dict[str, str]] | None = None
) -> Iterator[Resource]:
    """Every resource that ``values`` ask for, in the order in which they are to be applied.

    ``fresh`` makes the values of the Secret that ``secrets.create`` asks for.
    """
    every: dict[str, Service] = dict(facts["services"])
    database = values["database.kind"] == "statefulset"
    yield "namespace", "namespace.yaml.j2", {}
    if values.is_on("secrets.create"):
        yield "secret", "secret.yaml.j2", {"made": (fresh or _fresh_secrets)()}
    for name in [*every, *(["database"] if database else [])]:
        yield f"serviceaccount-{name}", "serviceaccount.yaml.j2", {"name": name}
    for name, service in every.items():
        yield f"configmap-{name}", "configmap.yaml.j2", {"service": service}
    if values.is_on("networkPolicy"):
        yield from _network_policies(every, database, bool(values["tls.issuer"]))
    if database:
        yield from _database(values)
    for service in every.values():
        yield from _workload(values, service, facts)
    yield from _routing(values, every, facts)


def kustomization(manifests: "Sequence[Manifest]") -> "Manifest":
    """The ``kustomization.yaml`` of a directory with ``manifests``: not part of a stream, where kubectl refuses it."""
    from shopctl.manifests.render import Manifest, environment

    template = "kubernetes/kustomization.yaml.j2"
    told = {"names": [manifest.name for manifest in manifests], "command": COMMAND["kubernetes"]}
    return Manifest("kustomization.yaml", environment().get_template(template).render(told), template)


def _fresh_secrets() -> dict[str, str]:
    from shopctl.secrets import fresh_secrets

    return fresh_secrets()


def _network_policies(every: Mapping[str, Service], database: bool, issued: bool) -> Iterator[Resource]:
    yield "networkpolicy-default-deny", "networkpolicy-default-deny.yaml.j2", {}
    yield "networkpolicy-dns", "networkpolicy-dns.yaml.j2", {}
    for name, service in every.items():
        yield f"networkpolicy-{name}", "networkpolicy.yaml.j2", {"service": service, "measured": name in _MEASURED}
    if database:
        yield "networkpolicy-database", "networkpolicy-database.yaml.j2", {}
    if issued:
        yield "networkpolicy-acme", "networkpolicy-acme.yaml.j2", {}


def _database(values: Values) -> Iterator[Resource]:
    yield "service-database", "service-database.yaml.j2", {}
    yield "service-database-pods", "service-database-pods.yaml.j2", {}
    more = {"release": _release(values["database.image"]), **_amounts()}
    yield "statefulset-database", "statefulset-database.yaml.j2", more


def _workload(values: Values, service: Service, facts: Mapping[str, Any]) -> Iterator[Resource]:
    more = {
        "service": service,
        "checksum": hash_of(dict(service.environment)),
        "release": _release(values["image"]),
        **_amounts(),
    }
    if service.once:
        yield "job-migrate", "job-migrate.yaml.j2", more | {"hash": _job_hash(facts, more)}
        return
    name = service.name
    component, port = _SERVING.get(name, ("worker", 0))
    scaled = values.is_on("autoscaling") and name in _SERVING
    more |= {"component": component, "port": port, "scaled": scaled, "measured": name in _MEASURED}
    if port:
        yield f"service-{name}", "service.yaml.j2", more
    yield f"deployment-{name}", "deployment.yaml.j2", more
    if service.replicas > 1:
        yield f"poddisruptionbudget-{name}", "poddisruptionbudget.yaml.j2", more
    if scaled:
        yield f"horizontalpodautoscaler-{name}", "horizontalpodautoscaler.yaml.j2", more


def _job_hash(facts: Mapping[str, Any], more: Mapping[str, Any]) -> str:
    from shopctl.manifests import yaml_text
    from shopctl.manifests.render import environment

    text = environment().get_template("kubernetes/job-migrate.yaml.j2").render({**facts, **more, "hash": ""})
    return hash_of(yaml_text.documents(text)[0]["spec"]["template"])


def _release(image: str) -> str:
    """The tag of an image, where it can be a label; a digest tells people nothing."""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    return tag if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", tag) else ""


def _amounts() -> dict[str, Callable[[str], str]]:
    return {"millis": _millis, "half": lambda cpu: _millis(str(max(0.001, cores(cpu) / 2)))}


def _millis(cpu: str) -> str:
    """The form in which the cluster itself shows cores, so that a comparison with it shows no difference."""
    amount = max(1, round(cores(cpu) * 1000))
    return str(amount // 1000) if amount % 1000 == 0 else f"{amount}m"


def _routing(values: Values, every: Mapping[str, Service], facts: Mapping[str, Any]) -> Iterator[Resource]:
    kind = values["ingress.kind"]
    if kind == "ingress":
        yield "ingress", "ingress.yaml.j2", {}
    elif kind == "ingressroute":
        yield from _for_traefik(values, facts)
    else:
        exposed = {"frontend": values["host"]}
        if values["api.expose"] != "none":
            exposed["shopapi"] = values["api.host"]
        for name, host in exposed.items():
            more = {"service": every[name], "host": host, "port": _SERVING[name][1]}
            yield f"httproute-{name}", "httproute.yaml.j2", more
        yield "httproute-redirect", "httproute-redirect.yaml.j2", {}


def _for_traefik(values: Values, facts: Mapping[str, Any]) -> Iterator[Resource]:
    if values["tls.issuer"]:
        yield "certificate", "certificate.yaml.j2", {}
    middlewares = ["to-https", *(["headers"] if facts["hsts"] else []), "rate-limit", "body-limit", "retry"]
    for name in middlewares:
        yield f"middleware-{name}", f"middleware-{name}.yaml.j2", {}
    yield "serverstransport", "serverstransport.yaml.j2", {}
    yield "ingressroute", "ingressroute.yaml.j2", {}
    yield "ingressroute-redirect", "ingressroute-redirect.yaml.j2", {}
