"""What is rendered for Kubernetes holds together, and says what the program that it starts understands."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import typer.main

from shopapi.db.engine import open_database
from shopapi.runtime.settings import meanings, read
from shopapi.settings import ApiSettings
from shopapi.worker import Worker
from shopapi.worker_health import serve_health
from shopctl.main import application
from shopctl.manifests import check_kubernetes, hashes, kubernetes
from shopctl.manifests import values as values_module
from shopctl.manifests.render import one_stream, render
from shopctl.manifests.topology import DRAIN_S, GRACE_S, PRE_STOP_S
from shopctl.settings import PARTS, refuse_unknown_names
from shopweb.app import create_app as create_web
from shopweb.settings import WebSettings
from tests.app_client import client_of
from tests.conftest import SECRET_KEY
from tests.manifests.combinations import documents, every_kubernetes, manifests, one
from tests.waiting import free_port

Documents = list[dict[str, Any]]
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
SERVING = ("frontend", "shopapi")


def container(found: Documents, name: str) -> dict[str, Any]:
    kind = "StatefulSet" if name == "database" else "Deployment"
    (only,) = one(found, kind, name)["spec"]["template"]["spec"]["containers"]
    return dict(only)


def pods(found: Documents) -> Iterator[tuple[str, dict[str, Any]]]:
    for document in found:
        if document["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield document["metadata"]["labels"]["app.kubernetes.io/name"], document["spec"]["template"]


def settings_of(found: Documents, name: str) -> dict[str, str]:
    return dict(one(found, "ConfigMap", name)["data"])


# --- over every combination


@every_kubernetes
def test_everything_that_is_named_is_there(settings: tuple[str, ...]) -> None:
    assert check_kubernetes.problems(documents(*settings)) == []


@every_kubernetes
def test_no_pod_is_allowed_what_it_does_not_need(settings: tuple[str, ...]) -> None:
    assert check_kubernetes.weaknesses(documents(*settings)) == []


@every_kubernetes
def test_every_hash_says_what_is_there(settings: tuple[str, ...]) -> None:
    assert hashes.stale(documents(*settings)) == {}


@every_kubernetes
def test_the_same_values_give_the_same_bytes(settings: tuple[str, ...]) -> None:
    again = render(values_module.read("kubernetes", [], list(settings)))
    differing = [old.name for old, new in zip(manifests(*settings), again, strict=True) if old.text != new.text]
    assert differing == (["secret.yaml"] if "secrets.create=true" in settings else [])


@every_kubernetes
def test_every_variable_is_one_that_its_part_knows(settings: tuple[str, ...]) -> None:
    found = documents(*settings)
    known = {told.name for part in PARTS.values() for told in meanings(part)}
    secret = {f"{told.name}_FILE" for part in PARTS.values() for told in meanings(part) if told.secret}
    for name, template in pods(found):
        if name != "database":
            data = settings_of(found, name)
            files = {variable["name"] for variable in template["spec"]["containers"][0]["env"]}
            assert data.keys() <= known, name
            assert files <= secret, name
            refuse_unknown_names({**data, **dict.fromkeys(files, "")})


@every_kubernetes
def test_every_value_is_one_that_its_part_takes(settings: tuple[str, ...]) -> None:
    found = documents(*settings)
    web = read(WebSettings, settings_of(found, "frontend"))
    api = read(ApiSettings, settings_of(found, "shopapi"))
    backend = one(found, "Service", str(web.api_server_url.hostname))
    assert web.api_server_url.port in [port["port"] for port in backend["spec"]["ports"]]
    assert web.api_server_url.hostname in api.allowed_hosts
    assert web.public_url == api.public_url


@every_kubernetes
def test_every_command_is_one_of_the_program_s(settings: tuple[str, ...]) -> None:
    root: Any = typer.main.get_command(application())
    for name, template in pods(documents(*settings)):
        if name != "database":
            (command,) = template["spec"]["containers"][0]["args"]
            assert command in root.commands


@every_kubernetes
def test_each_listens_where_its_port_is_declared(settings: tuple[str, ...]) -> None:
    found = documents(*settings)
    for name in (*SERVING, "worker"):
        assert container(found, name)["ports"][0]["containerPort"] == int(settings_of(found, name)["PORT"])


@every_kubernetes
def test_a_pod_gets_the_time_that_its_stop_takes(settings: tuple[str, ...]) -> None:
    found = documents(*settings)
    for name in SERVING:
        told = settings_of(found, name)
        drain, grace = int(told["SHOP_DRAIN_S"]), int(told["SHOP_GRACE_S"])
        spec = one(found, "Deployment", name)["spec"]["template"]["spec"]
        slept = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert spec["terminationGracePeriodSeconds"] == slept + drain + grace + 5 == 45
        assert (slept, drain, grace) == (PRE_STOP_S, DRAIN_S, GRACE_S)


@every_kubernetes
def test_no_secret_stands_anywhere_but_in_a_secret(settings: tuple[str, ...]) -> None:
    mail = {"SHOP_MAIL_URL"} if "mail.enabled=true" in settings else set()
    for name, template in pods(documents(*settings)):
        wanted = {
            "frontend": {"SHOP_SECRET_KEY"},
            "shopapi": {"DATABASE_URL", "SHOP_SECRET_KEY", *mail},
            "worker": {"DATABASE_URL", "SHOP_SECRET_KEY", *mail},
            "migrate": {"DATABASE_URL"},
            "database": {"POSTGRES_PASSWORD"},
        }[name]
        (volume,) = (each for each in template["spec"]["volumes"] if "secret" in each)
        assert {item["key"] for item in volume["secret"]["items"]} == wanted
        assert "secretKeyRef" not in json.dumps(template)
        assert volume["secret"]["defaultMode"] == 0o440


# --- what probes ask


def asked(found: Documents, name: str) -> set[str]:
    template = one(found, "Deployment", name)["spec"]["template"]
    paths = {template["spec"]["containers"][0][probe]["httpGet"]["path"] for probe in PROBES}
    told = template["metadata"]["annotations"]
    if told.get("prometheus.io/scrape") == "true":
        assert int(told["prometheus.io/port"]) == container(found, name)["ports"][0]["containerPort"]
        paths.add(told["prometheus.io/path"])
    return paths


def test_the_api_answers_every_path_that_is_asked(api: httpx.Client) -> None:
    paths = asked(documents(), "shopapi")
    assert paths == {"/healthz", "/readyz", "/metrics"}
    # By the pod's address, as the kubelet asks.
    answers = {path: api.get(path, headers={"Host": "10.244.1.7:8000"}).status_code for path in paths}
    assert set(answers.values()) == {200}, answers


def test_the_web_part_answers_every_path_that_is_asked() -> None:
    told = settings_of(documents(), "frontend") | {"SHOP_SECRET_KEY": SECRET_KEY}
    with client_of(create_web(read(WebSettings, told)), base_url="http://10.244.1.8:5050") as web:
        paths = asked(documents(), "frontend")
        answers = {path: web.get(path).status_code for path in paths}
    assert paths == {"/healthz", "/readyz", "/metrics"}
    assert set(answers.values()) == {200}, answers


def test_the_worker_answers_every_path_that_is_asked(sqlite_url: str) -> None:
    database, port = open_database(sqlite_url), free_port()
    server = serve_health(Worker(database, []), database, "127.0.0.1", port)
    try:
        paths = asked(documents(), "worker")
        get = {path: httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).status_code for path in paths}
    finally:
        server.shutdown()
        server.server_close()
        database.close()
    assert paths == {"/healthz", "/readyz", "/metrics"}
    assert set(get.values()) == {200}, get


def test_liveness_never_asks_the_database() -> None:
    for name in (*SERVING, "worker"):
        only = container(documents(), name)
        assert only["livenessProbe"]["httpGet"]["path"] == only["startupProbe"]["httpGet"]["path"] == "/healthz"
        assert only["readinessProbe"]["httpGet"]["path"] == "/readyz"


# --- what values do


def names(found: Documents) -> set[str]:
    return {f"{document['kind']}/{document['metadata']['name']}" for document in found}


def test_the_classic_names_are_there() -> None:
    found = documents()
    assert one(found, "Service", "frontend")["spec"]["ports"][0] | {"name": "", "appProtocol": ""} == {
        "name": "",
        "port": 80,
        "targetPort": 5050,
        "protocol": "TCP",
        "appProtocol": "",
    }
    assert one(found, "Service", "frontend")["spec"]["type"] == "ClusterIP"
    assert one(found, "Service", "shopapi")["spec"]["ports"][0]["port"] == 8000
    assert one(found, "Ingress", "shop")["spec"]["ingressClassName"] == "traefik"
    assert one(found, "Namespace", "shop")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_who_scales_says_how_many_there_are() -> None:
    grown = documents("frontend.replicas=3", "frontend.maxReplicas=8")
    assert "replicas" not in one(grown, "Deployment", "frontend")["spec"]
    scaler = one(grown, "HorizontalPodAutoscaler", "frontend")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 8)
    fixed = documents("frontend.replicas=3", "autoscaling=false")
    assert one(fixed, "Deployment", "frontend")["spec"]["replicas"] == 3
    assert not any(document["kind"] == "HorizontalPodAutoscaler" for document in fixed)


def test_what_has_one_pod_has_no_budget_that_would_keep_its_node_from_being_emptied() -> None:
    assert {"PodDisruptionBudget/frontend", "PodDisruptionBudget/shopapi"} <= names(documents())
    assert "PodDisruptionBudget/worker" not in names(documents())
    assert "PodDisruptionBudget/worker" in names(documents("worker.replicas=2"))
    assert "PodDisruptionBudget/frontend" not in names(documents("frontend.replicas=1"))


def test_an_external_database_leaves_nothing_of_ours() -> None:
    found = documents("database.kind=external")
    assert not [told for told in names(found) if told.endswith(("/database", "/database-pods"))]
    assert "POSTGRES_PASSWORD" not in json.dumps(found)
    for name in ("shopapi", "worker", "migrate"):
        allowed = one(found, "NetworkPolicy", name)["spec"]["egress"]
        assert 5432 in [port["port"] for rule in allowed for port in rule["ports"]]


def test_what_is_not_exposed_of_the_api_is_not_routed() -> None:
    for kind in ("ingress", "ingressroute", "httproute"):
        hidden = documents(f"ingress.kind={kind}", "api.expose=none")
        assert "api.shop.example" not in json.dumps(hidden)
        callers = one(hidden, "NetworkPolicy", "shopapi")["spec"]["ingress"]
        assert "traefik" not in [
            peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name")
            for rule in callers
            for peer in rule["from"]
        ]
        webhooks = json.dumps(documents(f"ingress.kind={kind}", "api.expose=webhooks"))
        assert "/v1/payments/" in webhooks


def test_policies_are_left_out_where_they_are_not_wanted() -> None:
    assert any(told.startswith("NetworkPolicy/") for told in names(documents()))
    assert not any(told.startswith("NetworkPolicy/") for told in names(documents("networkPolicy=false")))


def test_only_those_that_know_its_password_reach_the_database() -> None:
    (rule,) = one(documents(), "NetworkPolicy", "database")["spec"]["ingress"]
    callers = {peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for peer in rule["from"]}
    assert callers == {"shopapi", "worker", "migrate"}
    ways_out = one(documents(), "NetworkPolicy", "frontend")["spec"]["egress"]
    assert [port["port"] for rule in ways_out for port in rule["ports"]] == [8000]


def test_browsers_are_told_to_come_by_https_only_where_they_trust_the_certificate() -> None:
    for settings, told in ((), "off"), (("tls.secret=shop-tls",), "on"):
        found = documents("ingress.kind=ingressroute", *settings)
        assert settings_of(found, "frontend")["SHOP_HSTS"] == told
        assert ("Middleware/headers" in names(found)) == (told == "on")


def test_other_settings_start_new_pods_of_those_that_have_them() -> None:
    def checksums(*settings: str) -> dict[str, str]:
        return {
            name: template["metadata"]["annotations"]["checksum/config"]
            for name, template in pods(documents(*settings))
            if name != "database"
        }

    before, after = checksums(), checksums("host=shop.meine.de")
    assert {name for name in before if before[name] != after[name]} == {"frontend", "shopapi", "worker"}


def test_another_pod_is_another_job() -> None:
    def job(*settings: str) -> str:
        (name,) = (str(each["metadata"]["name"]) for each in documents(*settings) if each["kind"] == "Job")
        return name

    assert job() == job("host=shop.meine.de", "frontend.replicas=5")
    assert job() != job("image=shop:2")


def test_the_secret_is_rendered_only_where_that_is_asked_for() -> None:
    assert "Secret/shop-secrets" not in names(documents())
    made = one(documents("secrets.create=true"), "Secret", "shop-secrets")["stringData"]
    assert made.keys() == {"SHOP_SECRET_KEY", "DATABASE_URL", "POSTGRES_PASSWORD"}
    assert made["DATABASE_URL"] == f"postgresql://shop:{made['POSTGRES_PASSWORD']}@database:5432/shop"
    assert "database" in [each["metadata"]["name"] for each in documents() if each["kind"] == "Service"]
    read(ApiSettings, {name: made[name] for name in ("SHOP_SECRET_KEY", "DATABASE_URL")})


def test_the_kustomization_lists_every_file_in_its_order() -> None:
    found = manifests()
    told = kubernetes.kustomization(found)
    assert [line[4:] for line in told.text.splitlines() if line.startswith("  - ")] == [each.name for each in found]
    assert found[0].name == "namespace.yaml"
    assert "Kustomization" not in one_stream(found)


@every_kubernetes
def test_no_line_is_too_long_to_be_read_and_none_ends_in_blanks(settings: tuple[str, ...]) -> None:
    lines = one_stream(manifests(*settings)).splitlines()
    assert [line for line in lines if len(line) > 120 or line != line.rstrip() or not line] == []


# --- faults that are planted

Change = Callable[[Documents], object]


def pod_spec(found: Documents, name: str, kind: str = "Deployment") -> Any:
    return one(found, kind, name)["spec"]["template"]["spec"]


def only(found: Documents, name: str) -> Any:
    return pod_spec(found, name)["containers"][0]


FAULTS: list[tuple[str, Change, str]] = [
    (
        "selector",
        lambda found: one(found, "Deployment", "worker")["spec"]["selector"].update(matchLabels={"app": "w"}),
        "Deployment/worker.spec.selector does not match the labels of its own pods.",
    ),
    (
        "service without pods",
        lambda found: one(found, "Service", "frontend")["spec"].update(selector={"app": "web"}),
        "Service/frontend.spec.selector matches no pods.",
    ),
    (
        "port",
        lambda found: one(found, "Service", "frontend")["spec"]["ports"][0].update(targetPort=5000),
        "Service/frontend.spec.ports[0].targetPort is 5000, at which Deployment/frontend does not listen.",
    ),
    (
        "settings",
        lambda found: only(found, "worker")["envFrom"][0].update(configMapRef={"name": "workers"}),
        "envFrom[0].configMapRef names the ConfigMap workers, which is not rendered.",
    ),
    (
        "key",
        lambda found: pod_spec(found, "worker")["volumes"][1]["secret"]["items"][0].update(key="DATABASE_URI"),
        "volumes.secrets names the key DATABASE_URI, which the Secret shop-secrets has not.",
    ),
    (
        "file",
        lambda found: pod_spec(found, "worker")["volumes"][1]["secret"]["items"].pop(0),
        "env.DATABASE_URL_FILE is /run/shop-secrets/DATABASE_URL, where nothing is mounted.",
    ),
    (
        "account",
        lambda found: pod_spec(found, "worker").update(serviceAccountName="work"),
        "Deployment/worker.spec.template.spec.serviceAccountName names the ServiceAccount work, which is not rendered.",
    ),
    (
        "mount",
        lambda found: only(found, "worker")["volumeMounts"].append({"name": "cache", "mountPath": "/cache"}),
        "volumeMounts names cache, which is no volume of the pod.",
    ),
    (
        "mounted twice",
        lambda found: only(found, "worker")["volumeMounts"].append({"name": "tmp", "mountPath": "/tmp"}),
        "volumeMounts has two at /tmp.",
    ),
    (
        "no mount",
        lambda found: pod_spec(found, "worker")["volumes"].append({"name": "cache", "emptyDir": {}}),
        "Deployment/worker.spec.template.spec.volumes.cache is mounted by no container.",
    ),
    (
        "no source",
        lambda found: pod_spec(found, "worker")["volumes"][0].pop("emptyDir"),
        "Deployment/worker.spec.template.spec.volumes.tmp has no source.",
    ),
    (
        "probe",
        lambda found: only(found, "worker")["livenessProbe"]["httpGet"].update(port="health"),
        "livenessProbe.httpGet.port is health, which is no port of the container.",
    ),
    (
        "spread",
        lambda found: pod_spec(found, "worker")["topologySpreadConstraints"][0]["labelSelector"].update(
            matchLabels={"app": "w"}
        ),
        "topologySpreadConstraints[0].labelSelector does not match the pods themselves.",
    ),
    (
        "scaled nothing",
        lambda found: one(found, "HorizontalPodAutoscaler", "shopapi")["spec"]["scaleTargetRef"].update(name="api"),
        "HorizontalPodAutoscaler/shopapi.spec.scaleTargetRef names Deployment/api, which is not rendered.",
    ),
    (
        "more than the most",
        lambda found: one(found, "HorizontalPodAutoscaler", "shopapi")["spec"].update(minReplicas=7),
        "HorizontalPodAutoscaler/shopapi.spec.minReplicas is 7, more than maxReplicas, which is 6.",
    ),
    (
        "number and scaler",
        lambda found: one(found, "Deployment", "shopapi")["spec"].update(replicas=2),
        "Deployment/shopapi.spec.replicas undoes at every apply what HorizontalPodAutoscaler/shopapi has done.",
    ),
    (
        "scaled by what is not requested",
        lambda found: only(found, "shopapi")["resources"]["requests"].pop("cpu"),
        "measures cpu, of which a container of Deployment/shopapi requests nothing.",
    ),
    (
        "budget",
        lambda found: one(found, "PodDisruptionBudget", "frontend")["spec"].update(minAvailable=2),
        "PodDisruptionBudget/frontend.spec.minAvailable is 2 of 2: no node with such a pod could be emptied.",
    ),
    (
        "budget of nothing",
        lambda found: one(found, "PodDisruptionBudget", "frontend")["spec"]["selector"].update(matchLabels={"a": "b"}),
        "PodDisruptionBudget/frontend.spec.selector matches no pods.",
    ),
    (
        "policy of nothing",
        lambda found: one(found, "NetworkPolicy", "worker")["spec"]["podSelector"].update(matchLabels={"a": "b"}),
        "NetworkPolicy/worker.spec.podSelector matches no pods.",
    ),
    (
        "policy for nobody",
        lambda found: one(found, "NetworkPolicy", "database")["spec"]["ingress"][0]["from"][0]["podSelector"].update(
            matchLabels={"a": "b"}
        ),
        "NetworkPolicy/database.spec.ingress[0].from has a podSelector that matches no pods.",
    ),
    (
        "policy for a port that is shut",
        lambda found: one(found, "NetworkPolicy", "frontend")["spec"]["egress"][0]["ports"][0].update(port=80),
        "NetworkPolicy/frontend.spec.egress[0].ports has 80, at which Deployment/shopapi does not listen.",
    ),
    (
        "governing service",
        lambda found: one(found, "StatefulSet", "database")["spec"].update(serviceName="db"),
        "StatefulSet/database.spec.serviceName is db, which is not rendered.",
    ),
    (
        "ingress to nowhere",
        lambda found: one(found, "Ingress", "shop")["spec"]["rules"][0]["http"]["paths"][0]["backend"][
            "service"
        ].update(name="web"),
        "Ingress/shop.spec.rules[0].http.paths names the Service web, which is not rendered.",
    ),
    (
        "ingress to no port",
        lambda found: one(found, "Ingress", "shop")["spec"]["rules"][0]["http"]["paths"][0]["backend"][
            "service"
        ].update(port={"number": 5050}),
        "Ingress/shop.spec.rules[0].http.paths leads to port 5050 of the Service frontend, which has none such.",
    ),
    (
        "certificate for nobody",
        lambda found: one(found, "Ingress", "shop")["spec"]["tls"][0]["hosts"].append("www.shop.example"),
        "Ingress/shop.spec.tls names the host www.shop.example, for which there is no rule.",
    ),
    (
        "twice",
        lambda found: found.append(one(found, "Service", "frontend")),
        "Service/frontend is there twice.",
    ),
    (
        "elsewhere",
        lambda found: one(found, "Service", "frontend")["metadata"].update(namespace="default"),
        "Service/frontend.metadata.namespace is default, which is not the namespace of the rest.",
    ),
]


@pytest.mark.parametrize(("plant", "told"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_planted_fault_is_named(plant: Change, told: str) -> None:
    found = documents()
    plant(found)
    assert [sentence for sentence in check_kubernetes.problems(found) if told in sentence] != []


ROUTE_FAULTS: list[tuple[str, str, Change, str]] = [
    (
        "ingressroute",
        "middleware",
        lambda found: one(found, "IngressRoute", "shop")["spec"]["routes"][0]["middlewares"].append({"name": "login"}),
        "IngressRoute/shop.spec.routes[0].middlewares names the Middleware login, which is not rendered.",
    ),
    (
        "ingressroute",
        "port",
        lambda found: one(found, "IngressRoute", "shop")["spec"]["routes"][1]["services"][0].update(port=80),
        "IngressRoute/shop.spec.routes[1].services leads to port 80 of the Service shopapi, which has none such.",
    ),
    (
        "ingressroute",
        "transport",
        lambda found: one(found, "ServersTransport", "shop")["metadata"].update(name="store"),
        "routes[0].services.serversTransport names the ServersTransport shop, which is not rendered.",
    ),
    (
        "ingressroute",
        "model",
        lambda found: one(found, "Middleware", "rate-limit")["spec"]["rateLimit"].update(average="ten"),
        "Middleware/rate-limit.spec.rateLimit.average: Expected `int`, got `str`.",
    ),
    (
        "httproute",
        "backend",
        lambda found: one(found, "HTTPRoute", "frontend")["spec"]["rules"][0]["backendRefs"][0].update(port=5050),
        "HTTPRoute/frontend.spec.rules[0].backendRefs leads to port 5050 of the Service frontend, which has none such.",
    ),
]


@pytest.mark.parametrize(
    ("kind", "plant", "told"),
    [(kind, plant, told) for kind, _, plant, told in ROUTE_FAULTS],
    ids=[f"{kind}-{name}" for kind, name, _, _ in ROUTE_FAULTS],
)
def test_a_planted_fault_of_a_route_is_named(kind: str, plant: Change, told: str) -> None:
    found = documents(f"ingress.kind={kind}")
    plant(found)
    assert [sentence for sentence in check_kubernetes.problems(found) if told in sentence] != []


WEAK: list[tuple[str, Change, str]] = [
    ("root", lambda found: pod_spec(found, "worker")["securityContext"].update(runAsUser=0), "runAsUser"),
    ("perhaps root", lambda found: pod_spec(found, "worker")["securityContext"].pop("runAsNonRoot"), "runAsNonRoot"),
    ("calls", lambda found: pod_spec(found, "worker")["securityContext"].pop("seccompProfile"), "seccompProfile"),
    ("privileged", lambda found: only(found, "worker")["securityContext"].update(privileged=True), "privileged"),
    (
        "escalation",
        lambda found: only(found, "worker")["securityContext"].pop("allowPrivilegeEscalation"),
        "allowPrivilegeEscalation",
    ),
    (
        "writable",
        lambda found: only(found, "worker")["securityContext"].update(readOnlyRootFilesystem=False),
        "readOnlyRootFilesystem",
    ),
    ("kept", lambda found: only(found, "worker")["securityContext"].pop("capabilities"), "capabilities.drop"),
    (
        "added",
        lambda found: only(found, "worker")["securityContext"]["capabilities"].update(add=["SYS_ADMIN"]),
        "SYS_ADMIN",
    ),
    ("host", lambda found: pod_spec(found, "worker").update(hostNetwork=True), "hostNetwork"),
    ("host port", lambda found: only(found, "worker")["ports"][0].update(hostPort=80), "hostPort"),
    (
        "host path",
        lambda found: pod_spec(found, "worker")["volumes"].append({"name": "etc", "hostPath": {"path": "/etc"}}),
        "hostPath",
    ),
    (
        "token",
        lambda found: pod_spec(found, "worker").pop("automountServiceAccountToken"),
        "automountServiceAccountToken",
    ),
    ("links", lambda found: pod_spec(found, "worker").pop("enableServiceLinks"), "enableServiceLinks"),
    ("limit", lambda found: only(found, "worker")["resources"]["limits"].pop("memory"), "limits has no memory"),
    ("latest", lambda found: only(found, "worker").update(image="shop:latest"), "latest"),
    ("no tag", lambda found: only(found, "worker").update(image="shop"), "image"),
]


@pytest.mark.parametrize(("loosen", "told"), [weak[1:] for weak in WEAK], ids=[weak[0] for weak in WEAK])
def test_what_is_loosened_is_named(loosen: Change, told: str) -> None:
    found = documents()
    loosen(found)
    (sentence,) = check_kubernetes.weaknesses(found)
    assert sentence.startswith("Deployment/worker.")
    assert told in sentence


@pytest.mark.parametrize("kind", ["Deployment", "Service", "NetworkPolicy", "HorizontalPodAutoscaler", "Ingress"])
def test_what_a_patch_has_made_of_any_shape_ends_no_check_early(kind: str) -> None:
    for broken in (None, "text", 7, ["list"], {"template": "text"}, {"rules": [7], "ports": [None], "ingress": "x"}):
        found = documents()
        for document in found:
            if document["kind"] == kind:
                document["spec"] = broken
        check_kubernetes.problems(found)
        check_kubernetes.weaknesses(found)
        hashes.stale(found)
