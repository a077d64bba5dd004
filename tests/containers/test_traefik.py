"""The shop of ``shopctl render-traefik`` on a real engine: Traefik finds the containers by their labels."""

import json
import os
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from shopctl.manifests.certificate import self_signed
from tests.containers.compose import Project, project
from tests.containers.engine import Engine
from tests.containers.images import Images
from tests.containers.rendering import render
from tests.waiting import free_port, wait_until

REPLICAS = 3
GOOD = "/products/becher-westerwald"
HEAL_LIMIT_S = 60


class Outside:
    """A caller from outside, who comes by the published ports with a host name and does not know the certificate."""

    def __init__(self, http_port: int, https_port: int) -> None:
        self.http_port, self.https_port = http_port, https_port
        self._client = httpx.Client(trust_env=False, verify=False, timeout=40)

    def get(self, path: str, host: str = "localhost", **more: str) -> httpx.Response:
        """Ask by https://."""
        url = f"https://127.0.0.1:{self.https_port}{path}"
        # A connection each: what was kept open would stay with one replica.
        headers = {"Host": host, "Connection": "close", **more}
        return self._client.get(url, headers=headers, extensions={"sni_hostname": host})

    def get_plain(self, path: str, host: str = "localhost") -> httpx.Response:
        """Ask by http://."""
        return self._client.get(f"http://127.0.0.1:{self.http_port}{path}", headers={"Host": host})

    def is_served(self, path: str = GOOD, host: str = "localhost") -> bool:
        try:
            return self.get(path, host).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture(scope="module")
def shop(
    engine: Engine, images: Images, ports: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """The shop behind Traefik, up, with three of the pages and three of the API."""
    directory = tmp_path_factory.mktemp("traefik")
    published = (f"--set=traefik.httpPort={ports[0]}", f"--set=traefik.httpsPort={ports[1]}")
    replicas = (f"--set=frontend.replicas={REPLICAS}", f"--set=shopapi.replicas={REPLICAS}")
    # One caller asks for all here, without a pause.
    limit = "--set=limits.requests=1000"
    cert, key, _ = self_signed(directory / "tls", ["localhost", "api.localhost"])
    if os.geteuid() == 0:
        os.chown(key, 1000, 1000)  # As on a person's machine: to a root without capabilities it is somebody else's.
    pair = (f"--set=tls.cert=./tls/{cert.name}", f"--set=tls.key=./tls/{key.name}")
    file = render("render-traefik", directory, *images.values(with_traefik=True), *published, *replicas, limit, *pair)
    with project(engine, "shopctl-e2e-traefik", (file, _socket_of(engine, directory))) as it:
        it.down()  # What a killed run left.
        it.up()
        yield it


def _socket_of(engine: Engine, directory: Path) -> Path:
    """What puts the socket of the tests' engine in the place of the usual one."""
    file = directory / "socket.yaml"
    mount = f"{engine.socket}:/var/run/docker.sock:ro"
    file.write_text(json.dumps({"services": {"docker-proxy": {"volumes": [mount]}}}))
    return file


@pytest.fixture
def outside(shop: Project, ports: tuple[int, int]) -> Outside:
    caller = Outside(*ports)
    # Traefik takes a container in when it is healthy, and its own check of it has gone well: wait for the answer.
    wait_until(caller.is_served, HEAL_LIMIT_S, f"the first page by Traefik ({shop.name})")
    return caller


def visits(shop: Project, router: str) -> Counter[str]:
    """How many requests Traefik gave to each container behind a router, by its access log."""
    told = (line.partition("|")[2].strip() for line in shop.logs("traefik").splitlines())
    lines = [json.loads(line[line.index("{") :]) for line in told if "ServiceAddr" in line]
    return Counter(line["ServiceAddr"] for line in lines if line["RouterName"].partition("@")[0] == router)


def _statuses_while(outside: Outside, act: Callable[[], object]) -> Counter[int]:
    """The answers to a caller who asks without a pause, from before ``act`` until a moment after it."""
    statuses: Counter[int] = Counter()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                statuses[outside.get(GOOD).status_code] += 1
            except httpx.TransportError:
                statuses[0] += 1

    caller = threading.Thread(target=ask)
    caller.start()
    try:
        wait_until(lambda: sum(statuses.values()) >= 5, HEAL_LIMIT_S, "five answers")
        act()
        before = sum(statuses.values())
        wait_until(lambda: sum(statuses.values()) >= before + 20, HEAL_LIMIT_S, "twenty answers more")
    finally:
        over.set()
        caller.join(HEAL_LIMIT_S)
    return statuses


def test_http_leads_to_https_and_there_are_the_pages(outside: Outside) -> None:
    answer = outside.get_plain("/search?q=mug")
    address = f"https://localhost:{outside.https_port}/search?q=mug"
    assert (answer.status_code, answer.headers["location"]) == (301, address)
    page = outside.get("/", **{"Accept-Language": "en"})
    assert "Tableware" in page.text
    assert "secure" in page.headers.get("set-cookie", "secure").lower()


@pytest.mark.parametrize("host", ["localhost", "api.localhost"])
def test_the_certificate_is_the_one_that_was_given(outside: Outside, shop: Project, host: str) -> None:
    trusting = ssl.create_default_context(cafile=shop.files[0].parent / "tls" / "localhost.crt")
    with (
        socket.create_connection(("127.0.0.1", outside.https_port), timeout=10) as plain,
        trusting.wrap_socket(plain, server_hostname=host) as secure,
    ):
        assert secure.version() == "TLSv1.3"


def test_the_api_has_a_host_of_its_own(outside: Outside) -> None:
    wait_until(lambda: outside.is_served("/openapi.json", "api.localhost"), HEAL_LIMIT_S, "the API by Traefik")
    assert outside.get("/openapi.json", "localhost").status_code == 404
    assert outside.get("/items", "api.localhost").status_code == 401
    assert outside.get("/", "strange.example").status_code == 404


@pytest.mark.parametrize("host", ["localhost", "api.localhost"])
@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_what_is_for_operators_is_not_for_the_outside(outside: Outside, host: str, path: str) -> None:
    assert outside.get(path, host).status_code == 404


def test_nothing_but_the_two_ports_of_traefik_is_published(shop: Project, outside: Outside) -> None:
    for service in ("database", "shopapi", "frontend", "worker", "docker-proxy"):
        assert not shop.container(service)["HostConfig"]["PortBindings"], service
    assert len(shop.container("traefik")["HostConfig"]["PortBindings"]) == 2


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/version", 200),
        ("GET", "/v1.41/containers/json", 200),
        ("GET", "/v1.41/containers/{id}/logs?stdout=1", 403),
        ("GET", "/v1.41/containers/{id}/archive?path=/run/shop-secrets", 403),
        ("GET", "/v1.41/secrets", 403),
        ("GET", "/v1.41/images/json", 403),
        ("POST", "/v1.41/containers/{id}/kill", 403),
        ("POST", "/v1.41/containers/create", 403),
        ("DELETE", "/v1.41/containers/{id}?force=1", 403),
        ("GET", "/v1.41/containers/json/../../images/json", 403),
    ],
)
def test_through_the_proxy_docker_can_be_looked_at_and_not_touched(
    shop: Project, images: Images, method: str, path: str, status: int
) -> None:
    asked = path.replace("{id}", shop.containers("database")[0])
    script = (
        "import http.client as h, sys; c = h.HTTPConnection('docker-proxy', 2375, timeout=5);"
        "c.request(*sys.argv[1:]); print(c.getresponse().status)"
    )
    container = ("--rm", f"--network={shop.name}_docker", "--entrypoint=python", images.shop, "-c", script)
    assert shop.engine.run("run", *container, method, asked).strip() == str(status)


