"""What no schema sees in Kubernetes resources: names that must be there, selectors that must match, ports.

It runs at every rendering, and after an owner's patch.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from shopctl.manifests import check_parts, check_pods, check_routes
from shopctl.manifests.cluster import Cluster, entries, mapping

_NO_NAMESPACE: Final = ("Namespace",)
_VISITORS: Final = {"acme.cert-manager.io/http01-solver"}
"""Labels of pods that others start in this namespace."""

_CUSTOM: Final = ("traefik.io/", "gateway.networking.k8s.io/", "cert-manager.io/")


def problems(documents: Sequence[Any]) -> list[str]:
    """What refers to nothing or cannot work; a sentence for each, with resource and path."""
    cluster = Cluster(documents)
    found = list(_identities(cluster))
    found += _custom(cluster)
    for pod in cluster.pods:
        found += [*check_pods.problems(pod, cluster), *check_parts.problems(pod, cluster)]
    found += [*_selectors(cluster), *_services(cluster), *_scaling(cluster), *_budgets(cluster), *_policies(cluster)]
    found += check_routes.problems(cluster)
    return found


def weaknesses(documents: Sequence[Any]) -> list[str]:
    """What is allowed that the shop never needs, and what nobody here can judge; a sentence for each."""
    from shopctl.manifests import models, restricted

    cluster = Cluster(documents)
    found = [told for pod in cluster.pods for told in restricted.weaknesses(pod)]
    found += [*restricted.opened(cluster), *check_routes.weaknesses(cluster)]
    for one in _custom_of(cluster):
        if not models.fault(one):
            found += [
                f"{cluster.where(one)}.{path} is not known here, and so not checked." for path in models.unknown(one)
            ]
    return found


def _custom_of(cluster: Cluster) -> list[dict[str, Any]]:
    return [one for one in cluster.documents if str(one.get("apiVersion")).startswith(_CUSTOM)]


def _custom(cluster: Cluster) -> Iterator[str]:
    if custom := _custom_of(cluster):
        # Here, since it takes as long as everything else in this module.
        from shopctl.manifests.models import fault

        yield from (f"{cluster.where(one)}.{told}" for one in custom if (told := fault(one)))


def _identities(cluster: Cluster) -> Iterator[str]:
    seen: set[str] = set()
    namespaces = {cluster.name(one) for one in cluster.of("Namespace")}
    for one in cluster.documents:
        where = cluster.where(one)
        if where in seen:
            yield f"{where} is there twice."
        seen.add(where)
        namespace = mapping(one.get("metadata")).get("namespace")
        if one.get("kind") not in _NO_NAMESPACE and str(namespace) not in namespaces:
            yield f"{where}.metadata.namespace is {namespace}, which is not the namespace of the rest."


def _selectors(cluster: Cluster) -> Iterator[str]:
    for pod in cluster.pods:
        selector = mapping(mapping(pod.workload.get("spec")).get("selector")).get("matchLabels")
        for other in cluster.selected(selector) if pod.kind != "Job" and selector else []:
            if other.workload is not pod.workload:
                yield f"{pod.where}.spec.selector matches the pods of {other.where} too, and would take them away."


def _services(cluster: Cluster) -> Iterator[str]:
    for service in cluster.of("Service"):
        where, spec = f"{cluster.where(service)}.spec", mapping(service.get("spec"))
        pods = cluster.selected(spec.get("selector"))
        if not spec.get("selector") or not pods:
            yield f"{where}.selector matches no pods."
            continue
        if len(pods) > 1:
            yield f"{where}.selector matches the pods of {' and '.join(pod.where for pod in pods)}; it is to be one."
        for number, port in enumerate(entries(spec.get("ports"))):
            target = port.get("targetPort", port.get("port"))
            for deaf in [pod.where for pod in pods if not pod.listens_at(target)]:
                yield f"{where}.ports[{number}].targetPort is {target}, at which {deaf} does not listen."


def _scaling(cluster: Cluster) -> Iterator[str]:
    for scaler in cluster.of("HorizontalPodAutoscaler"):
        where, spec = f"{cluster.where(scaler)}.spec", mapping(scaler.get("spec"))
        reference = mapping(spec.get("scaleTargetRef"))
        target = cluster.find(str(reference.get("kind")), reference.get("name"))
        told = f"{reference.get('kind')}/{reference.get('name')}"
        least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
        if isinstance(least, int) and isinstance(most, int) and least > most:
            yield f"{where}.minReplicas is {least}, more than maxReplicas, which is {most}."
        if target is None:
            yield f"{where}.scaleTargetRef names {told}, which is not rendered."
            continue
        if "replicas" in mapping(target.get("spec")):
            yield f"{told}.spec.replicas undoes at every apply what {cluster.where(scaler)} has done."
        containers = [c for pod in cluster.pods if pod.workload is target for c in entries(pod.spec.get("containers"))]
        measured = {str(mapping(metric.get("resource")).get("name", "")) for metric in entries(spec.get("metrics"))}
        for name in sorted(measured - {""}):
            if any(name not in mapping(mapping(c.get("resources")).get("requests")) for c in containers):
                yield f"{where}.metrics measures {name}, of which a container of {told} requests nothing."


def _budgets(cluster: Cluster) -> Iterator[str]:
    for budget in cluster.of("PodDisruptionBudget"):
        where, spec = f"{cluster.where(budget)}.spec", mapping(budget.get("spec"))
        selector = mapping(spec.get("selector")).get("matchLabels")
        pods = cluster.selected(selector)
        if not selector or not pods:
            yield f"{where}.selector matches no pods."
            continue
        fewest = sum(_fewest(pod.workload, cluster) for pod in pods)
        unmet = {
            "minAvailable": _of(spec, "minAvailable", 0, fewest) >= fewest,
            "maxUnavailable": _of(spec, "maxUnavailable", 1, fewest) == 0,
        }
        for name in unmet:
            if unmet[name] and name in spec:
                yield f"{where}.{name} is {spec[name]} of {fewest}: no node with such a pod could be emptied."


def _of(spec: dict[str, Any], name: str, default: int, whole: int) -> int:
    """A number of pods, or percent of ``whole``, which the cluster rounds up."""
    told = spec.get(name, default)
    if isinstance(told, str) and re.fullmatch("[0-9]{1,3}%", told):
        return -(-int(told[:-1]) * whole // 100)
    return told if isinstance(told, int) else default


def _fewest(workload: dict[str, Any], cluster: Cluster) -> int:
    for scaler in cluster.of("HorizontalPodAutoscaler"):
        spec = mapping(scaler.get("spec"))
        reference = mapping(spec.get("scaleTargetRef"))
        if (reference.get("kind"), reference.get("name")) == (workload.get("kind"), cluster.name(workload)):
            return _number(spec.get("minReplicas"))
    return _number(mapping(workload.get("spec")).get("replicas"))


def _number(told: Any) -> int:
    return told if isinstance(told, int) else 1


def _policies(cluster: Cluster) -> Iterator[str]:
    for policy in cluster.of("NetworkPolicy"):
        where, spec = f"{cluster.where(policy)}.spec", mapping(policy.get("spec"))
        own = mapping(spec.get("podSelector")).get("matchLabels")
        pods = cluster.selected(own)
        if own and not pods and not mapping(own).keys() & _VISITORS:
            yield f"{where}.podSelector matches no pods."
        for way, peers in (("ingress", "from"), ("egress", "to")):
            for number, rule in enumerate(entries(spec.get(way))):
                here = f"{where}.{way}[{number}]"
                reached = pods if way == "ingress" else []
                for peer in entries(rule.get(peers)):
                    labels = mapping(peer.get("podSelector")).get("matchLabels")
                    # With a namespaceSelector it means pods of others, of which nothing is known here.
                    if labels and "namespaceSelector" not in peer:
                        matched = cluster.selected(labels)
                        if not matched:
                            yield f"{here}.{peers} has a podSelector that matches no pods."
                        reached = reached if way == "ingress" else [*reached, *matched]
                for port in entries(rule.get("ports")):
                    if reached and not any(pod.listens_at(port.get("port")) for pod in reached):
                        yield f"{here}.ports has {port.get('port')}, at which {reached[0].where} does not listen."
