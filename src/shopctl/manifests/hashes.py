"""Hashes in Kubernetes resources, which must follow what they are of, whatever a patch has changed."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

from shopctl.manifests.cluster import Cluster, Pod, entries, mapping

_CHECKSUM: Final = "checksum/config"
_LENGTH: Final = 10


def hash_of(what: object) -> str:
    """The beginning of a hash of plain values, whatever order their keys are in."""
    text = json.dumps(what, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def patched_name(document: dict[str, Any]) -> str:
    """The name by which a patch finds a resource: its own, without the hash that a Job's ends with."""
    name = Cluster.name(document)
    return name.rpartition("-")[0] if document.get("kind") == "Job" else name


def stale(documents: Sequence[Any]) -> dict[str, str]:
    """The hashes in ``documents`` that a patch has made wrong, each with the right one.

    A pod template carries the checksum of its ConfigMap, or nothing would start again after a change; a Job's name ends
    with the hash of its pod, or the cluster would refuse the change. Each stands in the resource's text once, so to
    replace one by the other there is all it takes. Asked again afterwards, it answers nothing.
    """
    cluster = Cluster(documents)
    found: dict[str, str] = {}
    for pod in cluster.pods:
        annotations = mapping(mapping(pod.template.get("metadata")).get("annotations"))
        checksum = _checksum(pod, cluster) or annotations.get(_CHECKSUM)
        if _CHECKSUM in annotations:
            found[str(annotations[_CHECKSUM])] = str(checksum)
        if pod.kind == "Job":
            metadata = {**mapping(pod.template.get("metadata")), "annotations": {**annotations, _CHECKSUM: checksum}}
            found[pod.where.rpartition("-")[2]] = hash_of({**pod.template, "metadata": metadata})
    return {old: new for old, new in found.items() if old != new}


def _checksum(pod: Pod, cluster: Cluster) -> str:
    for _, container in pod.containers():
        for source in entries(container.get("envFrom")):
            settings = cluster.find("ConfigMap", mapping(source.get("configMapRef")).get("name"))
            if settings is not None:
                return hash_of(mapping(settings.get("data")))
    return ""
