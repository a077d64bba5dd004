"""Hashes in Kubernetes resources, which must follow what they are of, whatever a patch has changed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from shopctl.manifests.cluster import Cluster, Pod, entries, mapping

if TYPE_CHECKING:
    from shopctl.manifests.render import Manifest

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


def restamped(manifests: "Sequence[Manifest]") -> "list[Manifest]":
    """``manifests`` with every hash as it should be, all else as it is."""
    from shopctl.manifests import yaml_text

    wrong = stale([document for manifest in manifests for document in yaml_text.documents(manifest.text)])
    stamped = []
    for manifest in manifests:
        text = manifest.text
        for old, new in wrong.items():
            text = text.replace(old, new)
        stamped.append(replace(manifest, text=text))
    return stamped


def stale(documents: Sequence[Any]) -> dict[str, str]:
    """The hashes in ``documents`` that a patch has made wrong, each with the right one.

    A pod template carries the checksum of its ConfigMap, or nothing would start again after a change; a Job's name ends
    with the hash of its pod, or the cluster would refuse the change. As text each stands where it belongs and nowhere
    else, so to replace one by the other is all it takes. Asked again afterwards, it answers nothing.
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
