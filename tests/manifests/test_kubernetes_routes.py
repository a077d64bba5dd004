"""The rendered routes in a real Traefik, which reads them from a stand-in for the Kubernetes API."""

import base64
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from shopctl.manifests import check_kubernetes, yaml_text
from shopctl.manifests.certificate import self_signed
from shopctl.manifests.kubernetes import kustomization
from tests.contract.front import Here, running, trusting
from tests.manifests.combinations import documents, every_kubernetes, manifests, one
from tests.manifests.stand_in import kubernetes_api
from tests.small_servers import listening
from tests.waiting import free_port, wait_until

pytestmark = pytest.mark.processes

HOSTS: Final = ("shop.example", "api.shop.example")
SERVICES: Final = ("frontend", "shopapi")
HEALTH: Final = ("/healthz", "/readyz", "/metrics")


# --- what answers, in the place of pods


@contextmanager
def pod(name: str, address: str) -> Iterator[tuple[str, int]]:
    """A server that says who it is; its address and port."""

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.dumps({"pod": name, "host": self.headers["Host"], "path": self.path}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

    with listening(Answers, address) as port:
        yield address, port


def slices(found: Sequence[dict[str, Any]], service: str, pods: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """What the cluster would make of a Service and its ready pods; here each has a port of its own."""
    (told,) = one(found, "Service", service)["spec"]["ports"]
    return [
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{service}-{port}",
                "namespace": "shop",
                "labels": {"kubernetes.io/service-name": service},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": True, "serving": True}}],
            "ports": [{"name": told["name"], "port": port, "protocol": "TCP"}],
        }
        for address, port in pods
    ]


INGRESS_CLASS: Final = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "traefik"},
    "spec": {"controller": "traefik.io/ingress-controller"},
}


def tls_secret(certificate: Path, key: Path, namespace: str) -> dict[str, Any]:
    def encoded(file: Path) -> str:
        return base64.b64encode(file.read_bytes()).decode()

    data = {"tls.crt": encoded(certificate), "tls.key": encoded(key)}
    metadata = {"name": "shop-tls", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "data": data}


def gateway(http_port: int, https_port: int) -> list[dict[str, Any]]:
    """A Gateway as its owner would make it, with the listeners that the routes name."""
    version = "gateway.networking.k8s.io/v1"
    allowed = {"namespaces": {"from": "All"}}
    tls = {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": "shop-tls"}]}
    listeners = [
        {"name": "web", "port": http_port, "protocol": "HTTP", "allowedRoutes": allowed},
        {"name": "websecure", "port": https_port, "protocol": "HTTPS", "allowedRoutes": allowed, "tls": tls},
    ]
    metadata = {"name": "traefik-gateway", "namespace": "traefik"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "traefik"}},
        {
            "apiVersion": version,
            "kind": "GatewayClass",
            "metadata": {"name": "traefik"},
            "spec": {"controllerName": "traefik.io/gateway-controller"},
        },
        {
            "apiVersion": version,
            "kind": "Gateway",
            "metadata": metadata,
            "spec": {"gatewayClassName": "traefik", "listeners": listeners},
        },
    ]


# --- Traefik before it


@dataclass
class Cluster:
    """A Traefik that has read the rendered routes, and callers of it."""

    http_port: int
    https_port: int
    api_port: int
    log: Path
    certificate: Path

    @contextmanager
    def caller(self) -> Iterator[httpx.Client]:
        with httpx.Client(transport=Here(verify=trusting(self.certificate)), timeout=10) as client:
            yield client

    def url(self, host: str, path: str = "/") -> str:
        return f"https://{host}:{self.https_port}{path}"

    def routers(self) -> dict[str, Any]:
        """Every router but Traefik's own, by its name."""
        told = httpx.get(f"http://127.0.0.1:{self.api_port}/api/http/routers", trust_env=False).raise_for_status()
        return {router["name"]: router for router in told.json() if not router["name"].endswith("@internal")}

    def errors(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if '"level":"error"' in line]

    def pods(self, host: str, path: str = "/", calls: int = 10) -> Counter[str]:
        """Which pods answered so many requests."""
        with self.caller() as client:
            answers = [client.get(self.url(host, path)) for _ in range(calls)]
        assert {answer.status_code for answer in answers} == {200}
        assert {answer.json()["host"] for answer in answers} == {f"{host}:{self.https_port}"}
        return Counter(answer.json()["pod"] for answer in answers)

    def status(self, url: str, **more: Any) -> int:
        with self.caller() as client:
            return client.request(more.pop("method", "GET"), url, **more).status_code


