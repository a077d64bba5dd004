"""Whether the shop's own programs get from the cluster what they go by: ports, names, commands, time to stop."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from shopctl.manifests.cluster import Cluster, Pod, entries, mapping
from shopctl.manifests.topology import HEALTH_PATHS

PARTS: Final = ("frontend", "shopapi", "worker", "migrate")
"""The containers that run ``shopctl``; what a patch puts beside them has its own rules."""

COMMANDS: Final = frozenset(
    (
        *("up", "serve-api", "serve-web", "serve-sandbox-provider", "worker", "migrate", "seed", "audit"),
        *("orders", "products", "promotions", "bank-account", "import", "export"),
        *("render-compose", "render-traefik", "render-k8s", "doctor", "staff", "api-keys", "secrets", "config"),
        *("openapi", "version"),
    )
)
"""What ``args`` may begin with; written down here since the commands themselves are registered above this layer."""

_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")


def problems(pod: Pod, cluster: Cluster) -> Iterator[str]:
    """What the shop's programs in these pods are told that does not fit; a sentence for each."""
    for where, container in pod.containers():
        if container.get("name") in PARTS:
            settings = _settings(container, cluster)
            yield from _command(container, where)
            yield from _port(container, settings, where)
            yield from _backend(settings, cluster, where)
            yield from _probes(container, where)
            yield from _time_to_stop(pod, container, settings)


def _settings(container: dict[str, Any], cluster: Cluster) -> dict[str, str]:
    """The environment of a container, as far as it is known here."""
    found: dict[str, str] = {}
    for source in entries(container.get("envFrom")):
        known = cluster.find("ConfigMap", mapping(source.get("configMapRef")).get("name"))
        told = mapping(mapping(known).get("data"))
        found |= {f"{source.get('prefix', '')}{name}": str(value) for name, value in told.items()}
    for one in entries(container.get("env")):
        name = str(one.get("name"))
        if "valueFrom" in one:
            found.pop(name, None)
        else:
            found[name] = str(one.get("value", ""))
    return found


def _command(container: dict[str, Any], where: str) -> Iterator[str]:
    arguments = container.get("args")
    first = arguments[0] if isinstance(arguments, list) and arguments else None
    if "command" not in container and (not isinstance(first, str) or first not in COMMANDS):
        yield f"{where}.args begins with {first}, which is no command of shopctl."


def _port(container: dict[str, Any], settings: dict[str, str], where: str) -> Iterator[str]:
    declared = [str(port.get("containerPort")) for port in entries(container.get("ports"))]
    told = settings.get("PORT")
    if declared and told is not None and told not in declared:
        yield f"{where} listens at its PORT, which is {told}; its containerPort is {', '.join(declared)}."


def _backend(settings: dict[str, str], cluster: Cluster, where: str) -> Iterator[str]:
    if not (url := settings.get("API_SERVER_URL")):
        return
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", split.port or (443 if split.scheme == "https" else 80)
    except ValueError:
        return  # No URL: what the part itself says of it is clearer.
    name, _, rest = host.partition(".")
    own = {cluster.name(one) for one in cluster.of("Namespace")}
    if rest and rest.removesuffix(".cluster.local").removesuffix(".svc") not in own:
        return  # Of another namespace, or outside.
    service = cluster.find("Service", name)
    if service is None:
        yield f"{where} calls API_SERVER_URL, whose host is {host}; no Service of that name is rendered."
    elif not cluster.service_port(service, port):
        yield f"{where} calls API_SERVER_URL at port {port} of the Service {name}, which has none such."


def _probes(container: dict[str, Any], where: str) -> Iterator[str]:
    for name in _PROBES:
        asked = mapping(mapping(container.get(name)).get("httpGet"))
        path = asked.get("path", "/")
        if asked and path not in HEALTH_PATHS:
            yield f"{where}.{name}.httpGet.path is {path}; probes are answered at /healthz and /readyz."
        if "host" in asked:
            yield f"{where}.{name}.httpGet.host is {asked['host']}: the pod itself would not be asked."


def _time_to_stop(pod: Pod, container: dict[str, Any], settings: dict[str, str]) -> Iterator[str]:
    slept = mapping(mapping(mapping(container.get("lifecycle")).get("preStop")).get("sleep")).get("seconds", 0)
    serves = str(container.get("args", "")).startswith("['serve-")
    # What is not set is what `shopctl serve-api` and `serve-web` have by default.
    told = [str(slept), settings.get("SHOP_DRAIN_S", "0"), settings.get("SHOP_GRACE_S", "30" if serves else "0")]
    given = pod.spec.get("terminationGracePeriodSeconds", 30)
    # What is no number at all its schema names, or the part itself.
    if isinstance(given, int) and all(seconds.isascii() and seconds.isdigit() for seconds in told):
        needed = sum(int(seconds) for seconds in told)
        if given < needed:
            yield (
                f"{pod.where}.spec.template.spec.terminationGracePeriodSeconds is {given}; it takes up to {needed}: "
                f"preStop {told[0]}, SHOP_DRAIN_S {told[1]}, SHOP_GRACE_S {told[2]}."
            )
