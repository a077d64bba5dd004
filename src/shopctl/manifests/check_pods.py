"""Whether everything that a pod names is there: settings, secrets, volumes, ports, its account."""

import posixpath
from collections.abc import Iterator
from typing import Any, Final

from shopctl.manifests.cluster import Cluster, Pod, entries, mapping

SECRET: Final = "shop-secrets"  # noqa: S105 - what it is called, not what it is.
EXTERNAL: Final = "shopctl/external"
"""An annotation of a workload: names, with commas, of ConfigMaps and Secrets that somebody else makes."""

_KEYS: Final = ("SHOP_SECRET_KEY", "DATABASE_URL", "POSTGRES_PASSWORD")
_SOURCES: Final = {"configMap": ("ConfigMap", "name"), "secret": ("Secret", "secretName")}
_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")


def problems(pod: Pod, cluster: Cluster) -> Iterator[str]:
    """What the pods of a workload name that is not there; a sentence for each."""
    spec = mapping(pod.workload.get("spec"))
    selector = mapping(spec.get("selector")).get("matchLabels")
    if pod.kind != "Job" and (not selector or not mapping(selector).items() <= pod.labels.items()):
        yield f"{pod.where}.spec.selector does not match the labels of its own pods."
    here = f"{pod.where}.spec.template.spec"
    for number, spread in enumerate(entries(pod.spec.get("topologySpreadConstraints"))):
        labels = mapping(mapping(spread.get("labelSelector")).get("matchLabels"))
        if not labels.items() <= pod.labels.items():
            yield f"{here}.topologySpreadConstraints[{number}].labelSelector does not match the pods themselves."
    account = pod.spec.get("serviceAccountName", "default")
    if account != "default" and cluster.find("ServiceAccount", account) is None:
        yield f"{here}.serviceAccountName is {account}, which is not rendered."
    if pod.kind == "StatefulSet" and cluster.find("Service", spec.get("serviceName")) is None:
        yield f"{pod.where}.spec.serviceName is {spec.get('serviceName')}, which is not rendered."
    yield from _volumes(pod, cluster, here)
    for where, container in pod.containers():
        yield from _environment(pod, cluster, container, where)
        yield from _ports(container, where)


def _environment(pod: Pod, cluster: Cluster, container: dict[str, Any], where: str) -> Iterator[str]:
    for number, source in enumerate(entries(container.get("envFrom"))):
        for reference, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if reference in source:
                name = mapping(source[reference]).get("name")
                yield from _known(pod, cluster, kind, name, None, f"{where}.envFrom[{number}].{reference}")
    mounted = _mounted(pod, container)
    for one in entries(container.get("env")):
        here = f"{where}.env.{one.get('name')}"
        for reference, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if reference in mapping(one.get("valueFrom")):
                told = mapping(one["valueFrom"][reference])
                yield from _known(pod, cluster, kind, told.get("name"), told.get("key"), here)
        if str(one.get("name", "")).endswith("_FILE") and not _is_there(str(one.get("value")), mounted):
            yield f"{here} is {one.get('value')}, where nothing is mounted."


def _mounted(pod: Pod, container: dict[str, Any]) -> dict[str, set[str] | None]:
    """Where volumes lie, and which files each has, as far as that is said."""
    volumes = {one.get("name"): one for one in entries(pod.spec.get("volumes"))}
    found: dict[str, set[str] | None] = {}
    for mount in entries(container.get("volumeMounts")):
        volume = mapping(volumes.get(mount.get("name")))
        told = next((mapping(volume[source]).get("items") for source in _SOURCES if source in volume), None)
        found[str(mount.get("mountPath"))] = {str(one.get("path")) for one in entries(told)} if told else None
    return found


def _is_there(path: str, mounted: dict[str, set[str] | None]) -> bool:
    for place, files in mounted.items():
        if path.startswith(f"{place}/") and (files is None or posixpath.relpath(path, place) in files):
            return True
    return False


def _known(pod: Pod, cluster: Cluster, kind: str, name: Any, key: Any, where: str) -> Iterator[str]:
    found = cluster.find(kind, name)
    annotations = mapping(mapping(pod.workload.get("metadata")).get("annotations"))
    if found is None and name in str(annotations.get(EXTERNAL, "")).split(","):
        return
    if found is None and (kind, name) != ("Secret", SECRET):
        yield (
            f"{where} names the {kind} {name}, which is not rendered. If somebody else makes it, say so by the "
            f'annotation {EXTERNAL}: "{name}" of {pod.where}.'
        )
        return
    keys = {*mapping(found.get("data")), *mapping(found.get("stringData"))} if found is not None else set(_KEYS)
    if key is not None and key not in keys:
        yield f"{where} names the key {key}, which the {kind} {name} has not."


def _volumes(pod: Pod, cluster: Cluster, here: str) -> Iterator[str]:
    volumes = {str(one.get("name")): one for one in entries(pod.spec.get("volumes"))}
    claims = entries(mapping(pod.workload.get("spec")).get("volumeClaimTemplates"))
    known = {*volumes, *(cluster.name(one) for one in claims)}
    used = set()
    for where, container in pod.containers():
        places: set[str] = set()
        for mount in entries(container.get("volumeMounts")):
            name, place = str(mount.get("name")), str(mount.get("mountPath"))
            used.add(name)
            if name not in known:
                yield f"{where}.volumeMounts names {name}, which is no volume of the pod."
            if place in places:
                yield f"{where}.volumeMounts has two at {place}."
            places.add(place)
    for name in sorted(known - used):
        yield f"{here}.volumes.{name} is mounted by no container."
    for name, volume in volumes.items():
        if not any(key != "name" for key in volume):
            yield f"{here}.volumes.{name} has no source."
        for source, (kind, naming) in _SOURCES.items():
            if source in volume:
                told = mapping(volume[source])
                for key in [one.get("key") for one in entries(told.get("items"))] or [None]:
                    yield from _known(pod, cluster, kind, told.get(naming), key, f"{here}.volumes.{name}")


def _ports(container: dict[str, Any], where: str) -> Iterator[str]:
    declared = entries(container.get("ports"))
    hooks = {f"lifecycle.{name}": hook for name, hook in mapping(container.get("lifecycle")).items()}
    for name, asked in {**{probe: container.get(probe) for probe in _PROBES}, **hooks}.items():
        for how in ("httpGet", "tcpSocket", "grpc"):
            port = mapping(mapping(asked).get(how)).get("port")
            if port is not None and not any(port in (one.get("name"), one.get("containerPort")) for one in declared):
                yield f"{where}.{name}.{how}.port is {port}, which is no port of the container."
