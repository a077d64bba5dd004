"""What a pod may do at the most: Kubernetes' Pod Security profile ``restricted``, and our own checklist on top.

The profile: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from collections.abc import Iterator
from typing import Any, Final

from shopctl.manifests.cluster import Pod, entries, mapping
from shopctl.manifests.kinds import image

_HOST: Final = ("hostNetwork", "hostPID", "hostIPC")
_VOLUMES: Final = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_AMOUNTS: Final = ("cpu", "memory", "ephemeral-storage")


def weaknesses(pod: Pod) -> Iterator[str]:
    """What these pods are allowed that the profile or our checklist forbids; a sentence for each."""
    here = f"{pod.where}.spec.template.spec"
    for name in _HOST:
        if pod.spec.get(name):
            yield f"{here}.{name} gives it a part of the node."
    if pod.spec.get("automountServiceAccountToken") is not False:
        yield f"{here}.automountServiceAccountToken is not false: it gets a key to the cluster."
    if pod.spec.get("enableServiceLinks") is not False:
        yield f"{here}.enableServiceLinks is not false: other people's Services become its settings."
    for volume in entries(pod.spec.get("volumes")):
        for kind in sorted(set(volume) - {"name"} - _VOLUMES):
            yield f"{here}.volumes.{volume.get('name')} is of the kind {kind}, which the profile restricted forbids."
    above = mapping(pod.spec.get("securityContext"))
    for where, container in pod.containers():
        yield from _security(where, container, above)
        yield from _limits(where, container)
        try:
            image(container.get("image", ""))
        except ValueError as error:
            yield f"{where}.image {error}."


def _security(where: str, container: dict[str, Any], above: dict[str, Any]) -> Iterator[str]:
    own = mapping(container.get("securityContext"))
    # What a container does not say, its pod says.
    both = {**above, **own}
    here = f"{where}.securityContext"
    if own.get("privileged"):
        yield f"{here}.privileged gives it the whole node."
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{here}.allowPrivilegeEscalation is not false."
    if own.get("readOnlyRootFilesystem") is not True:
        yield f"{here}.readOnlyRootFilesystem is not true: who breaks in may change its files."
    capabilities = mapping(own.get("capabilities"))
    if "ALL" not in (capabilities.get("drop") or ()):
        yield f"{here}.capabilities.drop is not [ALL]."
    if added := set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}:
        yield f"{here}.capabilities.add gives it {', '.join(sorted(added))}."
    if both.get("runAsNonRoot") is not True:
        yield f"{here}.runAsNonRoot is not true."
    for name in ("runAsUser", "runAsGroup"):
        number = both.get(name)
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            yield f"{here}.{name} is not a number other than root's."
    if mapping(both.get("seccompProfile")).get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"{here}.seccompProfile.type is not RuntimeDefault."
    for port in entries(container.get("ports")):
        if port.get("hostPort"):
            yield f"{where}.ports has the hostPort {port['hostPort']}, which is one of the node's."


def _limits(where: str, container: dict[str, Any]) -> Iterator[str]:
    resources = mapping(container.get("resources"))
    for group in ("requests", "limits"):
        for name in _AMOUNTS:
            if name not in mapping(resources.get(group)):
                yield f"{where}.resources.{group} has no {name}."
