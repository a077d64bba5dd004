"""What a pod may do at the most: Kubernetes' Pod Security profile ``restricted``, and our own checklist on top.

The profile: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from collections.abc import Iterator
from typing import Any, Final

from shopctl.manifests.cluster import Cluster, Pod, entries, mapping, texts
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
_CONFINED: Final = ("RuntimeDefault", "Localhost")
_PROFILES: Final = ("seccompProfile", "appArmorProfile")
_SELINUX: Final = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_SYSCTLS: Final = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}
_APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_HOOKS: Final = ("startupProbe", "readinessProbe", "livenessProbe")
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"


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
        for kind in sorted({str(one) for one in volume} - {"name"} - _VOLUMES):
            yield f"{here}.volumes.{volume.get('name')} is of the kind {kind}, which the profile restricted forbids."
    if pod.spec.get("shareProcessNamespace"):
        yield f"{here}.shareProcessNamespace lets each container look into the others."
    annotations = mapping(mapping(pod.template.get("metadata")).get("annotations"))
    for name, profile in annotations.items():
        if str(name).startswith(_APPARMOR) and profile == "unconfined":
            yield f"{pod.where}.spec.template.metadata.annotations.{name} is unconfined."
    above = mapping(pod.spec.get("securityContext"))
    yield from _pod_security(f"{here}.securityContext", above)
    for where, container in pod.containers():
        yield from _security(where, container, above)
        yield from _calls(where, container)
        yield from _limits(where, container)
        try:
            image(container.get("image", ""))
        except ValueError as error:
            yield f"{where}.image {error}."


def _pod_security(here: str, told: dict[str, Any]) -> Iterator[str]:
    yield from _confinement(here, told)
    if told.get("fsGroup") == 0:
        yield f"{here}.fsGroup is root's."
    groups = told.get("supplementalGroups")
    if isinstance(groups, list) and 0 in groups:
        yield f"{here}.supplementalGroups has root's."
    for one in entries(told.get("sysctls")):
        if one.get("name") not in _SYSCTLS:
            yield f"{here}.sysctls sets {one.get('name')}, which the profile restricted forbids."


def _confinement(here: str, told: dict[str, Any]) -> Iterator[str]:
    """What a pod's and a container's ``securityContext`` have in common."""
    for name in _PROFILES:
        kind = mapping(told.get(name)).get("type")
        if kind is not None and kind not in _CONFINED:
            yield f"{here}.{name}.type is {kind}, not RuntimeDefault."
    selinux = mapping(told.get("seLinuxOptions"))
    if selinux.get("type", "") not in _SELINUX or selinux.get("user") or selinux.get("role"):
        yield f"{here}.seLinuxOptions has a user, role or type that the profile restricted forbids."
    if mapping(told.get("windowsOptions")).get("hostProcess"):
        yield f"{here}.windowsOptions.hostProcess gives it the whole node."


def _calls(where: str, container: dict[str, Any]) -> Iterator[str]:
    """The profile forbids ``host``: by it the kubelet asks whatever somebody names."""
    hooks = {f"lifecycle.{name}": hook for name, hook in mapping(container.get("lifecycle")).items()}
    for name, hook in {**{probe: container.get(probe) for probe in _HOOKS}, **hooks}.items():
        for how in ("httpGet", "tcpSocket"):
            if host := mapping(mapping(hook).get(how)).get("host"):
                yield f"{where}.{name}.{how}.host is {host}: the kubelet calls it, and not the pod."


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
    if "ALL" not in texts(capabilities.get("drop")):
        yield f"{here}.capabilities.drop is not [ALL]."
    if added := set(texts(capabilities.get("add"))) - {"NET_BIND_SERVICE"}:
        yield f"{here}.capabilities.add gives it {', '.join(sorted(added))}."
    if both.get("runAsNonRoot") is not True:
        yield f"{here}.runAsNonRoot is not true."
    for name in ("runAsUser", "runAsGroup"):
        number = both.get(name)
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            yield f"{here}.{name} is not a number other than root's."
    yield from _confinement(here, own)
    if "type" not in mapping(both.get("seccompProfile")):
        yield f"{here}.seccompProfile.type is not RuntimeDefault."
    if own.get("procMount", "Default") != "Default":
        yield f"{here}.procMount is {own['procMount']}, which shows it what the runtime hides."
    for port in entries(container.get("ports")):
        if port.get("hostPort"):
            yield f"{where}.ports has the hostPort {port['hostPort']}, which is one of the node's."


def _limits(where: str, container: dict[str, Any]) -> Iterator[str]:
    resources = mapping(container.get("resources"))
    for group in ("requests", "limits"):
        for name in _AMOUNTS:
            if name not in mapping(resources.get(group)):
                yield f"{where}.resources.{group} has no {name}."


def opened(cluster: Cluster) -> Iterator[str]:
    """What a patch has opened for every pod at once: the namespace's own profile, and the ban between pods."""
    for namespace in cluster.of("Namespace"):
        level = mapping(mapping(namespace.get("metadata")).get("labels")).get(_ENFORCE)
        if level != "restricted":
            yield f"{cluster.where(namespace)}.metadata.labels.{_ENFORCE} is {level}, not restricted."
    policies = cluster.of("NetworkPolicy")
    if policies and not any(_denies_all(mapping(policy.get("spec"))) for policy in policies):
        yield "NetworkPolicy/default-deny.spec no longer forbids every pod all that no other policy allows."
    for policy in policies:
        spec = mapping(policy.get("spec"))
        for way, peers in (("ingress", "from"), ("egress", "to")):
            for number, rule in enumerate(entries(spec.get(way))):
                if not rule.get(peers):
                    yield f"{cluster.where(policy)}.spec.{way}[{number}] has no {peers}: it means everybody."


def _denies_all(spec: dict[str, Any]) -> bool:
    types = spec.get("policyTypes")
    both = isinstance(types, list) and "Ingress" in types and "Egress" in types
    return both and not spec.get("podSelector") and not spec.get("ingress") and not spec.get("egress")
