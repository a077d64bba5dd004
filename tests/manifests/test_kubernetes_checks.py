"""Faults that every schema takes, planted one by one: what the shop's programs go by, and what they are allowed."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer.main

from shopctl.main import application
from shopctl.manifests import check_kubernetes, hashes
from shopctl.manifests.check_parts import COMMANDS
from tests.manifests.combinations import documents, one

Documents = list[dict[str, Any]]
Change = Callable[[Documents], object]


def workload(found: Documents, name: str) -> Any:
    return one(found, "StatefulSet" if name == "database" else "Deployment", name)


def spec(found: Documents, name: str) -> Any:
    return workload(found, name)["spec"]["template"]["spec"]


def only(found: Documents, name: str) -> Any:
    return spec(found, name)["containers"][0]


def settings(found: Documents, name: str) -> Any:
    return one(found, "ConfigMap", name)["data"]


def everybody(found: Documents) -> None:
    one(found, "Service", "frontend")["spec"]["selector"] = {"app.kubernetes.io/instance": "shop"}


FAULTS: list[tuple[str, Change, str]] = [
    ("service of several", everybody, " and Deployment/frontend and Deployment/worker; it is to be one."),
    (
        "selector of several",
        lambda found: workload(found, "worker")["spec"]["selector"].update(
            matchLabels={"app.kubernetes.io/instance": "shop"}
        ),
        "Deployment/worker.spec.selector matches the pods of Deployment/frontend too",
    ),
    (
        "port of the settings",
        lambda found: settings(found, "worker").update(PORT="9001"),
        "containers.worker listens at its PORT, which is 9001; its containerPort is 8001.",
    ),
    (
        "port of the pod",
        lambda found: only(found, "worker").update(env=[*only(found, "worker")["env"], {"name": "PORT", "value": "7"}]),
        "containers.worker listens at its PORT, which is 7; its containerPort is 8001.",
    ),
    (
        "API of no name",
        lambda found: settings(found, "frontend").update(API_SERVER_URL="http://api:8000"),
        "containers.frontend calls API_SERVER_URL, whose host is api; no Service of that name is rendered.",
    ),
    (
        "API at no port",
        lambda found: settings(found, "frontend").update(API_SERVER_URL="http://shopapi.shop.svc.cluster.local"),
        "containers.frontend calls API_SERVER_URL at port 80 of the Service shopapi, which has none such.",
    ),
    (
        "probe's path",
        lambda found: only(found, "shopapi")["livenessProbe"]["httpGet"].update(path="/health"),
        "containers.shopapi.livenessProbe.httpGet.path is /health; probes are answered at /healthz and /readyz.",
    ),
    (
        "probe's host",
        lambda found: only(found, "shopapi")["livenessProbe"]["httpGet"].update(host="127.0.0.1"),
        "containers.shopapi.livenessProbe.httpGet.host is 127.0.0.1: the pod itself would not be asked.",
    ),
    (
        "command",
        lambda found: only(found, "worker").update(args=["work"]),
        "containers.worker.args begins with work, which is no command of shopctl.",
    ),
    (
        "no command",
        lambda found: only(found, "worker").pop("args"),
        "containers.worker.args begins with None, which is no command of shopctl.",
    ),
    (
        "killed too soon",
        lambda found: spec(found, "frontend").update(terminationGracePeriodSeconds=30),
        "terminationGracePeriodSeconds is 30; it takes up to 40: preStop 5, SHOP_DRAIN_S 5, SHOP_GRACE_S 30.",
    ),
    (
        "grace by default",
        lambda found: [
            settings(found, "frontend").pop("SHOP_GRACE_S"),
            spec(found, "frontend").update(terminationGracePeriodSeconds=39),
        ],
        "terminationGracePeriodSeconds is 39; it takes up to 40: preStop 5, SHOP_DRAIN_S 5, SHOP_GRACE_S 30.",
    ),
    (
        "longer grace",
        lambda found: settings(found, "shopapi").update(SHOP_GRACE_S="90"),
        "terminationGracePeriodSeconds is 45; it takes up to 100",
    ),
    (
        "more than the limit",
        lambda found: only(found, "worker")["resources"]["requests"].update(memory="1Gi"),
        "containers.worker.resources.requests.memory is 1Gi, more than its limit, which is 256Mi.",
    ),
    (
        "more cores than the limit",
        lambda found: only(found, "worker")["resources"]["requests"].update(cpu=1),
        "containers.worker.resources.requests.cpu is 1, more than its limit, which is 500m.",
    ),
    (
        "budget of percent",
        lambda found: one(found, "PodDisruptionBudget", "frontend")["spec"].update(minAvailable="51%"),
        "PodDisruptionBudget/frontend.spec.minAvailable is 51% of 2: no node with such a pod could be emptied.",
    ),
    (
        "budget of none",
        lambda found: one(found, "PodDisruptionBudget", "frontend").update(
            spec={
                "maxUnavailable": 0,
                "selector": one(found, "PodDisruptionBudget", "frontend")["spec"]["selector"],
            }
        ),
        "PodDisruptionBudget/frontend.spec.maxUnavailable is 0 of 2: no node with such a pod could be emptied.",
    ),
    (
        "projected secret",
        lambda found: spec(found, "worker")["volumes"][0].update(
            {"emptyDir": None, "projected": {"sources": [{"secret": {"name": "mail"}}]}}
        ),
        "volumes.tmp names the Secret mail, which is not rendered.",
    ),
    (
        "projected key",
        lambda found: spec(found, "worker")["volumes"][1].update(
            {"projected": {"sources": [{"secret": {"name": "shop-secrets", "items": [{"key": "KEY", "path": "K"}]}}]}}
        ),
        "volumes.secrets names the key KEY, which the Secret shop-secrets has not.",
    ),
    (
        "claim",
        lambda found: spec(found, "worker")["volumes"][0].update({"persistentVolumeClaim": {"claimName": "scratch"}}),
        "volumes.tmp names the PersistentVolumeClaim scratch, which is not rendered.",
    ),
]


@pytest.mark.parametrize(("plant", "told"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_planted_fault_is_named(plant: Change, told: str) -> None:
    found = documents()
    plant(found)
    assert [sentence for sentence in check_kubernetes.problems(found) if told in sentence] != []


SOUND: list[tuple[str, Change]] = [
    (
        "a file of the image",
        lambda found: only(found, "worker")["env"].append({"name": "SSL_CERT_FILE", "value": "/etc/ssl/cert.pem"}),
    ),
    ("the API elsewhere", lambda found: settings(found, "frontend").update(API_SERVER_URL="https://api.example.org")),
    (
        "the API by its whole name",
        lambda found: settings(found, "frontend").update(API_SERVER_URL="http://shopapi.shop.svc:8000"),
    ),
    ("longer to stop", lambda found: spec(found, "frontend").update(terminationGracePeriodSeconds=600)),
    (
        "a probe of its own",
        lambda found: spec(found, "frontend")["containers"].append(
            {
                "name": "cache",
                "image": "cache:1",
                "ports": [{"containerPort": 1}],
                "resources": {"requests": {"cpu": "10m"}},
                "livenessProbe": {"httpGet": {"path": "/", "port": 1}},
            }
        ),
    ),
    ("as much as the limit", lambda found: only(found, "worker")["resources"]["requests"].update(cpu="0.5")),
    ("half of them", lambda found: one(found, "PodDisruptionBudget", "frontend")["spec"].update(minAvailable="50%")),
    ("a shell before it", lambda found: only(found, "worker").update(command=["tini", "--", "shopctl"], args=["-v"])),
]


@pytest.mark.parametrize("change", [one[1] for one in SOUND], ids=[one[0] for one in SOUND])
def test_what_an_owner_may_well_want_is_no_fault(change: Change) -> None:
    found = documents()
    change(found)
    assert check_kubernetes.problems(found) == []


def test_every_command_is_known_to_the_check() -> None:
    root: Any = typer.main.get_command(application())
    assert root.commands.keys() == COMMANDS


# --- what is allowed


def security(found: Documents) -> Any:
    return only(found, "worker")["securityContext"]


def above(found: Documents) -> Any:
    return spec(found, "worker")["securityContext"]


WEAK: list[tuple[str, Change, str]] = [
    ("proc", lambda found: security(found).update(procMount="Unmasked"), "procMount"),
    ("calls", lambda found: security(found).update(seccompProfile={"type": "Unconfined"}), "seccompProfile.type"),
    ("calls of all", lambda found: above(found).update(seccompProfile={"type": "Unconfined"}), "seccompProfile.type"),
    ("apparmor", lambda found: above(found).update(appArmorProfile={"type": "Unconfined"}), "appArmorProfile.type"),
    ("selinux", lambda found: security(found).update(seLinuxOptions={"type": "spc_t"}), "seLinuxOptions"),
    ("selinux user", lambda found: above(found).update(seLinuxOptions={"user": "system_u"}), "seLinuxOptions"),
    (
        "sysctl",
        lambda found: above(found).update(sysctls=[{"name": "kernel.msgmax", "value": "9"}]),
        "sysctls sets kernel.msgmax",
    ),
    ("windows", lambda found: above(found).update(windowsOptions={"hostProcess": True}), "hostProcess"),
    ("group", lambda found: above(found).update(fsGroup=0), "fsGroup"),
    ("groups", lambda found: above(found).update(supplementalGroups=[7, 0]), "supplementalGroups"),
    ("processes", lambda found: spec(found, "worker").update(shareProcessNamespace=True), "shareProcessNamespace"),
    (
        "hook's host",
        lambda found: only(found, "worker").update(
            lifecycle={"postStart": {"httpGet": {"host": "169.254.169.254", "port": "http"}}}
        ),
        "lifecycle.postStart.httpGet.host is 169.254.169.254",
    ),
    (
        "old apparmor",
        lambda found: workload(found, "worker")["spec"]["template"]["metadata"]["annotations"].update(
            {"container.apparmor.security.beta.kubernetes.io/worker": "unconfined"}
        ),
        "is unconfined",
    ),
]


@pytest.mark.parametrize(("loosen", "told"), [weak[1:] for weak in WEAK], ids=[weak[0] for weak in WEAK])
def test_what_is_loosened_is_named(loosen: Change, told: str) -> None:
    found = documents()
    loosen(found)
    (sentence,) = check_kubernetes.weaknesses(found)
    assert sentence.startswith("Deployment/worker.")
    assert told in sentence


def labels(found: Documents) -> Any:
    return one(found, "Namespace", "shop")["metadata"]["labels"]


def policy(found: Documents, name: str) -> Any:
    return one(found, "NetworkPolicy", name)["spec"]


OPENED: list[tuple[str, Change, str]] = [
    (
        "profile",
        lambda found: labels(found).update({"pod-security.kubernetes.io/enforce": "baseline"}),
        "Namespace/shop.metadata.labels.pod-security.kubernetes.io/enforce is baseline, not restricted.",
    ),
    (
        "no profile",
        lambda found: labels(found).pop("pod-security.kubernetes.io/enforce"),
        "Namespace/shop.metadata.labels.pod-security.kubernetes.io/enforce is None, not restricted.",
    ),
    (
        "way in",
        lambda found: policy(found, "default-deny").update(policyTypes=["Egress"]),
        "NetworkPolicy/default-deny.spec no longer forbids every pod all that no other policy allows.",
    ),
    (
        "fewer pods",
        lambda found: policy(found, "default-deny").update(podSelector={"matchLabels": {"a": "b"}}),
        "NetworkPolicy/default-deny.spec no longer forbids every pod all that no other policy allows.",
    ),
    (
        "everybody",
        lambda found: policy(found, "shopapi")["ingress"][0].pop("from"),
        "NetworkPolicy/shopapi.spec.ingress[0] has no from: it means everybody.",
    ),
    (
        "everywhere",
        lambda found: policy(found, "worker")["egress"].append({}),
        "NetworkPolicy/worker.spec.egress[2] has no to: it means everybody.",
    ),
]


@pytest.mark.parametrize(("loosen", "told"), [weak[1:] for weak in OPENED], ids=[weak[0] for weak in OPENED])
def test_what_is_opened_for_all_is_named(loosen: Change, told: str) -> None:
    found = documents()
    loosen(found)
    assert check_kubernetes.weaknesses(found) == [told]


def test_a_middleware_that_nobody_goes_through_is_named() -> None:
    found = documents("ingress.kind=ingressroute")
    one(found, "IngressRoute", "redirect")["spec"]["routes"][0].pop("middlewares")
    assert check_kubernetes.problems(found) == []
    assert check_kubernetes.weaknesses(found) == ["Middleware/to-https is in no IngressRoute."]


# --- any shape


def places(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """The keys that lead to every value below this one."""
    for key, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(below, *path, key)


@pytest.mark.parametrize("junk", [None, 5, [{}], {"a": []}], ids=["nothing", "number", "list", "mapping"])
@pytest.mark.parametrize(
    ("kind", "name"), [("Deployment", "worker"), ("Ingress", "shop"), ("HorizontalPodAutoscaler", "shopapi")]
)
def test_what_a_patch_has_put_anywhere_ends_no_check_early(kind: str, name: str, junk: object) -> None:
    rest = [each for each in documents() if (each["kind"], each["metadata"]["name"]) != (kind, name)]
    whole = one(documents(), kind, name)
    for path in places(whole):
        at = broken = copy.deepcopy(whole)
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = junk
        check_kubernetes.problems([*rest, broken])
        check_kubernetes.weaknesses([*rest, broken])
        hashes.stale([*rest, broken])


# --- the certificate


@pytest.mark.parametrize("kind", ["ingress", "ingressroute"])
def test_who_writes_the_certificate_is_reached_by_who_asks_for_the_host(kind: str) -> None:
    settings = (f"ingress.kind={kind}", "tls.secret=shop-tls", "ingress.namespace=edge")
    assert "acme" not in [document["metadata"]["name"] for document in documents(*settings)]
    told = one(documents(*settings, "tls.issuer=letsencrypt"), "NetworkPolicy", "acme")["spec"]
    # What cert-manager labels its solvers with, and where they listen.
    assert told["podSelector"]["matchLabels"] == {"acme.cert-manager.io/http01-solver": "true"}
    (rule,) = told["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8089}]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "edge"}}}]
    assert "egress" not in told
