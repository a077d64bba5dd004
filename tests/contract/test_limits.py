"""What a caller cannot do to others nor say of itself; and the shop of `localhost` with Traefik's own certificate.

A small Traefik of its own: what is refused here must not get in the way of the other tests.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from shopctl.manifests.topology import topology
from shopctl.manifests.values import read
from tests.contract.front import Front, Here, traefik, trusting
from tests.contract.parts import Parts, until_ready
from tests.contract.shop import Shop
from tests.contract.stand_ins import stand_in
from tests.waiting import free_port

AVERAGE = 5


@dataclass
class LocalShop:
    """The pages at `localhost`; where the API would be, a mirror."""

    front: Front

    def caller(self, host: str = "localhost", address: str = "127.0.0.1") -> httpx.Client:
        """Somebody at ``address`` who believes any certificate."""
        # Nothing is checked: nobody signed the certificate that Traefik made for itself.
        transport = Here(verify=False, local_address=address)
        return httpx.Client(base_url=f"https://{host}:{self.front.https_port}", transport=transport)


@pytest.fixture(scope="module")
def local(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalShop]:
    """The shop of `localhost`, where one address may ask five times a second."""
    home = tmp_path_factory.mktemp("local")
    port = free_port()
    with stand_in() as mirror:
        settings = [f"traefik.httpPort={free_port()}", f"traefik.httpsPort={free_port()}", f"limits.requests={AVERAGE}"]
        settings += [f"frontend.urls=http://127.0.0.1:{port}", f"shopapi.urls={mirror.url}", "trustedProxies=127.0.0.1"]
        values = read("traefik", [], settings)
        parts = Parts(topology(values), home, shop.parts.here, shop.parts.secrets)
        try:
            until_ready(parts.start("frontend", port))
            with traefik(values, home / "traefik") as front:
                yield LocalShop(front)
        finally:
            parts.kill_all()


def test_localhost_is_reached_with_its_port_and_no_browser_is_bound_to_it(local: LocalShop) -> None:
    with local.caller() as client:
        page = client.get("/")
    assert page.status_code == 200
    assert "strict-transport-security" not in page.headers
    assert not local.front.errors()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_the_rule_alone_keeps_probes_out(local: LocalShop, path: str) -> None:
    """The part itself would answer: it takes `localhost` for a probe's name."""
    ways = [
        path,
        f"{path}?x=1",
        f"/.{path}",
        f"/x/..{path}",
        f"/%{ord(path[1]):x}{path[2:]}",
        f"/%2e{path}",
        f"/{path}",
    ]
    with local.caller(address=f"127.0.1.{len(path)}") as client:
        for way in ways:
            answer = client.get(httpx.URL(client.base_url).copy_with(raw_path=way.encode()))
            assert answer.status_code in (400, 404), f"{way}: {answer.status_code} {answer.text[:100]}"


def test_one_address_that_asks_too_much_is_refused_and_another_is_not(local: LocalShop) -> None:
    greedy, other = (local.caller("api.localhost", address) for address in ("127.0.0.2", "127.0.0.3"))
    with greedy, other:
        statuses = [greedy.get("/", headers={"X-Forwarded-For": f"203.0.113.{n}"}).status_code for n in range(40)]
        assert other.get("/").status_code == 200
    assert set(statuses) == {200, 429}
    assert set(statuses[: 2 * AVERAGE]) == {200}, "The burst is twice the average."
    assert statuses.count(429) >= 5, "To name another address in a header is of no use."


def test_what_a_caller_says_of_itself_is_overwritten(local: LocalShop) -> None:
    said = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Host": "other.example",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Port": "1",
        "X-Real-Ip": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
    }
    with local.caller("api.localhost", "127.0.0.4") as client:
        seen = client.get("/", headers=said).json()
    assert seen["x-forwarded-for"] == "127.0.0.4"
    assert seen["x-real-ip"] == "127.0.0.4"
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-host"] == f"api.localhost:{local.front.https_port}"
    assert seen["host"] == f"api.localhost:{local.front.https_port}"


def test_the_shop_counts_by_where_a_caller_is_and_not_by_what_it_says(shop: Shop) -> None:
    """Through Traefik to the API, which believes Traefik alone: five wrong passwords a minute of one address."""

    def try_it(address: str, number: int) -> int:
        transport = Here(verify=trusting(shop.certificate), local_address=address)
        who = {"email": "nobody@shop.example", "password": "a-wrong-password", "realm": "staff"}
        with httpx.Client(base_url=shop.api_url, transport=transport, timeout=20) as client:
            return client.post("/v1/sessions", json=who, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code

    # Each of the two API processes counts for itself.
    statuses = [try_it("127.0.0.5", number) for number in range(11)]
    assert set(statuses) == {401, 429}
    assert statuses[-1] == 429
    assert try_it("127.0.0.6", 0) == 401
