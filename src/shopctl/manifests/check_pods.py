"""Whether everything that a pod names is there: settings, secrets, volumes, ports, its account."""

import posixpath
import re
from collections.abc import Iterator
from typing import Any, Final

from shopctl.manifests.cluster import Cluster, Pod, entries, mapping

SECRET: Final = "shop-secrets"  # noqa: S105 - what it is called, not what it is.
_KEYS: Final = ("SHOP_SECRET_KEY", "DATABASE_URL", "POSTGRES_PASSWORD", "SHOP_MAIL_URL")
_SECRET_FILE: Final = "(SHOP_.*|DATABASE_URL|POSTGRES_.*)_FILE"  # noqa: S105 - a name.
"""What a secret of the shop is read from; the likes of SSL_CERT_FILE may name a file of the image."""

_SOURCES: Final = {"configMap": "ConfigMap", "secret": "Secret"}
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
    if account != "default":
        yield from cluster.missing(pod.workload, "ServiceAccount", account, f"{here}.serviceAccountName")
    if pod.kind == "StatefulSet" and cluster.find("Service", spec.get("serviceName")) is None:
        yield f"{pod.where}.spec.serviceName is {spec.get('serviceName')}, which is not rendered."
    yield from _volumes(pod, cluster, here)
    for where, container in pod.containers():
        yield from _environment(pod, cluster, container, where)
        yield from _ports(container, where)
        yield from _amounts(container, where)


def _environment(pod: Pod, cluster: Cluster, container: dict[str, Any], where: str) -> Iterator[str]:
    for number, source in enumerate(entries(container.get("envFrom"))):
        for reference, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if reference in source:
                told = mapping(source[reference])
                yield from _known(pod, cluster, kind, told, None, f"{where}.envFrom[{number}].{reference}")
    mounted = _mounted(pod, container)
    for one in entries(container.get("env")):
        here = f"{where}.env.{one.get('name')}"
        for reference, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if reference in mapping(one.get("valueFrom")):
                told = mapping(one["valueFrom"][reference])
                yield from _known(pod, cluster, kind, told, told.get("key"), here)
        if re.fullmatch(_SECRET_FILE, str(one.get("name"))) and not _is_there(str(one.get("value")), mounted):
            yield f"{here} is {one.get('value')}, where nothing is mounted."


def _mounted(pod: Pod, container: dict[str, Any]) -> dict[str, set[str] | None]:
    """Where volumes lie, and which files each has, as far as that is said."""
    volumes = {str(one.get("name")): one for one in entries(pod.spec.get("volumes"))}
    found: dict[str, set[str] | None] = {}
    for mount in entries(container.get("volumeMounts")):
        volume = mapping(volumes.get(str(mount.get("name"))))
        told = [entries(source.get("items")) for _, source in _sources(volume)]
        files = {str(one.get("path")) for items in told for one in items}
        found[str(mount.get("mountPath"))] = files if told and all(told) else None
    return found


def _is_there(path: str, mounted: dict[str, set[str] | None]) -> bool:
    for place, files in mounted.items():
        if path.startswith(f"{place}/") and (files is None or posixpath.relpath(path, place) in files):
            return True
    return False


def _known(pod: Pod, cluster: Cluster, kind: str, told: dict[str, Any], key: Any, where: str) -> Iterator[str]:
    name = told.get("name", told.get("secretName"))
    found = cluster.find(kind, name)
    if told.get("optional") is True:
        return
    if found is None and (kind, name) != ("Secret", SECRET):
        yield from cluster.missing(pod.workload, kind, name, where)
        return
    keys = {*mapping(found.get("data")), *mapping(found.get("stringData"))} if found is not None else set(_KEYS)
    if key is not None and str(key) not in keys:
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
        for kind, told in _sources(volume):
            for key in [one.get("key") for one in entries(told.get("items"))] or [None]:
                yield from _known(pod, cluster, kind, told, key, f"{here}.volumes.{name}")
        claim = mapping(volume.get("persistentVolumeClaim")).get("claimName")
        if claim is not None:
            yield from cluster.missing(pod.workload, "PersistentVolumeClaim", claim, f"{here}.volumes.{name}")


def _sources(volume: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The ConfigMaps and Secrets that a volume is made of, each with what is said of it."""
    for one in (volume, *entries(mapping(volume.get("projected")).get("sources"))):
        for source, kind in _SOURCES.items():
            if source in one:
                yield kind, mapping(one[source])


def _ports(container: dict[str, Any], where: str) -> Iterator[str]:
    declared = entries(container.get("ports"))
    hooks = {f"lifecycle.{name}": hook for name, hook in mapping(container.get("lifecycle")).items()}
    for name, asked in {**{probe: container.get(probe) for probe in _PROBES}, **hooks}.items():
        for how in ("httpGet", "tcpSocket", "grpc"):
            port = mapping(mapping(asked).get(how)).get("port")
            if port is not None and not any(port in (one.get("name"), one.get("containerPort")) for one in declared):
                yield f"{where}.{name}.{how}.port is {port}, which is no port of the container."


def _amounts(container: dict[str, Any], where: str) -> Iterator[str]:
    resources = mapping(container.get("resources"))
    most = mapping(resources.get("limits"))
    for name, wanted in mapping(resources.get("requests")).items():
        requested, limit = _quantity(wanted), _quantity(most.get(name))
        if requested is not None and limit is not None and requested > limit:
            yield f"{where}.resources.requests.{name} is {wanted}, more than its limit, which is {most[name]}."


def _quantity(told: Any) -> float | None:
    """An amount as a number, as Kubernetes' own Quantity has it; nothing where it is none."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(m|k|[KMGTPE]i?|e[0-9]{1,2})?", str(told))
    if not found:
        return None
    number, unit = float(found[1]), found[2] or ""
    if unit.startswith("e"):
        return number * 10.0 ** int(unit[1:])
    if unit == "m":
        return number / 1000
    return number * (1024.0 if unit.endswith("i") else 1000.0) ** " KMGTPE".index(unit[:1].upper() or " ")