@pytest.mark.parametrize(
    ("service", "path", "host"),
    [("frontend", GOOD, "localhost"), ("shopapi", "/openapi.json", "api.localhost")],
)
def test_each_replica_gets_its_share(shop: Project, outside: Outside, service: str, path: str, host: str) -> None:
    assert [shop.health(service, n) for n in range(REPLICAS)] == ["healthy"] * REPLICAS
    # Traefik takes each in when it has found it healthy, one a moment after the other.
    wait_until(
        lambda: outside.is_served(path, host) and len(visits(shop, service)) == REPLICAS, HEAL_LIMIT_S, "visits of each"
    )
    before = visits(shop, service)
    assert all(outside.is_served(path, host) for _ in range(30))
    wait_until(lambda: (visits(shop, service) - before).total() >= 30, HEAL_LIMIT_S, "thirty visits")
    shares = visits(shop, service) - before
    assert len(shares) == REPLICAS, shares
    assert min(shares.values()) >= 5, shares


def test_traefik_has_nothing_to_complain_of(shop: Project, outside: Outside) -> None:
    lines = [line.partition("|")[2].strip() for line in shop.logs("traefik").splitlines()]
    told = [json.loads(line[line.index("{") :]) for line in lines if "{" in line]
    assert [line for line in told if line.get("level") in ("error", "fatal", "panic")] == []


@pytest.mark.parametrize("service", ["frontend", "shopapi"])
def test_one_of_three_is_stopped_and_started_and_no_caller_notices(
    shop: Project, outside: Outside, service: str
) -> None:
    statuses = _statuses_while(outside, lambda: shop.stop(service, 0))
    assert set(statuses) == {200}, statuses
    shop.start(service, 0)
    wait_until(lambda: shop.health(service, 0) == "healthy", HEAL_LIMIT_S, f"health of {service}")


@pytest.mark.parametrize("service", ["frontend", "shopapi"])
def test_one_of_three_is_killed_and_the_rest_serve(shop: Project, outside: Outside, service: str) -> None:
    shop.kill(service, 1)
    wait_until(outside.is_served, HEAL_LIMIT_S, f"a page after the death of one {service}")
    assert sum(outside.is_served() for _ in range(20)) >= 19
    shop.start(service, 1)
    wait_until(lambda: shop.health(service, 1) == "healthy", HEAL_LIMIT_S, f"health of {service}")


@pytest.mark.parametrize("service", ["docker-proxy", "traefik"])
def test_traefik_and_its_proxy_come_back_by_themselves(shop: Project, outside: Outside, service: str) -> None:
    shop.crash(service)
    wait_until(lambda: shop.container(service)["RestartCount"] > 0, HEAL_LIMIT_S, f"a restart of {service}")
    wait_until(outside.is_served, HEAL_LIMIT_S, f"a page after the death of {service}")


def test_down_leaves_nothing(shop: Project) -> None:
    assert shop.remains()
    shop.down()
    assert shop.remains() == []
