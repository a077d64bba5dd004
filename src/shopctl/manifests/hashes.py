"""Hashes in Kubernetes resources, which must follow what they are of, whatever a patch has changed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from shopctl.manifests.cluster import Cluster, Pod, entries, mapping

if TYPE_CHECKING:
    from shopctl.manifests.render import Manifest

Place = tuple[str, tuple[str, ...]]
"""A resource, such as ``Job/migrate-1f``, and the keys that lead to one of its values."""

_CHECKSUM: Final = "checksum/config"
_ANNOTATION: Final = ("spec", "template", "metadata", "annotations", _CHECKSUM)
_NAME: Final = ("metadata", "name")
_LENGTH: Final = 10


def hash_of(what: object) -> str:
    """The beginning of a hash of plain values, whatever order their keys are in."""
    text = json.dumps(_with_text_keys(what), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def _with_text_keys(what: object) -> object:
    # A patch may hold numbers and dates as keys, which have no order among texts.
    if isinstance(what, dict):
        return {str(key): _with_text_keys(value) for key, value in what.items()}
    return [_with_text_keys(one) for one in what] if isinstance(what, list) else what


def patched_name(document: dict[str, Any]) -> str:
    """The name by which a patch finds a resource: its own, without the hash that a Job's ends with."""
    name = Cluster.name(document)
    return name.rpartition("-")[0] if document.get("kind") == "Job" else name


def restamped(manifests: "Sequence[Manifest]") -> "list[Manifest]":
    """``manifests`` with every hash as it should be, all else as it is, to the letter."""
    from shopctl.manifests import yaml_text

    parsed = [yaml_text.documents(manifest.text) for manifest in manifests]
    wrong = stale([document for documents in parsed for document in documents])
    stamped = []
    for manifest, documents in zip(manifests, parsed, strict=True):
        text = manifest.text
        here = {Cluster.where(document) for document in entries(documents)}
        for (where, path), right in wrong.items():
            if where in here:
                text = _with(text, path, right)
        stamped.append(replace(manifest, text=text))
    return stamped


def _with(text: str, path: Sequence[str], right: str) -> str:
    """``text`` with one scalar of its first document replaced, where it stands and nowhere else."""
    from shopctl.manifests import yaml_text

    node = yaml_text.nodes(text)[0]
    for key in path:
        node = next(value for name, value in node.value if name.value == key)
    start, end = node.start_mark.index, node.end_mark.index
    # A scalar of several lines ends where the next line begins.
    rest = "\n" if text[start:end].endswith("\n") else ""
    return f"{text[:start]}{right if path == _NAME else json.dumps(right)}{rest}{text[end:]}"


def stale(documents: Sequence[Any]) -> dict[Place, str]:
    """The hashes in ``documents`` that a patch has made wrong: where each stands, and what is right there.

    A pod template carries the checksum of its ConfigMap, or nothing would start again after a change; a Job's name ends
    with the hash of its pod, or the cluster would refuse the change. Asked again afterwards, it answers nothing.
    """
    cluster = Cluster(documents)
    found: dict[Place, str] = {}
    for pod in cluster.pods:
        metadata = mapping(pod.template.get("metadata"))
        annotations = mapping(metadata.get("annotations"))
        told = annotations.get(_CHECKSUM)
        # What is no text at all is left as it is, for the schema to name.
        right = _checksum(pod, cluster) if not isinstance(told, dict | list) and _CHECKSUM in annotations else ""
        if right:
            metadata = {**metadata, "annotations": {**annotations, _CHECKSUM: right}}
            if told != right:
                found[pod.where, _ANNOTATION] = right
        if pod.kind == "Job":
            name = f"{patched_name(pod.workload)}-{hash_of({**pod.template, 'metadata': metadata})}"
            if name != Cluster.name(pod.workload):
                found[pod.where, _NAME] = name
    return found


def _checksum(pod: Pod, cluster: Cluster) -> str:
    for _, container in pod.containers():
        for source in entries(container.get("envFrom")):
            settings = cluster.find("ConfigMap", mapping(source.get("configMapRef")).get("name"))
            if settings is not None:
                return hash_of(mapping(settings.get("data")))
    return ""