@contextmanager
def cluster(home: Path, found: list[dict[str, Any]], provider: str, *more: str, dead: int = 0) -> Iterator[Cluster]:
    """Traefik with the routes in ``found``; two pods for each Service, and ``dead`` that do not answer at all.

    ``more`` are arguments that its owner gives it.
    """
    certificate, key, _ = self_signed(home / "tls", HOSTS)
    with ExitStack() as stack:
        started = Cluster(free_port(), free_port(), free_port(), home / "log", certificate)
        there = [*found, INGRESS_CLASS, *gateway(started.http_port, started.https_port)]
        there += [tls_secret(certificate, key, namespace) for namespace in ("shop", "traefik")]
        for service in SERVICES:
            # Traefik tells servers apart by their addresses, as pods have one each.
            pods = [stack.enter_context(pod(f"{service}-{number}", f"127.0.0.{number}")) for number in (1, 2)]
            there += slices(found, service, [*pods, *(("127.0.0.3", free_port()) for _ in range(dead))])
        api = stack.enter_context(kubernetes_api(there))
        arguments = [
            f"--entrypoints.web.address=127.0.0.1:{started.http_port}",
            f"--entrypoints.websecure.address=127.0.0.1:{started.https_port}",
            f"--entrypoints.traefik.address=127.0.0.1:{started.api_port}",
            "--api.insecure=true",
            "--api.dashboard=false",
            "--log.format=json",
            "--global.checknewversion=false",
            "--global.sendanonymoususage=false",
            f"--providers.{provider}.endpoint={api}",
            *more,
        ]
        process = stack.enter_context(running(arguments, home))
        wait_until(lambda: _has_read(started, process), 20, "Traefik's reading of the routes")
        yield started


