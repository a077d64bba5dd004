"""The shop behind Traefik on a real engine, which finds the containers by their labels: first the file of a clone as it
is, then over it, as an owner goes on, three of each with a certificate that was given.
"""

import json
import os
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from shopctl.manifests.certificate import self_signed
from tests.containers.clone import override, socket_of
from tests.containers.compose import Project, project, wait_for
from tests.containers.engine import Engine
from tests.containers.images import Images
from tests.containers.rendering import render
from tests.waiting import free_port, wait_until
from tests.web.conftest import Page

pytestmark = pytest.mark.thorough

REPLICAS = 3
PAIR = ("frontend", "shopapi")
GOOD = "/products/becher-westerwald"
HEAL_LIMIT_S = 60
SEEN_WITHIN_S = 2
"""When a change is seen everywhere: the API and the pages each keep a page of the catalog for a second."""

EMAIL, PASSWORD = "kim@shop.example", "a long enough pass phrase 7319"


class Outside:
    """A caller from outside, who comes by the published ports with a host name and does not know the certificate."""

    def __init__(self, http_port: int, https_port: int) -> None:
        self.http_port, self.https_port = http_port, https_port
        self._client = httpx.Client(trust_env=False, verify=False, timeout=40)

    def get(self, path: str, host: str = "localhost", **more: str) -> httpx.Response:
        """Ask by https://."""
        return self.send("GET", path, host, headers=more)

    def send(self, method: str, path: str, host: str = "localhost", **how: Any) -> httpx.Response:
        """Send something by https://; cookies are kept."""
        # A connection each: what was kept open would stay with one replica.
        headers = {"Host": host, "Connection": "close", **how.pop("headers", {})}
        url = f"https://127.0.0.1:{self.https_port}{path}"
        return self._client.request(method, url, headers=headers, extensions={"sni_hostname": host}, **how)

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
def plain(
    engine: Engine, images: Images, source: Path, ports: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """The file of a clone, up."""
    published = {"traefik": [f"{ports[0]}:80", f"{ports[1]}:443"]}
    over = override(engine, images, tmp_path_factory.mktemp("plain"), published)
    with project(engine, "shopctl-e2e-traefik", (source / "deploy/compose.traefik.yaml", over)) as it:
        it.down()  # What a killed run left.
        it.up()
        yield it


@pytest.fixture(scope="module")
def shop(plain: Project, images: Images, ports: tuple[int, int], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same shop by a file of its owner's, up, with three of the pages and three of the API."""
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
    socket_file = directory / "socket.yaml"
    socket_file.write_text(json.dumps({"services": {"docker-proxy": {"volumes": [socket_of(plain.engine)]}}}))
    it = replace(plain, files=(file, socket_file))
    it.up()
    return it


@pytest.fixture
def visitor(plain: Project, ports: tuple[int, int]) -> Outside:
    """A caller of the shop as it is in a clone."""
    return _served(plain, ports)


@pytest.fixture
def outside(shop: Project, ports: tuple[int, int]) -> Outside:
    """A caller of the shop with three of each."""
    return _served(shop, ports)


def _served(shop: Project, ports: tuple[int, int]) -> Outside:
    caller = Outside(*ports)
    # Traefik takes a container in when it is healthy, and its own check of it has gone well: wait for the answer.
    for path, host in ((GOOD, "localhost"), ("/openapi.json", "api.localhost")):
        wait_until(partial(caller.is_served, path, host), HEAL_LIMIT_S, f"{path} by Traefik ({shop.name})")
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


# --- the file of a clone


def test_the_file_of_a_clone_comes_up_and_shows_its_goods(visitor: Outside) -> None:
    assert visitor.get_plain("/").headers["location"] == "https://localhost/"
    assert "Tableware" in visitor.get("/", **{"Accept-Language": "en"}).text


def test_without_a_certificate_of_yours_traefik_makes_one(visitor: Outside) -> None:
    pem = ssl.get_server_certificate(("127.0.0.1", visitor.https_port))
    assert b"TRAEFIK DEFAULT CERT" in ssl.PEM_cert_to_DER_cert(pem)


def test_the_image_is_what_the_file_says_to_build(plain: Project, source: Path) -> None:
    """That this makes the image of the tests, is seen with the other file."""
    services = json.loads(plain.run("config", "--format=json"))["services"]
    (build,) = {json.dumps(one["build"]) for one in services.values() if "build" in one}
    assert json.loads(build) == {"context": str(source), "dockerfile": "deploy/Dockerfile", "args": {"COMMIT": ""}}


@pytest.mark.parametrize(("service", "user"), [("traefik", "65532:65532"), ("docker-proxy", "0:0")])
def test_who_is_reached_from_outside_has_no_rights_to_lose(plain: Project, service: str, user: str) -> None:
    may(plain.container(service), user, None)


def may(container: Any, user: str, capabilities: list[str] | None) -> None:
    """Assert what a container may: nothing is written to, and no more than these capabilities."""
    host = container["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], capabilities)
    assert container["Config"]["User"] == user


def test_the_pages_have_no_way_out_and_traefik_alone_is_called_from_outside(plain: Project, beyond: str | None) -> None:
    on = {}
    for service in ("database", "shopapi", "frontend", "worker", "traefik", "docker-proxy"):
        networks = [
            plain.engine.inspect("network", it) for it in plain.container(service)["NetworkSettings"]["Networks"]
        ]
        on[service] = {it["Name"].removeprefix(f"{plain.name}_") for it in networks if not it["Internal"]}
    nowhere: set[str] = set()
    assert on == {
        "database": nowhere,
        "shopapi": {"outside"},
        "frontend": nowhere,
        "worker": {"outside"},
        "traefik": {"public"},
        "docker-proxy": nowhere,
    }
    if beyond:
        answered = {service: plain.reaches(service, beyond, 80) for service in ("shopapi", "frontend", "worker")}
        assert answered == {"shopapi": True, "frontend": False, "worker": True}


def test_for_an_authority_traefik_writes_into_its_volume_and_has_no_rights_either(
    engine: Engine, images: Images, tmp_path: Path, name: str
) -> None:
    """Whether the authority answers is not seen here: nobody listens at this address."""
    asked = ("--set=acme.email=you@example.org", "--set=acme.server=https://127.0.0.1:9/directory")
    file = render("render-traefik", tmp_path, "--set=host=shop.example.org", *asked)
    port = free_port()
    over = override(engine, images, tmp_path, {"traefik": [f"{port}:80"]})
    with project(engine, name, (file, over)) as it:
        it.up("traefik")
        may(it.container("traefik"), "0:0", None)
        assert Outside(port, 0).get_plain("/", "shop.example.org").status_code == 301
        look = ("--network=none", f"--volume={name}_acme:/acme", "--user=0", "--entrypoint=stat", images.shop)
        assert engine.run("run", "--rm", *look, "--format=%u %a", "/acme/acme.json").strip() == "0 600"


# --- three of each, with a certificate that was given


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


def test_to_read_the_key_traefik_may_look_into_files_and_no_more(shop: Project) -> None:
    may(shop.container("traefik"), "0:0", ["CAP_DAC_READ_SEARCH"])


def test_the_api_has_a_host_of_its_own(outside: Outside) -> None:
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


ASKED_OF_THE_PROXY = (
    ("GET", "/version", 200),
    ("GET", "/v1.41/containers/json", 200),
    ("GET", "/v1.41/containers/{id}/logs?stdout=1", 403),
    ("GET", "/v1.41/containers/{id}/archive?path=/run/shop-secrets", 403),
    ("GET", "/v1.41/secrets", 403),
    ("GET", "/v1.41/info", 403),
    ("GET", "/v1.41/images/json", 403),
    ("POST", "/v1.41/containers/{id}/kill", 403),
    ("POST", "/v1.41/containers/create", 403),
    ("DELETE", "/v1.41/containers/{id}?force=1", 403),
    ("GET", "/v1.41/containers/json/../../images/json", 403),
)


def test_through_the_proxy_docker_can_be_looked_at_and_not_touched(shop: Project, images: Images) -> None:
    container = shop.containers("database")[0]
    asked = [(method, path.replace("{id}", container), status) for method, path, status in ASKED_OF_THE_PROXY]
    script = f"""
import http.client
for method, path, _ in {asked!r}:
    connection = http.client.HTTPConnection("docker-proxy", 2375, timeout=5)
    connection.request(method, path)
    print(connection.getresponse().status)
"""
    caller = ("--rm", f"--network={shop.name}_docker", "--entrypoint=python", images.shop, "-c", script)
    statuses = map(int, shop.engine.run("run", *caller).split())
    assert [(*request, status) for (*request, _), status in zip(asked, statuses, strict=True)] == [
        tuple(request) for request in asked
    ]


@pytest.mark.parametrize(
    ("service", "path", "host"),
    [("frontend", GOOD, "localhost"), ("shopapi", "/openapi.json", "api.localhost")],
)
def test_each_replica_gets_its_share(shop: Project, outside: Outside, service: str, path: str, host: str) -> None:
    assert [shop.health(service, n) for n in range(REPLICAS)] == ["healthy"] * REPLICAS
    # Traefik takes each in when it has found it healthy, one a moment after the other.
    wait_for(
        lambda: outside.is_served(path, host) and len(visits(shop, service)) == REPLICAS, HEAL_LIMIT_S, "visits of each"
    )
    before = visits(shop, service)
    assert all(outside.is_served(path, host) for _ in range(30))
    wait_for(lambda: (visits(shop, service) - before).total() >= 30, HEAL_LIMIT_S, "thirty visits")
    shares = visits(shop, service) - before
    assert len(shares) == REPLICAS, shares
    assert min(shares.values()) >= 5, shares


def test_staff_and_programs_meet_one_shop_at_every_replica(shop: Project, outside: Outside) -> None:
    """A session, an API key and a number of units: each is good everywhere at once."""
    create = ("shopctl", "staff", "create", EMAIL, "--name=Kim", "--role=owner", "--password-file=-")
    shop.run_in("shopapi", *create, given=f"{PASSWORD}\n")
    till = ("shopctl", "api-keys", "create", "till", "--permission=stock:read", "--permission=stock:write", "--json")
    key = {"Authorization": f"Bearer {json.loads(shop.run_in('shopapi', *till))['secret']}"}
    form = Page(outside.get("/office/sign-in")).form("/office/sign-in")
    signed_in = outside.send(
        "POST",
        "/office/sign-in",
        data={**form, "email": EMAIL, "password": PASSWORD},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert signed_in.status_code == 303, signed_in.text
    before = {service: visits(shop, service) for service in PAIR}

    item = outside.get("/items", "api.localhost", **key).json()[0]
    for quantity in (7311, 7312, 7313):
        changed = {"name": item["name"], "quantity": quantity}
        assert (
            outside.send("PUT", f"/items/{item['id']}", "api.localhost", json=changed, headers=key).status_code == 200
        )
        for _ in range(2 * REPLICAS):
            assert outside.get(f"/items/{item['id']}", "api.localhost", **key).json()["quantity"] == quantity
            page = outside.get(f"/office/stock/{item['id']}")
            assert (page.status_code, str(quantity) in page.text) == (200, True), page.text

    def shares(service: str) -> Counter[str]:
        return visits(shop, service) - before[service]

    wait_for(lambda: shares("frontend").total() >= 18 and shares("shopapi").total() >= 22, HEAL_LIMIT_S, "the log")
    assert len(shares("frontend")) == len(shares("shopapi")) == REPLICAS
    shop.run_in("shopapi", "shopctl", "audit")


def test_a_new_price_is_seen_through_every_replica_within_two_seconds(shop: Project, outside: Outside) -> None:
    product = "/v1/products/becher-westerwald"
    seen: list[tuple[float, bool]] = []

    def look() -> float:
        began = time.monotonic()
        page = outside.get(GOOD, **{"Accept-Language": "en"}).text
        told = outside.get(product, "api.localhost").text
        seen.append((began - changed, "19.99" in page and "1999" in told))
        return began - changed

    changed = time.monotonic()
    look()
    assert not seen[-1][1]
    before = {service: visits(shop, service) for service in PAIR}
    shop.run_in("shopapi", "shopctl", "products", "set", "TT-BE-WW-TON-320", "--price=19.99")
    changed = time.monotonic()
    wait_until(lambda: look() > 2 * SEEN_WITHIN_S, HEAL_LIMIT_S, "looks for twice as long")
    assert [new for age, new in seen if age > SEEN_WITHIN_S].count(False) == 0, seen
    assert [new for age, new in seen if age > SEEN_WITHIN_S].count(True) >= 2 * REPLICAS, seen
    for service, visited in before.items():
        assert len(visits(shop, service) - visited) == REPLICAS


def test_traefik_has_nothing_to_complain_of(shop: Project, outside: Outside) -> None:
    lines = [line.partition("|")[2].strip() for line in shop.logs("traefik").splitlines()]
    told = [json.loads(line[line.index("{") :]) for line in lines if "{" in line]
    assert [line for line in told if line.get("level") in ("error", "fatal", "panic")] == []


def test_one_of_three_of_each_is_stopped_and_started_and_no_caller_notices(shop: Project, outside: Outside) -> None:
    statuses = _statuses_while(outside, lambda: both(shop, "stop", "--time=30", index=0))
    assert set(statuses) == {200}, statuses
    both(shop, "start", index=0)
    wait_for(lambda: shop.are_healthy(*PAIR), HEAL_LIMIT_S, "health of both")


def test_one_of_three_of_each_is_killed_and_the_rest_serve(shop: Project, outside: Outside) -> None:
    both(shop, "kill", index=1)
    wait_until(outside.is_served, HEAL_LIMIT_S, "a page after the death of one of each")
    assert sum(outside.is_served() for _ in range(20)) >= 19


def both(shop: Project, *command: str, index: int) -> None:
    """The same for a replica of the pages and one of the API, at the same time."""
    shop.engine.run(*command, *(shop.containers(service)[index] for service in PAIR))


@pytest.mark.parametrize("service", ["docker-proxy", "traefik"])
def test_traefik_and_its_proxy_come_back_by_themselves(shop: Project, outside: Outside, service: str) -> None:
    shop.crash(service)
    wait_for(lambda: shop.container(service)["RestartCount"] > 0, HEAL_LIMIT_S, f"a restart of {service}")
    wait_until(outside.is_served, HEAL_LIMIT_S, f"a page after the death of {service}")


def test_down_leaves_nothing(shop: Project) -> None:
    assert shop.remains()
    shop.run("kill")  # How each part ends in good order is seen with the other file.
    shop.down()
    assert shop.remains() == []