def _has_read(started: Cluster, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, f"Traefik ended: {started.log.read_text()[-800:]}"
    try:
        return bool(started.routers()) or bool(started.errors())
    except httpx.HTTPError:
        return False


# --- Ingress


@pytest.fixture(scope="module")
def ingress(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = documents("tls.secret=shop-tls")
    with cluster(tmp_path_factory.mktemp("ingress"), found, "kubernetesingress") as started:
        yield started


def test_an_ingress_leads_each_host_to_the_pods_of_its_service(ingress: Cluster) -> None:
    assert ingress.pods("shop.example").keys() == {"frontend-1", "frontend-2"}
    assert ingress.pods("api.shop.example", "/v1/products").keys() == {"shopapi-1", "shopapi-2"}
    assert [router["status"] for router in ingress.routers().values()] == ["enabled", "enabled"]
    assert ingress.errors() == []


def test_an_ingress_answers_to_no_other_host_and_never_without_tls(ingress: Cluster) -> None:
    with httpx.Client(transport=Here(verify=False)) as client:
        assert client.get(ingress.url("other.example")).status_code == 404
    assert ingress.status(f"http://shop.example:{ingress.http_port}/") == 404


def test_an_ingress_of_another_class_is_left_to_others(tmp_path: Path) -> None:
    both = [*documents(), *(one for one in documents("ingress.className=nginx") if one["kind"] == "Ingress")]
    both[-1]["metadata"]["name"] = "nginx"
    both[-1]["spec"]["rules"][0]["host"] = "nginx.example"
    with cluster(tmp_path, both, "kubernetesingress") as started:
        assert "nginx" not in json.dumps([*started.routers().values()])


def test_an_ingress_for_webhooks_lets_nothing_else_of_the_api_in(tmp_path: Path) -> None:
    found = documents("tls.secret=shop-tls", "api.expose=webhooks")
    with cluster(tmp_path, found, "kubernetesingress") as started:
        assert started.status(started.url("api.shop.example", "/v1/payments/sandbox/webhook")) == 200
        assert started.status(started.url("api.shop.example", "/v1/products")) == 404
        assert started.status(started.url("shop.example")) == 200


def test_an_ingress_shows_an_authority_what_it_asks_for_though_http_leads_to_https(tmp_path: Path) -> None:
    path = "/.well-known/acme-challenge/token"
    solver = one(documents("tls.secret=shop-tls"), "Ingress", "shop")
    solver["metadata"] = {"name": "solver", "namespace": "shop"}
    backend = {"service": {"name": "shopapi", "port": {"name": "http"}}}
    paths = [{"path": path, "pathType": "ImplementationSpecific", "backend": backend}]
    solver["spec"] = {"ingressClassName": "traefik", "rules": [{"host": "shop.example", "http": {"paths": paths}}]}
    away = "--entrypoints.web.http.redirections.entrypoint"
    found = [*documents("tls.secret=shop-tls"), solver]
    with cluster(tmp_path, found, "kubernetesingress", f"{away}.to=:443", f"{away}.priority=1") as started:
        assert started.status(f"http://shop.example:{started.http_port}{path}") == 200
        assert started.status(f"http://shop.example:{started.http_port}/") in (301, 308)


# --- IngressRoute and its middlewares


@pytest.fixture(scope="module")
def ingress_route(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    settings = ("ingress.kind=ingressroute", "tls.secret=shop-tls", "limits.bodyKiB=4", "limits.requests=1000")
    with cluster(tmp_path_factory.mktemp("ingressroute"), documents(*settings), "kubernetescrd") as started:
        yield started


def test_an_ingressroute_leads_each_host_to_the_pods_of_its_service(ingress_route: Cluster) -> None:
    assert ingress_route.pods("shop.example").keys() == {"frontend-1", "frontend-2"}
    assert ingress_route.pods("api.shop.example", "/v1/products").keys() == {"shopapi-1", "shopapi-2"}
    assert [router["status"] for router in ingress_route.routers().values()] == ["enabled"] * 3
    assert ingress_route.errors() == []


@pytest.mark.parametrize("host", HOSTS)
def test_what_only_probes_may_ask_is_not_routed(ingress_route: Cluster, host: str) -> None:
    assert [ingress_route.status(ingress_route.url(host, path)) for path in HEALTH] == [404, 404, 404]


@pytest.mark.parametrize("host", HOSTS)
def test_http_leads_to_https(ingress_route: Cluster, host: str) -> None:
    with ingress_route.caller() as client:
        answer = client.get(f"http://{host}:{ingress_route.http_port}/shelf?page=2")
        assert answer.status_code in (301, 308)
        assert httpx.URL(answer.headers["location"]).copy_with(port=None) == f"https://{host}/shelf?page=2"
        posted = client.post(f"http://{host}:{ingress_route.http_port}/shelf")
        assert posted.status_code == 308, "A 301 would make a GET of it."


def test_what_an_authority_asks_for_by_http_is_not_led_away(tmp_path: Path) -> None:
    host = f"{'a' * 60}.{'b' * 60}.example"
    found = documents("ingress.kind=ingressroute", "tls.secret=shop-tls", f"host={host}")
    solver = one(documents("ingress.kind=ingressroute"), "IngressRoute", "shop")
    solver["metadata"]["name"] = "solver"
    path = "/.well-known/acme-challenge/token"
    services = [{"name": "shopapi", "port": 8000}]
    match = f"Host(`{host}`) && PathPrefix(`{path}`)"
    solver["spec"] = {"entryPoints": ["web"], "routes": [{"kind": "Rule", "match": match, "services": services}]}
    with cluster(tmp_path, [*found, solver], "kubernetescrd") as started:
        assert started.status(f"http://{host}:{started.http_port}{path}") == 200
        assert started.status(f"http://{host}:{started.http_port}/") in (301, 308)


def test_browsers_are_told_to_stay_with_https(ingress_route: Cluster) -> None:
    with ingress_route.caller() as client:
        told = client.get(ingress_route.url("shop.example")).headers["strict-transport-security"]
    assert told == "max-age=31536000; includeSubDomains"


def test_a_patch_can_take_back_what_browsers_are_told(tmp_path: Path) -> None:
    found = documents("ingress.kind=ingressroute", "tls.secret=shop-tls")
    one(found, "Middleware", "headers")["spec"]["headers"]["stsSeconds"] = 0
    with cluster(tmp_path, found, "kubernetescrd") as started, started.caller() as client:
        assert "strict-transport-security" not in client.get(started.url("shop.example")).headers


def test_a_body_above_the_limit_is_refused(ingress_route: Cluster) -> None:
    url = ingress_route.url("api.shop.example", "/v1/carts")
    assert ingress_route.status(url, method="POST", content=b"x" * 4096) == 200
    assert ingress_route.status(url, method="POST", content=b"x" * 4097) == 413


def test_too_many_requests_are_refused(tmp_path: Path) -> None:
    settings = ("ingress.kind=ingressroute", "tls.secret=shop-tls", "limits.requests=2")
    with cluster(tmp_path, documents(*settings), "kubernetescrd") as started, started.caller() as client:
        statuses = Counter(client.get(started.url("shop.example")).status_code for _ in range(30))
    assert statuses.keys() == {200, 429}
    assert statuses[200] >= 4, "The burst is twice the rate."


def test_a_pod_that_does_not_answer_costs_no_request_that_may_be_repeated(tmp_path: Path) -> None:
    settings = ("ingress.kind=ingressroute", "tls.secret=shop-tls")
    with cluster(tmp_path, documents(*settings), "kubernetescrd", dead=1) as started:
        assert started.pods("shop.example", calls=30).keys() == {"frontend-1", "frontend-2"}


def test_an_ingressroute_for_webhooks_lets_nothing_else_of_the_api_in(tmp_path: Path) -> None:
    settings = ("ingress.kind=ingressroute", "tls.secret=shop-tls", "api.expose=webhooks")
    with cluster(tmp_path, documents(*settings), "kubernetescrd") as started:
        assert started.status(started.url("api.shop.example", "/v1/payments/sandbox/webhook")) == 200
        assert started.status(started.url("api.shop.example", "/v1/products")) == 404


# --- HTTPRoute


@pytest.fixture(scope="module")
def http_route(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = documents("ingress.kind=httproute", "tls.secret=shop-tls", "api.expose=webhooks")
    with cluster(tmp_path_factory.mktemp("httproute"), found, "kubernetesgateway") as started:
        yield started


def test_an_httproute_leads_each_host_to_the_pods_of_its_service(http_route: Cluster) -> None:
    webhook = "/v1/payments/sandbox/webhook"
    assert http_route.pods("shop.example").keys() == {"frontend-1", "frontend-2"}
    assert http_route.pods("api.shop.example", webhook).keys() == {"shopapi-1", "shopapi-2"}
    assert http_route.status(http_route.url("api.shop.example", "/v1/products")) == 404
    assert http_route.errors() == []


@pytest.mark.parametrize("host", HOSTS)
def test_http_leads_to_https_by_an_httproute_too(http_route: Cluster, host: str) -> None:
    with http_route.caller() as client:
        answer = client.get(f"http://{host}:{http_route.http_port}/shelf?page=2")
    assert answer.status_code == 301
    assert httpx.URL(answer.headers["location"]).copy_with(port=None) == f"https://{host}/shelf?page=2"


# --- faults that are planted


def test_traefik_and_our_check_both_name_a_wrong_port_of_an_ingress(tmp_path: Path) -> None:
    found = documents("tls.secret=shop-tls")
    backend = one(found, "Ingress", "shop")["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    backend["port"] = {"number": 81}
    assert "leads to port 81 of the Service frontend" in check_kubernetes.problems(found)[0]
    with cluster(tmp_path, found, "kubernetesingress") as started:
        wait_until(lambda: started.errors(), 10, "Traefik's report")
        assert "service port not found" in started.errors()[0]


def test_traefik_and_our_check_both_name_a_wrong_port_of_an_ingressroute(tmp_path: Path) -> None:
    found = documents("ingress.kind=ingressroute", "tls.secret=shop-tls")
    one(found, "IngressRoute", "shop")["spec"]["routes"][1]["services"][0]["port"] = 8001
    assert "leads to port 8001 of the Service shopapi" in check_kubernetes.problems(found)[0]
    with cluster(tmp_path, found, "kubernetescrd") as started:
        wait_until(lambda: started.errors(), 10, "Traefik's report")
        assert "service port not found" in started.errors()[0]


# --- the directory


@every_kubernetes
def test_kubectl_builds_the_directory_in_its_order(settings: tuple[str, ...], tmp_path: Path) -> None:
    found = manifests(*settings)
    told = kustomization(found)
    # Else kubectl has an order of its own, in which policies come last.
    assert yaml_text.documents(told.text)[0]["sortOptions"] == {"order": "fifo"}
    if not (kubectl := shutil.which("kubectl")):
        pytest.skip("kubectl is not installed here; with it, `kubectl kustomize` reads the directory.")
    for manifest in [*found, told]:
        (tmp_path / manifest.name).write_text(manifest.text)
    built = subprocess.run([kubectl, "kustomize", str(tmp_path)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert built.stderr == ""

    def named(documents: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return [(one["kind"], one["metadata"]["name"]) for one in documents]

    assert named(yaml_text.documents(built.stdout)) == named(documents(*settings))
